package orders_test

import (
	"context"
	"testing"
	"time"

	"purser/order"
)

// otherID is an order of the same shop, which the order under test must not touch.
const otherID = order.ID("ord_00000000000000000000000002")

// theirIntent returns a payment of the other order, which was captured.
func (p *parties) theirIntent() string {
	p.Helper()
	if in, ok := p.bank.IntentOf(otherID); ok {
		return in.ID
	}
	ctx, amount := context.Background(), order.Money{Amount: 2900, Currency: "EUR"}
	in, err := p.bank.CreateIntent(ctx, order.IntentRequest{OrderID: otherID, Number: 1, Amount: amount, Key: "theirs"})
	if err == nil {
		_, err = p.bank.Pay(in.ID)
	}
	if err == nil {
		_, err = p.bank.CaptureIntent(ctx, in.ID, amount, "theirs-capture")
	}
	if err == nil {
		_, err = p.bank.RefundIntent(ctx, in.ID, order.Money{Amount: 100, Currency: "EUR"}, "theirs-refund")
	}
	if err != nil {
		p.Fatalf("the other order's payment: %v", err)
	}
	return in.ID
}

// theirsIsUntouched checks that the other order's payment is as theirIntent left it.
func (c *checks) theirsIsUntouched() {
	c.Helper()
	if sum := c.bank.Count(otherID); sum.Intents > 0 && (sum.Taken != 2900 || sum.Returned != 100 || sum.Refunds != 1 || sum.Canceled != 0) {
		c.Errorf("the other order's payment was touched: %+v", sum)
	}
	transfers := map[string]bool{}
	for _, p := range c.order().Payments {
		transfers[p.Reference] = p.Manual()
	}
	for _, r := range c.order().Refunds {
		if r.PaymentRef != "" && c.order().Payment().Reference != "" && !transfers[r.PaymentRef] && c.bankOf(r.PaymentRef) != id {
			c.Errorf("the order has a refund of another order's payment: %+v", r)
		}
	}
	for _, p := range c.order().Payments {
		if p.Reference != "" && !p.Manual() && c.bankOf(p.Reference) != id {
			c.Errorf("the order has another order's payment: %+v", p)
		}
	}
}

// bankOf returns the order that a payment names at the bank.
func (p *parties) bankOf(intentID string) order.ID {
	in, err := p.bank.GetIntent(context.Background(), intentID)
	if err != nil {
		p.Errorf("payment %q: %v", intentID, err)
	}
	return in.OrderID
}

// forged returns a signed event that says of a payment of this order what it likes.
func (w *fixture) forged(reference string, s order.PaymentStatus, money int64) order.ProviderEvent {
	p := order.PaymentEvent{Reference: reference, Status: s, Amount: order.Money{Amount: 2900, Currency: "EUR"}}
	if s == order.PaymentAuthorized {
		p.Capturable = money
	} else if s.HasMoney() {
		p.Received = money
	}
	return w.event(order.ProviderEvent{Type: "payment_intent." + string(s), Payment: &p})
}

