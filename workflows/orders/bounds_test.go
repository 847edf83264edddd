package orders_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"purser/order"
	"purser/workflows/workflowtest"
)

// TestRetryAfter has a provider ask for a delay of a day (RES-4): the shopper's time to
// pay ends all the same.
func TestRetryAfter(t *testing.T) {
	w := newFixture(t)
	var asked int
	w.bank.Before = func(op string, _ order.ID) error {
		if op == "CreateIntent" && w.clock().Before(workflowtest.Start.Add(24*time.Hour)) {
			asked++
			return &order.ProviderError{Provider: "bank", Op: op, Kind: order.ErrThrottled, RetryAfter: 24 * time.Hour}
		}
		return nil
	}
	w.run().ended(order.Expired).mailed(expired...)
	events := w.events()
	i := slices.IndexFunc(events, func(e order.Event) bool { return e.To == order.Cancelling })
	if at := events[i].At.Sub(workflowtest.Start); at > 31*time.Minute {
		t.Errorf("cancelled after %s", at)
	}
	if asked > 40 {
		t.Errorf("asked %d times", asked)
	}
}

// TestUnknownBooking cancels an order of which it is unknown whether its parcel is
// booked (SHP-4, F69): while it is not certain that no parcel is out, the money and
// the goods wait, and after a day a person is asked.
func TestUnknownBooking(t *testing.T) {
	waits := func(w *fixture, s order.Status) {
		w.Helper()
		w.stillRuns(s)
		if in, _ := w.bank.IntentOf(id); in.Status != order.PaymentAuthorized {
			w.Errorf("the money is %s", in.Status)
		}
		if o, _ := w.record.Offers(context.Background(), []string{"mug"}); o["mug"].Available != onHand-2 {
			w.Errorf("%d pieces are free", o["mug"].Available)
		}
	}
	voided := hasEvent(order.ParcelWasVoided, "")
	runScenarios(t, []scenario{
		{name: "the carrier is down", script: func(w *fixture) {
			w.down(20*time.Hour, order.ErrUnavailable, "BookParcel", "VoidParcel")
			w.at(time.Minute, w.pay)
			w.at(time.Hour, func() { w.cancel() })
			w.at(time.Hour+time.Minute, func() { waits(w, order.Cancelling) })
			w.at(19*time.Hour, func() { waits(w, order.Cancelling) })
		}, ends: order.Cancelled, mails: cancelled, check: voided},
		{name: "the carrier is down for days: a person is asked", script: func(w *fixture) {
			w.down(50*time.Hour, order.ErrUnavailable, "BookParcel", "VoidParcel")
			w.at(time.Minute, w.pay)
			w.at(time.Hour, func() { w.cancel() })
			w.at(30*time.Hour, func() { waits(w, order.OnHold) })
			w.at(51*time.Hour, func() { w.release() })
		}, ends: order.Cancelled, mails: cancelled, check: both(voided, hasEvent(order.OrderOnHold, "cannot void the parcel"))},
		{name: "it was booked, the responses are lost", script: func(w *fixture) {
			w.down(20*time.Hour, order.ErrUnknownOutcome, "BookParcel", "VoidParcel")
			w.at(time.Minute, w.pay)
			w.at(time.Hour, func() { w.cancel() })
			w.at(time.Hour+time.Minute, func() { waits(w, order.Cancelling) })
		}, ends: order.Cancelled, mails: cancelled, check: voided},
		{name: "the carrier has it and does not void it: a person is asked at once", script: func(w *fixture) {
			w.down(30*time.Minute, order.ErrUnknownOutcome, "BookParcel")
			w.down(50*time.Hour, order.ErrState, "VoidParcel")
			w.at(time.Minute, w.pay)
			w.at(20*time.Minute, func() { w.end("BookParcel"); w.cancel() })
			w.at(time.Hour, func() { waits(w, order.OnHold) })
			w.at(49*time.Hour, func() { waits(w, order.OnHold) })
			w.at(51*time.Hour, func() { w.release() })
		}, ends: order.Cancelled, mails: cancelled, check: both(voided, hasEvent(order.OrderOnHold, "cannot void the parcel"))},
		{name: "the bank is down, too", script: func(w *fixture) {
			w.down(2*time.Hour, order.ErrUnknownOutcome, "BookParcel")
			w.down(5*time.Hour, order.ErrUnavailable, "CancelIntent")
			w.at(time.Minute, w.pay)
			w.at(time.Hour, func() { w.cancel() })
		}, ends: order.Cancelled, mails: cancelled, check: voided},
	})
}

