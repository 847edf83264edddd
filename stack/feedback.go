package stack

import (
	"context"
	"crypto/x509"
	"fmt"
	"log/slog"
	netmail "net/mail"
	"time"

	"purser/api/mails"
	"purser/inbox"
	"purser/mail"
	"purser/order"
	"purser/providers/mailwebhook"
	"purser/providers/sns"
	"purser/records"
	sandboxses "purser/sandbox/ses"
)

// snsSecret makes the authority that vouches for the stand-in's messages: this
// installation's own, known to every role that shares the vault's key.
func (s *Stack) snsSecret() string { return s.vault.Derive("sandbox sns authority") }

// playedSES is the stand-in of SES.
func (s *Stack) playedSES() *sandboxses.Config {
	c := s.cfg
	return &sandboxses.Config{
		AccessKey: "sandbox", SecretKey: "sandbox", Secret: s.snsSecret(),
		Pace: c.SandboxMailPace, PerSecond: c.SandboxMailRate, PerDay: c.SandboxMailQuota,
	}
}

// snsSource believes Amazon's SNS or, where the sandbox plays SES, the
// stand-in's topic: by the same checks, with another authority.
func (s *Stack) snsSource() (*sns.Source, error) {
	if !s.cfg.PlaysSES() {
		return sns.New(sns.Config{Topics: s.cfg.SESTopics, Keeper: s.Records})
	}
	roots := x509.NewCertPool()
	roots.AddCert(sandboxses.Root(s.snsSecret()))
	return sns.New(sns.Config{Topics: []string{sandboxses.TopicARN}, Origin: s.sandboxURL + "/ses/sns/", Roots: roots, Keeper: s.Records})
}

// links makes the links by which shoppers leave marketing mails.
func (s *Stack) links() mail.Links {
	return mail.Links{Key: []byte(s.vault.Derive("unsubscribe links")), Base: s.publicURL()}
}

// addMailWebhooks adds the webhooks in which providers say what became of mails: what
// verifies them, and what acts upon them.
func (s *Stack) addMailWebhooks(hooks *inbox.Handler, relay *inbox.Relay) error {
	source, err := s.snsSource()
	if err != nil {
		return err
	}
	hooks.Sources["ses"] = source
	hooks.Sources["mail"] = mailwebhook.Source{Secrets: s.cfg.MailWebhookSecrets}
	e := &mailReports{source: source, record: s.Records, tolerance: s.cfg.Tolerance(), latest: s.cfg.MailJudgeLatest, log: s.log, badFeedback: make(chan struct{}, 1)}
	relay.Mails = e
	s.background(e.judge)
	return nil
}

// mailService serves the API's operations on mails.
func (s *Stack) mailService(p *providers) *mails.Service {
	m := &mails.Service{
		Orders: s.Records, Resender: s.starter, Providers: p.mail.router.Status,
		Records: s.Records, Links: s.links(), Tolerance: s.cfg.Tolerance(), Latest: s.cfg.MailJudgeLatest,
	}
	if a, err := netmail.ParseAddress(s.cfg.MailFrom); err == nil {
		m.Shop = a.Name
	}
	return m
}

// mailReports takes the reports of what became of mails, and pauses marketing
// when too many of them are bad.
type mailReports struct {
	source      *sns.Source
	record      *records.Store
	tolerance   mail.Tolerance
	latest      int
	log         *slog.Logger
	badFeedback chan struct{} // holds one when a mail has bounced or been complained about
}

// Handle acts on a report, once for each inbox id, and returns what it tells of
// orders.
func (e *mailReports) Handle(ctx context.Context, inboxID int64, r mail.Report) ([]order.ProviderEvent, error) {
	if r.Confirm != "" {
		if err := e.source.Confirm(ctx, r.Confirm); err != nil {
			return nil, err
		}
		e.log.InfoContext(ctx, "SNS subscription confirmed", "inboxId", inboxID)
	}
	fresh, err := e.record.RecordFeedback(ctx, inboxID, r.Feedback)
	if err != nil {
		return nil, err
	}
	for _, f := range r.Feedback {
		if fresh && (f.Kind == mail.Complained || f.Kind == mail.Bounced) {
			select {
			case e.badFeedback <- struct{}{}:
			default: // it is going to be judged already
			}
			break
		}
	}
	return e.record.MailEvents(ctx, r.Feedback)
}

// How often the latest mails are judged: soon after bad news, not after each
// piece of it, and every minute, since another process may have heard it.
const (
	judgeAtMost  = time.Second
	judgeAtLeast = time.Minute
)

// judge pauses marketing before a provider's limits do, until the context
// ends.
func (e *mailReports) judge(ctx context.Context) {
	for {
		if err := e.judgeOnce(ctx); err != nil && ctx.Err() == nil {
			e.log.ErrorContext(ctx, "how the latest mails went cannot be judged", "error", err)
		}
		pause := time.NewTimer(judgeAtMost)
		select {
		case <-ctx.Done():
			pause.Stop()
			return
		case <-pause.C:
		}
		pause.Reset(judgeAtLeast)
		select {
		case <-ctx.Done():
		case <-e.badFeedback:
		case <-pause.C:
		}
		pause.Stop()
		if ctx.Err() != nil {
			return
		}
	}
}

func (e *mailReports) judgeOnce(ctx context.Context) error {
	standings, err := e.record.Standings(ctx, e.latest)
	if err != nil {
		return err
	}
	for _, st := range standings {
		why := e.tolerance.Judge(st)
		if why == "" {
			continue
		}
		changed, err := e.record.PauseMarketing(ctx, "purser", why)
		if err != nil {
			return fmt.Errorf("pause marketing: %w", err)
		}
		if changed {
			e.log.ErrorContext(ctx, "marketing paused itself: an operator must look, then 'purser mail resume'", "why", why)
		}
	}
	return nil
}
