package mails

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"purser/mail"
	"purser/records/audit"
	"purser/records/sqldb"
)

// ErrNotSuppressed means that there is no such suppression to lift.
var ErrNotSuppressed = errors.New("the address is not suppressed")

// Suppression says why an address gets no mail, or no marketing.
type Suppression struct {
	Email      string
	Scope      mail.Scope
	Reason     mail.Reason
	Diagnostic string
	Provider   string
	InboxID    int64 // the event that caused it; 0 if no event did
	Actor      string
	Since      time.Time
}

// Blocked returns why no mail of a stream may go to an address now, or "" if it
// may. A sender calls it before every mail.
func (s *Store) Blocked(ctx context.Context, email string, stream mail.Stream) (why string, err error) {
	return s.blocked(ctx, email, func(sc mail.Scope) bool { return sc.Blocks(stream) })
}

// BlockedList is Blocked for a marketing mail whose list is known: a reader who
// unsubscribed from another list still gets it.
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
		return "", sqldb.WrapError("blocked", err)
	}
	for _, sup := range found {
		if blocks(sup.Scope) {
			return fmt.Sprintf("%s since %s", sup.Reason, sup.Since.Format(time.DateOnly)), nil
		}
	}
	return "", nil
}

// canonical returns the form in which the record keeps an address, so that every
// spelling of its domain matches. It returns a text that is not an address as it
// is: it matches nothing.
func canonical(email string) string {
	if normal, err := mail.Normalise(email); err == nil {
		return normal
	}
	return email
}

// SuppressionsOf lists the suppressions of one address.
func (s *Store) SuppressionsOf(ctx context.Context, email string) ([]Suppression, error) {
	found, err := s.suppressed(ctx, "email = ? ORDER BY since, reason", canonical(email))
	return found, sqldb.WrapError("suppressions of", err)
}

// SuppressionFilter selects suppressions; an empty field does not restrict.
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
		where, args = where+" AND email = ?", append(args, canonical(f.Email))
	}
	if f.Reason != "" {
		where, args = where+" AND reason = ?", append(args, string(f.Reason))
	}
	found, err := s.suppressed(ctx, where+" ORDER BY since DESC, email, reason, scope LIMIT ? OFFSET ?", append(args, sqldb.PageSize(f.Limit), max(f.Skip, 0))...)
	return found, sqldb.WrapError("suppressions", err)
}

func (s *Store) suppressed(ctx context.Context, where string, args ...any) ([]Suppression, error) {
	var found []Suppression
	err := sqldb.Each(ctx, s.DB.Reader(), `SELECT email, scope, reason, diagnostic, provider, inbox_id, actor, since FROM mail_suppressions WHERE `+where, args,
		func(r *sql.Rows) error {
			var sup Suppression
			var since int64
			err := r.Scan(&sup.Email, &sup.Scope, &sup.Reason, &sup.Diagnostic, &sup.Provider, &sup.InboxID, &sup.Actor, &since)
			sup.Since = sqldb.FromMicros(since)
			found = append(found, sup)
			return err
		})
	return found, err
}

// suppress adds a suppression; an existing one is not changed.
func suppress(ctx context.Context, q sqldb.Querier, sup Suppression) error {
	_, err := q.Exec(ctx, `
		INSERT INTO mail_suppressions (email, scope, reason, diagnostic, provider, inbox_id, actor, since)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (email, reason, scope) DO NOTHING`,
		sup.Email, string(sup.Scope), string(sup.Reason), sup.Diagnostic, sup.Provider, sup.InboxID, sup.Actor, sqldb.Micros(sup.Since))
	return err
}

// Suppress stops all mail, or all marketing mail, to an address on an
// operator's decision. The audit records the actor and the reason.
func (s *Store) Suppress(ctx context.Context, actor, email string, scope mail.Scope, why string) error {
	now, email := s.DB.Now(), canonical(email)
	return sqldb.WrapError("suppress", s.DB.Write(ctx, func(ctx context.Context, q sqldb.Querier) error {
		err := suppress(ctx, q, Suppression{
			Email: email, Scope: scope, Reason: mail.BecauseOperator, Diagnostic: why, Actor: actor, Since: now,
		})
		if err != nil {
			return err
		}
		return audit.Insert(ctx, q, now, actor, "suppress", email, string(scope)+": "+why)
	}))
}

// Unsuppress lifts the suppressions of an address for one reason. With reason
// "" it lifts those for all reasons except the reader's own choice, which must
// be named. Bounces so far no longer count. It fails with ErrNotSuppressed if
// there are none.
func (s *Store) Unsuppress(ctx context.Context, actor, email string, reason mail.Reason, why string) error {
	now, email := s.DB.Now(), canonical(email)
	return sqldb.WrapError("unsuppress", s.DB.Write(ctx, func(ctx context.Context, q sqldb.Querier) error {
		n, err := q.Exec(ctx, "DELETE FROM mail_suppressions WHERE email = ? AND (reason = ? OR CAST(? AS TEXT) = '' AND reason NOT IN (?, ?))",
			email, string(reason), string(reason), string(mail.BecauseUnsubscribed), string(mail.BecauseComplained))
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrNotSuppressed
		}
		return audit.Insert(ctx, q, now, actor, "unsuppress", email, string(reason)+": "+why)
	}))
}

// Prefer records a shopper's choice: the scopes of marketing that they no
// longer want; an empty list means that they want all. It returns whether that
// changed anything. sub.Message is the mail whose link the shopper followed.
func (s *Store) Prefer(ctx context.Context, sub mail.Subscription, leave []mail.Scope) (changed bool, err error) {
	now := s.DB.Now()
	sub.Email = canonical(sub.Email)
	err = s.DB.Write(ctx, func(ctx context.Context, q sqldb.Querier) error {
		before, err := unsubscribedFrom(ctx, q, sub.Email)
		if err != nil {
			return err
		}
		changed = !sameScopes(before, leave)
		if !changed {
			return nil
		}
		if _, err := q.Exec(ctx, "DELETE FROM mail_suppressions WHERE email = ? AND reason = ?", sub.Email, string(mail.BecauseUnsubscribed)); err != nil {
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
			_, err := insertFeedback(ctx, q, 0, mail.Feedback{
				Provider: "purser", ProviderID: sub.Message, MessageID: sub.Message, Recipient: sub.Email, Kind: mail.Unsubscribed, At: now,
			}, now)
			if err != nil {
				return err
			}
		}
		return audit.Insert(ctx, q, now, "shopper", action, sub.Email, fmt.Sprint(leave))
	})
	return changed, sqldb.WrapError("prefer", err)
}

// unsubscribedFrom lists the scopes that a shopper has unsubscribed from.
func unsubscribedFrom(ctx context.Context, q sqldb.Querier, email string) (scopes []mail.Scope, err error) {
	err = sqldb.Each(ctx, q, "SELECT scope FROM mail_suppressions WHERE email = ? AND reason = ?", []any{email, string(mail.BecauseUnsubscribed)},
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