// TestShopperWords checks what a shopper is mailed about the end of an order.
func TestShopperWords(t *testing.T) {
	says := func(want string) func(*testing.T, *fixture) {
		return func(t *testing.T, w *fixture) {
			t.Helper()
			if got := mailReason(w.mailer.Sent()[0]); got != want {
				t.Errorf("the mail to the shopper says %q, want %q", got, want)
			}
			if w.outcome.Reason == want {
				t.Errorf("the operator reads %q, no more than the shopper", want)
			}
		}
	}
	runScenarios(t, []scenario{
		{name: "cancelled, with a reason", script: func(w *fixture) { w.at(time.Minute, func() { w.cancel() }) }, ends: order.Cancelled, mails: cancelled, check: says("")},
		{name: "cancelled in the Temporal UI", script: func(w *fixture) { w.at(time.Minute, func() { w.env.CancelWorkflow() }) }, ends: order.Cancelled, mails: cancelled, check: says("")},
		{name: "expired", script: func(*fixture) {}, ends: order.Expired, mails: expired, check: says("")},
		{name: "the carrier refuses", script: func(w *fixture) {
			w.placement.Request.ShipTo.Country = "XX"
			w.at(time.Minute, w.pay)
		}, ends: order.Cancelled, mails: cancelled, check: says("it cannot be delivered to this address")},
		{name: "the bank refuses the capture", script: func(w *fixture) {
			w.fail("CaptureIntent", 1, order.ErrRejected)
			w.at(time.Minute, w.pay)
		}, ends: order.Cancelled, mails: cancelled, check: says("the payment could not be taken")},
		{name: "stuck, released by an operator", script: func(w *fixture) {
			w.fail("CaptureIntent", 1, order.ErrRejected)
			w.fail("VoidParcel", 1, order.ErrState)
			w.at(time.Minute, w.pay)
			w.at(time.Hour, func() { w.release() })
		}, ends: order.Cancelled, mails: cancelled, check: says("the payment could not be taken")},
	})
}

// TestFence writes from several workflow tasks: each has a higher fence than the one
// before, even after the workflow has continued as new or has ended.
func TestFence(t *testing.T) {
	w := newFixture(t)
	var fences []int64
	after := w.record.After
	w.record.After = func(op string, id order.ID) error {
		if op != "SaveOrder" {
			return after(op, id)
		}
		if f := w.state().Fence; len(fences) == 0 || fences[len(fences)-1] != f {
			fences = append(fences, f)
		}
		return after(op, id)
	}
	task := func(at time.Duration, history int, do func()) {
		w.at(at, func() { w.env.SetCurrentHistoryLength(history); do() })
	}
	task(time.Minute, 20, w.pay)
	task(2*time.Minute, 30, func() { w.env.SetContinueAsNewSuggested(true); w.sendEvents(w.paid(w.intentEvent())) })
	task(2*time.Hour, 10, func() { w.scan(order.ParcelInTransit) })
	task(24*time.Hour, 20, func() { w.scan(order.ParcelDelivered) })
	w.at(72*time.Hour, func() { w.scan(order.ParcelReturned) })
	task(73*time.Hour, 40, func() { w.resolve(order.ChooseKeep) })
	w.run()
	var want []int64
	for _, at := range []time.Duration{0, time.Minute, 2 * time.Minute, 2 * time.Hour, 24 * time.Hour, 72 * time.Hour, 73*time.Hour + time.Millisecond} {
		want = append(want, workflowtest.Start.Add(at).UnixMicro())
	}
	if w.runs != 2 || !slices.Equal(fences, want) {
		t.Errorf("%d runs; the writes' fences are %v, want the times of their tasks, %v", w.runs, fences, want)
	}
}
