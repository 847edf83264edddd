package templates

import (
	"cmp"
	html "html/template"
	"maps"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"purser/mail"
	"purser/order"
)

// maxSubject keeps a subject readable in a list of mails.
const maxSubject = 150

// view is the data of the frames. Its texts hold no control characters, so that
// no name can add lines to a mail.
type view struct {
	Lang, Subject, Preview, Heading, Greeting string
	Colon                                     string // behind a label: French has a space before it
	Body                                      []string
	Delivered                                 []delivery
	Facts                                     []fact
	Lines                                     []line
	Sums, Included                            []fact // before and after the total
	Total                                     fact
	Button                                    *button

	Shop, Logo, Support, Why string
	SupportParts             [2]string // around the address
	Imprint                  []string
	Unsubscribe              *button
	Colour, OnColour         html.CSS
}

type fact struct{ Label, Value string }

type line struct {
	Name     string
	Quantity int64
	Subtotal string
}

// delivery is how to get goods that need no parcel.
type delivery struct {
	Name  string
	Lines []deliveryLine
}

// deliveryLine is a line of instructions, or a link.
type deliveryLine struct{ Text, URL string }

type button struct{ Label, URL string }

// compose builds the data of the frames, in the order in which a mail is read.
func (w *Writer) compose(t Template, p plan, in tongue, d Data) (view, error) {
	var words mail.Words
	if t == Campaign {
		var err error
		if words, in, err = w.choose(in, d.Words); err != nil {
			return view{}, err
		}
	}
	values := w.values(p, in, d)
	v := view{
		Lang: in.tag.String(), Colon: in.say("colon", nil), Shop: w.shop.Name, Logo: w.shop.Logo, Imprint: w.shop.imprint,
		Colour: w.shop.colour, OnColour: w.shop.onColour,
	}
	v.greet(p, in, values)
	if t == Campaign {
		if err := v.speak(words, d, values); err != nil {
			return v, err
		}
	} else {
		key := string(t)
		v.Subject, v.Preview, v.Heading = in.say(key+".subject", values), in.say(key+".preview", values), in.say(key+".heading", values)
		v.Body = in.paragraphs(key+".body", values)
		free, digital := len(d.Lines) > 0 && d.Total.Amount == 0, len(d.Lines) > 0 && !slices.ContainsFunc(d.Lines, order.Line.NeedsParcel)
		if said := in.paragraphs(key+".free.body", values); len(said) > 0 && free {
			v.Preview, v.Body = in.say(key+".free.preview", values), said
		}
		if said := in.paragraphs(key+".digital.body", values); len(said) > 0 && digital {
			if v.Body = said; free {
				v.Body = in.paragraphs(key+".digital.free", values)
			}
		}
		exchange := ""
		switch {
		case d.NotExchanged:
			exchange = ".not_exchanged"
		case d.NewOrder != "":
			exchange = ".exchanged"
		}
		if said := in.paragraphs(key+exchange+".body", values); len(said) > 0 && exchange != "" {
			v.Preview, v.Body = in.say(key+exchange+".preview", values), said
		}
		if link := w.link(p, d); link != "" {
			v.Button = &button{in.say(key+".button", values), link}
		}
	}
	v.Subject = cut(oneLine(v.Subject), maxSubject)
	for _, f := range p.facts {
		if value := values[string(f)]; value != "" {
			v.Facts = append(v.Facts, fact{in.say("label."+string(f), nil), value})
		}
	}
	v.deliver(d.Delivered)
	for _, l := range d.Lines {
		v.Lines = append(v.Lines, line{oneLine(l.Name), l.Quantity, in.money(order.Money{Amount: l.Subtotal, Currency: d.Total.Currency})})
	}
	v.priced(in, d)
	v.sign(p, in, d, values)
	return v, nil
}

// deliver adds how to get goods that need no parcel. A line that is a web address becomes
// a link.
func (v *view) deliver(all []order.DigitalDelivery) {
	for _, d := range all {
		shown := delivery{Name: oneLine(d.Name)}
		for _, text := range lines(d.Text) {
			l := deliveryLine{Text: text}
			if isWeb(text) {
				l.URL = text
			}
			shown.Lines = append(shown.Lines, l)
		}
		v.Delivered = append(v.Delivered, shown)
	}
}