// TestForged (PAY-19, WHK-10) sends events that are signed and not true: nothing is
// given away, moved or cancelled for them.
func TestForged(t *testing.T) {
	forge := func(at time.Duration, s order.PaymentStatus, money int64) func(w *fixture) {
		return func(w *fixture) {
			w.at(at, func() { w.sendEvents(w.forged(w.intent(), s, money)) })
		}
	}
	paysLater := func(forge func(*fixture)) func(*fixture) {
		return func(w *fixture) {
			forge(w)
			w.at(5*time.Minute, w.pay)
			w.arrive(time.Hour)
		}
	}
	carrierDown := func(w *fixture) { w.down(30*time.Minute, order.ErrUnavailable, "BookParcel") }
	for _, s := range []order.PaymentStatus{order.PaymentAuthorized, order.PaymentCaptured, order.PaymentPartiallyCaptured, order.PaymentCanceled, order.PaymentExpired} {
		t.Run(string(s), func(t *testing.T) {
			runScenarios(t, []scenario{
				{name: "never paid", script: forge(time.Minute, s, 2900), ends: order.Expired, mails: expired},
				{name: "never paid, another amount", script: forge(time.Minute, s, 1), ends: order.Expired, mails: expired},
				{name: "paid later", script: paysLater(forge(time.Minute, s, 2900)), ends: order.Delivered, mails: delivered},
				{name: "the bank thinks", script: func(w *fixture) {
					w.at(30*time.Second, func() { w.sendEvents(w.paid(w.bank.Think(w.intent()))) })
					forge(time.Minute, s, 2900)(w)
					w.at(5*time.Minute, func() { w.sendEvents(w.paid(w.bank.Authenticate(w.intent(), true))) })
					w.arrive(time.Hour)
				}, ends: order.Delivered, mails: delivered},
				{name: "held, and the carrier is down", script: func(w *fixture) {
					carrierDown(w)
					w.at(time.Minute, w.pay)
					forge(5*time.Minute, s, 2900)(w)
					w.arrive(time.Hour)
				}, ends: order.Delivered, mails: delivered},
				{name: "after the delivery", script: func(w *fixture) {
					w.at(time.Minute, w.pay)
					w.arrive(time.Hour)
					forge(48*time.Hour, s, 2900)(w)
				}, ends: order.Delivered, mails: delivered},
				{name: "after the end", script: forge(2*time.Hour, s, 2900), ends: order.Expired, mails: expired},
			})
		})
	}
	runScenarios(t, []scenario{
		{name: "captured by the dashboard: believed once the provider has said so", script: func(w *fixture) {
			w.at(time.Minute, func() {
				w.byHand(func() {
					_, _ = w.bank.Pay(w.intent())
					w.sendEvents(w.paid(w.captureAtBank(w.intent())))
				})
			})
			w.arrive(time.Hour)
		}, ends: order.Delivered, mails: delivered, check: both(calledTimes("GetIntent", 1), calledTimes("CaptureIntent", 0))},
		{name: "captured by the dashboard while the carrier is down", script: func(w *fixture) {
			carrierDown(w)
			w.at(time.Minute, w.pay)
			w.at(5*time.Minute, func() { w.byHand(func() { w.sendEvents(w.paid(w.captureAtBank(w.intent()))) }) })
			w.arrive(time.Hour)
		}, ends: order.Delivered, mails: delivered, check: both(calledTimes("CaptureIntent", 0), hasEvent(order.PaymentConfirmed, "29.00 EUR"))},
		{name: "the confirmation comes before the response to the capture: it is only asked when the hold lapses", script: func(w *fixture) {
			w.down(2*time.Minute, order.ErrUnknownOutcome, "CaptureIntent")
			w.at(time.Minute, w.pay)
			w.at(90*time.Second, func() { w.sendEvents(w.paid(w.intentEvent())) })
			w.arrive(time.Hour)
		}, ends: order.Delivered, mails: delivered, check: both(calledTimes("GetIntent", 1), hasEvent(order.PaymentConfirmed, "29.00 EUR"))},
	})
}

