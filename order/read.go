package order

import "time"

// Filter selects orders; an empty field does not restrict.
type Filter struct {
	Status   []Status
	Customer string
	WaitsFor string // one of Waits
	// Unfinished selects those with a refund that is asked for and that the provider has
	// not made yet, or with a return that a workflow must attend.
	Unfinished bool
	Returns    ReturnStatus // those with a return in this state
	PlacedFrom time.Time    // inclusive
	PlacedTo   time.Time    // exclusive
	Limit      int          // default 50, at most 500
	Cursor     string       // Page.Next of the previous page
}

// Page is one page of orders, newest first.
type Page struct {
	Orders []Order
	Next   string // the next page's cursor; "" on the last page
}

// Position is how far a follower has read an order's timeline: the number of
// the last event read and the fence of the write that recorded it. The zero
// value is the start.
type Position struct{ Seq, Fence int64 }

// RecordedEvent is an event with the fence of the write that recorded it.
type RecordedEvent struct {
	Event
	Fence int64
}

// Position returns the position of a follower after reading this event.
func (e RecordedEvent) Position() Position { return Position{e.Seq, e.Fence} }