// values returns the values of the texts' placeholders.
func (w *Writer) values(p plan, in tongue, d Data) map[string]string {
	v := map[string]string{
		"shop": w.shop.Name, "name": oneLine(d.Name), "order": oneLine(string(d.OrderID)), "new_order": oneLine(string(d.NewOrder)), "support": w.shop.Support,
		"tracking": oneLine(d.Tracking), "carrier": oneLine(d.Carrier), "reference": oneLine(d.Reference), "file": oneLine(d.File),
		"reason": in.reason(oneLine(d.Reason)), "return_to": strings.Join(w.shop.returnTo, ", "), "pay_to": strings.Join(w.shop.payTo, ", "),
	}
	if d.has(fieldAmount) {
		v["amount"] = in.money(d.Amount)
	}
	if d.has(fieldCredit) {
		v["credit"] = in.money(d.Credit)
	}
	if d.has(fieldPlaced) {
		v["placed"] = in.day(d.PlacedAt.In(w.shop.Zone))
	}
	if d.has(fieldUntil) {
		v["until"] = in.moment(d.Until.In(w.shop.Zone))
		if p.untilDay {
			v["until"] = in.day(d.Until.In(w.shop.Zone))
		}
	}
	return v
}

// reason translates a reason that an order itself gives into the reader's
// language; a shop's own words stay as they are.
func (t tongue) reason(s string) string {
	if p, ok := t.find("reasons." + s); ok {
		s, _ = p.fill(nil)
	}
	return s
}

func (v *view) greet(p plan, in tongue, values map[string]string) {
	if p.staff {
		return
	}
	v.Greeting = in.say("greeting", values)
	if values["name"] == "" {
		v.Greeting = in.say("greeting_plain", nil)
	}
}

// speak fills in a campaign's words. It fails if a placeholder has no value:
// "your voucher  is waiting" is worse than no mail.
func (v *view) speak(words mail.Words, d Data, values map[string]string) (err error) {
	for key, value := range d.Values {
		if values[key] == "" {
			values[key] = oneLine(value)
		}
	}
	fill := func(field, s string) string {
		p, perr := parsePhrase(s)
		if perr != nil && err == nil {
			err = &FieldError{Campaign, field, "has " + perr.Error()}
		}
		said, missing := p.fill(values)
		if missing != "" && err == nil {
			err = &FieldError{Campaign, missing, "is missing"}
		}
		return oneLine(said)
	}
	v.Subject, v.Preview, v.Heading = fill("subject", words.Subject), fill("preview", words.Preview), fill("heading", words.Heading)
	for _, s := range words.Body {
		v.Body = append(v.Body, fill("body", s))
	}
	if label, link := fill("button", words.Button), cmp.Or(d.Link, words.Link); label != "" && link != "" {
		v.Button = &button{label, link}
	}
	return err
}

// choose returns a campaign's words for a reader: in the reader's language, in
// one of its fallbacks, or else in English or the first language there is. The
// rest of the mail uses the same language.
func (w *Writer) choose(in tongue, words map[string]mail.Words) (mail.Words, tongue, error) {
	byTag := map[language.Tag]mail.Words{}
	locales := slices.Sorted(maps.Keys(words))
	var first language.Tag
	for _, locale := range slices.Backward(locales) {
		tag, err := parseLocale(locale)
		if err != nil {
			return mail.Words{}, in, err
		}
		byTag[tag], first = words[locale], tag
	}
	for _, tag := range chain(in.tag) {
		if said, ok := byTag[tag]; ok {
			return said, in, nil
		}
	}
	if _, ok := byTag[language.English]; ok {
		first = language.English
	}
	return byTag[first], w.words.in(first.String()), nil
}

// link returns the button's URL; "" if there is no button.
func (w *Writer) link(p plan, d Data) string {
	switch {
	case d.Link != "":
		return d.Link
	case p.links == fieldOrder && w.shop.OrderURL != "":
		return w.shop.OrderURL + url.PathEscape(string(d.OrderID))
	case p.links == fieldTracking && w.shop.TrackingURL != "":
		return strings.ReplaceAll(w.shop.TrackingURL, "{tracking}", url.PathEscape(oneLine(d.Tracking)))
	}
	return ""
}

// sign adds the footer: the support address and, for marketing, why the reader
// got the mail and how to unsubscribe.
func (v *view) sign(p plan, in tongue, d Data, values map[string]string) {
	if before, after, ok := strings.Cut(in.say("footer.support", values), values["support"]); ok && values["support"] != "" && !p.staff {
		v.Support, v.SupportParts = values["support"], [2]string{before, after}
	}
	if p.marketing {
		v.Why = in.say("footer.marketing", values)
		v.Unsubscribe = &button{in.say("footer.unsubscribe", nil), d.Unsubscribe}
	}
}
