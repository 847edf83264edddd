package unattended_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/activities/unattended"
	"purser/order"
	"purser/records"
	"purser/records/recordstest"
)

// attendant starts the aftercare of the orders of which no workflow runs.
type attendant struct {
	lost  []order.ID
	asked []order.ID
	err   error
}

func (a *attendant) Attend(_ context.Context, id order.ID) (bool, error) {
	a.asked = append(a.asked, id)
	return slices.Contains(a.lost, id), a.err
}

// TestAttendOrders (REC-10): only open orders, and those that have ended with a refund to be made,
// that have not changed of late are looked at, on both databases, and an engine that does
// not respond fails the step.
func TestAttendOrders(t *testing.T) {
	recordstest.OnBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		s := recordstest.Shop(t, open)
		place := func(minute int, to ...order.Status) order.Order {
			o := recordstest.PlaceOrder(t, s, "c-1", recordstest.Noon.Add(time.Duration(minute)*time.Minute))
			for _, status := range to {
				c := recordstest.Next(o, status, order.StockStays)
				c.Order.UpdatedAt = o.UpdatedAt
				if err := s.SaveOrder(t.Context(), c); err != nil {
					t.Fatal(err)
				}
				o = c.Order
			}
			return o
		}
		waits := place(0, order.AwaitingPayment)
		place(1, order.AwaitingPayment, order.Cancelling, order.Cancelled)
		lost := place(2, order.AwaitingPayment, order.OnHold)
		place(30, order.AwaitingPayment)
		refund := func(o order.Order, status order.RefundStatus) order.Order {
			o.Refunds = []order.Refund{{ID: "r1", PaymentRef: "pi_1", Amount: order.Money{Amount: 100, Currency: "EUR"}, Status: status}}
			if err := s.SaveOrder(t.Context(), order.Change{Order: o}); err != nil {
				t.Fatal(err)
			}
			return o
		}
		refunding := refund(place(3, order.AwaitingPayment, order.Cancelling, order.Cancelled), order.RefundRequested)
		refund(place(4, order.AwaitingPayment, order.Cancelling, order.Cancelled), order.RefundSucceeded)
		refund(place(31, order.AwaitingPayment, order.Cancelling, order.Cancelled), order.RefundRequested)
		refund(waits, order.RefundRequested) // it is open
		a := &attendant{lost: []order.ID{lost.ID, refunding.ID}}
		do := &unattended.Activities{Orders: s, Attendant: a}
		got, err := do.AttendOrders(t.Context(), unattended.Page{Before: recordstest.Noon.Add(20 * time.Minute)})
		if diff := cmp.Diff(unattended.Attended{Open: 2, Resumed: []order.ID{lost.ID}}, got); diff != "" || err != nil {
			t.Errorf("%v, %s", err, diff)
		}
		if want := []order.ID{lost.ID, waits.ID}; !slices.Equal(a.asked, want) {
			t.Errorf("looked at %v, want %v", a.asked, want)
		}
		a.asked = nil
		got, err = do.AttendOrders(t.Context(), unattended.Page{Ended: true, Before: recordstest.Noon.Add(20 * time.Minute)})
		if diff := cmp.Diff(unattended.Attended{Open: 1, Resumed: []order.ID{refunding.ID}}, got); diff != "" || err != nil {
			t.Errorf("ended orders: %v, %s", err, diff)
		}
		if want := []order.ID{refunding.ID}; !slices.Equal(a.asked, want) {
			t.Errorf("ended orders: looked at %v, want %v", a.asked, want)
		}
		a.err = order.ErrBusy
		if _, err := do.AttendOrders(t.Context(), unattended.Page{Before: recordstest.Noon.Add(20 * time.Minute)}); err == nil || errors.Is(err, context.Canceled) {
			t.Errorf("the engine does not respond: %v", err)
		}
	})
}
