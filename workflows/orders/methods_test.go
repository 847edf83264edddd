package orders_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"purser/activities/fake"
	"purser/order"
	"purser/workflows/workflowtest"
)

// shopperPays has the shopper pay in a way, and reports it.
func (w *fixture) shopperPays(how func(*fake.Bank, string) (order.PaymentEvent, error)) {
	w.sendEvents(w.paid(how(&w.bank, w.intent())))
}

// decides has the bank decide on the payment, and reports it.
func (w *fixture) decides(ok bool) { w.sendEvents(w.paid(w.bank.Authenticate(w.intent(), ok))) }

// othersWant has another order try to reserve more mugs than this order leaves.
func (w *fixture) othersWant() error {
	r := newPlacement().Request
	r.Lines = []order.RequestLine{{SKU: "mug", Quantity: onHand - 1}}
	now := w.clock()
	_, err := w.record.OpenOrder(context.Background(), order.Opening{
		ID: order.NewID(), RunID: "other", RequestHash: "h", Request: r, Actor: "key:shop", Now: now, HoldUntil: now.Add(time.Hour),
	})
	return err
}

func notCaptured(t *testing.T, w *fixture) {
	t.Helper()
	calledTimes("CaptureIntent", 0)(t, w)
}

// TestMethods (PAY-1, PAY-8): an order that is paid by a method that knows no hold is
// captured at the provider when the payment is confirmed; from then on, a cancellation
// is a refund.
func TestMethods(t *testing.T) {
	runScenarios(t, []scenario{
		{name: "a redirect, approved", script: func(w *fixture) {
			w.at(time.Minute, func() { w.shopperPays((*fake.Bank).Leave) })
			w.at(3*time.Minute, func() { w.decides(true) })
			w.arrive(time.Hour)
		}, ends: order.Delivered, mails: delivered, check: both(oneIntent, notCaptured, hasEvent(order.PaymentWasAuthorized, "29.00 EUR received"))},
		{name: "a redirect, refused, then a card", script: func(w *fixture) {
			w.at(time.Minute, func() { w.shopperPays((*fake.Bank).Leave) })
			w.at(3*time.Minute, func() { w.decides(false) })
			w.at(5*time.Minute, w.pay)
			w.arrive(time.Hour)
		}, ends: order.Delivered, mails: delivered, check: both(oneIntent, calledTimes("CaptureIntent", 1))},
		{name: "a redirect that nobody finishes", script: func(w *fixture) {
			w.at(time.Minute, func() { w.shopperPays((*fake.Bank).Leave) })
		}, ends: order.Expired, mails: expired, check: oneIntent},
		{name: "F11 a redirect whose webhook is lost", script: func(w *fixture) {
			w.at(time.Minute, func() { w.paid(w.bank.Leave(w.intent())) })
			w.at(2*time.Minute, func() { w.paid(w.bank.Authenticate(w.intent(), true)) })
			w.arrive(time.Hour)
		}, ends: order.Delivered, mails: delivered, check: notCaptured},
		{name: "PAY-7 a debit of five days", script: func(w *fixture) {
			w.at(time.Minute, func() { w.shopperPays((*fake.Bank).Debit) })
			for _, at := range []time.Duration{2 * time.Minute, 24 * time.Hour} {
				w.at(at, func() {
					if on := w.order().Waiting; on == nil || !strings.Contains(on.Then, "for as long as the payment is processing") || !on.Until.After(w.clock()) {
						w.Errorf("%s after placing it waits for %+v", at, on)
					}
				})
			}
			w.at(5*24*time.Hour, func() { w.decides(true) })
			w.arrive(6 * 24 * time.Hour)
		}, ends: order.Delivered, mails: delivered, check: both(oneIntent, notCaptured, func(t *testing.T, w *fixture) {
			if n := w.called("GetIntent"); n > 45 {
				t.Errorf("the provider was asked %d times", n)
			}
		})},
		{name: "PAY-7 a debit whose webhook is lost", script: func(w *fixture) {
			w.at(time.Minute, func() { w.shopperPays((*fake.Bank).Debit) })
			w.at(5*24*time.Hour, func() { w.paid(w.bank.Authenticate(w.intent(), true)) })
			w.arrive(7 * 24 * time.Hour)
		}, ends: order.Delivered, mails: delivered, check: notCaptured},
		{name: "a debit that fails after days", script: func(w *fixture) {
			w.at(time.Minute, func() { w.shopperPays((*fake.Bank).Debit) })
			w.at(3*24*time.Hour, func() { w.decides(false) })
		}, ends: order.Expired, mails: expired, check: hasEvent(order.PaymentDeclined, "")},
		{name: "a debit that fails within the time to pay, then a card", script: func(w *fixture) {
			w.at(time.Minute, func() { w.shopperPays((*fake.Bank).Debit) })
			w.at(10*time.Minute, func() { w.decides(false) })
			w.at(12*time.Minute, w.pay)
			w.arrive(time.Hour)
		}, ends: order.Delivered, mails: delivered, check: oneIntent},
		{name: "PAY-15 the goods stay reserved while a debit is processing", script: func(w *fixture) {
			w.at(time.Minute, func() { w.shopperPays((*fake.Bank).Debit) })
			w.at(24*time.Hour, func() {
				if err := w.othersWant(); !errors.Is(err, order.ErrOutOfStock) {
					w.Errorf("another order: %v", err)
				}
			})
			w.at(5*24*time.Hour, func() { w.decides(true) })
			w.arrive(6 * 24 * time.Hour)
		}, ends: order.Delivered, mails: delivered},
		{name: "PAY-15 the goods were sold before a debit is submitted", script: func(w *fixture) {
			w.at(time.Minute, w.unknownPayment)
			w.at(2*time.Hour, func() { w.orderElsewhere(onHand) })
			w.at(3*time.Hour, func() {
				w.bank.Change(w.intent(), func(in *order.Intent) { in.Status = order.PaymentPending })
				w.paid(w.bank.Debit(w.intent()))
				w.release()
			})
			w.at(20*time.Hour, func() { w.decides(true) })
			w.at(21*time.Hour, func() { w.cancelElsewhere() })
		}, ends: order.Cancelled, mails: also(cancelled, refunded), check: both(hasEvent(order.OrderCancelled, "sold out"), hasEvent(order.PaymentRefunded, "29.00 EUR"))},
	})
}