// TestForeignPayment (PAY-20) sends events that name this order and the payment of
// another: the payment itself says whose it is, and neither order is touched.
func TestForeignPayment(t *testing.T) {
	about := func(reference func(*fixture) string) func(*fixture, time.Duration) {
		return func(w *fixture, at time.Duration) {
			w.at(at, func() {
				var ref string
				w.byHand(func() { ref = reference(w) })
				for _, s := range []order.PaymentStatus{order.PaymentAuthorized, order.PaymentCaptured, order.PaymentPartiallyCaptured, order.PaymentCanceled, order.PaymentExpired} {
					w.sendEvents(w.forged(ref, s, 2900))
				}
				w.sendEvents(w.event(order.ProviderEvent{Type: "charge.refunded", Refund: &order.RefundEvent{PaymentRef: ref}}))
			})
		}
	}
	for name, send := range map[string]func(*fixture, time.Duration){
		"theirs":  about(func(w *fixture) string { return w.theirIntent() }),
		"nowhere": about(func(*fixture) string { return "pi_nowhere" }),
		"nobody's": about(func(w *fixture) string {
			in, _ := w.bank.CreateIntent(context.Background(), order.IntentRequest{Amount: order.Money{Amount: 2900, Currency: "EUR"}, Key: "nobody's"})
			_, _ = w.bank.Pay(in.ID)
			return in.ID
		}),
	} {
		t.Run(name, func(t *testing.T) {
			checked := func(t *testing.T, w *fixture) {
				t.Helper()
				w.theirsIsUntouched()
				if len(w.order().Attention) > 0 || len(w.order().Payments) != 1 {
					t.Errorf("attention %v, payments %+v", w.order().Attention, w.order().Payments)
				}
				if in, ok := w.bank.IntentOf(""); ok && in.Status != order.PaymentAuthorized {
					t.Errorf("nobody's payment was touched: %+v", in)
				}
			}
			runScenarios(t, []scenario{
				{name: "before it is paid", script: func(w *fixture) {
					send(w, time.Minute)
					w.at(5*time.Minute, w.pay)
					w.arrive(time.Hour)
				}, ends: order.Delivered, mails: delivered, check: checked},
				{name: "on its way", script: func(w *fixture) {
					w.at(time.Minute, w.pay)
					send(w, time.Hour)
					w.arrive(2 * time.Hour)
				}, ends: order.Delivered, mails: delivered, check: checked},
				{name: "on hold", script: func(w *fixture) {
					w.at(time.Minute, func() {
						w.byHand(func() {
							w.sendEvents(w.paid(w.bank.Change(w.intent(), func(in *order.Intent) { in.Status, in.Capturable = order.PaymentAuthorized, 1 }), nil))
						})
					})
					send(w, time.Hour)
					w.at(2*time.Hour, func() { w.cancel() })
				}, ends: order.Cancelled, mails: cancelled, check: checked},
				{name: "while it is being cancelled", script: func(w *fixture) {
					w.at(time.Minute, w.pay)
					w.down(5*time.Hour, order.ErrUnavailable, "CaptureIntent", "VoidParcel")
					w.at(time.Hour, func() { w.cancel() })
					send(w, 2*time.Hour)
				}, ends: order.Cancelled, mails: cancelled, check: checked},
				{name: "after its delivery", script: func(w *fixture) {
					w.at(time.Minute, w.pay)
					w.arrive(time.Hour)
					send(w, 48*time.Hour)
				}, ends: order.Delivered, mails: delivered, check: checked},
				{name: "after its end", script: func(w *fixture) { send(w, 2*time.Hour) }, ends: order.Expired, mails: expired, check: checked},
			})
		})
	}
}

