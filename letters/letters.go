// Package letters writes the mails a shopper gets, as a subject, a text and an
// HTML page, from templates in this folder. Who sends them is not its concern.
package letters

import (
	"bytes"
	"embed"
	"fmt"
	html "html/template"
	"strings"
	text "text/template"
	"unicode"
	"unicode/utf8"

	"purser/order"
)

//go:embed templates
var files embed.FS

// Shop is what the letters say about their sender.
type Shop struct {
	// Name is what the shop calls itself; default "Purser".
	Name string
	// OrderURL is where a shopper sees an order; the order's id is put at its
	// end. Empty: no link.
	OrderURL string
}

// Writer writes letters for one shop.
type Writer struct {
	shop  Shop
	texts map[order.Milestone]*text.Template
	pages map[order.Milestone]*html.Template
}

// milestones are the occasions there are templates for.
var milestones = [...]order.Milestone{
	order.MailConfirmation, order.MailShipped, order.MailDelivered, order.MailCancelled, order.MailExpired,
}

// New reads the templates.
func New(shop Shop) (*Writer, error) {
	if shop.Name == "" {
		shop.Name = "Purser"
	}
	w := &Writer{
		shop: shop, texts: make(map[order.Milestone]*text.Template), pages: make(map[order.Milestone]*html.Template),
	}
	for _, m := range milestones {
		var err error
		if w.texts[m], err = text.ParseFS(files, "templates/letter.txt", "templates/"+string(m)+".txt"); err != nil {
			return nil, err
		}
		if w.pages[m], err = html.ParseFS(files, "templates/letter.html", "templates/"+string(m)+".html"); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// Write writes the letter for a mail. The subject is one line, whatever the
// mail holds (EML-11). It fails with order.ErrInvalid for a milestone it does
// not know.
func (w *Writer) Write(m order.Mail) (subject, plain, page string, err error) {
	t, ok := w.texts[m.Milestone]
	if !ok {
		return "", "", "", fmt.Errorf("%w: no letter for milestone %.40q", order.ErrInvalid, m.Milestone)
	}
	v := w.view(m)
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, "subject", v); err != nil {
		return "", "", "", err
	}
	v.Subject = cut(oneLine(b.String()), maxSubject)
	b.Reset()
	if err := t.ExecuteTemplate(&b, "letter.txt", v); err != nil {
		return "", "", "", err
	}
	plain = b.String()
	b.Reset()
	if err := w.pages[m.Milestone].ExecuteTemplate(&b, "letter.html", v); err != nil {
		return "", "", "", err
	}
	return v.Subject, plain, b.String(), nil
}

// maxSubject keeps a subject readable in a list of mails.
const maxSubject = 150

// view is what the templates see. Its texts hold no control characters, so no
// name can write lines of its own into a letter.
type view struct {
	Shop, Subject    string
	Name, ID, Link   string
	Lines            []line
	Total            string
	Tracking, Reason string
}

type line struct {
	Name     string
	Quantity int64
	Subtotal string
}

func (w *Writer) view(m order.Mail) view {
	v := view{
		Shop: oneLine(w.shop.Name), Name: oneLine(m.Name), ID: string(m.OrderID),
		Total: m.Total.String(), Tracking: oneLine(m.Tracking), Reason: oneLine(m.Reason),
	}
	if w.shop.OrderURL != "" {
		v.Link = w.shop.OrderURL + string(m.OrderID)
	}
	for _, l := range m.Lines {
		v.Lines = append(v.Lines, line{oneLine(l.Name), l.Quantity, order.Money{Amount: l.Subtotal, Currency: m.Total.Currency}.String()})
	}
	return v
}

// oneLine turns any text into one line of valid UTF-8. Line and paragraph
// separators and the marks that turn the direction of text around go too.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), r == '\u2028', r == '\u2029', r == utf8.RuneError:
			return ' '
		case unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

func cut(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}
