package porttest

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"purser/activities/orders"
	"purser/order"
)

// PaymentsHarness is the payment provider under test, with a simulated shopper.
type PaymentsHarness struct {
	Intents  orders.Intents
	Captures orders.Captures
	// Pay has the shopper pay with a good card, PayClosed with one that refuses
	// refunds, Decline with one declined as "card_declined" and
	// "insufficient_funds", Challenge with one that requires authentication;
	// Authenticate is the result of that authentication.
	Pay, PayClosed, Decline, Challenge func(t *testing.T, intent string)
	Authenticate                       func(t *testing.T, intent string, ok bool)
	// Count returns what was done for an order.
	Count func(id order.ID) PaymentCount
	// FailNext makes the next matching call fail.
	FailNext func(t *testing.T, f Fault)
}

// PaymentCount is what a provider did for one order, in the order's minor units.
type PaymentCount struct {
	Intents, Authorized, Captured, Canceled, Refunds int
	Taken, Returned                                  int64
}

// Fault is a way in which a call can fail.
type Fault string

// The faults. A lost or broken response does not reveal whether the work was
// done.
const (
	LostBefore    Fault = "answer lost, work not done"
	LostAfter     Fault = "answer lost, work done"
	BrokenAfter   Fault = "answer unreadable, work done"
	FailureBefore Fault = "500, work not done" // a provider may repeat it under the same key for ever
	FailureAfter  Fault = "500, work done"
	ReadLost      Fault = "answer of a read lost"
	Throttle      Fault = "429, wait 2 s"
	Deny          Fault = "401"
)

// Payments checks Intents and Captures. open makes a provider without any
// payments.
func Payments(t *testing.T, open func(t *testing.T) PaymentsHarness) {
	for name, check := range map[string]func(*testing.T, PaymentsHarness){
		"PAY-3 creates and finds":                          createsAndFinds,
		"PAY-4 one key, one intent":                        oneKeyOneIntent,
		"PAY-4 one key, many at once":                      oneKeyAtOnce,
		"IDEM-2 other request, same key":                   otherRequestSameKey,
		"PAY-12 a new generation":                          newGeneration,
		"PAY-1 currencies":                                 currencies,
		"PAY-1 amounts that cannot be charged":             badAmounts,
		"PAY-1 the least that can be charged":              leastAmounts,
		"PAY-8 authorise, capture":                         capturesOnce,
		"PAY-8 capture less":                               capturesLess,
		"PAY-8 void":                                       cancelsOnce,
		"PAY-11 PAY-12 declined, then another card":        declinedThenPaid,
		"PAY-6 3-D Secure":                                 challenged,
		"IDEM-3 too early is not for ever":                 captureTooEarly,
		"IDEM-8 REF-5 refunds":                             refundsOnce,
		"REF-1 a refund when everything went back before":  refundedBefore,
		"REF-1 the rest after a part by hand":              refundsRest,
		"REF-5 a refund that the bank turned down":         refundDeclined,
		"unknown intents":                                  unknownIntents,
		"PAY-5 throttled and denied":                       throttledAndDenied,
		"PAY-9 REC-1 a read that fails changes nothing":    failedRead,
		"PAY-9 IDEM-3 every write survives every accident": accidents,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t, open(t))
		})
	}
}

// IntentOf returns the request for the first intent of a new order.
func IntentOf(id order.ID, m order.Money) order.IntentRequest {
	return order.IntentRequest{OrderID: id, Generation: 1, Amount: m, Customer: "cus-1", Key: order.Key(id, "intent", 1)}
}

var tenEuro = order.Money{Amount: 1000, Currency: "EUR"}

func create(t *testing.T, h PaymentsHarness, r order.IntentRequest) order.Intent {
	t.Helper()
	in, err := h.Intents.CreateIntent(t.Context(), r)
	if err != nil {
		t.Fatalf("create: %v", err)
	}
	return in
}

// authorized returns an intent whose money is held.
func authorized(t *testing.T, h PaymentsHarness) order.Intent {
	t.Helper()
	in := create(t, h, IntentOf(order.NewID(), tenEuro))
	h.Pay(t, in.ID)
	return in
}

func captured(t *testing.T, h PaymentsHarness) order.Intent {
	t.Helper()
	in := authorized(t, h)
	in, err := h.Captures.CaptureIntent(t.Context(), in.ID, tenEuro, order.Key(in.OrderID, "capture", 1))
	if err != nil {
		t.Fatalf("capture: %v", err)
	}
	return in
}

func wantIntent(t *testing.T, h PaymentsHarness, id string, want order.IntentStatus) order.Intent {
	t.Helper()
	in, err := h.Intents.GetIntent(t.Context(), id)
	if err != nil {
		t.Fatalf("get: %v", err)
	}
	if in.Status != want {
		t.Errorf("intent is %s, want %s", in.Status, want)
	}
	return in
}

func wantDone(t *testing.T, h PaymentsHarness, id order.ID, want PaymentCount) {
	t.Helper()
	if diff := cmp.Diff(want, h.Count(id)); diff != "" {
		t.Errorf("done for the order (-want +got):\n%s", diff)
	}
}