// TestForgedParcel (PAY-19, WHK-10) sends signed events about the order's parcel that
// are not true: the carrier, asked, decides whether a label is void or a parcel came
// back.
func TestForgedParcel(t *testing.T) {
	forge := func(w *fixture, at time.Duration, statuses ...order.ParcelStatus) {
		w.at(at, func() {
			for _, s := range statuses {
				w.sendEvents(w.event(order.ProviderEvent{Type: "parcel." + string(s), Parcel: &order.ShipmentEvent{Reference: reference, Status: s}}))
			}
		})
	}
	captureDown := func(w *fixture) {
		w.down(5*time.Hour, order.ErrUnavailable, "CaptureIntent")
		w.at(time.Minute, w.pay)
	}
	labelIsVoid := func(t *testing.T, w *fixture) {
		if s := w.carrier.Parcels()[reference].Status; s != order.ParcelVoided {
			t.Errorf("the label is %s", s)
		}
	}
	runScenarios(t, []scenario{
		{name: "voided, before the capture", script: func(w *fixture) {
			captureDown(w)
			forge(w, time.Hour, order.ParcelVoided)
			w.arrive(6 * time.Hour)
		}, ends: order.Delivered, mails: delivered, check: hasEvent(order.EventIgnored, `but it is "booked"`)},
		{name: "voided, before the capture, while the carrier does not respond", script: func(w *fixture) {
			captureDown(w)
			w.down(3*time.Hour, order.ErrUnavailable, "TrackParcel")
			forge(w, time.Hour, order.ParcelVoided)
			w.arrive(6 * time.Hour)
		}, ends: order.Delivered, mails: delivered},
		{name: "voided, before it is booked", script: func(w *fixture) {
			w.down(3*time.Hour, order.ErrUnavailable, "BookParcel")
			w.at(time.Minute, w.pay)
			forge(w, time.Hour, order.ParcelVoided)
			w.arrive(4 * time.Hour)
		}, ends: order.Delivered, mails: delivered, check: hasEvent(order.EventIgnored, "asked after an event")},
		{name: "voided, after the capture", script: func(w *fixture) {
			w.at(time.Minute, w.pay)
			forge(w, time.Hour, order.ParcelVoided)
			w.arrive(2 * time.Hour)
		}, ends: order.Delivered, mails: delivered},
		{name: "voided, on its way", script: func(w *fixture) {
			w.at(time.Minute, w.pay)
			forge(w, 4*time.Hour, order.ParcelVoided)
			w.arrive(time.Hour)
		}, ends: order.Delivered, mails: delivered},
		{name: "voided, after its delivery", script: func(w *fixture) {
			w.at(time.Minute, w.pay)
			w.arrive(time.Hour)
			forge(w, 48*time.Hour, order.ParcelVoided)
		}, ends: order.Delivered, mails: delivered},
		{name: "voided and returned, while it is being cancelled: the label is voided all the same", script: func(w *fixture) {
			w.down(5*time.Hour, order.ErrUnavailable, "CaptureIntent", "VoidParcel")
			w.at(time.Minute, w.pay)
			w.at(time.Hour, func() { w.cancel() })
			forge(w, 2*time.Hour, order.ParcelVoided)
			forge(w, 3*time.Hour, order.ParcelReturned)
		}, ends: order.Cancelled, mails: cancelled, check: labelIsVoid},
		{name: "voided and returned, after it was cancelled", script: func(w *fixture) {
			w.at(time.Minute, w.pay)
			w.at(time.Hour, func() { w.cancel() })
			forge(w, 48*time.Hour, order.ParcelVoided, order.ParcelReturned)
		}, ends: order.Cancelled, mails: also(cancelled, order.MailConfirmation, order.MailRefunded), check: labelIsVoid},
		{name: "another order's", script: func(w *fixture) {
			captureDown(w)
			w.at(time.Hour, func() {
				w.sendEvents(w.event(order.ProviderEvent{Type: "parcel.voided", Parcel: &order.ShipmentEvent{Reference: string(otherID) + "-1", Status: order.ParcelVoided}}))
			})
			w.arrive(6 * time.Hour)
		}, ends: order.Delivered, mails: delivered, check: hasEvent(order.EventIgnored, "event about another parcel")},
		{name: "it is true, and the carrier does not respond at first: nothing is charged", script: func(w *fixture) {
			captureDown(w)
			w.down(3*time.Hour, order.ErrUnavailable, "TrackParcel")
			w.at(time.Hour, func() { w.scan(order.ParcelVoided) })
		}, ends: order.Cancelled, mails: cancelled, check: both(calledTimes("VoidParcel", 0), hasEvent(order.OrderCancelled, "voided"))},
		{name: "it is true, and the order's workflow is terminated before the carrier responds", script: func(w *fixture) {
			w.terminatedAfter = 2 * time.Hour
			w.down(4*time.Hour, order.ErrUnavailable, "TrackParcel")
			w.at(time.Minute, w.pay)
			w.at(time.Hour, func() { w.scan(order.ParcelVoided) })
			w.at(5*time.Hour, func() { w.sendEvents(w.paid(w.intentEvent())) })
			w.at(6*time.Hour, func() { w.stillRuns(order.OnHold); w.resolve(order.ChooseRefund) })
		}, ends: order.Cancelled, mails: also(cancelled, order.MailConfirmation, order.MailRefunded)},
		{name: "it is true, and comes twice", script: func(w *fixture) {
			w.at(time.Minute, w.pay)
			w.at(time.Hour, func() { voided := w.scanned(order.ParcelVoided); w.sendEvents(voided); w.sendEvents(voided) })
			w.at(2*time.Hour, func() { w.stillRuns(order.OnHold); w.resolve(order.ChooseRefund) })
		}, ends: order.Cancelled, mails: also(cancelled, order.MailConfirmation, order.MailRefunded), check: calledTimes("TrackParcel", 1)},
	})
}
