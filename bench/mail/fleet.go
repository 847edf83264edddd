package mail

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"go.temporal.io/sdk/temporal"

	"purser/activities/mails"
	"purser/bench/measure"
	"purser/mail"
	"purser/providers/guard"
	"purser/providers/mailrouter"
	"purser/providers/ses"
	"purser/providers/smtp"
	"purser/records"
	"purser/sandbox/faults"
	standinses "purser/sandbox/ses"
	standinsmtp "purser/sandbox/smtp"
)

// fleet is a number of workers that send mail, and the two providers through which
// they send it.
type fleet struct {
	ses      *standinses.Server
	endpoint *endpoint // of SES
	faults   *faults.Control
	relay    *standinsmtp.Server
	workers  []*mails.Activities
}

const mailSender = "Bench <orders@shop.example>"

// newFleet makes a fleet whose members share the record and nothing else.
func newFleet(ctx context.Context, stores []*records.Store, workers, rate int, breaker guard.Config) (_ *fleet, err error) {
	f := &fleet{faults: faults.New(1)}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.close())
		}
	}()
	if f.ses, err = standinses.New(standinses.Config{PerSecond: rate, Faults: f.faults, AccessKey: "bench", SecretKey: "bench", Keep: 1}); err != nil {
		return nil, err
	}
	if f.endpoint, err = startEndpoint(f.ses.Handler()); err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	f.relay = standinsmtp.New(standinsmtp.Config{Keep: 1})
	f.relay.Start(l)
	for n := range workers {
		a, err := f.worker(ctx, stores[n%len(stores)], l.Addr().(*net.TCPAddr).Port, rate, breaker)
		if err != nil {
			return nil, err
		}
		f.workers = append(f.workers, a)
	}
	return f, nil
}

func (f *fleet) worker(ctx context.Context, store *records.Store, relay, rate int, breaker guard.Config) (*mails.Activities, error) {
	primary, err := ses.New(ctx, ses.Config{
		From: mailSender, Region: "sandbox", AccessKey: "bench", SecretKey: "bench", Endpoint: f.endpoint.url(), Timeout: 5 * time.Second,
	})
	if err != nil {
		return nil, err
	}
	backup, err := smtp.New(smtp.Config{From: mailSender, Host: "127.0.0.1", Port: relay, TLS: smtp.None, Rate: float64(rate)})
	if err != nil {
		return nil, err
	}
	router, err := mailrouter.New(mailrouter.Config{
		Routes: []mailrouter.Route{{Name: "ses", Mailer: primary, Breaker: breaker}, {Name: "smtp", Mailer: backup, Breaker: breaker}},
		Pace:   store, Log: slog.New(slog.DiscardHandler),
	})
	if err == nil {
		err = router.Ask(ctx)
	}
	return &mails.Activities{MailRouter: router, Ledger: store, Blocked: store}, err
}

func (f *fleet) close() error {
	if f.endpoint != nil {
		f.endpoint.down()
	}
	if f.relay == nil {
		return nil
	}
	return f.relay.Close()
}

// accepted returns how often the two providers accepted each mail, by their own
// counts.
func (f *fleet) accepted() map[string]int {
	counts := make(map[string]int)
	for _, a := range f.ses.Accepted() {
		counts[mail.FromWireTag(a.Tags["message"])]++
	}
	for id, n := range f.relay.Counts() {
		counts[mail.FromWireID(id)] += n
	}
	return counts
}

// send runs a mail's activity as the engine does: it repeats it, after the delay
// that the activity asks for, until the outcome is decided.
func send(ctx context.Context, a *mails.Activities, m mail.Message) (mail.State, error) {
	for {
		out, err := a.SendMessage(ctx, m)
		if err == nil {
			return out.State, nil
		}
		var app *temporal.ApplicationError
		if !errors.As(err, &app) || app.NonRetryable() {
			return "", err
		}
		wait := 50 * time.Millisecond
		if d := app.NextRetryDelay(); d > 0 {
			wait = d
		}
		if !measure.Wait(ctx, wait) {
			return "", ctx.Err()
		}
	}
}

// message returns a mail of the bench.
func message(phase string, n int, s mail.Stream) mail.Message {
	m := mail.Message{
		ID: fmt.Sprintf("bench-%s:%d", phase, n), About: "bench-" + phase, Stream: s, Template: "bench",
		To:      []mail.Address{{Email: fmt.Sprintf("shopper%d@shop.example", n)}},
		Content: mail.Content{Subject: "Bench", Text: "One mail of many.", HTML: "<p>One mail of many.</p>"},
	}
	if s == mail.Marketing {
		m.Unsubscribe = "https://shop.example/unsubscribe/bench"
	}
	return m
}

// endpoint serves a provider at an address that stays the same after an outage.
type endpoint struct {
	address string
	handler http.Handler

	mu  sync.Mutex
	srv *http.Server
}

func startEndpoint(h http.Handler) (*endpoint, error) {
	e := &endpoint{address: "127.0.0.1:0", handler: h}
	return e, e.up()
}

func (e *endpoint) url() string { return "http://" + e.address }

func (e *endpoint) up() error {
	l, err := net.Listen("tcp", e.address)
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.address, e.srv = l.Addr().String(), &http.Server{Handler: e.handler, ReadHeaderTimeout: 10 * time.Second}
	go func(s *http.Server) { _ = s.Serve(l) }(e.srv) // ends with down
	return nil
}

// down ends every connection, as a process that dies does.
func (e *endpoint) down() {
	e.mu.Lock()
	defer e.mu.Unlock()
	_ = e.srv.Close()
}
