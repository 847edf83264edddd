package orders_test

import (
	"testing"

	"purser/order"
	"purser/records"
	"purser/records/recordstest"
)

// TestKnows (PAY-10, PAY-18) checks that only money that the record has, to the
// minor unit and on the same intent, is known.
func TestKnows(t *testing.T) {
	recordstest.OnBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		s := recordstest.Shop(t, open)
		payment := func(status order.IntentStatus, authorized, captured int64) {
			o := recordstest.PlaceOrder(t, s, "c-1", recordstest.Noon)
			c := recordstest.Next(o, order.AwaitingPayment, order.StockStays)
			c.Order.Payment = order.Payment{
				Generation: 1, IntentID: "pi_" + string(o.ID), Status: status, Authorized: authorized * o.Total.Amount, Captured: captured * o.Total.Amount,
			}
			if err := s.SaveOrder(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			total := o.Total
			for name, tt := range map[string]struct {
				change func(*order.PaymentEvent)
				same   bool
			}{
				"as it is":         {func(*order.PaymentEvent) {}, true},
				"another intent":   {func(p *order.PaymentEvent) { p.IntentID += "x" }, false},
				"another amount":   {func(p *order.PaymentEvent) { p.Amount.Amount++; p.Received++ }, false},
				"another currency": {func(p *order.PaymentEvent) { p.Amount.Currency = "USD" }, false},
				"part of it":       {func(p *order.PaymentEvent) { p.Received-- }, false},
				"held only":        {func(p *order.PaymentEvent) { p.Status = order.RequiresCapture }, false},
			} {
				p := order.PaymentEvent{IntentID: c.Order.Payment.IntentID, Status: order.Succeeded, Amount: total, Received: total.Amount}
				tt.change(&p)
				want := order.Unknown
				switch {
				case tt.same && captured > 0 && status != order.IntentCanceled:
					want = order.Known
				case tt.same && authorized > 0 && status != order.IntentCanceled:
					want = order.Soon
				}
				if got, err := s.Knows(t.Context(), order.ProviderEvent{Payment: &p}); err != nil || got != want {
					t.Errorf("%s, %d held, %d taken, %s: got %q %v, want %q", status, authorized, captured, name, got, err, want)
				}
			}
		}
		payment(order.RequiresPaymentMethod, 0, 0)
		payment(order.RequiresCapture, 1, 0)
		payment(order.Succeeded, 1, 1)
		payment(order.IntentCanceled, 1, 1)
		if got, err := s.Knows(t.Context(), order.ProviderEvent{Parcel: &order.ShipmentEvent{}}); err != nil || got != order.Unknown {
			t.Errorf("a parcel: %q %v", got, err)
		}
	})
}
