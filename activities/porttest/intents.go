package porttest

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/order"
)

func createsAndFinds(t *testing.T, h PaymentsHarness) {
	id := order.NewID()
	in := create(t, h, IntentOf(id, tenEuro))
	if in.ID == "" || in.ClientSecret == "" {
		t.Errorf("created %+v: want an id and a secret", in)
	}
	if in.Provider == "" {
		t.Error("the intent does not name its provider")
	}
	want := order.Intent{ID: in.ID, Provider: in.Provider, OrderID: id, Status: order.PaymentPending, Amount: tenEuro, ClientSecret: in.ClientSecret}
	if diff := cmp.Diff(want, in); diff != "" {
		t.Errorf("created (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(in, wantIntent(t, h, in.ID, order.PaymentPending)); diff != "" {
		t.Errorf("found (-created +found):\n%s", diff)
	}
}

func oneKeyOneIntent(t *testing.T, h PaymentsHarness) {
	r := IntentOf(order.NewID(), tenEuro)
	if diff := cmp.Diff(create(t, h, r), create(t, h, r)); diff != "" {
		t.Error(diff)
	}
	wantDone(t, h, r.OrderID, PaymentCount{Intents: 1})
}

func oneKeyAtOnce(t *testing.T, h PaymentsHarness) {
	r := IntentOf(order.NewID(), tenEuro)
	var ids sync.Map
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			in, err := h.Intents.CreateIntent(t.Context(), r)
			switch {
			case err == nil:
				ids.Store(in.ID, true)
			case !errors.Is(err, order.ErrThrottled): // "the first is being worked on" is a fair answer
				t.Error(err)
			}
		})
	}
	wg.Wait()
	ids.Store(create(t, h, r).ID, true)
	n := 0
	ids.Range(func(any, any) bool { n++; return true })
	if n != 1 {
		t.Errorf("%d intents were returned, want 1", n)
	}
	wantDone(t, h, r.OrderID, PaymentCount{Intents: 1})
}

func otherRequestSameKey(t *testing.T, h PaymentsHarness) {
	r := IntentOf(order.NewID(), tenEuro)
	create(t, h, r)
	r.Amount.Amount++
	_, err := h.Intents.CreateIntent(t.Context(), r)
	wantKind(t, err, order.ErrRejected)
	wantDone(t, h, r.OrderID, PaymentCount{Intents: 1})
}

func nextPayment(t *testing.T, h PaymentsHarness) {
	r := IntentOf(order.NewID(), tenEuro)
	first := create(t, h, r)
	r.Number, r.Key = 2, order.Key(r.OrderID, "intent", 2)
	if create(t, h, r).ID == first.ID {
		t.Error("two payments share an intent")
	}
}

