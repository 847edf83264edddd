package orders_test

import (
	"strings"
	"testing"
	"time"

	"purser/order"
)

const day = 24 * time.Hour

// books scripts that a sum is booked at a time, and checks the response.
func (w *fixture) books(at time.Duration, amount int64, reference, refused string) {
	w.at(at, func() {
		got := w.book(amount, reference)
		w.afterwards = append(w.afterwards, func() {
			if refused == "" && got.err != nil || refused != "" && (got.err == nil || !strings.Contains(got.err.Error(), refused)) {
				w.Errorf("book %d %s: got %v, want %q", amount, reference, got.err, refused)
			}
		})
	})
}

// mails of an order that is paid in advance.
var (
	asked4Money = []order.Notification{order.MailPrepayment}
	prepaid     = also(delivered, order.MailPrepayment)
)

// hasTransfer checks what the order says came in and was paid back, and that the payment
// provider was never asked.
func hasTransfer(captured, refunded int64, attention int) func(*testing.T, *fixture) {
	return func(t *testing.T, w *fixture) {
		t.Helper()
		o := w.order()
		var in, out int64
		for _, p := range o.Payments {
			in, out = in+p.Captured, out+p.Refunded
			if !p.Manual() {
				t.Errorf("payment %+v", p)
			}
		}
		if in != captured || out != refunded || len(o.Attention) != attention {
			t.Errorf("%d came in, %d was paid back, attention %+v; want %d, %d and %d", in, out, o.Attention, captured, refunded, attention)
		}
		if n := w.called("CreateIntent") + w.called("GetIntent") + w.called("CancelIntent") + w.called("RefundIntent"); n != 0 {
			t.Errorf("the payment provider was called %d times", n)
		}
	}
}

// needs checks what the order says needs attention at the end.
func needs(words string) func(*testing.T, *fixture) {
	return func(t *testing.T, w *fixture) {
		t.Helper()
		if all := w.order().Attention; len(all) != 1 || !strings.Contains(all[0].Why, words) {
			t.Errorf("attention %+v, want %q", all, words)
		}
	}
}

