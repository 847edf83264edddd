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

	MailProveWithin      time.Duration `help:"How long a mail provider may take to report about a mail. If a mail about an order was handed over without an answer, no report about it comes in this time, and reports about later mails do, it counts as lost and is sent once more; a report that comes later still means that the shopper got it twice. 0: no mail is sent once more, and what was lost stays lost until an operator sends it again." env:"PURSER_MAIL_PROVE_WITHIN" default:"15m"`
	MailUnheard          string        `help:"What happens to a mail about an order that was handed over without an answer, if its provider has reported about no mails for a day. twice: it is sent once more after PURSER_MAIL_PROVE_WITHIN, and some shoppers get it twice; never: it is not, and some shoppers never get it." env:"PURSER_MAIL_UNHEARD" default:"twice" enum:"twice,never"`
	MailUnheardMarketing string        `help:"What happens to a campaign's mails that were handed over without an answer. never: an operator decides (purser mail campaign retry), and some readers never get it; twice: one hour after its end a campaign is sent once more to the readers of whom no report came, and some get it twice, which they may report as spam." env:"PURSER_MAIL_UNHEARD_MARKETING" default:"never" enum:"never,twice"`

	MailSoftBounces    int           `help:"How many mails to an address may bounce for a temporary reason before the address is suppressed." env:"PURSER_MAIL_SOFT_BOUNCES" default:"3"`
	MailSoftWithin     time.Duration `help:"The time within which those bounces count." env:"PURSER_MAIL_SOFT_WITHIN" default:"336h"`
	MailBounceLimit    int64         `help:"The provider's limit of bounces, per million sends." env:"PURSER_MAIL_BOUNCE_LIMIT" default:"50000"`
	MailComplaintLimit int64         `help:"The provider's limit of complaints, per million sends." env:"PURSER_MAIL_COMPLAINT_LIMIT" default:"1000"`
	MailPauseShare     int64         `help:"The share of those limits at which marketing is paused, in per cent." env:"PURSER_MAIL_PAUSE_SHARE" default:"80"`
	MailJudgeLeast     int64         `help:"The fewest sends for which the rates are evaluated." env:"PURSER_MAIL_JUDGE_LEAST" default:"500"`
	MailJudgeLatest    int           `help:"The number of latest sends for which the rates are evaluated." env:"PURSER_MAIL_JUDGE_LATEST" default:"10000"`

	SandboxMailPace  time.Duration `group:"The sandbox:" help:"How long after accepting a mail the sandbox's SES reports that it was delivered; 0: only on request." env:"PURSER_SANDBOX_MAIL_PACE" default:"2s"`
	SandboxMailRate  int           `group:"The sandbox:" help:"Recipients per second that the sandbox's SES accepts; 0: unlimited." env:"PURSER_SANDBOX_MAIL_RATE" default:"0"`
	SandboxMailQuota int           `group:"The sandbox:" help:"Recipients per day that the sandbox's SES accepts; 0: unlimited." env:"PURSER_SANDBOX_MAIL_QUOTA" default:"0"`
}

// mostProveWithin is shorter than a mail is news, so that each mail can still be
// decided about.
const mostProveWithin = 48 * time.Hour

// The values of MailUnheard and MailUnheardMarketing.
const unheardTwice = "twice"

// Silence returns when a mail about an order of unknown outcome is sent once more.
func (c *Feedback) Silence() mail.Silence {
	return mail.Silence{Within: c.MailProveWithin, Twice: c.MailUnheard == unheardTwice}
}

// ResendsMarketing reports whether campaigns are sent once more to the recipients
// whose outcome is unknown.
func (c *Feedback) ResendsMarketing() bool { return c.MailUnheardMarketing == unheardTwice }

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
	if c.MailProveWithin != 0 && (c.MailProveWithin < time.Second || c.MailProveWithin > mostProveWithin) {
		return fmt.Errorf("PURSER_MAIL_PROVE_WITHIN: want 1s to %s, or 0 for never", mostProveWithin)
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