// findsAll loses two creations of a payment, under different keys, and finds them although
// more was made since than a provider lists at once.
func findsAll(t *testing.T, h PaymentsHarness) {
	r := IntentOf(order.NewID(), tenEuro)
	r.PlacedAt = time.Now().Add(-time.Hour)
	h.Ago(t, time.Hour)
	for n := range 2 {
		r.Key = order.Key(r.OrderID, "intent-by-key", n+1)
		h.FailNext(t, LostAfter)
		_, err := h.Intents.CreateIntent(t.Context(), r)
		wantKind(t, err, order.ErrUnknownOutcome)
	}
	h.Ago(t, 30*time.Minute)
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			for range 100 {
				if _, err := h.Intents.CreateIntent(t.Context(), IntentOf(order.NewID(), tenEuro)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	h.Ago(t, 2*time.Minute)
	create(t, h, IntentOf(order.NewID(), tenEuro))
	h.Ago(t, 0)
	next := r
	next.Number, next.Key = 2, order.Key(r.OrderID, "intent", 2)
	second := create(t, h, next)
	for _, c := range []struct {
		payment order.IntentRequest
		want    int
	}{{r, 2}, {next, 1}, {IntentOf(order.NewID(), tenEuro), 0}} {
		found, err := h.Intents.FindIntents(t.Context(), c.payment)
		if err != nil || len(found) != c.want {
			t.Fatalf("payment %d: found %+v, %v; want %d intents", c.payment.Number, found, err, c.want)
		}
		for _, in := range found {
			if (in.ID == second.ID) != (c.payment.Number == 2) || in.OrderID != r.OrderID || in.Status != order.PaymentPending || in.Amount != tenEuro || in.ClientSecret == "" {
				t.Errorf("payment %d: found %+v", c.payment.Number, in)
			}
			if _, err := h.Intents.CancelIntent(t.Context(), in.ID, order.Key(r.OrderID, "cancel-"+in.ID, 1)); err != nil {
				t.Error(err)
			}
		}
	}
	wantDone(t, h, r.OrderID, PaymentCount{Intents: 3, Canceled: 3})
}

func currencies(t *testing.T, h PaymentsHarness) {
	for _, m := range []order.Money{
		{Amount: 1999, Currency: "EUR"},
		{Amount: 6800, Currency: "JPY"},
		{Amount: 12_750, Currency: "KWD"},
		{Amount: 500, Currency: "ISK"},
		{Amount: 90_000, Currency: "UGX"},
		{Amount: 45_000, Currency: "MGA"},
		{Amount: 45_000, Currency: "HUF"},
		{Amount: 150_000, Currency: "IDR"},
		{Amount: 9_999, Currency: "TWD"},
	} {
		in := create(t, h, IntentOf(order.NewID(), m))
		if in.Amount != m {
			t.Errorf("asked for %v, got an intent for %v", m, in.Amount)
		}
		h.Pay(t, in.ID)
		in, err := h.Captures.CaptureIntent(t.Context(), in.ID, m, order.Key(in.OrderID, "capture", 1))
		if err != nil || in.Received != m.Amount {
			t.Errorf("capture %v: received %d, %v", m, in.Received, err)
		}
	}
}

func badAmounts(t *testing.T, h PaymentsHarness) {
	for _, m := range []order.Money{
		{Amount: 0, Currency: "EUR"},
		{Amount: -500, Currency: "EUR"},
		{Amount: order.Maximum("EUR").Amount + 1, Currency: "EUR"},
		{Amount: order.Maximum("IDR").Amount + 1, Currency: "IDR"},
		{Amount: order.Maximum("ISK").Amount + 1, Currency: "ISK"},
		{Amount: 5125, Currency: "KWD"},
		{Amount: 500, Currency: "eur"},
		{Amount: 500, Currency: "QQQ"},
		{Amount: 500},
	} {
		r := IntentOf(order.NewID(), m)
		_, err := h.Intents.CreateIntent(t.Context(), r)
		wantKind(t, err, order.ErrRejected)
		wantDone(t, h, r.OrderID, PaymentCount{})
	}
}

// mostAmounts compares the table of maximums with the provider's own.
func mostAmounts(t *testing.T, h PaymentsHarness) {
	for _, code := range []string{"COP", "EUR", "HUF", "IDR", "INR", "ISK", "JPY", "LBP", "UGX", "VND"} {
		most := order.Maximum(code)
		in := create(t, h, IntentOf(order.NewID(), most))
		h.Pay(t, in.ID)
		in, err := h.Captures.CaptureIntent(t.Context(), in.ID, most, order.Key(in.OrderID, "capture", 1))
		if err != nil || in.Received != most.Amount || in.Amount != most {
			t.Errorf("%s: captured %d of %s, %v", most, in.Received, in.Amount, err)
		}
	}
}

// leastAmounts compares the table of minimums with the provider's own.
func leastAmounts(t *testing.T, h PaymentsHarness) {
	for _, code := range []string{
		"AED", "AUD", "BGN", "BRL", "CAD", "CHF", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF",
		"INR", "JPY", "MXN", "MYR", "NOK", "NZD", "PLN", "RON", "SEK", "SGD", "THB", "USD",
	} {
		least, ok := order.Minimum(code)
		if !ok {
			t.Errorf("no minimum is known in %s", code)
			continue
		}
		create(t, h, IntentOf(order.NewID(), least))
		less := IntentOf(order.NewID(), order.Money{Amount: least.Amount - 1, Currency: code})
		_, err := h.Intents.CreateIntent(t.Context(), less)
		wantKind(t, err, order.ErrBelowMinimum)
		wantDone(t, h, less.OrderID, PaymentCount{})
	}
}
