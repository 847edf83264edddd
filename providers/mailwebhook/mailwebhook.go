// Package mailwebhook receives feedback about mails from any mail service other
// than SES, by a webhook of our own design. The operator of such a relay
// (Mailgun, Postmark, SendGrid, a company's own server) translates its events
// into this form with a few lines of code.
//
//	POST /webhooks/mail
//	Purser-Signature: t=<unix seconds>,v1=<hex>
//
//	{
//	  "id": "evt_1",
//	  "provider": "mailgun",
//	  "feedback": [{
//	    "providerId": "20261124.1@mg.shop.example",
//	    "messageId": "ord_…:mail-shipped:1",
//	    "recipient": "ada@example.com",
//	    "kind": "bounced",
//	    "bounce": "permanent",
//	    "diagnostic": "550 5.1.1 user unknown",
//	    "at": "2026-03-01T12:00:00Z"
//	  }]
//	}
//
// The signature is HMAC-SHA256, keyed with a secret of MAIL_WEBHOOK_SECRETS,
// over the time, a dot and the body's raw bytes; two secrets may be valid
// during a rotation. It may be 300 seconds old.
//
// id identifies the event: a repetition, even after a year, changes nothing.
// provider is 1 to 32 of a-z, 0-9, "_" and "-", and is how the
// sending side names the relay. One of providerId (its name for the mail) and
// messageId (ours, from the Message-ID header) is needed. kind is one of
// accepted, delivered, delayed, bounced, complained, refused, unsubscribed;
// bounce, with bounced only, is permanent, transient or undetermined. Up to
// 1,000 entries make one event; an invalid entry makes the whole event invalid,
// and it is refused with 400.
package mailwebhook

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/go-json-experiment/json"

	"purser/mail"
	"purser/order"
	"purser/providers/signature"
)

// These are the errors of a webhook.
var (
	// ErrSignature means that the webhook's sender does not know the secret, or
	// that it is a replay of an old one.
	ErrSignature = errors.New("mail webhook: invalid signature")
	// ErrMalformed means that the webhook is genuine but cannot be read.
	ErrMalformed = errors.New("mail webhook: malformed")
)

// These are the longest names and diagnostics, and the most entries.
const (
	maxName       = 160
	maxDiagnostic = 300
	maxEntries    = 1000
)

// Source verifies and parses the webhooks.
type Source struct {
	// Secrets are the valid secrets: the current one and, during a rotation, the
	// previous one. Without secrets, every webhook is rejected.
	Secrets []string
}

// Verify checks the signature over the raw bytes and its age. It
// fails with ErrSignature.
func (s Source) Verify(h http.Header, body []byte, now time.Time) error {
	if err := signature.Check(h, "Purser-Signature", body, s.Secrets, now); err != nil {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return nil
}

// Parse parses a verified webhook. It fails with ErrMalformed.
func (s Source) Parse(body []byte) (order.Delivery, error) {
	var e struct {
		ID       string          `json:"id"`
		Provider string          `json:"provider"`
		Feedback []mail.Feedback `json:"feedback"`
	}
	// A sender that misspells a field should get an error.
	if json.Unmarshal(body, &e, json.RejectUnknownMembers(true)) != nil {
		return order.Delivery{}, fmt.Errorf("%w: not the JSON of an event", ErrMalformed)
	}
	switch {
	case !isName(e.ID):
		return order.Delivery{}, fmt.Errorf("%w: id: want 1 to %d visible characters", ErrMalformed, maxName)
	case e.Provider == "" || len(e.Provider) > 32 || strings.Trim(e.Provider, "abcdefghijklmnopqrstuvwxyz0123456789_-") != "":
		return order.Delivery{}, fmt.Errorf("%w: provider: want 1 to 32 of a-z, 0-9, _ and -", ErrMalformed)
	case len(e.Feedback) == 0 || len(e.Feedback) > maxEntries:
		return order.Delivery{}, fmt.Errorf("%w: feedback: want 1 to %d entries", ErrMalformed, maxEntries)
	}
	d := order.Delivery{Provider: "mail", Account: e.Provider, EventID: e.ID, Type: "mail.feedback", At: e.Feedback[0].At.UTC()}
	for i := range e.Feedback {
		f := &e.Feedback[i]
		if f.Provider != "" && f.Provider != e.Provider {
			return order.Delivery{}, fmt.Errorf("%w: feedback[%d]: another provider", ErrMalformed, i)
		}
		f.Provider = e.Provider
		if err := check(f); err != nil {
			return order.Delivery{}, fmt.Errorf("%w: feedback[%d]: %w", ErrMalformed, i, err)
		}
		d.Type = "mail." + string(f.Kind)
	}
	d.Ref, d.Mail = e.Feedback[0].ProviderID, &mail.Report{Feedback: e.Feedback}
	about, _, _ := strings.Cut(e.Feedback[0].MessageID, ":")
	if id, err := order.ParseID(about); err == nil {
		d.OrderID = id
	}
	return d, nil
}

var kinds = []mail.Kind{mail.Accepted, mail.Delivered, mail.Delayed, mail.Bounced, mail.Complained, mail.Refused, mail.Unsubscribed}

// check makes an entry fit for the record, or returns why it cannot be
// recorded.
func check(f *mail.Feedback) error {
	email, err := mail.Normalise(f.Recipient)
	if err != nil {
		return fmt.Errorf("recipient: %w", err)
	}
	f.Recipient, f.Diagnostic, f.At = email, cleanText(f.Diagnostic), f.At.UTC()
	if strings.ContainsAny(f.MessageID, "@<.") { // in the form of the mail's header
		f.MessageID = mail.FromWireID(f.MessageID)
	}
	isBounce := f.Bounce == mail.Permanent || f.Bounce == mail.Transient || f.Bounce == mail.Undetermined
	switch {
	case f.ProviderID == "" && f.MessageID == "", f.ProviderID != "" && !isName(f.ProviderID), f.MessageID != "" && !isName(f.MessageID):
		return errors.New("want providerId or messageId")
	case !slices.Contains(kinds, f.Kind):
		return errors.New("kind: unknown")
	case (f.Kind == mail.Bounced) != isBounce, f.Kind != mail.Bounced && f.Bounce != "":
		return errors.New("bounce: want permanent, transient or undetermined, with bounced only")
	case f.At.Year() < 2000 || f.At.Year() > 9000:
		return errors.New("at: year out of range")
	}
	if f.ProviderID == "" {
		f.ProviderID = f.MessageID // the record distinguishes mails by the provider's id
	}
	return nil
}

func isName(s string) bool {
	return s != "" && len(s) <= maxName && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

func cleanText(s string) string {
	s = strings.ToValidUTF8(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s), "")
	if r := []rune(s); len(r) > maxDiagnostic {
		return string(r[:maxDiagnostic])
	}
	return s
}
