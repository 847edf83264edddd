package order_test

import (
	"slices"
	"testing"

	"purser/order"
)

// TestStatuses walks the legal moves (ORD-1): every status can be reached, and
// an order that has ended stays so, save that a delivered parcel may come back.
func TestStatuses(t *testing.T) {
	reached := map[order.Status]bool{}
	for next := []order.Status{""}; len(next) > 0; next = next[1:] {
		for _, s := range order.Statuses() {
			if next[0].CanBecome(s) && !reached[s] {
				reached[s] = true
				next = append(next, s)
			}
		}
	}
	for _, s := range order.Statuses() {
		if !reached[s] {
			t.Errorf("no way leads to %s", s)
		}
		if s.CanBecome(s) || s.CanBecome("") {
			t.Errorf("%s can become itself or nothing", s)
		}
		leads := slices.ContainsFunc(order.Statuses(), s.CanBecome)
		if leads == s.Final() && s != order.Delivered {
			t.Errorf("%s is final: %t, and leads on: %t", s, s.Final(), leads)
		}
		if s.Complete() != (s == order.Delivered) {
			t.Errorf("%s is complete: %t", s, s.Complete())
		}
		if s.Final() && order.Delivered.CanBecome(s) {
			t.Errorf("a delivered order becomes %s", s)
		}
	}
	if order.Status("lost").Final() || order.Status("lost").CanBecome(order.Paid) || order.Placed.CanBecome("lost") {
		t.Error("an unknown status is part of the moves")
	}
}

// TestNoWayBack (ORD-1): an order whose goods are on their way can end otherwise
// only after a person has decided, and what was cancelled is not delivered.
func TestNoWayBack(t *testing.T) {
	for _, from := range []order.Status{order.Shipped, order.Delivered} {
		for _, to := range []order.Status{order.Placed, order.AwaitingPayment, order.Authorized, order.Cancelling, order.Cancelled, order.Expired, order.Refused, order.Returned} {
			if from.CanBecome(to) {
				t.Errorf("%s can become %s", from, to)
			}
		}
	}
	for _, to := range []order.Status{order.Placed, order.AwaitingPayment, order.Authorized, order.Paid, order.Shipped, order.Delivered} {
		if order.Cancelling.CanBecome(to) {
			t.Errorf("an order that is being cancelled can become %s", to)
		}
	}
}

var parcels = []order.ParcelStatus{
	order.ParcelBooked, order.ParcelInTransit, order.ParcelOutForDelivery, order.ParcelDelivered,
	order.ParcelException, order.ParcelReturned, order.ParcelVoided,
}

func TestParseParcelStatus(t *testing.T) {
	for _, s := range parcels {
		if got := order.ParseParcelStatus(string(s)); got != s {
			t.Errorf("%s is read as %s", s, got)
		}
	}
	for _, s := range []string{"", "unknown", "DELIVERED", "delivered ", "lost"} {
		if got := order.ParseParcelStatus(s); got != order.ParcelUnknown {
			t.Errorf("%q is read as %s", s, got)
		}
	}
}

// TestOvertakes is a strict order (WHK-9): no scan, however late or repeated,
// takes a parcel back, and an unknown one moves nothing.
func TestOvertakes(t *testing.T) {
	all := append([]order.ParcelStatus{"", order.ParcelUnknown, "lost"}, parcels...)
	for _, a := range all {
		if a.Overtakes(a) {
			t.Errorf("%s overtakes itself", a)
		}
		for _, b := range all {
			if a.Overtakes(b) && b.Overtakes(a) {
				t.Errorf("%s and %s overtake each other", a, b)
			}
			for _, c := range all {
				if a.Overtakes(b) && b.Overtakes(c) && !a.Overtakes(c) {
					t.Errorf("%s, %s, %s", a, b, c)
				}
			}
		}
		for _, unknown := range []order.ParcelStatus{order.ParcelUnknown, "lost", ""} {
			if unknown.Overtakes(a) {
				t.Errorf("%q overtakes %s", unknown, a)
			}
		}
	}
	way := []order.ParcelStatus{"", order.ParcelBooked, order.ParcelInTransit, order.ParcelOutForDelivery, order.ParcelDelivered, order.ParcelReturned}
	for i := range way[1:] {
		if !way[i+1].Overtakes(way[i]) {
			t.Errorf("%s does not overtake %s", way[i+1], way[i])
		}
	}
}
