package audit

import (
	"maps"
	"slices"
	"strings"
)

// exercised returns the failures, by their ids in docs/promises.md, that the run has
// met, as far as they have left traces.
func (a *audit) exercised() []string {
	met := map[string]bool{}
	stored := map[string]inboxRow{}
	paidBy := map[string][]inboxRow{} // the reports of success, by intent
	for _, i := range a.inbox {
		stored[i.eventID] = i
		if reportsPaid(i.kind) {
			paidBy[i.ref] = append(paidBy[i.ref], i)
		}
	}
	for _, o := range a.orders {
		a.metBy(o, paidBy, met)
	}
	a.metLate(met)
	for _, e := range a.events {
		if _, ok := stored[e.ID]; !ok && strings.HasPrefix(e.Type, "payment_intent.") {
			met["F31"] = true
		}
		if e.Data.Object.Object == "dispute" {
			met["F17"] = true
		}
	}
	a.metRefundsReordered(stored, met)
	if a.replaced > 0 {
		met["F87"] = true
	}
	return slices.Sorted(maps.Keys(met))
}

func reportsPaid(kind string) bool {
	return kind == "payment_intent.amount_capturable_updated" || kind == "payment_intent.succeeded"
}

// metBy finds what one order has met.
func (a *audit) metBy(o orderRow, paidBy map[string][]inboxRow, met map[string]bool) {
	asked, ready := false, int64(0)
	for _, e := range a.timeline[o.id] {
		switch e.kind {
		case "payment.ready":
			ready = e.at
		case "payment.declined":
			met["F9"] = true
		case "payment.action_required":
			asked = true
		case "order.resolved":
			met["F97"] = true
		case "payment.authorized":
			a.metPaid(e, paidBy[e.ref], met)
		}
	}
	if asked && (o.status == "expired" || o.status == "cancelled") {
		met["F10"] = true
	}
	for _, id := range a.ofOrder[o.id] {
		for _, r := range paidBy[id] {
			if ready == 0 || r.receivedAt < ready {
				met["F12"] = true
			}
		}
		if in := a.intents[id]; in.Amount != o.total {
			met["F14"] = true
		}
	}
}

// metPaid finds an order that learned by asking that it is paid: no report of it had
// come.
func (a *audit) metPaid(e eventRow, reports []inboxRow, met map[string]bool) {
	if !slices.ContainsFunc(reports, func(r inboxRow) bool { return r.receivedAt <= e.at }) {
		met["F96"] = true
	}
	if len(reports) == 0 {
		met["F11"] = true
	}
}

// metLate finds events that came after their order had ended.
func (a *audit) metLate(met map[string]bool) {
	ended := map[string]int64{}
	for _, o := range a.orders {
		for _, e := range a.timeline[o.id] {
			if final(e.to) && ended[o.id] == 0 {
				ended[o.id] = e.at
			}
		}
	}
	for _, i := range a.inbox {
		if at := ended[i.order]; at > 0 && i.receivedAt > at {
			met["F30"] = true
		}
	}
}

// metRefundsReordered finds reports of two refunds of one payment that came the other
// way round.
func (a *audit) metRefundsReordered(stored map[string]inboxRow, met map[string]bool) {
	last := map[string]int64{} // when the latest report of each payment came
	for _, e := range a.events {
		i, ok := stored[e.ID]
		if e.Type != "charge.refunded" || !ok {
			continue
		}
		if i.receivedAt < last[e.intent()] {
			met["F16"] = true
		}
		last[e.intent()] = max(last[e.intent()], i.receivedAt)
	}
}
