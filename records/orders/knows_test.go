package orders_test

import (
	"testing"

	"purser/order"
	"purser/records"
	"purser/records/recordstest"
)

// TestKnows (PAY-10, PAY-18) checks that only money that the record has, to the
// minor unit and on the same payment, is known.
func TestKnows(t *testing.T) {
	recordstest.OnBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		s := recordstest.Shop(t, open)
		const total = 1450
		for _, recorded := range []struct {
			order.Payment
			want order.EventState // of the event that all of it was captured
		}{
			{Payment: order.Payment{Status: order.PaymentPending}, want: order.Unknown},
			{Payment: order.Payment{Status: order.PaymentAuthorized, Authorized: total}, want: order.Soon},
			{Payment: order.Payment{Status: order.PaymentAuthorized, Authorized: total - 1}, want: order.Unknown},
			{Payment: order.Payment{Status: order.PaymentCaptured, Authorized: total, Captured: total}, want: order.Known},
			{Payment: order.Payment{Status: order.PaymentPartiallyCaptured, Authorized: total, Captured: 400}, want: order.Unknown},
			{Payment: order.Payment{Status: order.PaymentCanceled, Authorized: total, Captured: total}, want: order.Unknown},
			{Payment: order.Payment{Status: order.PaymentConflicted, Authorized: total, Captured: total}, want: order.Unknown},
		} {
			o := recordstest.PlaceOrder(t, s, "c-1", recordstest.Noon)
			c := recordstest.Next(o, order.AwaitingPayment, order.StockStays)
			p := recorded.Payment
			p.Number, p.Provider, p.Reference = 2, "stripe", "pi_"+string(o.ID)
			c.Order.Payments = []order.Payment{{Number: 1, Status: order.PaymentFailed}, p}
			if err := s.SaveOrder(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			for _, tt := range []struct {
				name   string
				change func(*order.ProviderEvent)
				want   order.EventState
			}{
				{name: "as it is", change: func(*order.ProviderEvent) {}, want: recorded.want},
				{name: "no provider", change: func(n *order.ProviderEvent) { n.Provider = "" }, want: recorded.want},
				{name: "another provider", change: func(n *order.ProviderEvent) { n.Provider = "invoice" }, want: order.Unknown},
				{name: "another payment", change: func(n *order.ProviderEvent) { n.Payment.Reference += "x" }, want: order.Unknown},
				{name: "another amount", change: func(n *order.ProviderEvent) { n.Payment.Amount.Amount++; n.Payment.Received++ }, want: order.Unknown},
				{name: "of another amount", change: func(n *order.ProviderEvent) { n.Payment.Amount.Amount++ }, want: order.Unknown},
				{name: "another currency", change: func(n *order.ProviderEvent) { n.Payment.Amount.Currency = "USD" }, want: order.Unknown},
				{name: "less", change: func(n *order.ProviderEvent) { n.Payment.Received -= 2 }, want: order.Unknown},
				{name: "nothing", change: func(n *order.ProviderEvent) { n.Payment.Received = 0 }, want: order.Unknown},
				{name: "held only", change: func(n *order.ProviderEvent) { n.Payment.Status = order.PaymentAuthorized }, want: order.Unknown},
				{name: "a part", change: partly(400), want: ifElse(p.Status == order.PaymentPartiallyCaptured, order.Known, order.Unknown)},
				{name: "another part", change: partly(401), want: order.Unknown},
			} {
				n := order.ProviderEvent{Provider: "stripe", Payment: &order.PaymentEvent{
					Reference: p.Reference, Status: order.PaymentCaptured, Amount: order.Money{Amount: total, Currency: "EUR"}, Received: total,
				}}
				tt.change(&n)
				if got, err := s.Knows(t.Context(), n); err != nil || got != tt.want {
					t.Errorf("recorded %s, %d held, %d captured: %s: got %q %v, want %q", p.Status, p.Authorized, p.Captured, tt.name, got, err, tt.want)
				}
			}
		}
		if got, err := s.Knows(t.Context(), order.ProviderEvent{Parcel: &order.ShipmentEvent{}}); err != nil || got != order.Unknown {
			t.Errorf("a parcel: %q %v", got, err)
		}
	})
}

// TestKnowsOfLostAttempt (PAY-18) checks that a payment which only a lost attempt
// has noticed is not known, and that its reference still leads to the order.
func TestKnowsOfLostAttempt(t *testing.T) {
	recordstest.OnBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		s := recordstest.Shop(t, open)
		o := recordstest.PlaceOrder(t, s, "c-1", recordstest.Noon)
		noticed := recordstest.Next(o, order.AwaitingPayment, order.StockStays)
		noticed.Fence, noticed.Order.Payments = 5, []order.Payment{
			{Number: 1, Provider: "stripe", Reference: "pi_1"},
			{Number: 2, Provider: "stripe", Reference: "pi_2", Status: order.PaymentCaptured, Captured: o.Total.Amount, Surplus: true},
		}
		other := recordstest.Next(o, order.Cancelling, order.StockStays)
		other.Fence, other.Order.Payments = 9, noticed.Order.Payments[:1]
		again := recordstest.Next(other.Order, order.Cancelling, order.StockStays)
		again.Fence, again.Order.Payments = 9, noticed.Order.Payments
		event := order.ProviderEvent{Provider: "stripe", Payment: &order.PaymentEvent{
			Reference: "pi_2", Status: order.PaymentCaptured, Amount: o.Total, Received: o.Total.Amount,
		}}
		for _, step := range []struct {
			save order.Change
			want order.EventState
		}{{save: noticed, want: order.Known}, {save: other, want: order.Unknown}, {save: again, want: order.Known}} {
			if err := s.SaveOrder(t.Context(), step.save); err != nil {
				t.Fatal(err)
			}
			if got, err := s.Knows(t.Context(), event); err != nil || got != step.want {
				t.Errorf("fence %d, version %d: got %q %v, want %q", step.save.Fence, step.save.Order.Version, got, err, step.want)
			}
			if got, err := s.OrderByIntent(t.Context(), "pi_2"); err != nil || got != o.ID {
				t.Errorf("order by the reference: %q %v", got, err)
			}
		}
	})
}

// partly makes an event one about the capture of a part.
func partly(received int64) func(*order.ProviderEvent) {
	return func(n *order.ProviderEvent) {
		n.Payment.Status, n.Payment.Received = order.PaymentPartiallyCaptured, received
	}
}

func ifElse[T any](condition bool, yes, no T) T {
	if condition {
		return yes
	}
	return no
}
