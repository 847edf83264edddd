package sqldb

import (
	"errors"
	"fmt"
	"net"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// unreachable returns the error for a Postgres that cannot be used, with what to do
// about it. It never shows the password.
func unreachable(url string, err error) error {
	c, perr := pgx.ParseConfig(url)
	if perr != nil {
		return fmt.Errorf("DATABASE_URL: %w", perr) // pgx hides the password
	}
	at := net.JoinHostPort(c.Host, fmt.Sprint(c.Port))
	var refusal *pgconn.PgError
	var network *net.OpError
	var unknown *net.DNSError
	switch {
	case errors.As(err, &refusal) && refusal.Code == "3D000":
		return fmt.Errorf("postgres at %s has no database %q: create it (createdb %[2]s), or set DATABASE_URL: %w", at, c.Database, err)
	case errors.As(err, &refusal) && (refusal.Code == "28P01" || refusal.Code == "28000"):
		return fmt.Errorf("postgres at %s refuses the user %q: check user and password in DATABASE_URL: %w", at, c.User, err)
	case errors.As(err, &refusal) && refusal.Code == "53300":
		return fmt.Errorf("postgres at %s has no connection left: lower PURSER_DATABASE_CONNECTIONS, or raise its max_connections: %w", at, err)
	case errors.As(err, &network), errors.As(err, &unknown):
		return fmt.Errorf("no postgres can be reached at %s: start it, or set DATABASE_URL: %w", at, err)
	}
	return WrapError("open", err)
}
