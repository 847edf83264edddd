package orders_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"purser/order"
	"purser/workflows/workflowtest"
)

var (
	delivered = []order.Notification{order.MailConfirmation, order.MailShipped, order.MailDelivered}
	cancelled = []order.Notification{order.MailCancelled}
	expired   = []order.Notification{order.MailExpired}
)

// scenario is a script and the end that it must have.
type scenario struct {
	name   string
	script func(w *fixture)
	ends   order.Status
	mails  []order.Notification
	check  func(t *testing.T, w *fixture) // in addition to keptPromises
}

func runScenarios(t *testing.T, scenarios []scenario) {
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			w := newFixture(t)
			s.script(w)
			w.run().ended(s.ends).mailed(s.mails...)
			if s.check != nil {
				s.check(t, w)
			}
			if t.Failed() {
				w.logTimeline()
			}
		})
	}
}

// hasEvent checks that the timeline has an event of this kind with these words.
func hasEvent(k order.Kind, words string) func(*testing.T, *fixture) {
	return func(t *testing.T, w *fixture) {
		t.Helper()
		if !slices.ContainsFunc(w.events(), func(e order.Event) bool { return e.Kind == k && strings.Contains(e.Why+" "+e.Ref, words) }) {
			t.Errorf("no %s with %q in %v", k, words, w.kinds())
		}
	}
}

// calledTimes checks how often an activity was called.
func calledTimes(op string, want int) func(*testing.T, *fixture) {
	return func(t *testing.T, w *fixture) {
		t.Helper()
		if got := w.called(op); got != want {
			t.Errorf("%s was called %d times, want %d", op, got, want)
		}
	}
}

func both(checks ...func(*testing.T, *fixture)) func(*testing.T, *fixture) {
	return func(t *testing.T, w *fixture) {
		t.Helper()
		for _, c := range checks {
			c(t, w)
		}
	}
}

func oneIntent(t *testing.T, w *fixture) {
	t.Helper()
	if n := w.bank.Count(id).Intents; n != 1 {
		t.Errorf("%d intents, want 1", n)
	}
}

// TestPayment (PAY-13, WHK-20): an order is paid when an event says so or, where none
// comes, when the provider says so, and by nothing else.
func TestPayment(t *testing.T) {
	runScenarios(t, []scenario{
		{name: "PAY-12 F9 declined, then another card on the same intent", script: func(w *fixture) {
			w.at(time.Minute, func() { w.decline("card_declined", "insufficient_funds") })
			w.at(2*time.Minute, w.pay)
			w.arrive(time.Hour)
		}, ends: order.Delivered, mails: delivered, check: both(oneIntent, hasEvent(order.PaymentDeclined, "insufficient funds"))},
		{name: "PAY-6 F10 3-D Secure", script: func(w *fixture) {
			w.at(time.Minute, func() { w.sendEvents(w.paid(w.bank.Challenge(w.intent()))) })
			w.at(4*time.Minute, func() { w.sendEvents(w.paid(w.bank.Authenticate(w.intent(), true))) })
			w.arrive(time.Hour)
		}, ends: order.Delivered, mails: delivered, check: both(oneIntent, hasEvent(order.PaymentAction, "3-D Secure"))},
		{name: "F10 3-D Secure refused, then another card", script: func(w *fixture) {
			w.at(time.Minute, func() { w.sendEvents(w.paid(w.bank.Challenge(w.intent()))) })
			w.at(4*time.Minute, func() { w.sendEvents(w.paid(w.bank.Authenticate(w.intent(), false))) })
			w.at(5*time.Minute, w.pay)
			w.arrive(time.Hour)
		}, ends: order.Delivered, mails: delivered, check: both(oneIntent, hasEvent(order.PaymentDeclined, "not confirmed"))},
		{name: "F10 the shopper closes the browser during 3-D Secure", script: func(w *fixture) {
			w.at(time.Minute, func() { w.sendEvents(w.paid(w.bank.Challenge(w.intent()))) })
		}, ends: order.Expired, mails: expired, check: both(oneIntent, hasEvent(order.OrderExpired, "not paid within 30m"))},
		{name: "REC-2 F11 F31 F96 the webhook is lost: found by asking", script: func(w *fixture) {
			w.at(time.Minute, func() { w.paid(w.bank.Pay(w.intent())) })
			w.arrive(time.Hour)
		}, ends: order.Delivered, mails: delivered, check: func(t *testing.T, w *fixture) {
			if e := w.events()[3]; e.Kind != order.PaymentWasAuthorized || e.At.Sub(workflowtest.Start) > 3*time.Minute {
				t.Errorf("found as %s after %s", e.Kind, e.At.Sub(workflowtest.Start))
			}
		}},
		{name: "REC-2 paid just before the deadline, webhook lost", script: func(w *fixture) {
			w.at(30*time.Minute-time.Second, func() { w.paid(w.bank.Pay(w.intent())) })
			w.arrive(time.Hour)
		}, ends: order.Delivered, mails: delivered},
		{name: "ORD-7 unpaid: expired, and others may have the goods", script: func(*fixture) {}, ends: order.Expired, mails: expired, check: both(oneIntent, hasEvent(order.StockReleased, ""))},
		{name: "PAY-7 still processing at the deadline: asked at growing intervals, not expired", script: func(w *fixture) {
			w.at(time.Minute, func() { w.sendEvents(w.paid(w.bank.Think(w.intent()))) })
			w.at(10*time.Hour, func() { w.paid(w.bank.Authenticate(w.intent(), true)) })
			w.arrive(12 * time.Hour)
		}, ends: order.Delivered, mails: delivered, check: func(t *testing.T, w *fixture) {
			if n := w.called("GetIntent"); n > 20 {
				t.Errorf("asked %d times", n)
			}
		}},
		{name: "PAY-7 processing at the deadline, then refused", script: func(w *fixture) {
			w.at(time.Minute, func() { w.sendEvents(w.paid(w.bank.Think(w.intent()))) })
			w.at(3*time.Hour, func() { w.sendEvents(w.paid(w.bank.Authenticate(w.intent(), false))) })
		}, ends: order.Expired, mails: expired},
		{name: "PAY-12 the intent is cancelled at the provider: a new one", script: func(w *fixture) {
			w.at(time.Minute, func() { w.cancelAtBank(w.intent()) })
			w.at(2*time.Minute, w.pay)
			w.arrive(time.Hour)
		}, ends: order.Delivered, mails: delivered, check: both(hasEvent(order.PaymentReplaced, "the payment was cancelled at the provider"), func(t *testing.T, w *fixture) {
			if n := w.bank.Count(id).Intents; n != 2 || w.order().Payment().Number != 2 {
				t.Errorf("%d intents, number %d", n, w.order().Payment().Number)
			}
		})},
		{name: "captured by hand at the provider", script: func(w *fixture) {
			w.at(time.Minute, func() {
				w.paid(w.bank.Pay(w.intent()))
				w.sendEvents(w.paid(w.captureAtBank(w.intent())))
			})
			w.arrive(time.Hour)
		}, ends: order.Delivered, mails: delivered, check: calledTimes("CaptureIntent", 1)}, // by hand
		{name: "voided by hand at the provider after it was authorized", script: func(w *fixture) {
			w.down(2*time.Hour, order.ErrUnavailable, "BookParcel")
			w.at(time.Minute, w.pay)
			w.at(time.Hour, func() { w.cancelAtBank(w.intent()) })
		}, ends: order.Cancelled, mails: cancelled},
	})
}

