// Package stripe is a stand-in for Stripe: it speaks the wire protocol of the
// part of Stripe that Purser uses, keeps state as Stripe does, and sends
// signed webhooks. No card is ever charged.
//
// It follows API version 2023-10-16: payment intents (create, retrieve,
// update, confirm, capture, cancel, list, search), refunds, charges, disputes, events,
// idempotency keys, the published test payment methods, 3-D Secure and methods
// that redirect with a page of the shopper's bank, and direct debits.
package stripe

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/stripe/stripe-go/v76/webhook"

	"purser/sandbox/faults"
	"purser/sandbox/journal"
	"purser/sandbox/webhooksender"
)

// APIVersion is the version of Stripe's API that the stand-in implements.
const APIVersion = "2023-10-16"

// keepKeys is how long Stripe keeps an idempotency key.
const keepKeys = 24 * time.Hour

// Config configures a stand-in.
type Config struct {
	Journal        *journal.Journal // keeps the state; nil means in memory only
	Faults         *faults.Control  // makes it misbehave; nil means no faults
	Key            string           // the secret key it accepts; default any sk_test_…
	PublishableKey string           // the key of the shopper's browser; default any pk_test_…
	WebhookSecret  string           // signs the webhooks
	URL            string           // base URL of the bank's page for shoppers; default from the request
	Log            *slog.Logger     // default slog.Default()
	Now            func() time.Time // default time.Now
	// PerSecond is how many requests are served in any second; others get 429.
	// Stripe allows 100 with a live key and 25 with a test key. 0 means no limit.
	PerSecond int
	// HoldTime is how long an authorization lasts; default seven days.
	HoldTime time.Duration
	// DebitTime is how long a direct debit is processing; default seven days.
	DebitTime time.Duration
	// SearchLag is how long after a change a search does not know it; default a minute.
	SearchLag time.Duration
	// Validate checks each request with the official stripe-mock, which refuses
	// parameters that Stripe does not know. It costs time and is meant for tests.
	Validate bool
}

// Server is the stand-in.
type Server struct {
	conf     Config
	webhooks *webhooksender.Sender
	api      http.Handler // the API, before which the faults act
	check    http.Handler // stripe-mock, if Validate

	mu        sync.Mutex
	steps     int // journal entries written
	intents   collection[*Intent]
	charges   collection[*Charge]
	refunds   collection[*Refund]
	disputes  collection[*Dispute]
	events    collection[*Event]
	accounts  map[string]string  // the connected account of an intent, by its id
	keys      map[string]*stored // responses by idempotency key
	delivered map[string]bool    // events whose webhooks were accepted
	inUse     map[string]bool    // keys of requests under way
	rate      rate
	searches  rate
	index     searchIndex
	released  map[string]bool      // refunds that only released an authorization, by their id
	captures  map[string]int       // how often an intent was captured, by its id
	due       map[string]time.Time // when the bank decides on a debit, by its intent's id
	balance   collection[*BalanceTransaction]
	payouts   collection[*Payout]
	paidOut   string // the last day on which the balance was paid out
}

// New returns a stand-in with the state of its journal.
func New(c Config) (*Server, error) {
	if c.Journal == nil {
		c.Journal, _ = journal.Open("") // memory only: cannot fail
	}
	c.Log = cmp.Or(c.Log, slog.Default())
	if c.Now == nil {
		c.Now = time.Now
	}
	s := &Server{
		conf: c, accounts: map[string]string{}, keys: map[string]*stored{},
		delivered: map[string]bool{}, inUse: map[string]bool{}, released: map[string]bool{},
		captures: map[string]int{}, due: map[string]time.Time{},
	}
	last, err := s.load()
	if err != nil {
		return nil, err
	}
	if s.webhooks, err = webhooksender.New(c.Journal, "stripe", s.sign, c.Faults, c.Log); err != nil {
		return nil, err
	}
	s.webhooks.OnDelivered, s.webhooks.DiscardAfter = s.arrived, discardAfter
	// The process may have crashed between writing the last step and sending its
	// events.
	for _, e := range last {
		if !s.delivered[e.ID] {
			if err := s.webhooks.Send(e.ID, e.Type, e.Body); err != nil {
				return nil, err
			}
		}
	}
	if c.Validate {
		if s.check, err = stripeMock(); err != nil {
			return nil, err
		}
	}
	s.api = c.Faults.Wrap("stripe", s.routes())
	return s, nil
}

