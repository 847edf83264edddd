package config

import (
	"errors"
	"fmt"
	"time"

	"purser/mail"
	"purser/providers/sns"
	mailrecords "purser/records/mails"
)

// Feedback holds the settings of feedback on mails: its sources, how long webhooks
// are kept, and the limits at which mail is stopped. It is part of Config.
type Feedback struct {
	SESTopics          []string `name:"ses-topic-arns" help:"ARNs of the SNS topics that SES publishes to; subscribe /webhooks/ses to them." env:"SES_TOPIC_ARNS"`
	MailWebhookSecrets []string `help:"Secrets of /webhooks/mail, which takes feedback from any other mail service: the current one and the previous one." env:"MAIL_WEBHOOK_SECRETS"`

	KeepWebhooks time.Duration `help:"How long the bytes of a webhook are kept after it was delivered or found not to be needed; they are deleted nightly. After that, the event is still listed but cannot be delivered again. 24h or more; 0: for ever." env:"PURSER_KEEP_WEBHOOKS" default:"2160h"`

	MailSoftBounces    int           `help:"How many mails to an address may bounce for a temporary reason before the address is suppressed." env:"PURSER_MAIL_SOFT_BOUNCES" default:"3"`
	MailSoftWithin     time.Duration `help:"The time within which those bounces count." env:"PURSER_MAIL_SOFT_WITHIN" default:"336h"`
	MailBounceLimit    int64         `help:"The provider's limit of bounces, per million sends." env:"PURSER_MAIL_BOUNCE_LIMIT" default:"50000"`
	MailComplaintLimit int64         `help:"The provider's limit of complaints, per million sends." env:"PURSER_MAIL_COMPLAINT_LIMIT" default:"1000"`
	MailPauseShare     int64         `help:"The share of those limits at which marketing is paused, in per cent." env:"PURSER_MAIL_PAUSE_SHARE" default:"80"`
	MailJudgeLeast     int64         `help:"The fewest sends for which the rates are evaluated." env:"PURSER_MAIL_JUDGE_LEAST" default:"500"`
	MailJudgeLatest    int           `help:"The number of latest sends for which the rates are evaluated." env:"PURSER_MAIL_JUDGE_LATEST" default:"10000"`

	SandboxMailPace  time.Duration `help:"How long after accepting a mail the sandbox's SES reports that it was delivered; 0: only on request." env:"PURSER_SANDBOX_MAIL_PACE" default:"2s"`
	SandboxMailRate  int           `help:"Recipients per second that the sandbox's SES accepts; 0: unlimited." env:"PURSER_SANDBOX_MAIL_RATE" default:"0"`
	SandboxMailQuota int           `help:"Recipients per day that the sandbox's SES accepts; 0: unlimited." env:"PURSER_SANDBOX_MAIL_QUOTA" default:"0"`
}

// checkFeedback refuses invalid settings.
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

// MailRules returns how many temporary bounces suppress an address.
func (c *Feedback) MailRules() mailrecords.Rules {
	return mailrecords.Rules{SoftBounces: c.MailSoftBounces, SoftWithin: c.MailSoftWithin}
}

// Tolerance returns the limits of bounces and complaints at which marketing is
// paused.
func (c *Feedback) Tolerance() mail.Tolerance {
	return mail.Tolerance{Bounces: c.MailBounceLimit, Complaints: c.MailComplaintLimit, Share: c.MailPauseShare, Least: c.MailJudgeLeast}
}
