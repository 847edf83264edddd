package orders_test

import (
	"testing"
	"time"

	"purser/order"
)

// TestAccidents lets each call of a plain order fail, before and after its
// work, for a while (PAY-5, PAY-9, F2 to F8, REC-1): the order ends well and
// nothing is done twice.
func TestAccidents(t *testing.T) {
	var scenarios []scenario
	for _, op := range []string{"OpenOrder", "SaveOrder", "CreateIntent", "BookParcel", "CaptureIntent"} {
		for name, kind := range map[string]error{
			"is not done": order.ErrUnavailable, "is done, the answer is lost": order.ErrUnknownOutcome,
			"is throttled": order.ErrThrottled, "is denied": order.ErrDenied,
		} {
			plain := func(w *world) {
				w.at(10*time.Minute, w.pay)
				w.arrive(2 * time.Hour)
			}
			ends := func(t *testing.T, w *world) {
				t.Helper()
				oneIntent(t, w)
				if sum := w.bank.Count(id); sum.Authorized != 1 || sum.Captured != 1 || sum.Refunds != 0 {
					t.Errorf("IDEM-8: the bank did %+v", sum)
				}
			}
			scenarios = append(scenarios,
				scenario{op + " once " + name, func(w *world) { w.fail(op, 1, kind); plain(w) }, order.Delivered, delivered, ends},
				scenario{op + " thrice " + name, func(w *world) { w.fail(op, 3, kind); plain(w) }, order.Delivered, delivered, ends},
			)
			if op != "CreateIntent" && op != "OpenOrder" {
				scenarios = append(scenarios, scenario{op + " for an hour " + name, func(w *world) { w.down(time.Hour, kind, op); plain(w) }, order.Delivered, delivered, ends})
			}
		}
	}
	runScenarios(t, scenarios)
}

// TestBankAway is a payment provider that cannot be reached while the shopper
// may pay (F6 to F8), or refuses the payment.
func TestBankAway(t *testing.T) {
	runScenarios(t, []scenario{
		{"no intent in time: expired, none left behind", func(w *world) {
			w.down(2*time.Hour, order.ErrUnavailable, "CreateIntent")
		}, order.Expired, expired, has(order.OrderExpired, "could not be reached")},
		{"F13 no answer in time, but made: given up", func(w *world) {
			w.down(2*time.Hour, order.ErrUnknownOutcome, "CreateIntent")
		}, order.Expired, expired, oneIntent},
		{"refused for good", func(w *world) {
			w.down(time.Hour, order.ErrRejected, "CreateIntent")
		}, order.Cancelled, cancelled, has(order.OrderCancelled, "cannot accept this payment")},
		{"at the deadline nobody can say whether it is paid: it was", func(w *world) {
			w.at(time.Minute, func() { w.down(5*time.Hour, order.ErrUnavailable, "GetIntent") })
			w.at(20*time.Minute, func() { w.paid(w.bank.Pay(w.intent())) })
			w.arrive(6 * time.Hour)
		}, order.Delivered, delivered, nil},
		{"at the deadline nobody can say whether it is paid: it was not", func(w *world) {
			w.at(time.Minute, func() { w.down(5*time.Hour, order.ErrUnavailable, "GetIntent") })
		}, order.Expired, expired, nil},
		{"F18 the capture is refused: another took or let go", func(w *world) {
			w.fail("CaptureIntent", 1, order.ErrState)
			w.at(time.Minute, w.pay)
		}, order.Cancelled, cancelled, has(order.OrderCancelled, "Stripe captured 0")},
	})
}
