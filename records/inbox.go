package records

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"purser/order"
)

// State is where a reported event stands in the inbox.
type State string

// The states of an inbox item.
const (
	Received  State = "received"  // stored, to be delivered
	Held      State = "held"      // its order is not known yet (WHK-12)
	Delivered State = "delivered" // its workflow has it
	Kept      State = "kept"      // of a type nobody needs
	Parked    State = "parked"    // needs a person
)

// deliverable: it is still to be delivered, at Item.NextAt.
func (st State) deliverable() bool { return st == Received || st == Held }

// Item is one event as a provider reported it: what came over the wire
// (WHK-4), what was understood, and what became of it (WHK-19).
type Item struct {
	ID          int64 // set by Receive
	Provider    string
	Account     string
	EventID     string // unique for the provider and account (WHK-8)
	Type        string
	OrderID     order.ID // "" if the event does not say
	Ref         string   // an intent's id or a parcel's reference, to find the order by
	State       State    // default Received
	Headers     []byte
	Body        []byte
	ReceivedAt  time.Time
	ProviderAt  time.Time
	Attempts    int
	NextAt      time.Time // default ReceivedAt; zero: not to be delivered (any more)
	Note        string
	Correlation string
	News        []byte    // JSON of order.News; nil if none
	PrunedAt    time.Time // when Body, Headers and News were given up; zero: they are there
	Source      string    // remote address
}

// Receive stores an event and returns when it is durable: only then may the
// provider be answered (WHK-4). An event stored before is a duplicate,
// whatever became of it since (WHK-6, WHK-7): fresh is false, and the item's
// ID and State are those of the first.
func (s *Store) Receive(ctx context.Context, it *Item) (fresh bool, err error) {
	if it.ReceivedAt.IsZero() {
		it.ReceivedAt = s.now()
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
	err = s.db.writeAlone(ctx, func(ctx context.Context, q querier) (err error) {
		state = it.State
		id, fresh, err = q.insert(ctx, `
			INSERT INTO inbox (provider, account, event_id, type, order_id, ref, state, attempts, next_at, received_at, provider_at,
				note, correlation, source, news, headers, body)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (provider, account, event_id) DO NOTHING`,
			it.Provider, it.Account, it.EventID, it.Type, string(it.OrderID), it.Ref, string(it.State), it.Attempts,
			micros(it.NextAt), micros(it.ReceivedAt), micros(it.ProviderAt), it.Note, it.Correlation, it.Source,
			it.News, it.Headers, it.Body)
		if err != nil || fresh {
			return err
		}
		_, err = first(ctx, q, "SELECT id, state FROM inbox WHERE provider = ? AND account = ? AND event_id = ?",
			[]any{it.Provider, it.Account, it.EventID}, &id, &state)
		return err
	})
	if err != nil {
		return false, failed("receive", err)
	}
	it.ID, it.State = id, state
	return fresh, nil
}

// itemColumns are scanned by scanItem.
const itemColumns = `id, provider, account, event_id, type, order_id, ref, state, attempts, next_at, received_at, provider_at,
	note, correlation, source, pruned_at, news, headers, body`

func scanItem(r *sql.Rows) (Item, error) {
	var it Item
	var next, received, provider, pruned int64
	err := r.Scan(&it.ID, &it.Provider, &it.Account, &it.EventID, &it.Type, &it.OrderID, &it.Ref, &it.State, &it.Attempts,
		&next, &received, &provider, &it.Note, &it.Correlation, &it.Source, &pruned, &it.News, &it.Headers, &it.Body)
	it.PrunedAt = fromMicros(pruned)
	it.NextAt, it.ReceivedAt, it.ProviderAt = fromMicros(next), fromMicros(received), fromMicros(provider)
	return it, err
}

func (s *Store) items(ctx context.Context, where string, args ...any) ([]Item, error) {
	return s.itemsWith(ctx, itemColumns, where, args...)
}

func (s *Store) itemsWith(ctx context.Context, columns, where string, args ...any) ([]Item, error) {
	var found []Item
	err := each(ctx, s.db.reader(), "SELECT "+columns+" FROM inbox WHERE "+where, args, func(r *sql.Rows) error {
		it, err := scanItem(r)
		found = append(found, it)
		return err
	})
	return found, err
}

// Place is that of an item among those that are due. The zero value is before
// the first.
type Place struct {
	NextAt time.Time
	ID     int64
}

// withoutBytes are itemColumns, for who needs only what was understood.
var withoutBytes = strings.Replace(itemColumns, "headers, body", "'' AS headers, '' AS body", 1)

// Due lists up to limit items that are to be delivered (again) by now, oldest
// first, behind a place among them; without their headers and bodies. Whoever
// lists them need not be alone: delivering twice is harmless.
func (s *Store) Due(ctx context.Context, now time.Time, behind Place, limit int) ([]Item, error) {
	due, err := s.itemsWith(ctx, withoutBytes, "next_at > 0 AND next_at <= ? AND (next_at, id) > (?, ?) ORDER BY next_at, id LIMIT ?",
		micros(now), micros(behind.NextAt), behind.ID, pageSize(limit))
	return due, failed("due", err)
}

// HeldFor lists the items held for an order, by its id or by a reference of
// its intent or parcel; either may be "".
func (s *Store) HeldFor(ctx context.Context, id order.ID, ref string) ([]Item, error) {
	var found []Item
	for _, by := range []struct{ column, value string }{{"order_id", string(id)}, {"ref", ref}} {
		if by.value == "" {
			continue
		}
		some, err := s.items(ctx, "state = 'held' AND "+by.column+" <> '' AND "+by.column+" = ? ORDER BY id", by.value)
		if err != nil {
			return nil, failed("held for", err)
		}
		found = append(found, some...)
	}
	slices.SortFunc(found, func(a, b Item) int { return cmp.Compare(a.ID, b.ID) })
	return slices.CompactFunc(found, func(a, b Item) bool { return a.ID == b.ID }), nil
}

// Item answers one item, or ErrNoItem.
func (s *Store) Item(ctx context.Context, id int64) (Item, error) {
	found, err := s.items(ctx, "id = ?", id)
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("%w: %d", ErrNoItem, id)
	}
	if err != nil {
		return Item{}, failed("item", err)
	}
	return found[0], nil
}

