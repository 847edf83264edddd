package drill

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

// mailWorld is a fleet of workers that send mail, and the two providers they
// send it through.
type mailWorld struct {
	ses    *standinses.Server
	door   *door // of SES
	faults *faults.Control
	relay  *standinsmtp.Server
	fleet  []*mails.Activities
}

const mailSender = "Bench <orders@shop.example>"

// newMailWorld makes a fleet whose members share the record and nothing else.
func newMailWorld(ctx context.Context, stores []*records.Store, workers, rate int, breaker guard.Config) (_ *mailWorld, err error) {
	w := &mailWorld{faults: faults.New(1)}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.close())
		}
	}()
	if w.ses, err = standinses.New(standinses.Config{PerSecond: rate, Faults: w.faults, AccessKey: "bench", SecretKey: "bench", Keep: 1}); err != nil {
		return nil, err
	}
	if w.door, err = openDoor(w.ses.Handler()); err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	w.relay = standinsmtp.New(standinsmtp.Config{Keep: 1})
	w.relay.Start(l)
	for n := range workers {
		a, err := w.worker(ctx, stores[n%len(stores)], l.Addr().(*net.TCPAddr).Port, rate, breaker)
		if err != nil {
			return nil, err
		}
		w.fleet = append(w.fleet, a)
	}
	return w, nil
}

func (w *mailWorld) worker(ctx context.Context, store *records.Store, relay, rate int, breaker guard.Config) (*mails.Activities, error) {
	primary, err := ses.New(ctx, ses.Config{
		From: mailSender, Region: "sandbox", AccessKey: "bench", SecretKey: "bench", Endpoint: w.door.url(), Timeout: 5 * time.Second,
	})
	if err != nil {
		return nil, err
	}
	backup, err := smtp.New(smtp.Config{From: mailSender, Host: "127.0.0.1", Port: relay, TLS: smtp.None, Rate: float64(rate)})
	if err != nil {
		return nil, err
	}
	office, err := mailrouter.New(mailrouter.Config{
		Routes: []mailrouter.Route{{Name: "ses", Mailer: primary, Breaker: breaker}, {Name: "smtp", Mailer: backup, Breaker: breaker}},
		Pace:   store, Log: slog.New(slog.DiscardHandler),
	})
	if err == nil {
		err = office.Ask(ctx)
	}
	return &mails.Activities{Post: office, Ledger: store, Blocked: store}, err
}

func (w *mailWorld) close() error {
	if w.door != nil {
		w.door.shut()
	}
	if w.relay == nil {
		return nil
	}
	return w.relay.Close()
}

// accepted is how often the two providers took each mail, by their own count.
func (w *mailWorld) accepted() map[string]int {
	counts := make(map[string]int)
	for _, a := range w.ses.Arrivals() {
		counts[mail.FromWireID(a.Tags["message"])]++
	}
	for id, n := range w.relay.Counts() {
		counts[mail.FromWireID(id)] += n
	}
	return counts
}

// send is a mail's step as the engine runs it: tried until it is settled,
// waiting as long as it is told.
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
		if !rest(ctx, wait) {
			return "", ctx.Err()
		}
	}
}

// rest waits; false: the context ended first.
func rest(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// letter is a mail of the bench.
func letter(phase string, n int, s mail.Stream) mail.Message {
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

// door is where a provider is reached; shut, nobody is there.
type door struct {
	address string
	handler http.Handler

	mu  sync.Mutex
	srv *http.Server
}

func openDoor(h http.Handler) (*door, error) {
	d := &door{address: "127.0.0.1:0", handler: h}
	return d, d.open()
}

func (d *door) url() string { return "http://" + d.address }

func (d *door) open() error {
	l, err := net.Listen("tcp", d.address)
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.address, d.srv = l.Addr().String(), &http.Server{Handler: d.handler, ReadHeaderTimeout: 10 * time.Second}
	go func(s *http.Server) { _ = s.Serve(l) }(d.srv) // ends with shut
	return nil
}

// shut hangs up on everybody, as a process that dies does.
func (d *door) shut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	_ = d.srv.Close()
}