// SetWebhookURL sets the URL that webhooks are sent to; until then they wait.
func (s *Server) SetWebhookURL(url string) { s.webhooks.SetURL(url) }

// OnAcknowledged calls f with the time that the receiver took to accept each
// webhook. Call OnAcknowledged before Run.
func (s *Server) OnAcknowledged(f func(provider string, took time.Duration)) {
	s.webhooks.OnAcknowledged = f
}

// Run delivers webhooks, applies the banks' decisions on debits, and calls Sweep
// every minute, until the context ends.
func (s *Server) Run(ctx context.Context) error {
	var sweeper sync.WaitGroup
	defer sweeper.Wait()
	sweeper.Go(func() {
		tick, minute := time.NewTicker(time.Second), time.NewTicker(time.Minute)
		defer tick.Stop()
		defer minute.Stop()
		for {
			var err error
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				err = s.DecideDebits()
			case <-minute.C:
				err = s.Sweep()
			}
			if err != nil {
				s.conf.Log.Error("stripe sandbox: sweep", "error", err)
			}
		}
	})
	return s.webhooks.Run(ctx)
}

// Sweep expires authorizations after seven days, as banks do, deletes idempotency
// keys after one, and pays the balance out once a day. Run calls it every minute.
func (s *Server) Sweep() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.conf.Now()
	for k, a := range s.keys {
		if now.Sub(a.At) >= keepKeys {
			delete(s.keys, k)
		}
	}
	for _, in := range s.intents.all {
		if !s.lapsed(in, now) {
			continue
		}
		t := s.begin("")
		if in.AmountReceived > 0 {
			t.finishCapture(t.intent(in), t.charge(*in.LatestCharge), true)
		} else {
			t.cancel(in, automatic)
		}
		if err := s.commit(t); err != nil {
			return err
		}
	}
	return s.payOut(now)
}

// sign returns the header with Stripe's signature of a webhook.
func (s *Server) sign(body []byte, at time.Time) http.Header {
	mac := webhook.ComputeSignature(at, body, s.conf.WebhookSecret)
	return http.Header{
		"Stripe-Signature": {"t=" + strconv.FormatInt(at.Unix(), 10) + ",v1=" + hex.EncodeToString(mac)},
		"User-Agent":       {"Stripe/1.0 (+https://stripe.com/docs/webhooks)"},
	}
}

// arrived records that the receiver accepted a webhook.
func (s *Server) arrived(id string) {
	id, _, _ = strings.Cut(id, "#") // the suffix of a repetition
	s.mu.Lock()
	known := s.delivered[id]
	s.delivered[id] = true
	s.mu.Unlock()
	if known {
		return
	}
	if err := s.conf.Journal.Put("delivered", id, true); err != nil {
		s.conf.Log.Warn("stripe sandbox: cannot record a delivery", "event", id, "error", err)
	}
}

// collection keeps objects in the order in which they were created.
type collection[T interface{ key() string }] struct {
	all []T
	at  map[string]int
	by  map[string]T
}

func (b *collection[T]) put(v T) {
	if b.by == nil {
		b.by, b.at = map[string]T{}, map[string]int{}
	}
	if i, ok := b.at[v.key()]; ok {
		b.all[i] = v
	} else {
		b.at[v.key()] = len(b.all)
		b.all = append(b.all, v)
	}
	b.by[v.key()] = v
}

// newID returns an id in Stripe's format.
func newID(prefix string) string { return prefix + rand.Text()[:24] }

// load restores the state from the steps in the journal and returns the events of
// the last step.
func (s *Server) load() (last []*Event, err error) {
	err = s.conf.Journal.Each("step", func(id string, raw json.RawMessage) error {
		var st step
		if err := json.Unmarshal(raw, &st); err != nil {
			return err
		}
		n, err := strconv.Atoi(id)
		if err != nil {
			return fmt.Errorf("step %q: %w", id, err)
		}
		s.steps = max(s.steps, n)
		last = st.Events
		s.apply(st)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return last, s.conf.Journal.Each("delivered", func(id string, _ json.RawMessage) error {
		s.delivered[id] = true
		return nil
	})
}