// settleAtOnce is the largest number of items one statement settles.
const settleAtOnce = 64

// Settle writes how an attempt to deliver these items ended and, for those
// still to be delivered, when to try again. What was delivered stays so: of
// two attempts at once, the one that succeeded counts.
func (s *Store) Settle(ctx context.Context, ids []int64, st State, note string, nextAt time.Time) error {
	for len(ids) > 0 {
		n := min(len(ids), settleAtOnce)
		if err := s.settle(ctx, ids[:n], st, note, nextAt); err != nil {
			return failed("settle", err)
		}
		ids = ids[n:]
	}
	return nil
}

func (s *Store) settle(ctx context.Context, ids []int64, st State, note string, nextAt time.Time) error {
	if !st.deliverable() {
		nextAt = time.Time{}
	}
	args := []any{string(st), note, micros(nextAt)}
	for _, id := range ids {
		args = append(args, id)
	}
	// Fill up to a power of two, so that few statements need preparing.
	size := 1
	for size < len(ids) {
		size *= 2
	}
	for range size - len(ids) {
		args = append(args, ids[0])
	}
	return s.db.writeAlone(ctx, func(ctx context.Context, q querier) error {
		_, err := q.exec(ctx, "UPDATE inbox SET state = ?, note = ?, next_at = ?, attempts = attempts + 1 WHERE id IN ("+
			marks(size)+") AND state <> 'delivered'", args...)
		return err
	})
}

// Redeliver makes an item due, whatever became of it, with the order, the
// reference, the news and the note it has now; an operator's decision.
func (s *Store) Redeliver(ctx context.Context, it *Item) error {
	it.State, it.NextAt = Received, s.now()
	return failed("redeliver", s.db.writeAlone(ctx, func(ctx context.Context, q querier) error {
		n, err := q.exec(ctx, "UPDATE inbox SET state = ?, note = ?, next_at = ?, order_id = ?, ref = ?, news = ?, pruned_at = 0 WHERE id = ?",
			string(it.State), it.Note, micros(it.NextAt), string(it.OrderID), it.Ref, it.News, it.ID)
		if err == nil && n == 0 {
			err = fmt.Errorf("%w: %d", ErrNoItem, it.ID)
		}
		return err
	}))
}