// TestCancelWithoutHold (SHP-4): cancelling an order whose money is captured already,
// or is still processing, refunds it, and moves nothing twice.
func TestCancelWithoutHold(t *testing.T) {
	gaveBack := both(hasEvent(order.PaymentRefunded, "29.00 EUR"), notCaptured)
	runScenarios(t, []scenario{
		{name: "before the parcel is booked", script: func(w *fixture) {
			w.down(3*time.Hour, order.ErrUnavailable, "BookParcel", "VoidParcel")
			w.at(time.Minute, func() { w.shopperPays((*fake.Bank).Leave) })
			w.at(2*time.Minute, func() { w.decides(true) })
			w.at(time.Hour, func() { w.cancel() })
		}, ends: order.Cancelled, mails: also(cancelled, refunded), check: gaveBack},
		{name: "after the parcel is booked", script: func(w *fixture) {
			w.at(time.Minute, func() { w.shopperPays((*fake.Bank).Leave) })
			w.at(2*time.Minute, func() { w.decides(true) })
			w.at(time.Hour, func() { w.cancel() })
		}, ends: order.Cancelled, mails: also(cancelled, order.MailConfirmation, refunded), check: both(gaveBack, hasEvent(order.ParcelWasVoided, ""))},
		{name: "on the bank's page", script: func(w *fixture) {
			w.at(time.Minute, func() { w.shopperPays((*fake.Bank).Leave) })
			w.at(2*time.Minute, func() { w.cancel() })
		}, ends: order.Cancelled, mails: cancelled, check: hasEvent(order.PaymentVoided, "")},
		{name: "a debit is processing, and succeeds days later", script: func(w *fixture) {
			w.at(time.Minute, func() { w.shopperPays((*fake.Bank).Debit) })
			w.at(time.Hour, func() { w.cancel() })
			w.at(4*24*time.Hour, func() {
				w.stillRuns(order.Cancelling)
				w.decides(true)
			})
		}, ends: order.Cancelled, mails: also(cancelled, refunded), check: gaveBack},
		{name: "a debit is processing, and fails days later", script: func(w *fixture) {
			w.at(time.Minute, func() { w.shopperPays((*fake.Bank).Debit) })
			w.at(time.Hour, func() { w.cancel() })
			w.at(4*24*time.Hour, func() { w.decides(false) })
		}, ends: order.Cancelled, mails: cancelled, check: both(hasEvent(order.PaymentVoided, ""), notCaptured)},
		{name: "a debit that is processing for ever: a person is asked", script: func(w *fixture) {
			w.at(time.Minute, func() { w.shopperPays((*fake.Bank).Debit) })
			w.at(time.Hour, func() { w.cancel() })
			w.at(40*24*time.Hour, func() {
				w.stillRuns(order.OnHold)
				w.paid(w.bank.Authenticate(w.intent(), true))
				w.release()
			})
		}, ends: order.Cancelled, mails: also(cancelled, refunded), check: both(gaveBack, hasEvent(order.OrderOnHold, "cannot be refunded or voided"))},
		{name: "the carrier is down for six days", script: func(w *fixture) {
			w.down(6*24*time.Hour+time.Hour, order.ErrUnavailable, "BookParcel")
			w.at(time.Minute, func() { w.shopperPays((*fake.Bank).Leave) })
			w.at(2*time.Minute, func() { w.decides(true) })
		}, ends: order.Cancelled, mails: also(cancelled, refunded), check: gaveBack},
		{name: "PAY-18 a second payment by debit, found when it succeeds", script: func(w *fixture) {
			var second string
			w.at(time.Minute, w.pay)
			w.at(2*time.Minute, func() {
				in, err := w.bank.CreateIntent(context.Background(), order.IntentRequest{OrderID: id, Amount: w.order().Total, Key: "elsewhere"})
				if err != nil {
					w.Fatalf("second intent: %v", err)
				}
				second = in.ID
				w.sendEvents(w.paid(w.bank.Debit(second)))
			})
			w.arrive(time.Hour)
			w.at(5*24*time.Hour, func() { w.sendEvents(w.paid(w.bank.Authenticate(second, true))) })
		}, ends: order.Delivered, mails: also(delivered, refunded), check: hasEvent(order.PaymentRefunded, "29.00 EUR")},
	})
}

// TestWhenCaptured: the record of an order whose money was captured when it was
// confirmed says so before the parcel is booked, and that the shopper has not paid
// twice.
func TestWhenCaptured(t *testing.T) {
	w := newFixture(t)
	w.down(3*time.Hour, order.ErrUnavailable, "BookParcel")
	w.at(time.Minute, func() { w.shopperPays((*fake.Bank).Leave) })
	w.at(2*time.Minute, func() { w.decides(true) })
	w.at(time.Hour, func() {
		o := w.order()
		if p := o.Payment(); o.Status != order.Authorized || p.Status != order.PaymentCaptured || p.Captured != o.Total.Amount || !o.Paid() || !p.CaptureBefore.IsZero() {
			w.Errorf("%s after placing it is %s, with %+v", w.clock().Sub(workflowtest.Start), o.Status, p)
		}
	})
	w.arrive(4 * time.Hour)
	w.run().ended(order.Delivered).mailed(delivered...)
}
