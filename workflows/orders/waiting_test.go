package orders_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	steps "purser/activities/orders"
	"purser/order"
	"purser/workflows/workflowtest"
)

// waits checks what the order waits for according to the record, and that neither its
// deadline there nor the one in the search attributes has passed.
func (c *checks) waits(on string) {
	c.Helper()
	o := c.order()
	if o.Waiting == nil || o.Waiting.On != on || !o.Waiting.Until.IsZero() && o.Waiting.Until.Before(c.clock()) {
		c.Errorf("%s after placing the order is %s and waits for %+v, want %s, and a deadline that has not passed",
			c.clock().Sub(workflowtest.Start), o.Status, o.Waiting, on)
	}
	if d := c.observer.Deadline; !d.IsZero() && d.Before(c.clock()) {
		c.Errorf("%s after placing the attributes show %s as deadline", c.clock().Sub(workflowtest.Start), d)
	}
}

// waitsAt scripts waits at each of these times.
func (c *checks) waitsAt(on string, times ...time.Duration) {
	for _, at := range times {
		c.at(at, func() { c.waits(on) })
	}
}

// TestWaitingIsTrue (REC-2): the record says what an order waits for, even if nothing
// else has changed for long.
func TestWaitingIsTrue(t *testing.T) {
	const day = 24 * time.Hour
	runScenarios(t, []scenario{
		{name: "not paid for a while", script: func(w *fixture) {
			w.waitsAt("payment", time.Minute, 3*time.Minute, 13*time.Minute, 29*time.Minute)
		}, ends: order.Expired, mails: expired},
		{name: "it is unknown at the deadline whether it is paid", script: func(w *fixture) {
			w.at(time.Minute, func() { w.sendEvents(w.paid(w.bank.Think(w.intent()))) })
			w.waitsAt("payment", 2*time.Minute, 29*time.Minute, 40*time.Minute, 3*time.Hour, 6*time.Hour)
			w.at(7*time.Hour, func() { w.sendEvents(w.paid(w.bank.Authenticate(w.intent(), true))) })
			w.arrive(8 * time.Hour)
		}, ends: order.Delivered, mails: delivered},
		{name: "a parcel without any event", script: func(w *fixture) {
			w.at(time.Minute, w.pay)
			w.waitsAt("carrier", time.Hour, 13*time.Hour, 25*time.Hour, 3*day, 6*day)
			w.waitsAt("operator", 16*day, 20*day)
			w.at(21*day, func() { w.scan(order.ParcelInTransit) })
			w.waitsAt("carrier", 21*day+time.Hour, 22*day)
			w.at(22*day+time.Hour, func() { w.scan(order.ParcelDelivered) })
		}, ends: order.Delivered, mails: delivered},
		{name: "the bank could not be asked for a while, and then returns nothing new", script: func(w *fixture) {
			w.down(10*time.Minute, order.ErrUnavailable, "GetIntent")
			w.waitsAt("payments", 3*time.Minute)
			w.waitsAt("payment", 20*time.Minute)
		}, ends: order.Expired, mails: expired},
		{name: "a second payment that the bank cannot refund", script: func(w *fixture) {
			w.down(60*time.Hour, order.ErrUnavailable, "RefundIntent")
			w.at(time.Minute, w.payElsewhere)
			w.waitsAt("payment", 2*time.Minute)
			w.at(3*time.Minute, func() { w.sendEvents(w.paid(w.bank.Pay("pi_1"))) })
			w.waitsAt("carrier", 4*time.Minute, time.Hour, 20*time.Hour)
			w.at(70*time.Hour, func() { w.scan(order.ParcelInTransit) })
			w.waitsAt("carrier", 61*time.Hour, 71*time.Hour)
			w.at(80*time.Hour, func() { w.scan(order.ParcelDelivered) })
		}, ends: order.Delivered, mails: also(delivered, refunded)},
	})
}

// TestWaitingShown: the search attributes show that the order waits for an operator while
// the bank does not list the refunds, and no longer.
func TestWaitingShown(t *testing.T) {
	w := newFixture(t)
	shows := func(at time.Duration, on string) {
		w.at(at, func() {
			w.waits("carrier")
			if w.observer.WaitingOn != on {
				w.Errorf("%s after placing the attributes show %q, want %q", at, w.observer.WaitingOn, on)
			}
		})
	}
	w.at(time.Minute, w.pay)
	w.at(time.Hour, func() {
		w.down(30*time.Hour, order.ErrUnavailable, "Refunds")
		w.reportRefund(order.RefundEvent{PaymentRef: w.intent()})
	})
	shows(20*time.Hour, "carrier")
	shows(25*time.Hour+30*time.Minute, "operator")
	shows(29*time.Hour, "operator")
	shows(30*time.Hour+20*time.Minute, "carrier")
	w.at(50*time.Hour, func() { w.scan(order.ParcelDelivered) })
	w.run().ended(order.Delivered)
}

