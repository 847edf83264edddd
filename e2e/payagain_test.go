package e2e_test

import (
	"testing"

	"purser/order"
	"purser/sandbox/faults"
	"purser/shop"
)

// TestPayAgain (PAY-8): the shopper of an order whose parcel cannot be booked is asked to
// pay again before the hold lapses. The same request for the order returns the secret of
// the other payment; the order goes on with it, or is cancelled at the deadline.
func TestPayAgain(t *testing.T) {
	t.Parallel()
	s := newStack(t, nil, "--sandbox-pace=0s", "--sandbox-hold-time=60s")
	s.misbehave(t, faults.Rules{Faults: []faults.Fault{{Provider: "carrier", Match: "POST /v1/labels", Do: faults.Status, Status: 503}}})
	r := wish("mug-blue", 1, "EUR")
	paid, unpaid := s.place(t, r, "pay-again"), s.place(t, r, "pay-not-again")
	s.pay(t, paid, "pm_card_visa")
	s.pay(t, unpaid, "pm_card_visa")

	s.until(t, paid.ID, order.PaymentAskedAgain)
	if o := s.order(t, paid.ID); o.Waiting == nil || o.Waiting.On != order.WaitPayment || o.Waiting.Until.IsZero() || !o.Unpaid().Standby || o.Status != order.Authorized {
		t.Errorf("asked to pay again, the order is %s, waits for %+v and has %+v", o.Status, o.Waiting, o.Payments)
	}
	again := s.place(t, r, "pay-again")
	if again.ID != paid.ID || again.ClientSecret == paid.ClientSecret {
		t.Fatalf("the same request returns order %s with the secret of the first payment: %t", again.ID, again.ClientSecret == paid.ClientSecret)
	}
	s.pay(t, again, "pm_card_visa")
	s.until(t, paid.ID, order.PaymentRenewed)
	s.mailed(paid.ID, order.MailPayAgain)

	s.until(t, unpaid.ID, order.CancelRequested)
	s.behave(t)
	s.until(t, paid.ID, order.PaymentWasCaptured)
	o := s.awaitOrder(t, paid.ID, "paid once", func(o shop.Order) bool { return o.Payments[0].Status == order.PaymentCanceled })
	if p := o.Payment(); p.Number != 2 || p.Captured != o.Total.Amount || o.Payments[0].Captured != 0 {
		t.Errorf("paid again: %+v", o.Payments)
	}
	s.until(t, unpaid.ID, order.OrderCancelled)
	o = s.awaitOrder(t, unpaid.ID, "cancelled", func(o shop.Order) bool { return o.Status == order.Cancelled })
	for _, p := range o.Payments {
		if p.Status != order.PaymentCanceled || p.Captured != 0 {
			t.Errorf("not paid again: %+v", p)
		}
	}
	s.mailed(unpaid.ID, order.MailCancelled)
}
