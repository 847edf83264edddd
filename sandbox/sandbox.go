// Package sandbox is the outside world in a box: stand-ins for the payment
// provider, the carrier, the mail provider and the search engine that speak their protocols over
// HTTP, keep their state, and misbehave when told to.
package sandbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"purser/sandbox/carrier"
	"purser/sandbox/faults"
	"purser/sandbox/journal"
	"purser/sandbox/objects"
	"purser/sandbox/search"
	"purser/sandbox/ses"
	"purser/sandbox/stripe"
)

// Config says which stand-ins there are. Those left nil are not: a real
// provider is used instead. Their Journal, Faults and Log are filled in here.
type Config struct {
	// DataDir holds the state, in a folder "sandbox". Empty: in memory only.
	DataDir string
	// Seed decides which calls a fault's rate strikes.
	Seed uint64
	// Log is silent when nil.
	Log *slog.Logger

	Stripe  *stripe.Config
	Carrier *carrier.Config
	SES     *ses.Config
	// Objects needs a DataDir; its Dir is filled in here.
	Objects *objects.Config
	Search  *search.Config
}

// Sandbox is the stand-ins together. A stand-in that was not asked for is nil.
type Sandbox struct {
	Faults  *faults.Control
	Stripe  *stripe.Server
	Carrier *carrier.Server
	SES     *ses.Server
	Objects *objects.Server
	Search  *search.Server

	bucket   string
	journals []*journal.Journal
}

// New opens the stand-ins where they left off.
func New(c Config) (*Sandbox, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	s := &Sandbox{Faults: faults.New(c.Seed)}
	if err := s.open(c); err != nil {
		return nil, errors.Join(fmt.Errorf("sandbox: %w", err), s.Close())
	}
	return s, nil
}

func (s *Sandbox) open(c Config) error {
	dir := ""
	if c.DataDir != "" {
		dir = filepath.Join(c.DataDir, "sandbox")
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	if c.Stripe != nil {
		j, err := s.journal(dir, "stripe")
		if err != nil {
			return err
		}
		conf := *c.Stripe
		conf.Journal, conf.Faults, conf.Log = j, s.Faults, c.Log
		if s.Stripe, err = stripe.New(conf); err != nil {
			return err
		}
	}
	if c.Carrier != nil {
		j, err := s.journal(dir, "carrier")
		if err != nil {
			return err
		}
		conf := *c.Carrier
		conf.Journal, conf.Faults, conf.Log = j, s.Faults, c.Log
		if s.Carrier, err = carrier.New(conf); err != nil {
			return err
		}
	}
	if c.SES != nil {
		j, err := s.journal(dir, "ses")
		if err != nil {
			return err
		}
		conf := *c.SES
		conf.Journal, conf.Faults, conf.Log = j, s.Faults, c.Log
		if s.SES, err = ses.New(conf); err != nil {
			return err
		}
	}
	if err := s.openSearch(c, dir); err != nil {
		return err
	}
	return s.openObjects(c, dir)
}

// openObjects starts the object store last: while it runs, the process's
// working directory is its own.
func (s *Sandbox) openObjects(c Config, dir string) (err error) {
	if c.Objects == nil {
		return nil
	}
	conf := *c.Objects
	conf.Dir, conf.Faults, conf.Log = filepath.Join(dir, "objects"), s.Faults, c.Log
	s.bucket = conf.Bucket
	s.Objects, err = objects.Start(context.Background(), conf)
	return err
}

func (s *Sandbox) openSearch(c Config, dir string) (err error) {
	if c.Search == nil {
		return nil
	}
	conf := *c.Search
	conf.Faults, conf.Log = s.Faults, c.Log
	if dir != "" {
		conf.Dir = filepath.Join(dir, "search")
	}
	s.Search, err = search.New(conf)
	return err
}

func (s *Sandbox) journal(dir, name string) (*journal.Journal, error) {
	path := ""
	if dir != "" {
		path = filepath.Join(dir, name+".db")
	}
	j, err := journal.Open(path)
	if err == nil {
		s.journals = append(s.journals, j)
	}
	return j, err
}

// SetWebhooks says where the stand-ins send their webhooks; until then they
// wait.
func (s *Sandbox) SetWebhooks(stripeURL, carrierURL string) {
	if s.Stripe != nil {
		s.Stripe.SetWebhookURL(stripeURL)
	}
	if s.Carrier != nil {
		s.Carrier.SetWebhookURL(carrierURL)
	}
}

// SubscribeMail says where SES's stand-in is reached itself (own, its Handler's
// address with "/ses") and where the messages of its topic go.
func (s *Sandbox) SubscribeMail(own, endpoint string) error {
	if s.SES == nil {
		return nil
	}
	return s.SES.Subscribe(own, endpoint)
}

// Handler serves the stand-ins, each below its own path:
//
//	/stripe/, /carrier/, /ses/, /search/   their protocols
//	/mail/                                 the mailbox, to read in a browser
//	/<bucket>/                             the object store's bucket
//	/sandbox/faults                        the rules that make them misbehave
func (s *Sandbox) Handler() http.Handler {
	mux := http.NewServeMux()
	if s.Stripe != nil {
		mux.Handle("/stripe/", http.StripPrefix("/stripe", s.Stripe.Handler()))
	}
	if s.Carrier != nil {
		mux.Handle("/carrier/", http.StripPrefix("/carrier", s.Carrier.Handler()))
	}
	if s.SES != nil {
		mux.Handle("/ses/", http.StripPrefix("/ses", s.SES.Handler()))
		mux.Handle("/mail/", http.StripPrefix("/mail", s.SES.Mailbox()))
	}
	if s.Objects != nil {
		mux.Handle("/"+s.bucket, s.Objects.Handler())
		mux.Handle("/"+s.bucket+"/", s.Objects.Handler())
	}
	if s.Search != nil {
		mux.Handle("/search/", http.StripPrefix("/search", s.Search.Handler()))
	}
	mux.Handle("/sandbox/faults", s.Faults.Handler())
	return mux
}

// Run lets the stand-ins do what they do by themselves (move parcels, send
// webhooks) until the context ends.
func (s *Sandbox) Run(ctx context.Context) error {
	var runs []func(context.Context) error
	if s.Stripe != nil {
		runs = append(runs, s.Stripe.Run)
	}
	if s.Carrier != nil {
		runs = append(runs, s.Carrier.Run)
	}
	if s.SES != nil {
		runs = append(runs, s.SES.Run)
	}
	errs := make([]error, len(runs))
	var wg sync.WaitGroup
	for i, run := range runs {
		wg.Go(func() { errs[i] = run(ctx) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// OnAcknowledged has f told how long the receiver took to accept each
// webhook. Call it before Run.
func (s *Sandbox) OnAcknowledged(f func(provider string, took time.Duration)) {
	if s.Stripe != nil {
		s.Stripe.OnAcknowledged(f)
	}
	if s.Carrier != nil {
		s.Carrier.OnAcknowledged(f)
	}
	if s.SES != nil {
		s.SES.OnAcknowledged(f)
	}
}

// Close closes the journals and the search. Run must have ended.
func (s *Sandbox) Close() error {
	var errs []error
	if s.Objects != nil {
		errs = append(errs, s.Objects.Close())
	}
	if s.Search != nil {
		errs = append(errs, s.Search.Close())
	}
	for _, j := range s.journals {
		errs = append(errs, j.Close())
	}
	return errors.Join(errs...)
}
