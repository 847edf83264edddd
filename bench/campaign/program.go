package campaign

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"purser/config"
	"purser/mail"
	"purser/order"
	"purser/records"
	campaignrecords "purser/records/campaigns"
	"purser/sandbox"
	sandboxses "purser/sandbox/ses"
	"purser/shop"
	"purser/stack"
)

// StackCommand is the whole stack in a process of its own, as "purser up" runs
// it, with every provider played by the sandbox. It runs until it is interrupted.
type StackCommand struct {
	config.Config `embed:""`
}

// Run starts the stack and waits.
func (c *StackCommand) Run(ctx context.Context) error {
	cfg := c.Apart(c.Data)
	s, err := stack.Start(ctx, &cfg, stack.Everything)
	if err != nil {
		return err
	}
	defer s.Stop()
	if err := s.LoadSample(ctx); err != nil {
		return err
	}
	return s.Wait(ctx)
}

// program is the whole stack in a process of its own, which can be killed.
type program struct {
	path, dir string
	rate      int
	sandbox   string // the address of its mailbox
	cmd       *exec.Cmd
	ended     chan error
}

// start starts the program, waits until it takes orders, and returns clients of it.
func (p *program) start(ctx context.Context) (*shop.Client, *shop.Shopper, error) {
	if err := os.Remove(filepath.Join(p.dir, stack.RunningFile)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, nil, err
	}
	p.cmd = exec.CommandContext(ctx, p.path, "stack", "--data="+p.dir, "--sandbox-pace=50ms", "--sandbox-mail-pace=0s", fmt.Sprintf("--sandbox-mail-rate=%d", p.rate))
	log, err := os.OpenFile(p.dir+".log", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, nil, err
	}
	defer log.Close() // the process has its own copy of the file
	p.cmd.Stderr = log
	if err := p.cmd.Start(); err != nil {
		return nil, nil, err
	}
	p.ended = make(chan error, 1)
	go func() { p.ended <- p.cmd.Wait() }()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		if b, err := os.ReadFile(filepath.Join(p.dir, stack.RunningFile)); err == nil {
			var at stack.Running
			if err := json.Unmarshal(b, &at); err == nil {
				p.sandbox = at.Sandbox
				return &shop.Client{URL: at.API, Key: at.Key}, &shop.Shopper{StripeURL: at.Sandbox + "/stripe", PublishableKey: at.PublishableKey}, nil
			}
		}
		select {
		case err := <-p.ended:
			p.cmd = nil
			said, _ := os.ReadFile(p.dir + ".log") // as much as there is
			return nil, nil, fmt.Errorf("the stack ended: %w\n%s", err, said)
		case <-tick.C:
		}
	}
}

// kill ends the program with SIGKILL.
func (p *program) kill() error {
	if err := p.cmd.Process.Kill(); err != nil {
		return err
	}
	<-p.ended
	p.cmd = nil
	return nil
}

// stop interrupts the program and waits for its end. It does nothing if the program
// has ended.
func (p *program) stop() error {
	if p.cmd == nil {
		return nil
	}
	err := p.cmd.Process.Signal(os.Interrupt)
	if err == nil {
		err = <-p.ended
	}
	p.cmd = nil
	return err
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
	box, err := sandbox.New(sandbox.Config{DataDir: p.dir, SES: &sandboxses.Config{}})
	if err != nil {
		return nil, err
	}
	return box.SES.Accepted(), box.Close()
}

func (p *program) record(ctx context.Context, read func(*records.Store) error) error {
	s, err := records.Open(ctx, "sqlite://"+filepath.Join(p.dir, "record.db"), records.Options{})
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
