package porttest

import (
	"testing"
	"time"

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
	// Lapse has the authorization of an intent expire.
	Lapse func(t *testing.T, intent string)
	// Ago has the provider's clock show the time that long ago.
	Ago func(t *testing.T, d time.Duration)
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
		"PAY-12 the next payment":                          nextPayment,
		"PAY-9 finds all that were created":                findsAll,
		"PAY-1 currencies":                                 currencies,
		"PAY-1 amounts that cannot be charged":             badAmounts,
		"PAY-1 the least that can be charged":              leastAmounts,
		"PAY-1 the most that can be charged":               mostAmounts,
		"PAY-8 authorise, capture":                         capturesOnce,
		"PAY-8 capture less":                               capturesLess,
		"REF-4 a refund as large as what was released":     refundOfReleasedAmount,
		"PAY-8 void":                                       cancelsOnce,
		"PAY-8 an authorization lapses":                    authorizationLapses,
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
	return order.IntentRequest{OrderID: id, Number: 1, Amount: m, Customer: "cus-1", Key: order.Key(id, "intent", 1)}
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

func wantIntent(t *testing.T, h PaymentsHarness, id string, want order.PaymentStatus) order.Intent {
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

func declinedThenPaid(t *testing.T, h PaymentsHarness) {
	in := create(t, h, IntentOf(order.NewID(), tenEuro))
	h.Decline(t, in.ID)
	got := wantIntent(t, h, in.ID, order.PaymentPending)
	if diff := cmp.Diff(order.NewDecline("card_declined", "insufficient_funds"), got.Decline); diff != "" {
		t.Error(diff)
	}
	h.Pay(t, in.ID)
	if got = wantIntent(t, h, in.ID, order.PaymentAuthorized); got.Decline != nil {
		t.Errorf("the decline outlives the payment: %+v", got.Decline)
	}
}

func challenged(t *testing.T, h PaymentsHarness) {
	in := create(t, h, IntentOf(order.NewID(), tenEuro))
	h.Challenge(t, in.ID)
	wantIntent(t, h, in.ID, order.PaymentRequiresAction)
	h.Authenticate(t, in.ID, false)
	got := wantIntent(t, h, in.ID, order.PaymentPending)
	if got.Decline == nil || got.Decline.Code != "payment_intent_authentication_failure" {
		t.Errorf("decline: %+v", got.Decline)
	}
	h.Challenge(t, in.ID)
	h.Authenticate(t, in.ID, true)
	wantIntent(t, h, in.ID, order.PaymentAuthorized)
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
