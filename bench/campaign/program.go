package campaign

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"purser/drill/process"
	"purser/mail"
	"purser/order"
	"purser/records"
	campaignrecords "purser/records/campaigns"
	"purser/sandbox"
	sandboxses "purser/sandbox/ses"
	"purser/shop"
)

// StackCommand is the hidden command that the program starts itself with.
type StackCommand struct {
	process.StackCommand `embed:""`
}

// program is the whole stack in a process of its own, which can be killed.
type program struct {
	*process.Stack
	sandbox string // the address of its mailbox
}

// newProgram returns a program that runs on dir. Its SES accepts a number of
// recipients a second; 0: without a limit.
func newProgram(path, dir string, rate int) *program {
	args := []string{"--sandbox-pace=50ms", "--sandbox-mail-pace=0s", fmt.Sprintf("--sandbox-mail-rate=%d", rate)}
	return &program{Stack: process.NewStack(path, dir, args...)}
}

// start starts the program, waits until it takes orders, and returns clients of it.
func (p *program) start(ctx context.Context) (*shop.Client, *shop.Shopper, error) {
	at, err := p.Start(ctx)
	if err != nil {
		return nil, nil, err
	}
	p.sandbox = at.Sandbox
	return &shop.Client{URL: at.API, Key: at.Key}, &shop.Shopper{StripeURL: at.Sandbox + "/stripe", PublishableKey: at.PublishableKey}, nil
}

// reportDelivery makes the sandbox report that a mail was delivered.
func (p *program) reportDelivery(ctx context.Context, id string) error {
	form := url.Values{"how": {string(sandboxses.Deliver)}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.sandbox+"/mail/"+id+"/answer", strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("the mailbox returns %s", resp.Status)
	}
	return nil
}

// mails returns the mails that the sandbox of a stopped program has received.
func (p *program) mails() ([]sandboxses.AcceptedMail, error) {
	box, err := sandbox.New(sandbox.Config{DataDir: p.Dir, SES: &sandboxses.Config{}})
	if err != nil {
		return nil, err
	}
	return box.SES.Accepted(), box.Close()
}

func (p *program) record(ctx context.Context, read func(*records.Store) error) error {
	s, err := records.Open(ctx, "sqlite://"+filepath.Join(p.Dir, "record.db"), records.Options{})
	if err != nil {
		return err
	}
	return errors.Join(read(s), s.Close())
}

// outcomes returns the campaign's recipients as the record of a stopped program has
// them.
func (p *program) outcomes(ctx context.Context, campaign string) (all []mail.Recipient, err error) {
	err = p.record(ctx, func(s *records.Store) error {
		for after := int64(0); ; {
			page, err := s.Recipients(ctx, campaign, campaignrecords.RecipientFilter{After: after, Limit: 500})
			if err != nil || len(page) == 0 {
				return err
			}
			all, after = append(all, page...), page[len(page)-1].N
		}
	})
	return all, err
}

// paidAt returns when the order was paid, according to the record of a stopped
// program.
func (p *program) paidAt(ctx context.Context, id order.ID) (at time.Time, err error) {
	err = p.record(ctx, func(s *records.Store) error {
		events, err := s.Events(ctx, id, 0, 500)
		for _, e := range events {
			if e.Kind == order.PaymentWasCaptured {
				at = e.At
			}
		}
		return err
	})
	return at, err
}
