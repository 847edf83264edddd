package stripe_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"purser/activities/orders"
	"purser/activities/porttest"
	"purser/order"
	"purser/sandbox/faults"
)

// ago sets the sandbox's clock back.
func (s stand) ago(d time.Duration) { s.ahead.Store(-int64(d)) }

// fail injects a fault.
func (s stand) fail(t *testing.T, f faults.Fault) {
	t.Helper()
	f.Provider = "stripe"
	if err := s.faults.Add(f); err != nil {
		t.Fatal(err)
	}
}

// lose has the creation of an intent succeed, and its response get lost.
func (s stand) lose(t *testing.T, r order.IntentRequest) {
	t.Helper()
	s.fail(t, accident(porttest.LostAfter))
	if _, err := s.client.CreateIntent(t.Context(), r); !errors.Is(err, order.ErrUnknownOutcome) {
		t.Fatalf("the creation was not lost: %v", err)
	}
}

// other creates an intent of another order, as it is created all the time.
func (s stand) other(t *testing.T) {
	t.Helper()
	if _, err := s.client.CreateIntent(t.Context(), porttest.IntentOf(order.NewID(), order.Money{Amount: 1000, Currency: "EUR"})); err != nil {
		t.Fatal(err)
	}
}

// placed returns the request for the payment of an order that was placed a while ago.
func placed(ago time.Duration) order.IntentRequest {
	r := porttest.IntentOf(order.NewID(), order.Money{Amount: 1000, Currency: "EUR"})
	r.PlacedAt = time.Now().Add(-ago)
	return r
}

// mustFind finds the intents of a payment and checks how many there are.
func (s stand) mustFind(t *testing.T, r order.IntentRequest, want int) []order.Intent {
	t.Helper()
	found, err := s.client.FindIntents(t.Context(), r)
	if err != nil || len(found) != want {
		t.Fatalf("found %+v, %v; want %d intents", found, err, want)
	}
	return found
}

const searchPath = "GET /v1/payment_intents/search"

// TestFindRefusedSearch (PAY-9): where Stripe refuses to search, as in India, all intents
// since the order was placed are listed; and only there.
func TestFindRefusedSearch(t *testing.T) {
	for status, want := range map[int]error{
		http.StatusBadRequest: nil, http.StatusForbidden: nil,
		http.StatusTooManyRequests: order.ErrThrottled, http.StatusServiceUnavailable: order.ErrUnavailable,
	} {
		s := open(t)
		r := placed(time.Hour)
		s.ago(time.Hour)
		s.lose(t, r)
		s.ago(30 * time.Minute)
		for range 101 { // more than a page
			s.other(t)
		}
		s.ago(0)
		s.fail(t, faults.Fault{Match: searchPath, Do: faults.Status, Status: status})
		if want == nil {
			s.mustFind(t, r, 1)
		} else if found, err := s.client.FindIntents(t.Context(), r); !errors.Is(err, want) {
			t.Errorf("HTTP %d: %+v, %v; want %v", status, found, err, want)
		}
	}
}

// TestFindBehindSearch (PAY-9): a search that is hours behind is noticed by an intent that
// it should know, and nothing is concluded from what it does not find.
func TestFindBehindSearch(t *testing.T) {
	s := openLagging(t, 2*time.Hour)
	r := placed(time.Hour)
	s.ago(time.Hour)
	s.lose(t, r)
	s.ago(2 * time.Minute)
	s.other(t)
	s.ago(0)
	var p *order.ProviderError
	if found, err := s.client.FindIntents(t.Context(), r); !errors.As(err, &p) || p.Kind != order.ErrUnavailable || p.RetryAfter == 0 {
		t.Errorf("found %+v, %v", found, err)
	}
	a := &orders.Activities{Intents: s.client}
	if in, err := a.CancelIntent(t.Context(), orders.CancelPaymentRequest{Created: r, Key: "cancel"}); err == nil {
		t.Errorf("cancelled %+v although there may be more", in)
	}
	s.ahead.Store(int64(2*time.Hour - time.Minute)) // the search has caught up; the other is listed no more
	s.mustFind(t, r, 1)
}

// TestFindRecent (PAY-9): what was created just now is found before a search can know it,
// also if the order is old; about a new order no search is made.
func TestFindRecent(t *testing.T) {
	s := open(t)
	for _, age := range []time.Duration{time.Second, time.Hour} {
		r := placed(age)
		s.lose(t, r)
		if age == time.Second {
			s.fail(t, faults.Fault{Match: searchPath, Do: faults.Reset, Times: 1})
		} else {
			s.faults.Clear()
		}
		s.mustFind(t, r, 1)
	}
}

