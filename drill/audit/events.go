package audit

import (
	"context"
	"fmt"
	"strings"
)

// needed lists the types of Stripe's events that an order needs. Once the shop has
// searched for those whose webhooks did not come, it has all of them. It does not need
// others, but keeps what it has acknowledged.
var needed = map[string]bool{
	"payment_intent.amount_capturable_updated": true, "payment_intent.succeeded": true, "payment_intent.payment_failed": true,
	"payment_intent.requires_action": true, "payment_intent.processing": true, "payment_intent.canceled": true,
	"charge.refunded": true, "charge.refund.updated": true, "refund.created": true, "refund.updated": true, "refund.failed": true,
	"charge.dispute.created": true, "charge.dispute.updated": true, "charge.dispute.closed": true,
}

// inbox is what the record says about events.
type inbox struct {
	received map[string]int64      // when each event came
	listed   map[string]bool       // the events whose webhooks did not come
	paidBy   map[string][]inboxRow // the webhooks that report success, by payment
	last     map[string]int64      // when the last event about each order came
}

// readInbox reads the inbox, and counts the events that were stored and not delivered.
func (a *audit) readInbox(ctx context.Context) (inbox, error) {
	in := inbox{received: map[string]int64{}, listed: map[string]bool{}, paidBy: map[string][]inboxRow{}, last: map[string]int64{}}
	err := a.eachItem(ctx, "1 = 1", func(i inboxRow) {
		in.received[i.eventID] = i.receivedAt
		in.last[i.order] = max(in.last[i.order], i.receivedAt)
		if i.listed {
			in.listed[i.eventID] = true
		} else if reportsPaid(i.kind) {
			in.paidBy[i.ref] = append(in.paidBy[i.ref], i)
		}
		switch {
		case i.state == "foreign", i.state == "received", i.state == "held", i.state == "parked": // a drill has only events of its shop
			if i.kind != "SubscriptionConfirmation" { // a stand-in that was killed cannot be asked any more
				a.broke(LostEvents, fmt.Sprintf("the %s %s of %s is %s: %s", i.kind, i.eventID, i.order, i.state, i.note))
			}
		}
	})
	return in, err
}

func reportsPaid(kind string) bool {
	return kind == "payment_intent.amount_capturable_updated" || kind == "payment_intent.succeeded"
}

// countEvents counts the events that the shop should have, and has not.
func (a *audit) countEvents(ctx context.Context) error {
	first := map[string]int64{} // when the first of the later reports about refunds came, by payment
	return eachListed(ctx, a.Sandbox, "events", func(e stripeEvent) string { return e.ID }, func(e stripeEvent) {
		at, stored := a.inbox.received[e.ID]
		switch {
		case stored && a.inbox.listed[e.ID] && strings.HasPrefix(e.Type, "payment_intent."):
			a.met["F31"] = true
		case !stored && needed[e.Type]:
			a.broke(LostEvents, fmt.Sprintf("the %s %s is not in the inbox", e.Type, e.ID))
		case !stored && e.Pending == 0:
			a.broke(LostEvents, fmt.Sprintf("the %s %s was acknowledged, and is not in the inbox", e.Type, e.ID))
		}
		if e.Data.Object.Object == "dispute" {
			a.met["F17"] = true
		}
		if e.Type == "charge.refunded" && stored { // the latest is listed first
			if later, ok := first[e.intent()]; ok && later < at {
				a.met["F16"] = true
			} else if !ok || at < later {
				first[e.intent()] = at
			}
		}
	})
}

// countTimeline counts the gaps in an order's timeline.
func (a *audit) countTimeline(o orderRow) {
	for i, e := range a.timeline[o.id] {
		if e.seq != int64(i)+1 {
			a.broke(LostEvents, fmt.Sprintf("%s has no event %d", o.id, i+1))
			break
		}
	}
	if n := int64(len(a.timeline[o.id])); n != o.version {
		a.broke(LostEvents, fmt.Sprintf("%s has version %d and %d events", o.id, o.version, n))
	}
}
