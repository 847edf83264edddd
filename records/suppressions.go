package records

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"purser/mail"
)

// ErrNotSuppressed: there is no such suppression to take back.
var ErrNotSuppressed = errors.New("the address is not suppressed")

// Suppression is why an address gets no mail, or no marketing.
type Suppression struct {
	Email      string
	Scope      mail.Scope
	Reason     mail.Reason
	Diagnostic string
	Provider   string
	InboxID    int64 // the event that caused it; 0: none did
	Actor      string
	Since      time.Time
}

// Blocked answers why no mail of a stream may go to an address now; "" if it
// may. Whoever sends asks this before every mail (BNC-1, BNC-3, BNC-6).
func (s *Store) Blocked(ctx context.Context, email string, stream mail.Stream) (why string, err error) {
	return s.blocked(ctx, email, func(sc mail.Scope) bool { return sc.Blocks(stream) })
}

// BlockedList is Blocked for a marketing mail whose list is known: who left
// another list still gets it.
func (s *Store) BlockedList(ctx context.Context, email string, list mail.Scope) (why string, err error) {
	return s.blocked(ctx, email, func(sc mail.Scope) bool { return sc.BlocksList(list) })
}

func (s *Store) blocked(ctx context.Context, address string, blocks func(mail.Scope) bool) (why string, err error) {
	email, err := mail.Normalise(address)
	if err != nil {
		return "not an address", nil
	}
	found, err := s.suppressed(ctx, "email = ? ORDER BY since, reason", email)
	if err != nil {
		return "", failed("blocked", err)
	}
	for _, sup := range found {
		if blocks(sup.Scope) {
			return fmt.Sprintf("%s since %s", sup.Reason, sup.Since.Format(time.DateOnly)), nil
		}
	}
	return "", nil
}

// SuppressionsOf lists what holds mail back from one address.
func (s *Store) SuppressionsOf(ctx context.Context, email string) ([]Suppression, error) {
	found, err := s.suppressed(ctx, "email = ? ORDER BY since, reason", email)
	return found, failed("suppressions of", err)
}

// SuppressionFilter chooses suppressions; what is empty does not restrict.
type SuppressionFilter struct {
	Email  string
	Reason mail.Reason
	Limit  int // default 50, at most 500
	Skip   int
}

// Suppressions lists suppressions, newest first.
func (s *Store) Suppressions(ctx context.Context, f SuppressionFilter) ([]Suppression, error) {
	where, args := "1 = 1", []any{}
	if f.Email != "" {
		where, args = where+" AND email = ?", append(args, f.Email)
	}
	if f.Reason != "" {
		where, args = where+" AND reason = ?", append(args, string(f.Reason))
	}
	found, err := s.suppressed(ctx, where+" ORDER BY since DESC, email, reason, scope LIMIT ? OFFSET ?", append(args, pageSize(f.Limit), max(f.Skip, 0))...)
	return found, failed("suppressions", err)
}

func (s *Store) suppressed(ctx context.Context, where string, args ...any) ([]Suppression, error) {
	var found []Suppression
	err := each(ctx, s.db.reader(), `SELECT email, scope, reason, diagnostic, provider, inbox_id, actor, since FROM mail_suppressions WHERE `+where, args,
		func(r *sql.Rows) error {
			var sup Suppression
			var since int64
			err := r.Scan(&sup.Email, &sup.Scope, &sup.Reason, &sup.Diagnostic, &sup.Provider, &sup.InboxID, &sup.Actor, &since)
			sup.Since = fromMicros(since)
			found = append(found, sup)
			return err
		})
	return found, err
}

// suppress adds a suppression; one that is there stays as it is.
func suppress(ctx context.Context, q querier, sup Suppression) error {
	_, err := q.exec(ctx, `
		INSERT INTO mail_suppressions (email, scope, reason, diagnostic, provider, inbox_id, actor, since)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (email, reason, scope) DO NOTHING`,
		sup.Email, string(sup.Scope), string(sup.Reason), sup.Diagnostic, sup.Provider, sup.InboxID, sup.Actor, micros(sup.Since))
	return err
}

// Suppress is an operator's decision to write to an address no more, or to
// send it no more marketing. It is written down who decided it and why.
func (s *Store) Suppress(ctx context.Context, actor, email string, scope mail.Scope, why string) error {
	now := s.now()
	return failed("suppress", s.db.write(ctx, func(ctx context.Context, q querier) error {
		err := suppress(ctx, q, Suppression{
			Email: email, Scope: scope, Reason: mail.BecauseOperator, Diagnostic: why, Actor: actor, Since: now,
		})
		if err != nil {
			return err
		}
		return audit(ctx, q, now, actor, "suppress", email, string(scope)+": "+why)
	}))
}

