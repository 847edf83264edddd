package templates

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"purser/mail"
	"purser/order"
)

// WriteCampaign writes a campaign's mail to one recipient. about is the order
// that a reminder is about.
func (w *Writer) WriteCampaign(c mail.Campaign, r mail.Recipient, about order.Order, unsubscribe string) (mail.Content, error) {
	d := Data{Name: r.Name, Unsubscribe: unsubscribe, Words: c.Words, Values: r.Data}
	t := Template(c.Template)
	switch t {
	case Reminder:
		d.OrderID, d.Lines, d.Shipping, d.Total = about.ID, about.Lines, about.Shipping, about.Total
	case Campaign:
	default:
		return mail.Content{}, fmt.Errorf("%w for a campaign: %.40q", ErrTemplate, t)
	}
	return w.WriteTemplate(t, r.Locale, d)
}

// CheckCampaign fails with mail.ErrInvalid or order.ErrInvalid if a campaign is
// not valid. now is when it is created.
func CheckCampaign(c mail.Campaign, now time.Time) error {
	if err := c.Check(now); err != nil {
		return err
	}
	unpaid := c.Audience != nil && c.Audience.Kind == mail.AudienceUnpaid
	switch Template(c.Template) {
	case Reminder:
		if !unpaid || len(c.Words) > 0 {
			return fmt.Errorf("%w: a reminder has its own words and is for those with unpaid orders", mail.ErrInvalid)
		}
		return nil
	case Campaign:
		return CheckWords(c.Words)
	}
	return fmt.Errorf("%w for a campaign: %.40q: want %s or %s", ErrTemplate, c.Template, Campaign, Reminder)
}

// The limits of a campaign's words, in one language.
const (
	maxTexts    = 60
	longestText = 5_000
)

// CheckWords fails if a campaign's words are not valid: a text that cannot be
// parsed, an empty subject, heading or body, or a link that is not a URL.
func CheckWords(words map[string]mail.Words) error {
	if len(words) == 0 {
		return &FieldError{Campaign, string(fieldWords), "are missing"}
	}
	for _, locale := range slices.Sorted(maps.Keys(words)) {
		if _, err := parseLocale(locale); err != nil || locale == "" {
			return fmt.Errorf("%w: %.40q", ErrLocale, locale)
		}
		w := words[locale]
		texts := append([]string{w.Subject, w.Preview, w.Heading, w.Button, w.Link}, w.Body...)
		if len(texts) > maxTexts || slices.ContainsFunc(texts, func(s string) bool { return len(s) > longestText }) {
			return &FieldError{Campaign, locale, fmt.Sprintf("has more than %d texts, or one of more than %d bytes", maxTexts, longestText)}
		}
		if oneLine(w.Subject) == "" || oneLine(w.Heading) == "" || len(w.Body) == 0 {
			return &FieldError{Campaign, locale, "lacks a subject, a heading or a body"}
		}
		for _, s := range texts {
			if _, err := parsePhrase(s); err != nil && s != w.Link {
				return &FieldError{Campaign, locale, "has " + err.Error()}
			}
		}
		if w.Link != "" && !isWeb(w.Link) {
			return &FieldError{Campaign, locale, "has a link that is not an http or https address"}
		}
	}
	return nil
}