// cancelAtBank cancels an intent in the provider's dashboard, and reports it.
func (w *fixture) cancelAtBank(intentID string) {
	in, err := w.bank.CancelIntent(context.Background(), intentID, "dashboard-cancel-"+intentID)
	w.sendEvents(w.paid(in.PaymentEvent(), err))
}

// TestMismatch checks authorizations that differ from the order's total (PAY-10, REC-7,
// F14).
func TestMismatch(t *testing.T) {
	tooLittle := func(w *fixture) {
		w.sendEvents(w.paid(w.bank.Change(w.intent(), func(in *order.Intent) {
			in.Status, in.Capturable, in.Amount.Amount = order.PaymentAuthorized, 100, 100
		}), nil))
	}
	mend := func(w *fixture) {
		w.bank.Change(w.intent(), func(in *order.Intent) { in.Capturable, in.Amount = w.order().Total.Amount, w.order().Total })
	}
	var refused *updateResult
	runScenarios(t, []scenario{
		{name: "on hold, mended, released", script: func(w *fixture) {
			w.at(time.Minute, func() { tooLittle(w) })
			w.at(time.Hour, func() { mend(w); w.release() })
			w.arrive(2 * time.Hour)
		}, ends: order.Delivered, mails: delivered, check: both(hasEvent(order.OrderOnHold, "1.00 EUR"), hasEvent(order.OrderResolved, "looked at it"))},
		{name: "on hold, released unmended: on hold again, cancelled", script: func(w *fixture) {
			w.at(time.Minute, func() { tooLittle(w) })
			w.at(time.Hour, func() { w.release() })
			w.at(2*time.Hour, func() { w.cancel() })
		}, ends: order.Cancelled, mails: cancelled, check: hasEvent(order.CancelRequested, "changed my mind")},
		{name: "on hold it never expires; when it is cancelled, the authorization is voided", script: func(w *fixture) {
			w.at(time.Minute, func() { tooLittle(w) })
			w.at(72*time.Hour, func() {
				if s := w.order().Status; s != order.OnHold {
					w.Errorf("the order is %s", s)
				}
				w.cancel()
			})
		}, ends: order.Cancelled, mails: cancelled},
		{name: "another currency", script: func(w *fixture) {
			w.at(time.Minute, func() {
				w.sendEvents(w.paid(w.bank.Change(w.intent(), func(in *order.Intent) {
					in.Status, in.Capturable, in.Amount.Currency = order.PaymentAuthorized, in.Amount.Amount, "JPY"
				}), nil))
			})
			w.at(time.Hour, func() { w.cancel() })
		}, ends: order.Cancelled, mails: cancelled, check: hasEvent(order.OrderOnHold, "JPY")},
		{name: "released and cancelled at once: cancelled, and both callers get a result", script: func(w *fixture) {
			w.at(time.Minute, func() { tooLittle(w) })
			w.at(time.Hour, func() {
				w.cancel()
				refused = w.release()
			})
		}, ends: order.Cancelled, mails: cancelled, check: func(t *testing.T, w *fixture) {
			if refused.err != nil && strings.Contains(refused.err.Error(), "no response") {
				t.Error("the release never returned")
			}
		}},
		{name: "PAY-18 a second payment while on hold is voided", script: func(w *fixture) {
			w.at(time.Minute, func() { tooLittle(w) })
			w.at(time.Hour, func() { w.secondPayment() })
			w.at(2*time.Hour, func() { mend(w); w.release() })
			w.arrive(3 * time.Hour)
		}, ends: order.Delivered, mails: delivered, check: hasEvent(order.PaymentVoided, "second payment")},
		{name: "PAY-7 an unknown status: asked, and it is held", script: func(w *fixture) {
			w.at(time.Minute, func() {
				n := w.paid(w.bank.Pay(w.intent()))
				n.Payment.Status = order.PaymentUnknown
				w.sendEvents(n)
			})
			w.arrive(2 * time.Hour)
		}, ends: order.Delivered, mails: delivered, check: both(calledTimes("GetIntent", 1), func(t *testing.T, w *fixture) {
			if n := w.count(order.OrderOnHold); n != 0 {
				t.Errorf("on hold %d times", n)
			}
		})},
		{name: "PAY-7 an unknown status: asked, on hold", script: func(w *fixture) {
			var was order.PaymentStatus
			w.at(time.Minute, func() {
				w.sendEvents(w.paid(w.bank.Change(w.intent(), func(in *order.Intent) { was, in.Status = in.Status, order.PaymentUnknown }), nil))
			})
			w.at(time.Hour, func() { w.bank.Change(w.intent(), func(in *order.Intent) { in.Status = was }); w.release() })
		}, ends: order.Expired, mails: expired, check: hasEvent(order.OrderOnHold, "not known")},
	})
}

