package order_test

import (
	"slices"
	"testing"

	"purser/order"
)

// TestCovered (PAY-15): only money that is held or captured on the order's own
// payments, up to the last minor unit, covers an order.
func TestCovered(t *testing.T) {
	total := order.Money{Amount: 100, Currency: "EUR"}
	held := func(n int64) order.Payment { return order.Payment{Status: order.PaymentAuthorized, Authorized: n} }
	captured := func(n int64) order.Payment {
		return order.Payment{Status: order.PaymentCaptured, Authorized: n, Captured: n}
	}
	surplus := captured(100)
	surplus.Surplus = true
	for _, c := range []struct {
		name          string
		payments      []order.Payment
		covered, paid bool
	}{
		{name: "none"},
		{name: "held", payments: []order.Payment{held(100)}, covered: true},
		{name: "a unit short", payments: []order.Payment{held(99)}},
		{name: "captured", payments: []order.Payment{captured(100)}, covered: true, paid: true},
		{name: "in two payments", payments: []order.Payment{captured(40), captured(60)}, covered: true, paid: true},
		{name: "one of two captured", payments: []order.Payment{captured(40), held(60)}, covered: true},
		{name: "captured without an authorization", payments: []order.Payment{{Captured: 100}}, covered: true, paid: true},
		{name: "held, and a part of it captured", payments: []order.Payment{{Authorized: 60, Captured: 40}}},
		{name: "a unit of it not captured", payments: []order.Payment{{Authorized: 100, Captured: 99}}, covered: true},
		{name: "more than the total", payments: []order.Payment{captured(101)}, covered: true, paid: true},
		{name: "a surplus payment", payments: []order.Payment{surplus}},
		{name: "a dead payment, then another", payments: []order.Payment{{Status: order.PaymentCanceled}, held(100)}, covered: true},
	} {
		o := order.Order{Total: total, Payments: c.payments}
		if o.Covered() != c.covered || o.Paid() != c.paid {
			t.Errorf("%s: covered %t, paid %t", c.name, o.Covered(), o.Paid())
		}
	}
	if o := (order.Order{}); o.Covered() || o.Paid() {
		t.Errorf("without any payment, an order of no total: covered %t, paid %t", o.Covered(), o.Paid())
	}
	if p := (order.Order{Payments: []order.Payment{held(1), surplus}}).Payment(); p.Authorized != 1 || p.Surplus {
		t.Errorf("the payment asked for is %+v", p)
	}
}

// TestPaymentStatuses (PAY-7): a payment has money, is dead, or can still become either.
func TestPaymentStatuses(t *testing.T) {
	money := []order.PaymentStatus{order.PaymentAuthorized, order.PaymentPartiallyCaptured, order.PaymentCaptured}
	dead := []order.PaymentStatus{order.PaymentCanceled, order.PaymentExpired, order.PaymentFailed}
	for _, s := range append(order.PaymentStatuses(), order.PaymentConflicted, "") {
		if s.HasMoney() != slices.Contains(money, s) || s.Dead() != slices.Contains(dead, s) {
			t.Errorf("%q: has money %t, dead %t", s, s.HasMoney(), s.Dead())
		}
	}
}

// TestPresentShipment: goods go out with the last shipment that was not replaced, and
// an order is handed over as soon as one of its parcels is.
func TestPresentShipment(t *testing.T) {
	booked := order.Shipment{Number: 1, Status: order.ParcelBooked}
	replaced := order.Shipment{Number: 2, Status: order.ParcelInTransit, Replaced: true}
	o := order.Order{Shipments: []order.Shipment{booked}}
	if o.HandedOver() || (order.Order{}).HandedOver() {
		t.Error("handed over, although the carrier has no parcel")
	}
	o.Shipments = append(o.Shipments, replaced)
	if s := o.Shipment(); s.Number != 1 || !o.HandedOver() {
		t.Errorf("the present shipment is %d, handed over %t", s.Number, o.HandedOver())
	}
}

// TestHoldChoices: a person can end every hold, and no choice is unknown.
func TestHoldChoices(t *testing.T) {
	known := map[order.Choice]bool{}
	for _, c := range order.Choices() {
		known[c] = true
	}
	for _, k := range order.HoldKinds() {
		ends := false
		for _, c := range k.Choices() {
			ends = ends || c == order.ChooseVoid || c == order.ChooseRefund || c == order.ChooseKeep
			if !known[c] {
				t.Errorf("hold %s allows %s, which is not a choice", k, c)
			}
		}
		if !ends {
			t.Errorf("hold %s cannot be ended: %v", k, k.Choices())
		}
	}
}
