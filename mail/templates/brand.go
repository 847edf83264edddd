package templates

import (
	"cmp"
	"fmt"
	html "html/template"
	netmail "net/mail"
	"strconv"
	"strings"
	"time"

	"purser/mail"
)

// Shop is the shop's identity and appearance in its mails. The zero value is
// valid.
type Shop struct {
	// Name is the shop's name; default "Purser".
	Name string
	// Logo is the https URL of an image about 40 pixels high, shown instead of
	// the name where the reader's program loads images. Empty: the name.
	Logo string
	// Colour is the shop's colour as #rrggbb; default a dark green.
	Colour string
	// Imprint is the shop's name and address, line by line, at the end of each
	// mail; the law of most countries requires it. Default: the name.
	Imprint string
	// Support is the mail address of the shop's support. Empty: no address is
	// shown.
	Support string
	// ReturnTo is the address for returned goods, line by line; default: the
	// imprint.
	ReturnTo string
	// PayTo is where shoppers pay in advance, such as a bank account, line by line;
	// default: it is not said.
	PayTo string
	// OrderURL is the URL of an order's page without the order's id, which is
	// appended. Empty: no link.
	OrderURL string
	// TrackingURL is the URL of a parcel's tracking page, in which {tracking}
	// is replaced by the tracking number. Empty: no link.
	TrackingURL string
	// Locale is the language for readers whose own is not known or has no
	// texts; default "en".
	Locale string
	// Zone is the time zone of times in mails; default UTC.
	Zone *time.Location
	// Senders are the senders of templates with a sender of their own, such as
	// "Disputes <disputes@shop.example>".
	Senders map[Template]string
}

// brand is a checked shop with its colours.
type brand struct {
	Shop
	imprint, returnTo, payTo []string
	senders                  map[Template]mail.Address
	colour, onColour         html.CSS
}

const green = "#1f5f4a"

func (s Shop) dress() (brand, error) {
	s.Name = cmp.Or(oneLine(s.Name), "Purser")
	s.Imprint, s.Colour = cmp.Or(s.Imprint, s.Name), cmp.Or(strings.ToLower(s.Colour), green)
	s.ReturnTo = cmp.Or(s.ReturnTo, s.Imprint)
	if s.Zone == nil {
		s.Zone = time.UTC
	}
	for name, link := range map[string]string{"logo": s.Logo, "order URL": s.OrderURL, "tracking URL": strings.ReplaceAll(s.TrackingURL, "{tracking}", "1")} {
		if link != "" && !isWeb(link) {
			return brand{}, fmt.Errorf("shop: %s: want an http or https address", name)
		}
	}
	if s.Support != "" {
		if a, err := netmail.ParseAddress(s.Support); err != nil || a.Address != s.Support {
			return brand{}, fmt.Errorf("shop: support: want a plain mail address")
		}
	}
	b := brand{Shop: s, imprint: lines(s.Imprint), returnTo: lines(s.ReturnTo), payTo: lines(s.PayTo)}
	var err error
	if b.senders, err = senders(s.Senders); err != nil {
		return brand{}, err
	}
	b.colour, b.onColour, err = colours(s.Colour)
	return b, err
}

func senders(texts map[Template]string) (map[Template]mail.Address, error) {
	all := make(map[Template]mail.Address, len(texts))
	for t, text := range texts {
		if _, ok := plans[t]; !ok {
			return nil, fmt.Errorf("shop: senders: %w: %.40q", ErrTemplate, t)
		}
		from, err := netmail.ParseAddress(text)
		if err != nil {
			return nil, fmt.Errorf("shop: sender of %s: %w", t, err)
		}
		email, err := mail.Normalise(from.Address)
		if err != nil {
			return nil, fmt.Errorf("shop: sender of %s: %w", t, err)
		}
		all[t] = mail.Address{Name: oneLine(from.Name), Email: email}
	}
	return all, nil
}

// colours returns the shop's colour and a text colour that is readable on it.
func colours(s string) (colour, on html.CSS, err error) {
	rgb, err := strconv.ParseUint(strings.TrimPrefix(s, "#"), 16, 32)
	if err != nil || len(s) != 7 || s[0] != '#' {
		return "", "", fmt.Errorf("shop: colour: want #rrggbb, got %.20q", s)
	}
	// The perceived brightness, at most 255000 (ITU-R BT.601).
	if brightness := rgb>>16*299 + rgb>>8&0xff*587 + rgb&0xff*114; brightness > 150_000 {
		return html.CSS(s), "#1d1b18", nil
	}
	return html.CSS(s), "#ffffff", nil
}
