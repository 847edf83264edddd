package ses

import (
	"bytes"
	"fmt"
	netmail "net/mail"
	"strings"
	"unicode"

	"github.com/wneessen/go-mail"

	"purser/order"
)

// message builds the MIME message: a text, and the same as a page.
func (m *Mailer) message(o order.Mail) ([]byte, error) {
	subject, text, page, err := m.letters.Write(o)
	if err != nil {
		return nil, err
	}
	msg := mail.NewMsg(mail.WithNoDefaultUserAgent())
	msg.FromMailAddress(m.from)
	msg.ToMailAddress(&netmail.Address{Name: headerText(o.Name), Address: o.To})
	if m.replyTo != nil {
		msg.ReplyToMailAddress(m.replyTo)
	}
	msg.Subject(headerText(subject))
	// The same mail has the same id wherever it passes. SES sets its own
	// instead.
	_, domain, _ := strings.Cut(m.from.Address, "@")
	msg.SetMessageIDWithValue(fmt.Sprintf("%s.%s.%d@%s", o.OrderID, o.Milestone, o.Generation, domain))
	msg.SetDate()
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // no vacation notices, please
	msg.SetBodyString(mail.TypeTextPlain, text)
	msg.AddAlternativeString(mail.TypeTextHTML, page)
	var b bytes.Buffer
	if _, err := msg.WriteTo(&b); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// headerText keeps a header to its own line, whoever wrote the text.
func headerText(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
}
