package config

import (
	"errors"
	"fmt"
	"time"

	"purser/mail"
	"purser/providers/sns"
	mailrecords "purser/records/mails"
)

// Feedback is how Purser hears what became of mails, how long it keeps what it
// was told by providers, and when it stops sending.
type Feedback struct {
	SESTopics          []string `name:"ses-topic-arns" help:"ARNs of the SNS topics that SES publishes to; subscribe /webhooks/ses to them." env:"SES_TOPIC_ARNS"`
	MailWebhookSecrets []string `help:"Secrets of /webhooks/mail, the current one and the previous one: feedback of any other mail service." env:"MAIL_WEBHOOK_SECRETS"`

	KeepWebhooks time.Duration `help:"For how long the bytes of a webhook that was delivered, or that nobody needs, are kept, looked at nightly; after that it is known, but cannot be read anew. 24h or more; 0: for ever." env:"PURSER_KEEP_WEBHOOKS" default:"2160h"`

	MailSoftBounces    int           `help:"So many mails come back for a passing reason: write to the address no more." env:"PURSER_MAIL_SOFT_BOUNCES" default:"3"`
	MailSoftWithin     time.Duration `help:"Within this time." env:"PURSER_MAIL_SOFT_WITHIN" default:"336h"`
	MailBounceLimit    int64         `help:"The provider's limit of bounces, per million sends." env:"PURSER_MAIL_BOUNCE_LIMIT" default:"50000"`
	MailComplaintLimit int64         `help:"The provider's limit of complaints, per million sends." env:"PURSER_MAIL_COMPLAINT_LIMIT" default:"1000"`
	MailPauseShare     int64         `help:"Marketing pauses at this share of those limits, in per cent." env:"PURSER_MAIL_PAUSE_SHARE" default:"80"`
	MailJudgeLeast     int64         `help:"With fewer sends than this nothing is judged." env:"PURSER_MAIL_JUDGE_LEAST" default:"500"`
	MailJudgeLatest    int           `help:"How many of the latest sends are judged." env:"PURSER_MAIL_JUDGE_LATEST" default:"10000"`

	SandboxMailPace  time.Duration `help:"How long after it is accepted the sandbox's SES says that a mail is delivered; 0: only when told." env:"PURSER_SANDBOX_MAIL_PACE" default:"2s"`
	SandboxMailRate  int           `help:"Recipients a second the sandbox's SES takes; 0: unlimited." env:"PURSER_SANDBOX_MAIL_RATE" default:"0"`
	SandboxMailQuota int           `help:"Recipients a day the sandbox's SES takes; 0: unlimited." env:"PURSER_SANDBOX_MAIL_QUOTA" default:"0"`
}

// checkFeedback refuses what cannot work, before anything starts.
func (c *Feedback) checkFeedback() error {
	if _, err := sns.New(sns.Config{Topics: c.SESTopics}); err != nil {
		return fmt.Errorf("SES_TOPIC_ARNS: %w", err)
	}
	for _, s := range c.MailWebhookSecrets {
		if len(s) < 16 {
			return errors.New("MAIL_WEBHOOK_SECRETS: want at least 16 characters each (openssl rand -hex 32)")
		}
	}
	if c.KeepWebhooks != 0 && c.KeepWebhooks < 24*time.Hour {
		return errors.New("PURSER_KEEP_WEBHOOKS: want 24h or more, or 0")
	}
	for _, s := range []struct {
		name string
		n    int64
	}{
		{"PURSER_MAIL_SOFT_BOUNCES", int64(c.MailSoftBounces)},
		{"PURSER_MAIL_SOFT_WITHIN", int64(c.MailSoftWithin)},
		{"PURSER_MAIL_BOUNCE_LIMIT", c.MailBounceLimit},
		{"PURSER_MAIL_COMPLAINT_LIMIT", c.MailComplaintLimit},
		{"PURSER_MAIL_PAUSE_SHARE", c.MailPauseShare},
		{"PURSER_MAIL_JUDGE_LEAST", c.MailJudgeLeast},
		{"PURSER_MAIL_JUDGE_LATEST", int64(c.MailJudgeLatest)},
	} {
		if s.n <= 0 {
			return fmt.Errorf("%s: want more than 0", s.name)
		}
	}
	if c.MailPauseShare > 100 {
		return errors.New("PURSER_MAIL_PAUSE_SHARE: want at most 100: the provider stops everything at its own limit")
	}
	if c.SandboxMailPace < 0 || c.SandboxMailRate < 0 || c.SandboxMailQuota < 0 {
		return errors.New("PURSER_SANDBOX_MAIL_PACE, _RATE, _QUOTA: want 0 or more")
	}
	return nil
}

// MailRules say when an address is written to no more.
func (c *Feedback) MailRules() mailrecords.Rules {
	return mailrecords.Rules{SoftBounces: c.MailSoftBounces, SoftWithin: c.MailSoftWithin}
}

// Tolerance is how many bounces and complaints are borne.
func (c *Feedback) Tolerance() mail.Tolerance {
	return mail.Tolerance{Bounces: c.MailBounceLimit, Complaints: c.MailComplaintLimit, Share: c.MailPauseShare, Least: c.MailJudgeLeast}
}
