// Package inbox records what providers reported: each webhook as it arrived and
// its outcome, and the certificates that webhooks were verified with.
package inbox

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"purser/order"
	"purser/records/sqldb"
)

// ErrNoItem means that the inbox has no such item.
var ErrNoItem = errors.New("no such inbox item")

// Store reads and writes the inbox.
type Store struct {
	DB *sqldb.DB
}

// State is the state of a reported event in the inbox.
type State string

// These are the states of an inbox item.
const (
	Received  State = "received"  // stored, to be delivered
	Held      State = "held"      // its order is not known yet
	Delivered State = "delivered" // its workflow has received it
	Kept      State = "kept"      // of a type that no workflow needs
	Parked    State = "parked"    // needs a person
	Foreign   State = "foreign"   // about no order of this shop, as far as is known
	Dismissed State = "dismissed" // a person does not need it
)

// States lists every state.
func States() []State {
	return []State{Received, Held, Delivered, Kept, Parked, Foreign, Dismissed}
}

// deliverable reports whether an item is still to be delivered, at Item.NextAt.
func (st State) deliverable() bool { return st == Received || st == Held }

// Item is one event as a provider reported it: the raw bytes, the parsed event,
// and its outcome.
type Item struct {
	ID          int64 // set by Receive
	Provider    string
	Account     string
	EventID     string // unique for the provider and account
	Type        string
	OrderID     order.ID // "" if the event does not say
	Ref         string   // an intent's id or a parcel's reference, by which the order is found
	State       State    // default Received
	Headers     []byte
	Body        []byte
	ReceivedAt  time.Time
	ProviderAt  time.Time
	Attempts    int
	NextAt      time.Time // default ReceivedAt; zero if it is not to be delivered (any more)
	Note        string
	Correlation string
	Event       []byte    // JSON of the parsed event; nil without one
	PrunedAt    time.Time // when Body, Headers and Event were deleted; zero before that
	Source      string    // remote address
}

// Receive stores an event and returns when it is durable; only then may the
// server acknowledge the webhook. An event that was stored before is a duplicate:
// fresh is false, and the item gets the ID and State of the first. But a usable copy
// of an event that could not be used replaces it, and is fresh.
func (s *Store) Receive(ctx context.Context, it *Item) (fresh bool, err error) {
	if it.ReceivedAt.IsZero() {
		it.ReceivedAt = s.DB.Now()
	}
	if it.State == "" {
		it.State = Received
	}
	if it.NextAt.IsZero() {
		it.NextAt = it.ReceivedAt
	}
	if !it.State.deliverable() {
		it.NextAt = time.Time{}
	}
	var id int64
	var state State
	err = s.DB.WriteAlone(ctx, func(ctx context.Context, q sqldb.Querier) (err error) {
		state = it.State
		id, fresh, err = q.Insert(ctx, `
			INSERT INTO inbox (provider, account, event_id, type, order_id, ref, state, attempts, next_at, received_at, provider_at,
				note, correlation, source, news, headers, body)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (provider, account, event_id) DO NOTHING`,
			it.Provider, it.Account, it.EventID, it.Type, string(it.OrderID), it.Ref, string(it.State), it.Attempts,
			sqldb.Micros(it.NextAt), sqldb.Micros(it.ReceivedAt), sqldb.Micros(it.ProviderAt), it.Note, it.Correlation, it.Source,
			it.Event, it.Headers, it.Body)
		if err != nil || fresh {
			return err
		}
		if it.State != Parked {
			if fresh, err = replaceUnusable(ctx, q, it); err != nil {
				return err
			}
		}
		_, err = sqldb.First(ctx, q, "SELECT id, state FROM inbox WHERE provider = ? AND account = ? AND event_id = ?",
			[]any{it.Provider, it.Account, it.EventID}, &id, &state)
		return err
	})
	if err != nil {
		return false, sqldb.WrapError("receive", err)
	}
	it.ID, it.State = id, state
	return fresh, nil
}