// secondPayment pays for the order on another intent, and reports it.
func (w *fixture) secondPayment() string {
	o := w.order()
	in, err := w.bank.CreateIntent(context.Background(), order.IntentRequest{OrderID: id, Amount: o.Total, Key: "elsewhere"})
	if err != nil {
		w.Fatalf("second intent: %v", err)
	}
	w.sendEvents(w.paid(w.bank.Pay(in.ID)))
	return in.ID
}

// TestSecondPayment checks payments on an intent that is not the order's (PAY-18).
func TestSecondPayment(t *testing.T) {
	var first string
	runScenarios(t, []scenario{
		{name: "while the order waits for its own", script: func(w *fixture) {
			w.at(time.Minute, func() { first = w.intent(); w.secondPayment() })
			w.at(2*time.Minute, func() { w.sendEvents(w.paid(w.bank.Pay(first))) })
			w.arrive(time.Hour)
		}, ends: order.Delivered, mails: delivered, check: hasEvent(order.PaymentVoided, "second payment")},
		{name: "when the order is paid", script: func(w *fixture) {
			w.at(time.Minute, w.pay)
			w.at(time.Hour, func() { w.secondPayment() })
			w.arrive(2 * time.Hour)
		}, ends: order.Delivered, mails: delivered, check: hasEvent(order.PaymentVoided, "second payment")},
		{name: "captured elsewhere: refunded", script: func(w *fixture) {
			w.at(time.Minute, w.pay)
			w.at(time.Hour, func() {
				in, _ := w.bank.CreateIntent(context.Background(), order.IntentRequest{OrderID: id, Amount: w.order().Total, Key: "elsewhere"})
				w.paid(w.bank.Pay(in.ID))
				w.sendEvents(w.paid(w.captureAtBank(in.ID)))
			})
			w.arrive(2 * time.Hour)
		}, ends: order.Delivered, mails: also(delivered, refunded), check: hasEvent(order.PaymentRefunded, "second payment")},
		{name: "cancelled while it is being voided", script: func(w *fixture) {
			w.at(time.Minute, func() {
				w.down(time.Hour, order.ErrUnavailable, "GetIntent")
				w.secondPayment()
			})
			w.at(2*time.Minute, func() { w.cancel() })
		}, ends: order.Cancelled, mails: cancelled, check: hasEvent(order.PaymentVoided, "second payment")},
		{name: "about an intent the bank does not know: noted, the order goes on", script: func(w *fixture) {
			w.at(time.Minute, func() {
				w.sendEvents(w.event(order.ProviderEvent{Type: "x", Payment: &order.PaymentEvent{Reference: "pi_nowhere", Status: order.PaymentAuthorized}}))
			})
			w.at(2*time.Minute, w.pay)
			w.arrive(time.Hour)
		}, ends: order.Delivered, mails: delivered, check: both(hasEvent(order.EventIgnored, "pi_nowhere"), calledTimes("CancelIntent", 0))},
	})
}
