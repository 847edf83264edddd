// Package ledger records the shop's books: the entries of payments and settlements,
// closed periods, and the differences that checks have found. Entries are only ever
// added; the database refuses to change or delete them.
package ledger

import (
	"context"
	"database/sql"
	"strings"

	"purser/ledger"
	"purser/order"
	"purser/records/sqldb"
)

// Store reads and writes the books.
type Store struct {
	DB *sqldb.DB
}

const columns = "kind, order_id, payment, ref, party, debit, credit, amount, currency, source, line, version, at, booked_at"

// row has a placeholder for each column. An entry whose period is closed is booked
// at the beginning of the first period that is open.
const row = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, (SELECT MAX(t) FROM (SELECT CAST(? AS BIGINT) AS t UNION ALL SELECT ends_at FROM ledger_periods) AS dates))"

// Insert adds entries, as a step of the transaction that writes what they are about.
// Entries of a balance transaction that is booked already are skipped; n is how many
// were added.
func Insert(ctx context.Context, q sqldb.Querier, entries []ledger.Entry) (n int64, err error) {
	for len(entries) > 0 {
		batch := entries[:min(len(entries), q.BatchSize())]
		entries = entries[len(batch):]
		args := make([]any, 0, 14*len(batch))
		for _, e := range batch {
			at := sqldb.Micros(e.At)
			args = append(args, string(e.Kind), string(e.OrderID), e.Payment, e.Ref, e.Party, string(e.Debit), string(e.Credit),
				e.Amount.Amount, e.Amount.Currency, e.Source, e.Line, e.Version, at, at)
		}
		added, err := q.Exec(ctx, "INSERT INTO ledger_entries ("+columns+") VALUES "+
			strings.TrimSuffix(strings.Repeat(row+",", len(batch)), ",")+" ON CONFLICT (party, source, line) WHERE source <> '' DO NOTHING", args...)
		if err != nil {
			return n, err
		}
		n += added
	}
	return n, nil
}

// InsertChange adds the entries that lead from an order as it was to the order as it
// is. It runs no statement if no amount has changed. Its cost otherwise is one
// statement on Postgres, and on SQLite one for each entry.
func InsertChange(ctx context.Context, q sqldb.Querier, was, now order.Order, kind ledger.Kind) error {
	_, err := Insert(ctx, q, ledger.Entries(was, now, kind))
	return err
}

// scanEntry reads a row of id and columns.
func scanEntry(r *sql.Rows) (e ledger.Entry, err error) {
	var at, booked int64
	err = r.Scan(&e.ID, &e.Kind, &e.OrderID, &e.Payment, &e.Ref, &e.Party, &e.Debit, &e.Credit, &e.Amount.Amount, &e.Amount.Currency,
		&e.Source, &e.Line, &e.Version, &at, &booked)
	e.At, e.BookedAt = sqldb.FromMicros(at), sqldb.FromMicros(booked)
	return e, err
}

// mark returns the value of a mark, 0 if it was never set.
func mark(ctx context.Context, q sqldb.Querier, name string) (value int64, err error) {
	_, err = sqldb.First(ctx, q, "SELECT value FROM ledger_marks WHERE name = ?", []any{name}, &value)
	return value, err
}

// setMark moves a mark forward.
func setMark(ctx context.Context, q sqldb.Querier, name string, value int64) error {
	_, err := q.Exec(ctx, `
		INSERT INTO ledger_marks (name, value) VALUES (?, ?)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE ledger_marks.value < excluded.value`, name, value)
	return err
}
