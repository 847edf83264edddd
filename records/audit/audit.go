// Package audit records the decisions that people made about mail: which
// addresses it may go to, and whether marketing and campaigns run.
package audit

import (
	"context"
	"database/sql"
	"time"

	"purser/records/sqldb"
)

// Store reads and writes the audit.
type Store struct {
	DB *sqldb.DB
}

// Entry is one decision.
type Entry struct {
	ID     int64
	At     time.Time
	Actor  string
	Action string
	Email  string
	Detail string
}

// Insert records a decision as a step of the transaction that carries it out.
func Insert(ctx context.Context, q sqldb.Querier, now time.Time, actor, action, email, detail string) error {
	_, _, err := q.Insert(ctx, "INSERT INTO mail_audit (at, actor, action, email, detail) VALUES (?, ?, ?, ?, ?)",
		sqldb.Micros(now), actor, action, email, detail)
	return err
}

// MailAudit lists the latest decisions, newest first. With an email it lists
// only those about that address.
func (s *Store) MailAudit(ctx context.Context, email string, limit int) ([]Entry, error) {
	var found []Entry
	err := sqldb.Each(ctx, s.DB.Reader(), "SELECT id, at, actor, action, email, detail FROM mail_audit WHERE ? = '' OR email = ? ORDER BY id DESC LIMIT ?",
		[]any{email, email, sqldb.PageSize(limit)}, func(r *sql.Rows) error {
			var e Entry
			var at int64
			err := r.Scan(&e.ID, &at, &e.Actor, &e.Action, &e.Email, &e.Detail)
			e.At = sqldb.FromMicros(at)
			found = append(found, e)
			return err
		})
	return found, sqldb.WrapError("mail audit", err)
}