// TestDeadlineShown: the search attributes show when the order does something by itself,
// and no deadline while it waits for a person, or when it has ended.
func TestDeadlineShown(t *testing.T) {
	w := newFixture(t)
	shows := func(at time.Duration, status order.Status, deadline bool) {
		w.at(at, func() {
			o := w.order()
			if until := o.Waiting.Until; o.Status != status || until.IsZero() == deadline || !w.observer.Deadline.Equal(until) {
				w.Errorf("%s after placing the order is %s until %s, want %s, with a deadline: %t; the attributes show %s", at, o.Status, until, status, deadline, w.observer.Deadline)
			}
		})
	}
	w.at(time.Minute, func() {
		w.sendEvents(w.paid(w.bank.Change(w.intent(), func(in *order.Intent) { in.Status, in.Capturable = order.PaymentAuthorized, 1 }), nil))
	})
	shows(time.Hour, order.OnHold, false)
	w.at(2*time.Hour, func() {
		w.bank.Change(w.intent(), func(in *order.Intent) { in.Capturable = w.order().Total.Amount })
		w.release()
	})
	shows(3*time.Hour, order.Paid, true)
	w.at(6*time.Hour, func() { w.scan(order.ParcelInTransit) })
	shows(7*time.Hour, order.Shipped, true)
	shows(20*time.Hour, order.Shipped, true)
	w.at(21*time.Hour, func() { w.scan(order.ParcelReturned) })
	shows(22*time.Hour, order.OnHold, false)
	w.at(23*time.Hour, func() { w.resolve(order.ChooseRefund) })
	w.run().ended(order.Returned)
	if !w.observer.Deadline.IsZero() || w.observer.WaitingOn != "" {
		t.Errorf("in the end the attributes show %q until %s", w.observer.WaitingOn, w.observer.Deadline)
	}
}

// TestWaitingAlone: if only what an order waits for changes, its version and its timeline
// stay the same.
func TestWaitingAlone(t *testing.T) {
	w := newFixture(t)
	w.at(time.Minute, w.pay)
	var first, later order.Order
	w.at(time.Hour, func() { first = w.order() })
	w.at(13*time.Hour, func() { later = w.order() })
	w.arrive(14 * time.Hour)
	w.run().ended(order.Delivered)
	if first.Version != later.Version || !later.Waiting.Until.Equal(first.Waiting.Until.Add(12*time.Hour)) {
		t.Errorf("at first %d until %s, later %d until %s", first.Version, first.Waiting.Until, later.Version, later.Waiting.Until)
	}
	if all, err := w.record.Events(context.Background(), id, 0, 100); err != nil || len(all) != int(w.order().Version) {
		t.Errorf("%d events, version %d, %v", len(all), w.order().Version, err)
	}
}

// waitRecord notes what each written order waits for, with its status.
type waitRecord struct {
	steps.Record
	wrote []string
}

func (r *waitRecord) SaveOrder(ctx context.Context, c order.Change) error {
	r.wrote = append(r.wrote, string(c.Order.Status)+" "+c.Order.WaitsFor())
	return r.Record.SaveOrder(ctx, c)
}

// TestPaidWaitsForNoPayment: an order whose money is held does not say that it
// waits for the payment.
func TestPaidWaitsForNoPayment(t *testing.T) {
	for _, tt := range []struct {
		name   string
		script func(w *fixture)
		unpaid string // how the order is written before
	}{
		{name: "held", script: func(w *fixture) { w.at(time.Minute, w.pay) }, unpaid: "awaiting_payment payment"},
		{name: "held while the provider is asked", script: func(w *fixture) {
			w.down(10*time.Minute, order.ErrUnavailable, "GetIntent")
			w.at(5*time.Minute, w.pay)
		}, unpaid: "awaiting_payment payment"},
		{name: "paid in advance", script: func(w *fixture) {
			w.placement.Request.Payment = order.PayManually
			w.at(time.Minute, func() { w.book(2900, "statement 1") })
		}, unpaid: "awaiting_payment transfer"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newFixture(t)
			r := &waitRecord{Record: &w.record}
			w.orderRecord = r
			tt.script(w)
			w.arrive(time.Hour)
			w.run()
			if !slices.Contains(r.wrote, tt.unpaid) {
				t.Errorf("written as %q, never as %q", r.wrote, tt.unpaid)
			}
			for _, s := range r.wrote {
				if status, on, _ := strings.Cut(s, " "); status != string(order.AwaitingPayment) && status != string(order.Placed) && (on == order.WaitPayment || on == order.WaitTransfer) {
					t.Errorf("written as %q", s)
				}
			}
		})
	}
}
