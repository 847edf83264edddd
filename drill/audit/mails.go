package audit

import (
	"fmt"
	"net/url"
	"strings"
)

// keyOf returns a mail's key in the ledger, from its tag: a tag takes letters, digits,
// hyphens and underscores, so all other characters are in hexadecimal behind an
// underscore.
func keyOf(tag string) string {
	key, err := url.PathUnescape(strings.ReplaceAll(tag, "_", "%"))
	if err != nil {
		return tag
	}
	return key
}

// countMails compares the mails that the provider accepted with the ledger, which lists
// each under its key.
func (a *audit) countMails(o orderRow) {
	accepted, ofTemplate := map[string]int{}, map[string]map[string]bool{}
	for _, m := range a.outside.mails[o.id] {
		accepted[m.key]++
		if ofTemplate[m.template] == nil {
			ofTemplate[m.template] = map[string]bool{}
		}
		ofTemplate[m.template][m.key] = true
	}
	for key, n := range accepted {
		if n > 1 {
			a.broke(DoubleMails, fmt.Sprintf("the mail %s went out %d times", key, n))
		}
	}
	asked := map[string]bool{}
	for _, m := range a.record.mails[o.id] {
		asked[m.template] = asked[m.template] || m.askedBy != ""
		a.compareMail(o, m, accepted[m.key])
	}
	for template, most := range a.mostMails(o) {
		if n := len(ofTemplate[template]); n > most && !asked[template] {
			a.broke(DoubleMails, fmt.Sprintf("%s has %d mails %q, and cause for %d", o.id, n, template, most))
		}
	}
	a.countUnsent(o)
}

// mostMails returns how many mails of each kind an order may have: one for each refund
// that the provider or a person has made, for each parcel, dispute and decline.
func (a *audit) mostMails(o orderRow) map[string]int {
	most := map[string]int{
		"confirmation": 1, "received": 1, "prepayment": 1, "cancelled": 1, "expired": 1,
		"shipped": len(a.shipments[o.id]), "delivered": len(a.shipments[o.id]), "ready": 0,
		"return_requested": 0, "return_approved": 0, "return_rejected": 0, "return_received": 0, "return_expired": 0, "return_cancelled": 0,
	}
	refunds := map[string]bool{}
	for _, r := range a.record.refunds[o.id] {
		refunds[r.reference] = true
	}
	most["refunded"], most["refund_failed"] = len(refunds), len(refunds)
	for _, e := range a.timeline[o.id] {
		switch e.kind {
		case "payment.declined":
			most["payment_problem"]++
		case "payment.ready":
			if e.ofChange() {
				most["pay_more"]++
			}
			if o.doc.ExchangeOf != nil {
				most["pay_difference"]++
			}
		case "payment.asked_again":
			most["pay_again"]++
		case "parcel.ready":
			most["ready"]++
		case "return.requested", "return.approved", "return.rejected", "return.received", "return.expired", "return.cancelled":
			most[strings.Replace(e.kind, ".", "_", 1)]++
		}
	}
	return most
}

// compareMail compares one mail's state in the ledger with how often the provider
// accepted it.
func (a *audit) compareMail(o orderRow, m mailRow, accepted int) {
	unknown := m.state == "unknown" || m.state == "sending"
	if unknown {
		a.report.UnknownMails++
	}
	switch {
	case unknown && accepted > 1:
		a.broke(ResentAfterUnknown, fmt.Sprintf("the mail %s of unknown outcome went out %d times", m.key, accepted))
	case m.generation > 1 && m.askedBy == "":
		a.broke(ResentAfterUnknown, fmt.Sprintf("the mail %s was sent again, and nobody had asked", m.key))
	case m.state == "sent" && accepted == 0:
		a.endedWrong(UnsentMails, o.id, fmt.Sprintf("has the mail %s, which the ledger says was sent, and the provider does not have it", m.key))
	case m.state == "due":
		a.endedWrong(Stuck, o.id, fmt.Sprintf("has the mail %s, which was not sent", m.key))
	}
}