func capturesOnce(t *testing.T, h PaymentsHarness) {
	in := authorized(t, h)
	if in = wantIntent(t, h, in.ID, order.RequiresCapture); in.Capturable != 1000 {
		t.Errorf("capturable: %d", in.Capturable)
	}
	key := order.Key(in.OrderID, "capture", 1)
	for range 2 {
		got, err := h.Captures.CaptureIntent(t.Context(), in.ID, tenEuro, key)
		if err != nil || got.Status != order.Succeeded || got.Received != 1000 || got.Capturable != 0 {
			t.Errorf("captured: %+v, %v", got, err)
		}
	}
	_, err := h.Captures.CaptureIntent(t.Context(), in.ID, tenEuro, order.Key(in.OrderID, "capture", 2))
	wantKind(t, err, order.ErrState) // F18: another operation
	_, err = h.Intents.CancelIntent(t.Context(), in.ID, order.Key(in.OrderID, "cancel", 1))
	wantKind(t, err, order.ErrState)
	wantDone(t, h, in.OrderID, PaymentCount{Intents: 1, Authorized: 1, Captured: 1, Taken: 1000})
}

func capturesLess(t *testing.T, h PaymentsHarness) {
	in := authorized(t, h)
	key := order.Key(in.OrderID, "capture", 1)
	_, err := h.Captures.CaptureIntent(t.Context(), in.ID, order.Money{Amount: 1001, Currency: "EUR"}, key+"-more")
	wantKind(t, err, order.ErrRejected)
	got, err := h.Captures.CaptureIntent(t.Context(), in.ID, order.Money{Amount: 400, Currency: "EUR"}, key)
	if err != nil || got.Status != order.Succeeded || got.Received != 400 || got.Capturable != 0 {
		t.Errorf("captured: %+v, %v", got, err)
	}
	wantDone(t, h, in.OrderID, PaymentCount{Intents: 1, Authorized: 1, Captured: 1, Taken: 400})
}

func cancelsOnce(t *testing.T, h PaymentsHarness) {
	for name, in := range map[string]order.Intent{
		"unpaid": create(t, h, IntentOf(order.NewID(), tenEuro)), "authorised": authorized(t, h),
	} {
		for _, key := range []string{"cancel", "cancel", "cancel-again"} {
			got, err := h.Intents.CancelIntent(t.Context(), in.ID, order.Key(in.OrderID, key, 1))
			if err != nil || got.Status != order.IntentCanceled || got.Capturable != 0 {
				t.Errorf("%s: %s: %+v, %v", name, key, got, err)
			}
		}
		_, err := h.Captures.CaptureIntent(t.Context(), in.ID, tenEuro, order.Key(in.OrderID, "capture", 1))
		wantKind(t, err, order.ErrState)
		if n := h.Count(in.OrderID); n.Canceled != 1 || n.Captured != 0 {
			t.Errorf("%s: %+v", name, n)
		}
	}
}

func declinedThenPaid(t *testing.T, h PaymentsHarness) {
	in := create(t, h, IntentOf(order.NewID(), tenEuro))
	h.Decline(t, in.ID)
	got := wantIntent(t, h, in.ID, order.RequiresPaymentMethod)
	if diff := cmp.Diff(order.NewDecline("card_declined", "insufficient_funds"), got.Decline); diff != "" {
		t.Error(diff)
	}
	h.Pay(t, in.ID)
	if got = wantIntent(t, h, in.ID, order.RequiresCapture); got.Decline != nil {
		t.Errorf("the decline outlives the payment: %+v", got.Decline)
	}
}

func challenged(t *testing.T, h PaymentsHarness) {
	in := create(t, h, IntentOf(order.NewID(), tenEuro))
	h.Challenge(t, in.ID)
	wantIntent(t, h, in.ID, order.RequiresAction)
	h.Authenticate(t, in.ID, false)
	got := wantIntent(t, h, in.ID, order.RequiresPaymentMethod)
	if got.Decline == nil || got.Decline.Code != "payment_intent_authentication_failure" {
		t.Errorf("decline: %+v", got.Decline)
	}
	h.Challenge(t, in.ID)
	h.Authenticate(t, in.ID, true)
	wantIntent(t, h, in.ID, order.RequiresCapture)
	wantDone(t, h, in.OrderID, PaymentCount{Intents: 1, Authorized: 1})
}

func captureTooEarly(t *testing.T, h PaymentsHarness) {
	in := create(t, h, IntentOf(order.NewID(), tenEuro))
	key := order.Key(in.OrderID, "capture", 1)
	for range 2 {
		_, err := h.Captures.CaptureIntent(t.Context(), in.ID, tenEuro, key)
		wantKind(t, err, order.ErrState)
	}
	h.Pay(t, in.ID)
	for range 2 {
		if got, err := h.Captures.CaptureIntent(t.Context(), in.ID, tenEuro, key); err != nil || got.Received != 1000 {
			t.Errorf("after paying: %+v, %v", got, err)
		}
	}
	wantDone(t, h, in.OrderID, PaymentCount{Intents: 1, Authorized: 1, Captured: 1, Taken: 1000})
}

func unknownIntents(t *testing.T, h PaymentsHarness) {
	for _, id := range []string{"pi_no_such", "", "pi/../x?y=z#%"} {
		_, err := h.Intents.GetIntent(t.Context(), id)
		wantKind(t, err, order.ErrNoSuch)
		_, err = h.Intents.CancelIntent(t.Context(), id, "cancel")
		wantKind(t, err, order.ErrNoSuch)
		_, err = h.Captures.CaptureIntent(t.Context(), id, tenEuro, "capture")
		wantKind(t, err, order.ErrNoSuch)
		_, err = h.Captures.RefundIntent(t.Context(), id, tenEuro, "refund")
		wantKind(t, err, order.ErrNoSuch)
	}
}