// replaceUnusable stores a usable event in the place of a copy that was parked or
// dismissed, and reports whether there was one.
func replaceUnusable(ctx context.Context, q sqldb.Querier, it *Item) (bool, error) {
	n, err := q.Exec(ctx, `
		UPDATE inbox SET type = ?, order_id = ?, ref = ?, state = ?, attempts = 0, next_at = ?, received_at = ?, provider_at = ?,
			note = ?, correlation = ?, source = ?, news = ?, headers = ?, body = ?, pruned_at = 0
		WHERE provider = ? AND account = ? AND event_id = ? AND state IN ('parked', 'dismissed')`,
		it.Type, string(it.OrderID), it.Ref, string(it.State), sqldb.Micros(it.NextAt), sqldb.Micros(it.ReceivedAt), sqldb.Micros(it.ProviderAt),
		it.Note, it.Correlation, it.Source, it.Event, it.Headers, it.Body, it.Provider, it.Account, it.EventID)
	return n > 0, err
}

// itemColumns are the columns that scanItem scans.
const itemColumns = `id, provider, account, event_id, type, order_id, ref, state, attempts, next_at, received_at, provider_at,
	note, correlation, source, pruned_at, news, headers, body`

func scanItem(r *sql.Rows) (Item, error) {
	var it Item
	var next, received, provider, pruned int64
	err := r.Scan(&it.ID, &it.Provider, &it.Account, &it.EventID, &it.Type, &it.OrderID, &it.Ref, &it.State, &it.Attempts,
		&next, &received, &provider, &it.Note, &it.Correlation, &it.Source, &pruned, &it.Event, &it.Headers, &it.Body)
	it.PrunedAt = sqldb.FromMicros(pruned)
	it.NextAt, it.ReceivedAt, it.ProviderAt = sqldb.FromMicros(next), sqldb.FromMicros(received), sqldb.FromMicros(provider)
	return it, err
}

func (s *Store) items(ctx context.Context, where string, args ...any) ([]Item, error) {
	return s.itemsWith(ctx, itemColumns, where, args...)
}

func (s *Store) itemsWith(ctx context.Context, columns, where string, args ...any) ([]Item, error) {
	var found []Item
	err := sqldb.Each(ctx, s.DB.Reader(), "SELECT "+columns+" FROM inbox WHERE "+where, args, func(r *sql.Rows) error {
		it, err := scanItem(r)
		found = append(found, it)
		return err
	})
	return found, err
}

// Place is the position of an item among the due ones. The zero value is before
// the first.
type Place struct {
	NextAt time.Time
	ID     int64
}

// withoutBytes is itemColumns for callers that do not need the headers and the
// body.
var withoutBytes = strings.Replace(itemColumns, "headers, body", "'' AS headers, '' AS body", 1)

// Due lists up to limit items that are due for delivery by now, oldest first,
// after a place among them, without their headers and bodies. Several callers
// may list them concurrently, because delivering twice is harmless.
func (s *Store) Due(ctx context.Context, now time.Time, behind Place, limit int) ([]Item, error) {
	due, err := s.itemsWith(ctx, withoutBytes, "next_at > 0 AND next_at <= ? AND (next_at, id) > (?, ?) ORDER BY next_at, id LIMIT ?",
		sqldb.Micros(now), sqldb.Micros(behind.NextAt), behind.ID, sqldb.PageSize(limit))
	return due, sqldb.WrapError("due", err)
}

// HeldFor lists the items that are held for an order, by its id or by the
// reference of its intent or parcel. Either may be "".
func (s *Store) HeldFor(ctx context.Context, id order.ID, ref string) ([]Item, error) {
	var found []Item
	for _, by := range []struct{ column, value string }{{"order_id", string(id)}, {"ref", ref}} {
		if by.value == "" {
			continue
		}
		some, err := s.items(ctx, "state = 'held' AND "+by.column+" <> '' AND "+by.column+" = ? ORDER BY id", by.value)
		if err != nil {
			return nil, sqldb.WrapError("held for", err)
		}
		found = append(found, some...)
	}
	slices.SortFunc(found, func(a, b Item) int { return cmp.Compare(a.ID, b.ID) })
	return slices.CompactFunc(found, func(a, b Item) bool { return a.ID == b.ID }), nil
}

// Item returns one item, or ErrNoItem.
func (s *Store) Item(ctx context.Context, id int64) (Item, error) {
	found, err := s.items(ctx, "id = ?", id)
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("%w: %d", ErrNoItem, id)
	}
	if err != nil {
		return Item{}, sqldb.WrapError("item", err)
	}
	return found[0], nil
}
