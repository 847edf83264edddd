package stripe_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"purser/activities/porttest"
	"purser/order"
	"purser/providers/guard"
	"purser/providers/stripe"
	"purser/sandbox/faults"
	sandbox "purser/sandbox/stripe"
)

const (
	testKey    = "sk_test_conformance"
	testSecret = "whsec_conformance"
)

// stand is a sandbox behind real HTTP, below a path, and an adapter to it.
type stand struct {
	sandbox *sandbox.Server
	faults  *faults.Control
	client  *stripe.Client
	url     string        // of the sandbox
	ahead   *atomic.Int64 // how far the sandbox's clock is ahead, in nanoseconds
}

// lapse moves the sandbox's clock to the time at which all authorizations lapse.
func (s stand) lapse() { s.ahead.Add(int64(7 * 24 * time.Hour)) }

// open starts a sandbox; the shopper may choose the given methods, or the usual ones.
func open(t *testing.T, methods ...string) stand {
	t.Helper()
	return openLagging(t, 0, methods...)
}

// openLagging does the same, with the time after which a search finds something.
func openLagging(t *testing.T, lag time.Duration, methods ...string) stand {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	faultControl, ahead := faults.New(1), new(atomic.Int64)
	// Validate (TEST-5) makes the test fail on a request that stripe-mock refuses.
	s, err := sandbox.New(sandbox.Config{
		Faults: faultControl, Key: testKey, WebhookSecret: testSecret, Log: log, Validate: true, SearchLag: lag,
		Now: func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) },
	})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/stripe/", http.StripPrefix("/stripe", s.Handler()))
	server := httptest.NewServer(mux)
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	t.Cleanup(server.Close)
	c, err := stripe.New(stripe.Config{
		Key: testKey, BaseURL: server.URL + "/stripe", WebhookSecrets: []string{testSecret}, Timeout: 10 * time.Second, Log: log, Methods: methods,
		Guard: guard.Config{Consecutive: 1000, Calls: 1_000_000}, // the accidents are meant
	})
	if err != nil {
		t.Fatal(err)
	}
	return stand{s, faultControl, c, server.URL + "/stripe", ahead}
}

func TestConformance(t *testing.T) {
	porttest.Payments(t, func(t *testing.T) porttest.PaymentsHarness {
		s := open(t)
		pay := func(method string) func(*testing.T, string) {
			return func(t *testing.T, id string) {
				t.Helper()
				if _, err := s.sandbox.Confirm(id, method); err != nil {
					t.Fatal(err)
				}
			}
		}
		return porttest.PaymentsHarness{
			Intents: s.client, Captures: s.client,
			Pay: pay("pm_card_visa"), PayClosed: pay("pm_card_refundFail"), Decline: pay("pm_card_chargeDeclinedInsufficientFunds"), Challenge: pay("pm_card_authenticationRequired"),
			Authenticate: func(t *testing.T, id string, ok bool) {
				t.Helper()
				if err := s.sandbox.Authenticate(id, ok); err != nil {
					t.Fatal(err)
				}
			},
			Lapse: func(t *testing.T, _ string) {
				t.Helper()
				s.lapse()
				if err := s.sandbox.Sweep(); err != nil {
					t.Fatal(err)
				}
			},
			Ago: func(_ *testing.T, d time.Duration) { s.ahead.Store(-int64(d)) },
			Count: func(id order.ID) porttest.PaymentCount {
				n := s.sandbox.Counts()[string(id)]
				return porttest.PaymentCount{
					Intents: n.Intents, Authorized: n.Authorized, Captured: n.Captured, Canceled: n.Canceled,
					Refunds: n.Refunds, Taken: n.Taken, Returned: n.Returned,
				}
			},
			FailNext: func(t *testing.T, f porttest.Fault) {
				t.Helper()
				if err := s.faults.Add(accident(f)); err != nil {
					t.Fatal(err)
				}
			},
		}
	})
}

// accident injects a fault of the suite on the wire.
func accident(f porttest.Fault) faults.Fault {
	h := faults.Fault{Provider: "stripe", Match: "POST /v1/", Times: 1}
	switch f {
	case porttest.LostBefore:
		h.Do = faults.Reset
	case porttest.LostAfter:
		h.Do, h.When = faults.Reset, faults.After
	case porttest.BrokenAfter:
		h.Do, h.When = faults.Malformed, faults.After
	case porttest.FailureBefore:
		h.Do = faults.Status
	case porttest.FailureAfter:
		h.Do, h.When = faults.Status, faults.After
	case porttest.ReadLost:
		h.Do, h.Match = faults.Reset, "GET /v1/"
	case porttest.Throttle:
		h.Do, h.Status, h.RetryAfter = faults.Status, http.StatusTooManyRequests, 2*time.Second
	case porttest.Deny:
		h.Do, h.Status = faults.Status, http.StatusUnauthorized
	}
	return h
}