// Unsuppress takes back what holds mail back from an address for one reason,
// or, with reason "", for all but those that are the reader's own will, which
// must be named. Bounces so far count no more. It fails with ErrNotSuppressed.
func (s *Store) Unsuppress(ctx context.Context, actor, email string, reason mail.Reason, why string) error {
	now := s.now()
	return failed("unsuppress", s.db.write(ctx, func(ctx context.Context, q querier) error {
		n, err := q.exec(ctx, "DELETE FROM mail_suppressions WHERE email = ? AND (reason = ? OR CAST(? AS TEXT) = '' AND reason NOT IN (?, ?))",
			email, string(reason), string(reason), string(mail.BecauseUnsubscribed), string(mail.BecauseComplained))
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrNotSuppressed
		}
		return audit(ctx, q, now, actor, "unsuppress", email, string(reason)+": "+why)
	}))
}

// Prefer writes what a shopper chose: the scopes of marketing they want no
// more; none means that they want it all. It answers whether that changed
// anything. message is the mail whose link led there (BNC-6).
func (s *Store) Prefer(ctx context.Context, sub mail.Subscription, leave []mail.Scope) (changed bool, err error) {
	now := s.now()
	err = s.db.write(ctx, func(ctx context.Context, q querier) error {
		before, err := left(ctx, q, sub.Email)
		if err != nil {
			return err
		}
		changed = !sameScopes(before, leave)
		if !changed {
			return nil
		}
		if _, err := q.exec(ctx, "DELETE FROM mail_suppressions WHERE email = ? AND reason = ?", sub.Email, string(mail.BecauseUnsubscribed)); err != nil {
			return err
		}
		action := "subscribe"
		for _, scope := range leave {
			action = "unsubscribe"
			err := suppress(ctx, q, Suppression{Email: sub.Email, Scope: scope, Reason: mail.BecauseUnsubscribed, Actor: "shopper", Since: now})
			if err != nil {
				return err
			}
		}
		if len(leave) > 0 && sub.Message != "" {
			_, err := noteFeedback(ctx, q, 0, mail.Feedback{
				Provider: "purser", ProviderID: sub.Message, MessageID: sub.Message, Recipient: sub.Email, Kind: mail.Unsubscribed, At: now,
			}, now)
			if err != nil {
				return err
			}
		}
		return audit(ctx, q, now, "shopper", action, sub.Email, fmt.Sprint(leave))
	})
	return changed, failed("prefer", err)
}

// left lists the scopes a shopper has unsubscribed from.
func left(ctx context.Context, q querier, email string) (scopes []mail.Scope, err error) {
	err = each(ctx, q, "SELECT scope FROM mail_suppressions WHERE email = ? AND reason = ?", []any{email, string(mail.BecauseUnsubscribed)},
		func(r *sql.Rows) error {
			var scope mail.Scope
			err := r.Scan(&scope)
			scopes = append(scopes, scope)
			return err
		})
	return scopes, err
}

func sameScopes(a, b []mail.Scope) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(slices.Compact(a), slices.Compact(b))
}

// audit writes down who changed what by hand.
func audit(ctx context.Context, q querier, now time.Time, actor, action, email, detail string) error {
	_, _, err := q.insert(ctx, "INSERT INTO mail_audit (at, actor, action, email, detail) VALUES (?, ?, ?, ?, ?)",
		micros(now), actor, action, email, detail)
	return err
}

// Audit is one decision about whom mail may go to.
type Audit struct {
	ID     int64
	At     time.Time
	Actor  string
	Action string
	Email  string
	Detail string
}

// MailAudit lists the latest decisions, newest first; email "": about all.
func (s *Store) MailAudit(ctx context.Context, email string, limit int) ([]Audit, error) {
	var found []Audit
	err := each(ctx, s.db.reader(), "SELECT id, at, actor, action, email, detail FROM mail_audit WHERE ? = '' OR email = ? ORDER BY id DESC LIMIT ?",
		[]any{email, email, pageSize(limit)}, func(r *sql.Rows) error {
			var a Audit
			var at int64
			err := r.Scan(&a.ID, &at, &a.Actor, &a.Action, &a.Email, &a.Detail)
			a.At = fromMicros(at)
			found = append(found, a)
			return err
		})
	return found, failed("mail audit", err)
}
