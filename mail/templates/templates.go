// Package templates writes mails: a subject, a text and an HTML page, in the
// shopper's language and the shop's clothes. The languages are files of texts
// (messages), the clothes one frame for the page and one for the text
// (frames); a template is a plan of what goes into them. Who sends them is not
// its concern.
package templates

import (
	"bytes"
	"cmp"
	"embed"
	"fmt"
	html "html/template"
	"strings"
	text "text/template"

	"purser/mail"
	"purser/order"
)

//go:embed frames
var frames embed.FS

// Writer writes letters for one shop. It is safe for concurrent use.
type Writer struct {
	shop  brand
	words catalogue
	page  *html.Template
	plain *text.Template
}

// New reads the frames and the languages, and checks what the shop says of
// itself.
func New(shop Shop) (*Writer, error) {
	b, err := shop.dress()
	if err != nil {
		return nil, fmt.Errorf("letters: %w", err)
	}
	w := &Writer{shop: b}
	if w.words, err = loadCatalogue(cmp.Or(shop.Locale, "en")); err != nil {
		return nil, fmt.Errorf("letters: %w", err)
	}
	if w.page, err = html.ParseFS(frames, "frames/letter.html"); err != nil {
		return nil, err
	}
	w.plain, err = text.ParseFS(frames, "frames/letter.txt")
	return w, err
}

// Write writes the letter of an order's milestone, which is the template of
// the same name.
func (w *Writer) Write(m order.Mail) (subject, text, html string, err error) {
	c, err := w.WriteTemplate(Template(m.Notification), m.Locale, Data{
		Name: m.Name, OrderID: m.OrderID, Lines: m.Lines, Total: m.Total, Amount: m.Amount, Until: m.Until, Tracking: m.Tracking, Reason: m.Reason,
		Reference: m.Ref, Link: m.Link,
	})
	return c.Subject, c.Text, c.HTML, err
}

// WriteTemplate writes a letter. Its subject is one line, whatever the data
// holds, and no text of the data becomes an element of the page. A
// locale there is no language for falls back, from the more to the less
// particular (de-AT, de) and then to the shop's. It fails with ErrTemplate,
// ErrLocale for what is no locale at all, or a *FieldError; all of them are
// order.ErrInvalid.
func (w *Writer) WriteTemplate(t Template, locale string, d Data) (mail.Content, error) {
	p, ok := plans[t]
	if !ok {
		return mail.Content{}, fmt.Errorf("%w: %.40q", ErrTemplate, t)
	}
	in, err := w.words.in(locale)
	if err != nil {
		return mail.Content{}, err
	}
	if err := p.check(t, d); err != nil {
		return mail.Content{}, err
	}
	v, err := w.compose(t, p, in, d)
	if err != nil {
		return mail.Content{}, err
	}
	var plain, page bytes.Buffer
	if err := w.plain.Execute(&plain, v); err != nil {
		return mail.Content{}, fmt.Errorf("letter %s: %w", t, err)
	}
	if err := w.page.Execute(&page, v); err != nil {
		return mail.Content{}, fmt.Errorf("letter %s: %w", t, err)
	}
	return mail.Content{Subject: v.Subject, Text: strings.TrimSpace(plain.String()) + "\n", HTML: page.String()}, nil
}

// Sender is who a template's mails are from, if it has a sender of its own.
func (w *Writer) Sender(template string) mail.Address { return w.shop.senders[Template(template)] }

// Stream is why a template is sent; an unknown one is for marketing, which may
// be refused.
func (t Template) Stream() mail.Stream {
	if p, ok := plans[t]; ok && !p.marketing {
		return mail.Transactional
	}
	return mail.Marketing
}
