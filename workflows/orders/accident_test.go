package orders_test

import (
	"testing"
	"time"

	"purser/order"
)

// TestAccidents makes each call of a plain order fail, before or after its work, once,
// three times and for an hour (PAY-5, PAY-9, F2 to F8, REC-1): the order is delivered
// and nothing is done twice.
func TestAccidents(t *testing.T) {
	var scenarios []scenario
	for _, op := range []string{"OpenOrder", "SaveOrder", "CreateIntent", "BookParcel", "CaptureIntent"} {
		for name, kind := range map[string]error{
			"is not done": order.ErrUnavailable, "is done, the response is lost": order.ErrUnknownOutcome,
			"is throttled": order.ErrThrottled, "is denied": order.ErrDenied,
		} {
			plain := func(w *fixture) {
				w.at(10*time.Minute, w.pay)
				w.arrive(2 * time.Hour)
			}
			ends := func(t *testing.T, w *fixture) {
				t.Helper()
				oneIntent(t, w)
				if sum := w.bank.Count(id); sum.Authorized != 1 || sum.Captured != 1 || sum.Refunds != 0 {
					t.Errorf("IDEM-8: the bank did %+v", sum)
				}
			}
			scenarios = append(scenarios,
				scenario{name: op + " once " + name, script: func(w *fixture) { w.fail(op, 1, kind); plain(w) }, ends: order.Delivered, mails: delivered, check: ends},
				scenario{name: op + " thrice " + name, script: func(w *fixture) { w.fail(op, 3, kind); plain(w) }, ends: order.Delivered, mails: delivered, check: ends},
			)
			if op != "CreateIntent" && op != "OpenOrder" {
				scenarios = append(scenarios, scenario{name: op + " for an hour " + name, script: func(w *fixture) { w.down(time.Hour, kind, op); plain(w) }, ends: order.Delivered, mails: delivered, check: ends})
			}
		}
	}
	runScenarios(t, scenarios)
}

// TestBankAway checks orders whose payment provider cannot be reached while the shopper
// may pay (F6 to F8), or refuses the payment.
func TestBankAway(t *testing.T) {
	runScenarios(t, []scenario{
		{name: "no intent in time: expired, none left behind", script: func(w *fixture) {
			w.down(2*time.Hour, order.ErrUnavailable, "CreateIntent")
		}, ends: order.Expired, mails: expired, check: hasEvent(order.OrderExpired, "could not be reached")},
		{name: "F13 no response in time, but the intent exists: expired, cancelled", script: func(w *fixture) {
			w.down(2*time.Hour, order.ErrUnknownOutcome, "CreateIntent")
		}, ends: order.Expired, mails: expired, check: oneIntent},
		{name: "refused for good", script: func(w *fixture) {
			w.down(time.Hour, order.ErrRejected, "CreateIntent")
		}, ends: order.Cancelled, mails: cancelled, check: hasEvent(order.OrderCancelled, "cannot accept this payment")},
		{name: "at the deadline the provider cannot say whether it is paid: it was", script: func(w *fixture) {
			w.at(time.Minute, func() { w.down(5*time.Hour, order.ErrUnavailable, "GetIntent") })
			w.at(20*time.Minute, func() { w.paid(w.bank.Pay(w.intent())) })
			w.arrive(6 * time.Hour)
		}, ends: order.Delivered, mails: delivered},
		{name: "at the deadline the provider cannot say whether it is paid: it was not", script: func(w *fixture) {
			w.at(time.Minute, func() { w.down(5*time.Hour, order.ErrUnavailable, "GetIntent") })
		}, ends: order.Expired, mails: expired},
		{name: "F18 the capture is refused: the intent is not capturable", script: func(w *fixture) {
			w.fail("CaptureIntent", 1, order.ErrState)
			w.at(time.Minute, w.pay)
		}, ends: order.Cancelled, mails: cancelled, check: hasEvent(order.OrderCancelled, "captured 0.00 EUR instead of")},
	})
}