// TestPrepayment: an order that is paid in advance waits for the money, is
// fulfilled when all has come in, and never asks a payment provider.
func TestPrepayment(t *testing.T) {
	runScenarios(t, []scenario{
		{name: "paid and delivered", script: func(w *fixture) {
			w.placement.Request.Payment = order.PayManually
			w.books(2*day, 2900, "statement 1", "")
			w.arrive(2 * day)
		}, ends: order.Delivered, mails: prepaid, check: both(hasTransfer(2900, 0, 0), hasEvent(order.PaymentReceived, "29.00 EUR came in"))},
		{name: "booked twice under one reference", script: func(w *fixture) {
			w.placement.Request.Payment = order.PayManually
			w.books(2*day, 2900, "statement 1", "")
			w.books(2*day+time.Hour, 2900, "statement 1", "")
			w.books(2*day+time.Hour, 2800, "statement 1", "is booked with 29.00 EUR")
			w.arrive(2*day + 2*time.Hour)
			w.books(9*day, 2900, "statement 1", "")
		}, ends: order.Delivered, mails: prepaid, check: hasTransfer(2900, 0, 0)},
		{name: "never paid", script: func(w *fixture) {
			w.placement.Request.Payment = order.PayManually
		}, ends: order.Expired, mails: also(expired, asked4Money...), check: hasTransfer(0, 0, 0)},
		{name: "in two parts", script: func(w *fixture) {
			w.placement.Request.Payment = order.PayManually
			w.books(day, 900, "statement 1", "")
			w.at(2*day, func() { w.stillRuns(order.OnHold) })
			w.books(3*day, 2000, "statement 2", "")
			w.arrive(3 * day)
		}, ends: order.Delivered, mails: prepaid, check: hasTransfer(2900, 0, 0)},
		{name: "less is enough", script: func(w *fixture) {
			w.placement.Request.Payment = order.PayManually
			w.books(day, 2890, "statement 1", "")
			w.at(2*day, func() { w.resolve(order.ChooseKeep) })
			w.arrive(2 * day)
		}, ends: order.Delivered, mails: prepaid, check: hasTransfer(2890, 0, 0)},
		{name: "too little, and the rest never comes", script: func(w *fixture) {
			w.placement.Request.Payment = order.PayManually
			w.books(day, 900, "statement 1", "")
			w.at(2*day, func() { w.resolve(order.ChooseRelease) })
			w.at(8*day, func() { w.stillRuns(order.OnHold); w.resolve(order.ChooseVoid) })
			w.at(9*day, func() { w.stillRuns(order.OnHold) }) // the money must be paid back
			w.refunds(9*day, order.RefundRequest{ID: "r1", All: true, PaidOut: "transfer 1"}, "")
		}, ends: order.Cancelled, mails: also(cancelled, order.MailPrepayment, order.MailRefunded), check: hasTransfer(900, 900, 0)},
		{name: "too much", script: func(w *fixture) {
			w.placement.Request.Payment = order.PayManually
			w.books(day, 3000, "statement 1", "")
			w.arrive(day)
		}, ends: order.Delivered, mails: prepaid, check: both(hasTransfer(3000, 0, 1), hasEvent(order.OrderNeedsAttention, "1.00 EUR more"))},
		{name: "too much, and paid back", script: func(w *fixture) {
			w.placement.Request.Payment = order.PayManually
			w.books(day, 3000, "statement 1", "")
			w.arrive(day)
			w.refunds(5*day, aRefund("r1", 100), "name the proof")
			w.refunds(6*day, order.RefundRequest{ID: "r1", Amount: euros(100), PaidOut: "transfer 1"}, "")
		}, ends: order.Delivered, mails: also(prepaid, order.MailRefunded), check: hasTransfer(3000, 100, 0)},
		{name: "too much, and goods are refunded: the rest is still to be paid back", script: func(w *fixture) {
			w.placement.Request.Payment = order.PayManually
			w.books(day, 3000, "statement 1", "")
			w.arrive(day)
			w.refunds(6*day, order.RefundRequest{ID: "r1", Lines: mugs("", 1, false).Lines, PaidOut: "transfer 1"}, "")
		}, ends: order.Delivered, mails: also(prepaid, order.MailRefunded), check: both(hasTransfer(3000, 1450, 1), needs("1.00 EUR more"))},
		{name: "goods come back less a fee, which nobody pays back", script: func(w *fixture) {
			w.placement.Request.Payment = order.PayManually
			w.books(day, 2900, "statement 1", "")
			w.arrive(day)
			got := receipt(2, 0, 290, 0)
			got.PaidOut = "transfer 1"
			w.steps(4*day, func() *updateResult { return w.requestReturn("rt1", 2) },
				func() *updateResult { return w.decideReturn("rt1", order.StepApprove) }, func() *updateResult { return w.receiveReturn("rt1", got) })
		}, ends: order.Delivered, mails: also(also(prepaid, comesBack...), order.MailRefunded), check: both(hasTransfer(2900, 2610, 0), hasReturns("rt1 closed 2610"))},
		{name: "too much, and everything is refunded", script: func(w *fixture) {
			w.placement.Request.Payment = order.PayManually
			w.books(day, 3000, "statement 1", "")
			w.arrive(day)
			w.refunds(6*day, order.RefundRequest{ID: "r1", All: true, PaidOut: "transfer 1"}, "")
		}, ends: order.Delivered, mails: also(prepaid, order.MailRefunded), check: hasTransfer(3000, 3000, 0)},
		{name: "paid twice, and goods are refunded: the second sum is still to be paid back", script: func(w *fixture) {
			w.placement.Request.Payment = order.PayManually
			w.books(day, 2900, "statement 1", "")
			w.arrive(day)
			w.at(3*day, func() { w.book(2900, "statement 2") })
			w.refunds(6*day, order.RefundRequest{ID: "r1", Lines: mugs("", 2, false).Lines, PaidOut: "transfer 1"}, "")
		}, ends: order.Delivered, mails: also(prepaid, order.MailRefunded), check: both(hasTransfer(5800, 2900, 1), needs("29.00 EUR more"))},
		{name: "a transfer for an order that is paid online, and goods that are paid out", script: func(w *fixture) {
			w.at(time.Minute, w.pay)
			w.books(time.Hour, 2900, "statement 1", "")
			w.arrive(2 * time.Hour)
			w.refunds(2*day, order.RefundRequest{ID: "r1", Lines: mugs("", 1, false).Lines, PaidOut: "transfer 1"}, "")
		}, ends: order.Delivered, mails: also(delivered, order.MailRefunded), check: needs("29.00 EUR more")},
		{name: "cancelled before it was paid, and paid all the same", script: func(w *fixture) {
			w.placement.Request.Payment = order.PayManually
			w.at(day, func() { w.cancel() })
			w.books(3*day, 2900, "statement 1", "")
			w.refunds(4*day, order.RefundRequest{ID: "r1", All: true, PaidOut: "transfer 1"}, "")
		}, ends: order.Cancelled, mails: also(cancelled, order.MailPrepayment, order.MailRefunded), check: hasTransfer(2900, 2900, 0)},
		{name: "cancelled after it was paid", script: func(w *fixture) {
			w.placement.Request.Payment = order.PayManually
			w.books(day, 2900, "statement 1", "")
			w.at(day+time.Hour, func() { w.cancel() })
			w.at(2*day, func() { w.stillRuns(order.OnHold); w.resolve(order.ChooseRelease) })
			w.at(3*day, func() { w.stillRuns(order.OnHold) }) // it was not paid back
			w.refunds(3*day, order.RefundRequest{ID: "r1", All: true, PaidOut: "transfer 1"}, "")
		}, ends: order.Cancelled, mails: also(confirmed, order.MailPrepayment, order.MailCancelled, order.MailRefunded), check: hasTransfer(2900, 2900, 0)},
		{name: "in another currency, nothing, and without a reference", script: func(w *fixture) {
			w.placement.Request.Payment = order.PayManually
			w.books(day, 0, "statement 1", "not above zero")
			w.books(day, -1, "statement 1", "not above zero")
			w.books(day, 1, "", "reference: missing")
			w.books(2*day, 2900, "statement 1", "")
			w.arrive(2 * day)
		}, ends: order.Delivered, mails: prepaid, check: hasTransfer(2900, 0, 0)},
		{name: "the history grows long while it waits", script: func(w *fixture) {
			w.placement.Request.Payment = order.PayManually
			w.at(day, func() { w.env.SetContinueAsNewSuggested(true) })
			w.books(2*day, 900, "statement 1", "")
			w.books(3*day, 2000, "statement 2", "")
			w.arrive(3 * day)
		}, ends: order.Delivered, mails: prepaid, check: hasTransfer(2900, 0, 0)},
		{name: "a transfer while the online payment of a cancelled order cannot be cancelled yet", script: func(w *fixture) {
			w.at(time.Minute, func() { w.paid(w.bank.Think(w.intent())) })
			w.at(2*time.Minute, func() { w.cancel() })
			w.books(time.Hour, 2900, "statement 1", "")
			w.at(2*time.Hour, func() { w.stillRuns(order.Cancelling) })
			w.at(3*time.Hour, func() { w.sendEvents(w.paid(w.bank.Authenticate(w.intent(), true))) })
			w.refunds(4*time.Hour, order.RefundRequest{ID: "r1", All: true, PaidOut: "transfer 1"}, "")
		}, ends: order.Cancelled, mails: also(cancelled, order.MailRefunded), check: func(t *testing.T, w *fixture) {
			t.Helper()
			if sum := w.bank.Count(id); sum.Canceled != 1 || sum.Captured != 0 {
				t.Errorf("%+v", sum)
			}
		}},
		{name: "a transfer for an order that is paid online must be paid back", script: func(w *fixture) {
			w.at(time.Minute, w.pay)
			w.books(time.Hour, 2900, "statement 1", "")
			w.arrive(2 * time.Hour)
			w.refunds(2*day, order.RefundRequest{ID: "r1", Amount: euros(2900), PaidOut: "transfer 1"}, "")
		}, ends: order.Delivered, mails: also(delivered, order.MailRefunded), check: func(t *testing.T, w *fixture) {
			o := w.order()
			if len(o.Attention) > 0 || o.Payments[0].Refunded != 0 || o.Payments[1].Refunded != 2900 {
				t.Errorf("attention %+v, payments %+v", o.Attention, o.Payments)
			}
		}},
	})
}
