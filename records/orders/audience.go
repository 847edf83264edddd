package orders

import (
	"context"
	"slices"
	"time"

	"purser/mail"
	"purser/order"
	"purser/records/sqldb"
)

// unpaidFor is how far back an audience of unpaid orders reaches by default.
const unpaidFor = 7 * 24 * time.Hour

// AudienceOrders returns a page of the orders whose customers are the audience
// of a campaign that begins now, newest first. next is "" on the last page.
func (s *Store) AudienceOrders(ctx context.Context, a mail.Audience, now time.Time, cursor string) (orders []order.Order, next string, err error) {
	f := order.Filter{PlacedFrom: a.Since, PlacedTo: now.Add(-time.Duration(a.OlderThanHours) * time.Hour), Cursor: cursor, Limit: sqldb.MaxPage}
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
	if a.Kind == mail.AudienceUnpaid { // a debit is processing for days: it must not be paid twice
		p.Orders = slices.DeleteFunc(p.Orders, func(o order.Order) bool { return o.Payment().Status == order.PaymentProcessing })
	}
	return p.Orders, p.Next, err
}

// BoughtSince reports whether a customer has paid for an order placed after
// the time.
func (s *Store) BoughtSince(ctx context.Context, customer string, after time.Time) (bool, error) {
	var n int64
	found, err := sqldb.First(ctx, s.DB.Reader(), `
		SELECT 1 FROM orders WHERE customer = ? AND placed_at > ? AND status || '' IN ('authorized', 'paid', 'shipped', 'delivered', 'returned')
		LIMIT 1`, []any{customer, sqldb.Micros(after)}, &n)
	return found, sqldb.WrapError("bought since", err)
}
