package records

import (
	"context"
	"time"

	"purser/mail"
	"purser/order"
)

// unpaidFor is how far back a question for unpaid orders goes, if it does not
// say.
const unpaidFor = 7 * 24 * time.Hour

// AudienceOrders answers a page of the orders an audience is made of, newest
// first, for a campaign that begins now. next is "" on the last page.
func (s *Store) AudienceOrders(ctx context.Context, a mail.Audience, now time.Time, cursor string) (orders []order.Order, next string, err error) {
	f := Filter{PlacedFrom: a.Since, PlacedTo: now.Add(-time.Duration(a.OlderThanHours) * time.Hour), Cursor: cursor, Limit: largestPage}
	switch a.Kind {
	case mail.AudienceUnpaid:
		f.Status = []order.Status{order.AwaitingPayment, order.Expired}
		if f.PlacedFrom.IsZero() {
			f.PlacedFrom = f.PlacedTo.Add(-unpaidFor)
		}
	default:
		f.Status = []order.Status{order.Paid, order.Shipped, order.Delivered}
	}
	p, err := s.Orders(ctx, f)
	return p.Orders, p.Next, err
}

// BoughtSince reports whether a customer has paid for an order placed after
// the time.
func (s *Store) BoughtSince(ctx context.Context, customer string, after time.Time) (bool, error) {
	var n int64
	found, err := first(ctx, s.db.reader(), `
		SELECT 1 FROM orders WHERE customer = ? AND placed_at > ? AND status || '' IN ('authorized', 'paid', 'shipped', 'delivered', 'returned')
		LIMIT 1`, []any{customer, micros(after)}, &n)
	return found, failed("bought since", err)
}
