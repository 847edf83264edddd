package commands

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
	"text/tabwriter"
	"time"

	"purser/drill"
	"purser/mail"
	"purser/order"
	"purser/records"
	campaignrecords "purser/records/campaigns"
	"purser/sandbox"
	sandboxses "purser/sandbox/ses"
	"purser/shop"
	"purser/stack"
)

// benchCampaignCmd kills a stack of its own in the midst of a large campaign.
type benchCampaignCmd struct {
	Recipients  int           `help:"Recipients of the campaign." default:"50000"`
	Kills       int           `help:"How often the program is killed (SIGKILL) meanwhile." default:"3"`
	Rate        int           `help:"Recipients a second that the sandbox's SES takes; 0: as many as come." default:"0"`
	OrdersEvery time.Duration `help:"How often an order is bought meanwhile; 0: none is." default:"500ms"`
	JSON        bool          `name:"json" help:"Print JSON."`
}

// Run measures a stack on SQLite: the one that a process killed takes along.
func (b *benchCampaignCmd) Run(e *env) (err error) {
	if b.Recipients < 1 || b.Kills < 0 || b.Rate < 0 || b.OrdersEvery < 0 {
		return usageError{errors.New("bench campaign: --recipients wants 1 or more, the others 0 or more")}
	}
	dir, err := os.MkdirTemp("", "purser-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	self, err := os.Executable()
	if err != nil {
		return err
	}
	p := &program{path: self, dir: filepath.Join(dir, "data"), rate: b.Rate}
	r, err := drill.Campaign(e.ctx, "sqlite", p, drill.CampaignLoad{Recipients: b.Recipients, Kills: b.Kills, OrdersEvery: b.OrdersEvery})
	if err != nil {
		return fmt.Errorf("bench campaign: %w", err)
	}
	if b.JSON {
		return json.NewEncoder(e.stdout).Encode(r)
	}
	t := tabwriter.NewWriter(e.stdout, 0, 0, 3, ' ', tabwriter.AlignRight)
	for _, row := range []struct {
		name  string
		value any
	}{
		{"recipients", r.Recipients},
		{"kills", r.Kills},
		{"seconds", fmt.Sprintf("%.0f", r.Seconds)},
		{"recipients/s", fmt.Sprintf("%.1f", r.PerSecond)},
		{"written to once more", r.Retried},
		{"sent, by the record", r.Sent},
		{"unknown", r.Unknown},
		{"unknown, but sent", r.Arrived},
		{"other outcomes", r.Other},
		{"lost", r.Lost},
		{"doubled", r.Doubled},
		{"orders meanwhile", r.Orders},
		{"their mails lost", r.Unmailed},
		{"an order's mail behind the campaign, p50 ms", fmt.Sprintf("%.0f", r.P50)},
		{"p99 ms", fmt.Sprintf("%.0f", r.P99)},
	} {
		fmt.Fprintf(t, "%s\t%v\t\n", row.name, row.value)
	}
	return t.Flush()
}

// program is `purser up` in a process of its own.
type program struct {
	path, dir string
	rate      int
	sandbox   string // where its mailbox is
	cmd       *exec.Cmd
	ended     chan error
}

// Start runs it until it has left its addresses.
func (p *program) Start(ctx context.Context) (*shop.Client, *shop.Shopper, error) {
	if err := os.Remove(filepath.Join(p.dir, stack.RunningFile)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, nil, err
	}
	p.cmd = exec.CommandContext(ctx, p.path, "up", "--data="+p.dir, "--listen=127.0.0.1:0", "--sandbox-port=0", "--temporal-port=0", "--no-ui",
		"--sandbox-pace=50ms", "--sandbox-mail-pace=0s", fmt.Sprintf("--sandbox-mail-rate=%d", p.rate))
	log, err := os.OpenFile(p.dir+".log", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, nil, err
	}
	defer log.Close() // the process has its own
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
			said, _ := os.ReadFile(p.dir + ".log") // whatever there is
			return nil, nil, fmt.Errorf("the stack ended: %w\n%s", err, said)
		case <-tick.C:
		}
	}
}

// Kill is kill -9.
func (p *program) Kill() error {
	if err := p.cmd.Process.Kill(); err != nil {
		return err
	}
	<-p.ended
	p.cmd = nil
	return nil
}

// Stop lets it end; one that has ended stays so.
func (p *program) Stop() error {
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

// Delivered presses the button of the mailbox.
func (p *program) Delivered(ctx context.Context, letter string) error {
	form := url.Values{"how": {string(sandboxses.Deliver)}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.sandbox+"/mail/"+letter+"/answer", strings.NewReader(form.Encode()))
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
		return fmt.Errorf("the mailbox answers %s", resp.Status)
	}
	return nil
}

// Letters is what the sandbox kept.
func (p *program) Letters() (all []drill.Letter, err error) {
	box, err := sandbox.New(sandbox.Config{DataDir: p.dir, SES: &sandboxses.Config{}})
	if err != nil {
		return nil, err
	}
	for _, a := range box.SES.Arrivals() {
		all = append(all, drill.Letter{ID: a.ID, At: a.At, Tags: a.Tags})
	}
	return all, box.Close()
}

func (p *program) record(ctx context.Context, read func(*records.Store) error) error {
	s, err := records.Open(ctx, "sqlite://"+filepath.Join(p.dir, "record.db"), records.Options{})
	if err != nil {
		return err
	}
	return errors.Join(read(s), s.Close())
}

// Outcomes are the campaign's recipients in the record.
func (p *program) Outcomes(ctx context.Context, campaign string) (all []mail.Recipient, err error) {
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

// PaidAt is when the order's money was taken, by its story.
func (p *program) PaidAt(ctx context.Context, id order.ID) (at time.Time, err error) {
	err = p.record(ctx, func(s *records.Store) error {
		events, err := s.Events(ctx, id, 0, 500)
		for _, e := range events {
			if e.Kind == order.PaymentCaptured {
				at = e.At
			}
		}
		return err
	})
	return at, err
}
