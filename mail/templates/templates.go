// Package templates writes the content of mails: a subject, a text and an HTML
// page, in the shopper's language and the shop's design. The languages are files
// of texts (messages); the design is one frame for the page and one for the text
// (frames); a template is a plan that says what goes into the frames. It does
// not send mails.
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

// Writer writes the mails of one shop. It is safe for concurrent use.
type Writer struct {
	shop  brand
	words catalogue
	page  *html.Template
	plain *text.Template
}

// New loads the frames and the languages, and checks the shop.
func New(shop Shop) (*Writer, error) {
	b, err := shop.dress()
	if err != nil {
		return nil, fmt.Errorf("mail templates: %w", err)
	}
	w := &Writer{shop: b}
	if w.words, err = loadCatalogue(cmp.Or(shop.Locale, "en")); err != nil {
		return nil, fmt.Errorf("mail templates: %w", err)
	}
	if w.page, err = html.ParseFS(frames, "frames/mail.html"); err != nil {
		return nil, err
	}
	w.plain, err = text.ParseFS(frames, "frames/mail.txt")
	return w, err
}

// ShopName returns the shop's name as the mails show it.
func (w *Writer) ShopName() string { return w.shop.Name }

// Write writes the mail of an order's notification, with the template of the
// same name.
func (w *Writer) Write(m order.Mail) (subject, text, html string, err error) {
	file := ""
	if m.Label != "" {
		file = order.LabelFileName(m.Ref, order.LabelPDF)
	}
	c, err := w.WriteTemplate(Template(m.Notification), m.Locale, Data{
		Name: m.Name, OrderID: m.OrderID, Lines: m.Lines, Shipping: m.Shipping, Total: m.Total, Amount: m.Amount, Until: m.Until, Tracking: m.Tracking, Reason: m.Reason,
		Reference: m.Ref, Link: m.Link, Delivered: m.Delivered, File: file, NewOrder: m.NewOrder, Credit: m.Credit, NotExchanged: m.NotExchanged,
	})
	return c.Subject, c.Text, c.HTML, err
}

// WriteTemplate writes a mail. Its subject is one line, whatever the data
// contains, and no text of the data can become an element of the page. A locale
// without texts falls back from the more to the less specific (de-AT, de), then to the
// nearest language, and then to the shop's locale. It fails with ErrTemplate or a
// *FieldError, which both wrap order.ErrInvalid.
func (w *Writer) WriteTemplate(t Template, locale string, d Data) (mail.Content, error) {
	p, ok := plans[t]
	if !ok {
		return mail.Content{}, fmt.Errorf("%w: %.40q", ErrTemplate, t)
	}
	if err := p.check(t, d); err != nil {
		return mail.Content{}, err
	}
	v, err := w.compose(t, p, w.words.in(locale), d)
	if err != nil {
		return mail.Content{}, err
	}
	var plain, page bytes.Buffer
	if err := w.plain.Execute(&plain, v); err != nil {
		return mail.Content{}, fmt.Errorf("mail template %s: %w", t, err)
	}
	if err := w.page.Execute(&page, v); err != nil {
		return mail.Content{}, fmt.Errorf("mail template %s: %w", t, err)
	}
	return mail.Content{Subject: v.Subject, Text: strings.TrimSpace(plain.String()) + "\n", HTML: page.String()}, nil
}

// Sender returns a template's own sender; zero if it has none.
func (w *Writer) Sender(template string) mail.Address { return w.shop.senders[Template(template)] }

// Stream returns the stream of a template's mails; Marketing for an unknown
// template, because marketing may be suppressed.
func (t Template) Stream() mail.Stream {
	if p, ok := plans[t]; ok && !p.marketing {
		return mail.Transactional
	}
	return mail.Marketing
}
