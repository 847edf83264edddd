// Package mime writes a mail as it travels: the one form in which every mail
// provider gets it.
package mime

import (
	"bytes"
	"fmt"
	netmail "net/mail"
	"strings"

	"github.com/wneessen/go-mail"

	ours "purser/mail"
)

// Writer writes the mails of one sender.
type Writer struct {
	from    *netmail.Address
	replyTo *netmail.Address // nil: none
	domain  string           // the sender's, for message ids
}

// New makes a writer for a sender, plain or with a name ("Shop
// <orders@shop.example>"), and where answers go ("": to the sender).
func New(from, replyTo string) (*Writer, error) {
	w := &Writer{}
	var err error
	if w.from, err = netmail.ParseAddress(from); err != nil {
		return nil, fmt.Errorf("from: %w", err)
	}
	w.from.Name = shown(w.from.Name)
	if replyTo != "" {
		if w.replyTo, err = netmail.ParseAddress(replyTo); err != nil {
			return nil, fmt.Errorf("reply-to: %w", err)
		}
		w.replyTo.Name = shown(w.replyTo.Name)
	}
	_, w.domain, _ = strings.Cut(w.from.Address, "@")
	return w, nil
}

// From is the sender.
func (w *Writer) From() *netmail.Address { return w.from }

// Sender is who a mail is from: its own sender, or the writer's.
func (w *Writer) Sender(m ours.Message) *netmail.Address {
	if m.From == (ours.Address{}) {
		return w.from
	}
	return &netmail.Address{Name: shown(m.From.Name), Address: m.From.Email}
}

// shown is a name as it may stand before an address. A backslash becomes a
// slash: net/mail would leave it bare in an encoded word, where it may not
// stand (RFC 2047, 5), and the whole header would be unreadable.
func shown(name string) string { return strings.ReplaceAll(ours.OneLine(name), `\`, "/") }

// MessageID is the mail's Message-ID, without its brackets: the same wherever
// and however often it is sent. mail.FromWireID reads it.
func (w *Writer) MessageID(m ours.Message) string { return ours.WireID(m.ID) + "@" + w.domain }

// Write checks a mail and writes it: a text, and the same as a page. No text
// in it can become a header. It fails with mail.ErrInvalid.
func (w *Writer) Write(m ours.Message) ([]byte, error) {
	if err := m.Check(); err != nil {
		return nil, err
	}
	msg := mail.NewMsg(mail.WithNoDefaultUserAgent())
	msg.FromMailAddress(w.Sender(m))
	if w.replyTo != nil {
		msg.ReplyToMailAddress(w.replyTo)
	}
	to := make([]*netmail.Address, len(m.To))
	for i, a := range m.To {
		to[i] = &netmail.Address{Name: shown(a.Name), Address: a.Email}
	}
	msg.ToMailAddress(to...)
	msg.Subject(m.Content.Subject)
	msg.SetMessageIDWithValue(w.MessageID(m))
	msg.SetDate()
	w.behave(msg, m)
	if err := body(msg, m.Content); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if _, err := msg.WriteTo(&b); err != nil {
		return nil, fmt.Errorf("%w: %w", ours.ErrInvalid, err)
	}
	return b.Bytes(), nil
}

// behave sets the headers that tell machines what they deal with: no vacation
// notices, and for marketing a way out with one click (RFC 8058).
func (w *Writer) behave(msg *mail.Msg, m ours.Message) {
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	if m.Stream != ours.Marketing {
		return
	}
	// Preformatted, because encoded words inside the brackets would not be
	// understood; Check has seen that it is plain ASCII.
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
