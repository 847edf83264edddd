package orders_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.temporal.io/sdk/temporal"

	"purser/activities"
	"purser/order"
	"purser/workflows"
	"purser/workflows/orders"
)

// TestPlace checks what a repeated Place returns (IDEM-1, IDEM-2, F1).
func TestPlace(t *testing.T) {
	for _, c := range []struct {
		name    string
		hash    string
		at      time.Duration
		prepare func(*fixture)
		refusal string
	}{
		{name: "IDEM-2 the same request again: the same result", hash: hash, at: 10 * time.Minute, prepare: func(*fixture) {}, refusal: workflows.RefusalAnswered},
		{name: "IDEM-2 another request under the key: refused", hash: "hash-2", at: 10 * time.Minute, prepare: func(*fixture) {}, refusal: workflows.RefusalOtherRequest},
		{name: "F1 a double click: one is in flight", hash: hash, at: time.Second, prepare: func(w *fixture) { w.down(time.Minute, order.ErrUnavailable, "CreateIntent") }, refusal: workflows.RefusalInFlight},
		{name: "another request while in flight", hash: "hash-2", at: time.Second, prepare: func(w *fixture) { w.down(time.Minute, order.ErrUnavailable, "CreateIntent") }, refusal: workflows.RefusalOtherRequest},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newFixture(t)
			c.prepare(w)
			var got updateResult
			w.at(c.at, func() { w.place("place-2", c.hash, &got) })
			w.at(20*time.Minute, w.pay)
			w.arrive(0)
			w.run().ended(order.Delivered)
			if got.refusal() != c.refusal {
				t.Fatalf("refused with %q, want %q", got.refusal(), c.refusal)
			}
			first, ok := w.placed.result.(orders.Placed)
			if !ok || first.Order.Status != order.AwaitingPayment || first.SealedSecret != "sealed:pi_1_secret_fake" {
				t.Fatalf("the first result is %+v, %v", w.placed.result, w.placed.err)
			}
			if c.refusal == workflows.RefusalAnswered {
				var again *orders.Placed
				if err := got.err.(*temporal.ApplicationError).Details(&again); err != nil {
					t.Fatal(err)
				}
				if d := cmp.Diff(&first, again); d != "" {
					t.Error(d)
				}
			}
		})
	}
}

// TestRefused checks orders that cannot be opened: Place fails with the reason, and
// nothing is done (F19, ORD-7).
func TestRefused(t *testing.T) {
	for _, c := range []struct {
		name    string
		prepare func(*fixture)
		failure string
	}{
		{name: "sold out", prepare: func(w *fixture) { w.placement.Request.Lines[0].Quantity = onHand + 1 }, failure: activities.FailureOutOfStock},
		{name: "not for sale", prepare: func(w *fixture) { w.placement.Request.Lines[0].SKU = "moon" }, failure: activities.FailureUnknownSKU},
		{name: "another currency", prepare: func(w *fixture) { w.placement.Request.Currency = "JPY" }, failure: activities.FailureCurrency},
		{name: "less than can be charged", prepare: func(w *fixture) { w.placement.Request.Lines[0].SKU = "pin" }, failure: activities.FailureMinimum},
		{name: "opened before", prepare: func(w *fixture) { w.fail("OpenOrder", 1, order.ErrDuplicate) }, failure: activities.FailureDuplicate},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newFixture(t)
			c.prepare(w)
			w.run()
			if w.outcome.Status != order.Refused || w.outcome.Failure != c.failure {
				t.Errorf("ended %+v, want refused with %s", w.outcome, c.failure)
			}
			if w.placed.refusal() != c.failure {
				t.Errorf("Place failed with %v, want %s", w.placed.err, c.failure)
			}
			if n := len(w.events()); n != 0 || w.called("CreateIntent")+w.called("SaveOrder")+w.called("SendMail") != 0 {
				t.Errorf("%d events, calls %v", n, w.calls)
			}
		})
	}
}

// TestPlaceBelowMinimum places an order in a currency whose minimum only the payment
// provider knows: Place fails with the reason.
func TestPlaceBelowMinimum(t *testing.T) {
	w := newFixture(t)
	w.fail("CreateIntent", 100, order.ErrBelowMinimum)
	w.run().ended(order.Cancelled)
	if w.placed.refusal() != activities.FailureMinimum {
		t.Errorf("Place failed with %v", w.placed.err)
	}
	if w.outcome.Failure != activities.FailureMinimum {
		t.Errorf("ended %+v, want failure %s", w.outcome, activities.FailureMinimum)
	}
	if sent := w.mailer.Counts(); len(sent) > 0 {
		t.Errorf("mails went out: %v", sent)
	}
}

// TestPlaceCompensated places an order that is cancelled before it can be paid.
func TestPlaceCompensated(t *testing.T) {
	w := newFixture(t)
	w.fail("CreateIntent", 100, order.ErrRejected)
	w.run().ended(order.Cancelled)
	const says = "the order is cancelled: the payment provider cannot accept this payment"
	if w.placed.refusal() != workflows.RefusalCancelled || !strings.Contains(w.placed.err.Error(), says) {
		t.Errorf("Place failed with %v, want it to say %q", w.placed.err, says)
	}
}
