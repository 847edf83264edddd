package stack

import (
	"context"
	"crypto/x509"
	"fmt"
	"log/slog"
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

// snsSecret returns the secret of the authority that signs the stand-in's
// messages. It belongs to this installation; every role that shares the vault's
// key derives the same.
func (s *Stack) snsSecret() string { return s.vault.Derive("sandbox sns authority") }

// playedSES returns the settings of the stand-in for SES.
func (s *Stack) playedSES() *sandboxses.Config {
	c := s.cfg
	return &sandboxses.Config{
		AccessKey: "sandbox", SecretKey: "sandbox", Secret: s.snsSecret(),
		Pace: c.SandboxMailPace, PerSecond: c.SandboxMailRate, PerDay: c.SandboxMailQuota,
	}
}

// snsSource returns the verifier of messages from Amazon's SNS or, where the
// sandbox plays SES, from the stand-in's topic: the checks are the same, the
// authority differs.
func (s *Stack) snsSource() (*sns.Source, error) {
	if !s.cfg.PlaysSES() {
		return sns.New(sns.Config{Topics: s.cfg.SESTopics, Keeper: s.Records})
	}
	roots := x509.NewCertPool()
	roots.AddCert(sandboxses.Root(s.snsSecret()))
	return sns.New(sns.Config{Topics: []string{sandboxses.TopicARN}, Origin: s.sandboxURL + "/ses/sns/", Roots: roots, Keeper: s.Records})
}

// links returns the maker of the links by which shoppers unsubscribe from
// marketing mail.
func (s *Stack) links() mail.Links {
	return mail.Links{Key: []byte(s.vault.Derive("unsubscribe links")), Base: s.publicURL()}
}

// addMailWebhooks adds the webhooks in which providers report what became of
// mails: how they are verified, and how they are handled.
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

// mailService returns the API's operations on mails.
func (s *Stack) mailService(p *providers) *mails.Service {
	return &mails.Service{
		Orders: s.Records, Resender: s.starter, Providers: p.mail.router.Status,
		Records: s.Records, Links: s.links(), Shop: p.mail.templates.ShopName(),
		Tolerance: s.cfg.Tolerance(), Latest: s.cfg.MailJudgeLatest,
	}
}

// mailReports handles the reports of what became of mails, and pauses marketing
// when too many mails bounced or were complained about.
type mailReports struct {
	source      *sns.Source
	record      *records.Store
	tolerance   mail.Tolerance
	latest      int
	log         *slog.Logger
	badFeedback chan struct{} // holds one when a mail has bounced or been complained about
}

// Handle applies a report, once for each inbox id, and returns the events of
// orders that follow from it.
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
			default: // the next judgment is already due
			}
			break
		}
	}
	return e.record.MailEvents(ctx, r.Feedback)
}

// The latest mails are judged soon after bad feedback, but at most once a second,
// and every minute, since another process may have received the feedback.
const (
	judgeAtMost  = time.Second
	judgeAtLeast = time.Minute
)

// judge checks the latest mails until the context ends, and pauses marketing
// before a provider's limits would stop all mail.
func (e *mailReports) judge(ctx context.Context) {
	for {
		if err := e.judgeOnce(ctx); err != nil && ctx.Err() == nil {
			e.log.ErrorContext(ctx, "cannot judge the outcomes of the latest mails", "error", err)
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
			e.log.ErrorContext(ctx, "marketing was paused automatically: find the cause, then run 'purser mail resume'", "why", why)
		}
	}
	return nil
}
