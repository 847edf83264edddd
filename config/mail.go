package config

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"purser/providers/smtp"
)

// Mail holds the settings of the mail providers. It is part of Config.
type Mail struct {
	MailProviders []string          `help:"Mail providers in the order of preference: ses, smtp, or a name in SMTP_URLS. Default: ses, then every relay that is configured." env:"PURSER_MAIL_PROVIDERS"`
	SMTPURL       string            `name:"smtp-url" help:"URL of the relay named smtp: smtp://user:password@host:587 (STARTTLS) or smtps://…:465; ?rate=10 is the most mails per second, ?perday=50000 the most in 24 hours." env:"SMTP_URL"`
	SMTPURLs      map[string]string `name:"smtp-urls" help:"Further relays by name: smtp-backup=smtps://…;other=…" env:"SMTP_URLS"`
	MailReplyTo   string            `help:"Address for replies to mail. Default: its sender." env:"PURSER_MAIL_REPLY_TO"`
}

// The names of providers that need no entry in SMTP_URLS.
const (
	RouteSES  = "ses"
	RouteSMTP = "smtp"
)

// Routes returns the providers' names in the order of preference.
func (c *Config) Routes() []string {
	if len(c.MailProviders) > 0 {
		return c.MailProviders
	}
	if c.SESRegion == "" && c.SMTPURL != "" { // only a relay is configured
		return append([]string{RouteSMTP}, c.furtherRelays()...)
	}
	names := []string{RouteSES}
	if c.SMTPURL != "" {
		names = append(names, RouteSMTP)
	}
	return append(names, c.furtherRelays()...)
}

func (c *Config) furtherRelays() []string {
	var names []string
	for name := range c.SMTPURLs {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// RelayURL returns the URL of a relay, or "" for a relay that the sandbox plays.
func (c *Config) RelayURL(name string) string {
	if name == RouteSMTP && c.SMTPURL != "" {
		return c.SMTPURL
	}
	return c.SMTPURLs[name]
}

// PlaysSES reports whether the sandbox plays SES.
func (c *Config) PlaysSES() bool {
	return c.SESRegion == "" && slices.Contains(c.Routes(), RouteSES)
}

// playedRelays returns the relays that the sandbox plays. It may do so only if it
// plays SES, too: a real shop's mail must never go to the sandbox.
func (c *Config) playedRelays() []string {
	return slices.DeleteFunc(c.relays(), func(name string) bool { return c.RelayURL(name) != "" })
}

func (c *Config) relays() []string {
	return slices.DeleteFunc(slices.Clone(c.Routes()), func(name string) bool { return name == RouteSES })
}

// tagValue matches the values of tags that SES accepts.
var tagValue = regexp.MustCompile(`^[a-zA-Z0-9_-]{0,255}$`)

func (c *Config) checkMail() error {
	names := c.Routes()
	if sorted := slices.Sorted(slices.Values(names)); len(slices.Compact(sorted)) < len(names) {
		return errors.New("PURSER_MAIL_PROVIDERS: a provider is named twice")
	}
	for _, name := range c.relays() {
		url := c.RelayURL(name)
		if url == "" {
			if name != RouteSMTP || !c.PlaysSES() {
				return fmt.Errorf("PURSER_MAIL_PROVIDERS: no URL for the relay %q: set SMTP_URL or SMTP_URLS", name)
			}
			continue
		}
		if _, err := smtp.Parse(name, c.MailFrom, url); err != nil {
			return fmt.Errorf("the URL of the relay %q: %w", name, err)
		}
	}
	if !tagValue.MatchString(c.SESEnvironment) { // SES refuses every mail with another tag
		return errors.New("SES_ENVIRONMENT: want at most 255 letters, digits, hyphens and underscores")
	}
	if played := c.PlaysSES(); played && len(c.playedRelays()) < len(c.relays()) {
		return errors.New("SMTP_URL is a real relay, but SES is the sandbox's: set SES_REGION, or PURSER_MAIL_PROVIDERS without ses")
	}
	return nil
}

// mailPlayed returns the mail providers' description for the banner.
func (c *Config) mailPlayed() string {
	if c.PlaysSES() {
		return "sandbox (set SES_REGION or SMTP_URL for a real one)"
	}
	return "real (" + strings.Join(c.Routes(), ", then ") + ")"
}
