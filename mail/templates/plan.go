package templates

import (
	"net/url"
	"slices"
	"time"

	"purser/mail"
	"purser/order"
)

// Template is the name of a mail template. The template of an order's
// notification has the notification's name.
type Template string

// The templates.
const (
	Prepayment         Template = "prepayment" // how to pay in advance
	Received           Template = "received"
	Confirmation       Template = "confirmation"
	PaymentProblem     Template = "payment_problem"
	PayAgain           Template = "pay_again"      // the hold on the money is about to lapse
	PayMore            Template = "pay_more"       // a change of the order costs more
	PayDifference      Template = "pay_difference" // what an exchange costs more than the goods were worth
	Shipped            Template = "shipped"
	Ready              Template = "ready" // to be collected
	Delivered          Template = "delivered"
	DigitalDelivery    Template = "digital_delivery" // how to get goods that need no parcel
	Cancelled          Template = "cancelled"
	Expired            Template = "expired"
	Refunded           Template = "refunded"
	RefundFailed       Template = "refund_failed"
	Dispute            Template = "dispute" // to the shop itself
	ReturnInstructions Template = "return_instructions"
	// The templates about a return.
	ReturnRequested Template = "return_requested"
	ReturnApproved  Template = "return_approved" // how to send the goods back
	ReturnRejected  Template = "return_rejected"
	ReturnReceived  Template = "return_received" // and what is refunded
	ReturnExpired   Template = "return_expired"
	ReturnCancelled Template = "return_cancelled"
	Reminder        Template = "reminder" // of an order that was not paid; marketing
	Campaign        Template = "campaign" // with the campaign's own words; marketing
)

// Data is the data of a mail. An empty field is left out, unless the template
// needs it.
type Data struct {
	Name      string
	OrderID   order.ID
	PlacedAt  time.Time
	Lines     []order.Line // in the currency of Total
	Shipping  *order.Fee   // nil: shipping costs nothing
	Total     order.Money
	Amount    order.Money // refunded, disputed or to be paid
	Tracking  string
	Carrier   string
	Reason    string
	Until     time.Time
	Reference string // the id at the provider, such as a dispute's id, or on a bank transfer
	File      string // the name of the file that the mail carries
	// Link is the button's URL. Default: the order or the parcel, if the shop
	// has a URL for it.
	Link string
	// Unsubscribe is the unsubscribe link of a marketing mail.
	Unsubscribe string
	// Words are a campaign's texts by locale; Values are the values of their
	// placeholders.
	Words  map[string]mail.Words
	Values map[string]string
	// Delivered are the links and instructions for goods that need no parcel.
	Delivered []order.DigitalDelivery
	// NewOrder is the order that goods were exchanged for, and Credit how much of their
	// value pays for it. NotExchanged says that there is no such order.
	NewOrder     order.ID
	Credit       order.Money
	NotExchanged bool
}

// plan is a template without its texts.
type plan struct {
	needs     []field
	facts     []field // listed with a label, if they have a value
	links     field   // the target of the button
	untilDay  bool    // Until is shown as a day, without a time
	marketing bool
	staff     bool // to the shop itself: no greeting
}

// field is a part of the data that a plan uses.
type field string

const (
	fieldOrder       field = "order"
	fieldPlaced      field = "placed"
	fieldLines       field = "lines"
	fieldAmount      field = "amount"
	fieldTracking    field = "tracking"
	fieldCarrier     field = "carrier"
	fieldReason      field = "reason"
	fieldUntil       field = "until"
	fieldReference   field = "reference"
	fieldReturnTo    field = "return_to" // the shop's
	fieldPayTo       field = "pay_to"    // the shop's
	fieldLink        field = "link"
	fieldUnsubscribe field = "unsubscribe"
	fieldWords       field = "words"
	fieldDelivered   field = "delivered"
	fieldCredit      field = "credit"
)

