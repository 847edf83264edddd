// Package mime encodes a mail as MIME, the form in which every mail provider
// gets it.
package mime

import (
	"bytes"
	"fmt"
	netmail "net/mail"
	"slices"
	"strings"

	"github.com/wneessen/go-mail"

	ours "purser/mail"
)

// Writer encodes the mails of one sender.
type Writer struct {
	from    *netmail.Address
	replyTo *netmail.Address // nil: the sender
	domain  string           // the sender's domain, for message ids
}

// New returns a writer for a sender, which is an address with or without a name
// ("Shop <orders@shop.example>"), and an address for replies ("": the sender).
func New(from, replyTo string) (*Writer, error) {
	w := &Writer{}
	var err error
	if w.from, err = netmail.ParseAddress(from); err != nil {
		return nil, fmt.Errorf("from: %w", err)
	}
	w.from.Name, w.from.Address = ours.OneLine(w.from.Name), ours.ASCIIDomain(w.from.Address)
	if replyTo != "" {
		if w.replyTo, err = netmail.ParseAddress(replyTo); err != nil {
			return nil, fmt.Errorf("reply-to: %w", err)
		}
		w.replyTo.Name, w.replyTo.Address = ours.OneLine(w.replyTo.Name), ours.ASCIIDomain(w.replyTo.Address)
	}
	_, w.domain, _ = strings.Cut(w.from.Address, "@")
	return w, nil
}

// From returns the writer's sender.
func (w *Writer) From() *netmail.Address { return w.from }

// Sender returns the mail's own sender, or the writer's if it has none.
func (w *Writer) Sender(m ours.Message) *netmail.Address {
	if m.From == (ours.Address{}) {
		return w.from
	}
	return &netmail.Address{Name: ours.OneLine(m.From.Name), Address: m.From.Email}
}

// SenderHeader returns Sender in the form of a header, on one line.
func (w *Writer) SenderHeader(m ours.Message) string { return address(w.Sender(m), " ") }

// NeedsUTF8 reports whether only a provider that supports SMTPUTF8 can send a mail.
func (w *Writer) NeedsUTF8(m ours.Message) bool {
	return slices.ContainsFunc(m.To, func(a ours.Address) bool { return ours.NeedsUTF8(a.Email) }) ||
		ours.NeedsUTF8(w.Sender(m).Address) || w.replyTo != nil && ours.NeedsUTF8(w.replyTo.Address)
}

// MessageID returns the mail's Message-ID without brackets. It is the same for
// every provider and attempt. mail.FromWireID parses it.
func (w *Writer) MessageID(m ours.Message) string { return ours.WireID(m.ID) + "@" + w.domain }

// Write checks a mail and encodes it, with its text and its HTML as
// alternatives, and its attachments behind them. No part of the content can become a header. It fails with
// mail.ErrInvalid.
func (w *Writer) Write(m ours.Message) ([]byte, error) {
	if err := m.Check(); err != nil {
		return nil, err
	}
	msg := mail.NewMsg(mail.WithNoDefaultUserAgent())
	msg.SetGenHeaderPreformatted("From", addressList(w.Sender(m)))
	if w.replyTo != nil {
		msg.SetGenHeaderPreformatted("Reply-To", addressList(w.replyTo))
	}
	to := make([]*netmail.Address, len(m.To))
	for i, a := range m.To {
		to[i] = &netmail.Address{Name: ours.OneLine(a.Name), Address: a.Email}
	}
	msg.SetGenHeaderPreformatted("To", addressList(to...))
	subject := m.Content.Subject
	if !isPlain(subject) {
		subject = encoded(subject, " ")
	}
	msg.Subject(subject)
	msg.SetMessageIDWithValue(w.MessageID(m))
	msg.SetDate()
	w.behave(msg, m)
	if err := body(msg, m.Content); err != nil {
		return nil, err
	}
	for _, a := range m.Attachments {
		if err := msg.AttachReader(a.Name, bytes.NewReader(a.Data), mail.WithFileContentType(mail.ContentType(a.Type))); err != nil {
			return nil, fmt.Errorf("%w: attachment: %w", ours.ErrInvalid, err)
		}
	}
	var b bytes.Buffer
	if _, err := msg.WriteTo(&b); err != nil {
		return nil, fmt.Errorf("%w: %w", ours.ErrInvalid, err)
	}
	return b.Bytes(), nil
}

// behave sets the headers for mail software: they prevent automatic replies, and
// offer one-click unsubscription from marketing (RFC 8058).
func (w *Writer) behave(msg *mail.Msg, m ours.Message) {
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	if m.Stream != ours.Marketing {
		return
	}
	// Preformatted, because mail software does not understand encoded words
	// inside the brackets; Check makes sure that the link is plain ASCII.
	msg.SetGenHeaderPreformatted("List-Unsubscribe", "<"+m.Unsubscribe+">")
	msg.SetGenHeader("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
	msg.SetGenHeader("Precedence", "bulk")
}

func body(msg *mail.Msg, c ours.Content) error {
	if strings.ContainsRune(c.Text, 0) || strings.ContainsRune(c.HTML, 0) {
		return fmt.Errorf("%w: a NUL in the text", ours.ErrInvalid)
	}
	switch {
	case c.HTML == "":
		msg.SetBodyString(mail.TypeTextPlain, c.Text)
	case c.Text == "":
		msg.SetBodyString(mail.TypeTextHTML, c.HTML)
	default:
		msg.SetBodyString(mail.TypeTextPlain, c.Text)
		msg.AddAlternativeString(mail.TypeTextHTML, c.HTML)
	}
	return nil
}