// TestFindOnManyPages (PAY-9): a page that fails for a moment is asked for again, whichever
// it is, and every intent is found once; a list that keeps failing says so.
func TestFindOnManyPages(t *testing.T) {
	s := open(t)
	oldest, r := placed(time.Minute), placed(time.Minute)
	s.lose(t, oldest)
	for range 100 {
		s.other(t)
	}
	s.lose(t, r)
	const list = "GET /v1/payment_intents"
	for _, f := range []faults.Fault{
		{Do: faults.Reset},
		{Do: faults.Status, Status: http.StatusInternalServerError},
		{Do: faults.Status, Status: http.StatusTooManyRequests, RetryAfter: time.Second},
	} {
		f.Match, f.Times = list, 1
		s.fail(t, f)
		s.mustFind(t, r, 1)
	}
	s.fail(t, faults.Fault{Match: list, Do: faults.Status, Times: 3})
	s.mustFind(t, r, 1)
	s.fail(t, faults.Fault{Match: list, Do: faults.Status, Rate: 0.25, Times: 8})
	for range 8 {
		s.mustFind(t, oldest, 1)
		s.mustFind(t, r, 1)
	}
	s.faults.Clear()
	s.fail(t, faults.Fault{Match: list, Do: faults.Status})
	if found, err := s.client.FindIntents(t.Context(), r); !errors.Is(err, order.ErrUnavailable) {
		t.Errorf("found %+v, %v", found, err)
	}
}

// TestFindReadsAgain (PAY-9): a search returns an intent as it was a minute ago, so its
// state is asked for.
func TestFindReadsAgain(t *testing.T) {
	s := open(t)
	r := placed(time.Hour)
	s.ago(time.Hour)
	s.lose(t, r)
	s.ago(0)
	in := s.mustFind(t, r, 1)[0]
	if in.Status != order.PaymentPending {
		t.Fatalf("found %+v", in)
	}
	if _, err := s.client.CancelIntent(t.Context(), in.ID, "cancel"); err != nil {
		t.Fatal(err)
	}
	if in = s.mustFind(t, r, 1)[0]; in.Status != order.PaymentCanceled {
		t.Errorf("found %+v after it was cancelled", in)
	}
}

// TestCancelFindsAll (PAY-9): whatever became of the creations of a payment, none of its
// intents is live after it was cancelled.
func TestCancelFindsAll(t *testing.T) {
	for name, c := range map[string]struct {
		create func(*testing.T, stand, order.IntentRequest)
		want   int // intents
	}{
		"never created": {func(*testing.T, stand, order.IntentRequest) {}, 1},
		"a 500, and no list after it": {func(t *testing.T, s stand, r order.IntentRequest) {
			s.fail(t, accident(porttest.FailureAfter))
			s.fail(t, faults.Fault{Match: "GET /v1/payment_intents", Do: faults.Status, Times: 1})
			if _, err := s.client.CreateIntent(t.Context(), r); !errors.Is(err, order.ErrUnknownOutcome) {
				t.Fatal(err)
			}
		}, 1},
		"lost under two keys": {func(t *testing.T, s stand, r order.IntentRequest) {
			s.lose(t, r)
			r.Key += ":r1"
			s.lose(t, r)
		}, 2},
		"lost, with other parameters than now": {func(t *testing.T, s stand, r order.IntentRequest) {
			r.Amount.Amount++
			s.lose(t, r)
		}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			r := placed(12 * time.Minute)
			s.ago(12 * time.Minute)
			c.create(t, s, r)
			s.ago(10 * time.Minute)
			for range 600 {
				s.other(t)
			}
			s.ago(0)
			a := &orders.Activities{Intents: s.client}
			for range 2 { // again: nothing more happens
				in, err := a.CancelIntent(t.Context(), orders.CancelPaymentRequest{Created: r, Key: order.Key(r.OrderID, "cancel", 1)})
				if err != nil || in.Status != order.PaymentCanceled || in.ID == "" {
					t.Errorf("cancelled %+v, %v", in, err)
				}
			}
			if n := s.sandbox.Counts()[string(r.OrderID)]; n.Intents != c.want || n.Canceled != c.want {
				t.Errorf("%+v, want %d intents, all cancelled", n, c.want)
			}
		})
	}
}