var plans = map[Template]plan{
	Prepayment:         {needs: append(ofOrder, fieldAmount, fieldReference, fieldUntil), facts: []field{fieldAmount, fieldPayTo, fieldReference, fieldUntil, fieldOrder}, links: fieldOrder},
	Received:           {needs: ofOrder, facts: []field{fieldOrder, fieldPlaced}, links: fieldOrder},
	Confirmation:       {needs: ofOrder, facts: []field{fieldOrder, fieldPlaced}, links: fieldOrder},
	PaymentProblem:     {needs: ofOrder, facts: []field{fieldOrder, fieldReason}, links: fieldOrder},
	PayAgain:           {needs: append(ofOrder, fieldAmount, fieldUntil), facts: []field{fieldOrder, fieldAmount, fieldUntil}, links: fieldOrder},
	PayMore:            {needs: append(ofOrder, fieldAmount, fieldUntil), facts: []field{fieldOrder, fieldAmount, fieldUntil}, links: fieldOrder},
	PayDifference:      {needs: append(ofOrder, fieldAmount, fieldCredit, fieldUntil), facts: []field{fieldOrder, fieldCredit, fieldAmount, fieldUntil}, links: fieldOrder},
	Shipped:            {needs: append(ofOrder, fieldTracking), facts: []field{fieldTracking, fieldCarrier, fieldOrder}, links: fieldTracking},
	Ready:              {needs: ofOrder, facts: []field{fieldOrder}, links: fieldOrder},
	Delivered:          {needs: ofOrder, facts: []field{fieldOrder}, links: fieldOrder},
	DigitalDelivery:    {needs: []field{fieldOrder, fieldDelivered}, facts: []field{fieldOrder}, links: fieldOrder},
	Cancelled:          {needs: ofOrder, facts: []field{fieldOrder, fieldReason}, links: fieldOrder},
	Expired:            {needs: ofOrder, facts: []field{fieldOrder}, links: fieldOrder},
	Refunded:           {needs: ofMoney, facts: []field{fieldOrder, fieldAmount, fieldReason}, links: fieldOrder},
	RefundFailed:       {needs: ofMoney, facts: []field{fieldOrder, fieldAmount, fieldReason}, links: fieldOrder},
	Dispute:            {needs: ofMoney, facts: []field{fieldOrder, fieldAmount, fieldReason, fieldReference, fieldUntil}, links: fieldOrder, staff: true},
	ReturnInstructions: {needs: ofOrder, facts: []field{fieldOrder, fieldReturnTo, fieldUntil}, links: fieldLink, untilDay: true},
	ReturnRequested:    {needs: ofReturn, facts: ofReturn, links: fieldOrder},
	ReturnApproved:     {needs: append(ofReturn, fieldUntil), facts: []field{fieldOrder, fieldReference, fieldReturnTo, fieldUntil}, links: fieldLink, untilDay: true},
	ReturnRejected:     {needs: ofReturn, facts: []field{fieldOrder, fieldReference, fieldReason}, links: fieldOrder},
	ReturnReceived:     {needs: append(ofReturn, fieldAmount), facts: []field{fieldOrder, fieldReference, fieldAmount}, links: fieldOrder},
	ReturnExpired:      {needs: ofReturn, facts: ofReturn, links: fieldOrder},
	ReturnCancelled:    {needs: ofReturn, facts: ofReturn, links: fieldOrder},
	Reminder:           {needs: append(ofOrder, fieldUnsubscribe), facts: []field{fieldOrder}, links: fieldOrder, marketing: true},
	Campaign:           {needs: []field{fieldWords, fieldUnsubscribe}, links: fieldLink, marketing: true},
}

var (
	ofOrder  = []field{fieldOrder, fieldLines}
	ofMoney  = []field{fieldOrder, fieldAmount}
	ofReturn = []field{fieldOrder, fieldReference}
)

// Templates lists all templates in the sequence in which an order causes them.
func Templates() []Template {
	return []Template{
		Prepayment, Received, Confirmation, PaymentProblem, PayAgain, PayMore, PayDifference, Shipped, Ready, Delivered, DigitalDelivery, Cancelled, Expired,
		Refunded, RefundFailed, Dispute, ReturnInstructions,
		ReturnRequested, ReturnApproved, ReturnRejected, ReturnReceived, ReturnExpired, ReturnCancelled, Reminder, Campaign,
	}
}

// check fails with a *FieldError if a mail with this data would be wrong.
func (p plan) check(t Template, d Data) error {
	for _, f := range p.needs {
		if !d.has(f) {
			return &FieldError{t, string(f), "is missing"}
		}
	}
	for _, m := range []struct {
		field field
		money order.Money
		used  bool
	}{
		{fieldLines, d.Total, len(d.Lines) > 0}, {fieldAmount, d.Amount, p.speaksOf(fieldAmount)}, {fieldCredit, d.Credit, p.speaksOf(fieldCredit)},
	} {
		if !m.used || !d.has(m.field) {
			continue
		}
		if _, err := order.Exponent(m.money.Currency); err != nil {
			return &FieldError{t, string(m.field), "has an unknown currency"}
		}
	}
	for f, link := range map[field]string{fieldLink: d.Link, fieldUnsubscribe: d.Unsubscribe} {
		if link != "" && !isWeb(link) {
			return &FieldError{t, string(f), "is not an http or https address"}
		}
	}
	return nil
}

func (p plan) speaksOf(f field) bool {
	return slices.Contains(p.needs, f) || slices.Contains(p.facts, f)
}

func (d Data) has(f field) bool {
	switch f {
	case fieldOrder:
		return d.OrderID != ""
	case fieldPlaced:
		return !d.PlacedAt.IsZero()
	case fieldLines:
		return len(d.Lines) > 0
	case fieldAmount:
		return d.Amount != order.Money{}
	case fieldTracking:
		return oneLine(d.Tracking) != ""
	case fieldReference:
		return oneLine(d.Reference) != ""
	case fieldUntil:
		return !d.Until.IsZero()
	case fieldUnsubscribe:
		return d.Unsubscribe != ""
	case fieldWords:
		return len(d.Words) > 0
	case fieldCredit:
		return d.Credit != order.Money{}
	case fieldDelivered:
		return len(d.Delivered) > 0
	}
	return true
}

// isWeb reports whether s is an http or https URL.
func isWeb(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && oneLine(s) == s
}
