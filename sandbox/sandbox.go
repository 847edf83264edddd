// Package sandbox runs stand-ins for the payment provider, the carrier, the mail
// provider, the search engine and the object store. They speak the providers'
// protocols over HTTP, keep their state, and misbehave by rules. They are as strict
// as the providers; LIMITS.md lists the limits with their sources and tests.
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

// Config configures the stand-ins. A stand-in whose field is nil does not run: a
// real provider is used instead. New sets their Journal, Faults and Log.
type Config struct {
	// DataDir holds the state, in a folder "sandbox". If it is empty, the state
	// is kept in memory only.
	DataDir string
	// Seed decides which calls a fault's rate strikes.
	Seed uint64
	// Log receives errors. Nil discards them.
	Log *slog.Logger

	Stripe  *stripe.Config
	Carrier *carrier.Config
	SES     *ses.Config
	// Objects needs a DataDir; New sets its Dir.
	Objects *objects.Config
	Search  *search.Config
}

// Sandbox holds the running stand-ins. A stand-in that is not configured is nil.
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

// New opens the stand-ins with the state that they have kept.
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

// openObjects starts the object store. It must run last, because the object
// store changes the process's working directory.
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

// SetWebhooks sets the URLs that the stand-ins send their webhooks to; until
// then the webhooks wait.
func (s *Sandbox) SetWebhooks(stripeURL, carrierURL string) {
	if s.Stripe != nil {
		s.Stripe.SetWebhookURL(stripeURL)
	}
	if s.Carrier != nil {
		s.Carrier.SetWebhookURL(carrierURL)
	}
}

// SubscribeMail subscribes endpoint to the topic of SES's stand-in. own is the
// URL of the stand-in itself: the Handler's address with "/ses".
func (s *Sandbox) SubscribeMail(own, endpoint string) error {
	if s.SES == nil {
		return nil
	}
	return s.SES.Subscribe(own, endpoint)
}

// Handler serves the stand-ins, each below its own path:
//
//	/stripe/, /carrier/, /ses/, /search/   the providers' protocols
//	/mail/                                 the mailbox, for a browser
//	/<bucket>/                             the object store's bucket
//	/                                      the index of all pages and switches
//	/sandbox/faults                        the rules for faults
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
	s.serveIndex(mux)
	return mux
}

// Run does the stand-ins' background work (moving parcels, sending webhooks)
// until the context ends.
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

// OnAcknowledged calls f with the time that the receiver took to accept each
// webhook. Call OnAcknowledged before Run.
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
