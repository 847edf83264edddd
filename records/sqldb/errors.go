package sqldb

import (
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"purser/order"
)

var (
	// ErrClosed means that the database was closed and nothing was done. Another
	// process can do it.
	ErrClosed = fmt.Errorf("%w: the record is closed", order.ErrUnavailable)
	// ErrCursor means that the cursor of a page was not written by the list it is
	// used with.
	ErrCursor = errors.New("not a valid cursor")
	// ErrRace means that another transaction first inserted a row that this one was
	// to insert. A Write that fails with it is run again.
	ErrRace = errors.New("another transaction inserted the row first")
)

// WrapError adds the name of the operation that failed; it returns nil and
// ErrClosed unchanged.
func WrapError(op string, err error) error {
	if err == nil || errors.Is(err, ErrClosed) {
		return err
	}
	return fmt.Errorf("records: %s: %w", op, err)
}

// IsUniqueViolation reports whether a statement failed because another row has
// its unique value.
func IsUniqueViolation(err error) bool {
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		return lite.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || lite.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
	}
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "23505"
}
