//go:build !lean

package workers_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"go.temporal.io/sdk/client"

	"purser/activities/fake"
	"purser/activities/mails"
	"purser/engine"
	"purser/mail"
	"purser/order"
	"purser/workers"
	"purser/workflows"
	mailworkflows "purser/workflows/mails"
)

// slowProvider is a mail provider whose call lasts until ends is closed.
type slowProvider struct {
	outlasts     bool          // the call goes on after the timeout of the local try
	handed, ends chan struct{} // closed when the call begins; closed to end it
}

func (p *slowProvider) Send(ctx context.Context, _ mail.Message, _ time.Duration, ready func(ctx context.Context, provider string) error) (mail.Receipt, error) {
	if err := ready(ctx, "slow"); err != nil {
		return mail.Receipt{}, err
	}
	if p.outlasts {
		<-ctx.Done()
	}
	close(p.handed)
	<-p.ends
	return mail.Receipt{Provider: "slow", ProviderID: "slow-1"}, nil
}

// oneOrder is a record with one order.
type oneOrder struct{}

func (oneOrder) Order(_ context.Context, id order.ID) (order.Order, error) {
	return order.Order{ID: id, Email: "ada@example.com", ShipTo: order.Address{Name: "Ada"}}, nil
}

// stopped is a log handler that gets a value for each worker that has stopped.
type stopped chan struct{}

func (stopped) Enabled(context.Context, slog.Level) bool { return true }
func (s stopped) WithAttrs([]slog.Attr) slog.Handler     { return s }
func (s stopped) WithGroup(string) slog.Handler          { return s }

func (s stopped) Handle(_ context.Context, r slog.Record) error {
	if r.Message == "Stopped Worker" {
		s <- struct{}{}
	}
	return nil
}

// TestStopDuringMail (EML-1): a mail that is being sent when the workers stop ends as
// sent, not as unknown, even if the provider takes longer than the local try may: the
// workers wait for it.
func TestStopDuringMail(t *testing.T) {
	e, err := engine.Start(t.Context(), engine.Config{
		DataDir: t.TempDir(), UIPort: -1, Logger: slog.New(slog.DiscardHandler), SearchAttributes: workflows.SearchAttributes(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Stop)
	for _, tt := range []struct {
		name     string
		id       order.ID
		outlasts bool
		others   int // how many of the seven workers stop while the mail is being sent
	}{
		{name: "within the local try", id: "ord_00000000000000000000000001", others: 6},
		{name: "longer than the local try", id: "ord_00000000000000000000000002", outlasts: true, others: 7},
	} {
		t.Run(tt.name, func(t *testing.T) {
			gone := make(stopped, 16)
			c, err := client.Dial(client.Options{HostPort: e.Address(), Logger: slog.New(gone), Namespace: "default"})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(c.Close)
			post, ledger := &slowProvider{outlasts: tt.outlasts, handed: make(chan struct{}), ends: make(chan struct{})}, &fake.Ledger{}
			set := workers.New(c, workers.Activities{Mails: &mails.Activities{
				MailRouter: post, Templates: fake.MailTemplates{}, Ledger: ledger, Orders: oneOrder{}, Resends: ledger,
			}}, workers.Limits{})
			if err := set.Start(); err != nil {
				t.Fatal(err)
			}
			ask := order.Resend{OrderID: tt.id, Notification: order.MailReturnInstructions, Key: "k", Actor: "key:ops", Why: "asked"}
			run, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: mailworkflows.ResendWorkflowID(ask), TaskQueue: workflows.OrdersQueue}, mailworkflows.ResendWorkflow, ask)
			if err != nil {
				t.Fatal(err)
			}
			<-post.handed
			ended := make(chan struct{})
			go func() { set.Stop(); close(ended) }()
			for range tt.others {
				<-gone
			}
			select {
			case <-ended:
				t.Error("the workers do not wait for the mail")
			case <-time.After(200 * time.Millisecond): // there is no event for a wait that goes on
			}
			close(post.ends)
			<-ended
			for id, state := range ledger.States() {
				if state != mail.StateSent {
					t.Errorf("mail %s ended as %s", id, state)
				}
			}
			if len(ledger.States()) != 1 {
				t.Errorf("the ledger has %v", ledger.States())
			}
			if tt.outlasts {
				return // its workflow goes on with a try on the mail queue
			}
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second) // no worker is left that could end it later
			defer cancel()
			var out mails.MailOutcome
			if err := run.Get(ctx, &out); err != nil || out.State != mail.StateSent {
				t.Errorf("the workflow ended with %+v, %v", out, err)
			}
		})
	}
}
