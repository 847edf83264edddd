package audit

import "slices"

// metBy finds which failures, by their ids in docs/promises.md, one order has met, as
// far as they have left traces.
func (a *audit) metBy(o orderRow) {
	asked, ready, ended := false, int64(0), int64(0)
	for _, e := range a.timeline[o.id] {
		switch e.kind {
		case "payment.ready":
			ready = e.at
		case "payment.declined":
			a.met["F9"] = true
		case "payment.action_required":
			asked = true
		case "order.resolved":
			a.met["F97"] = true
		case "payment.authorized":
			a.metPaid(e, a.inbox.paidBy[e.ref])
		}
		if final(e.to) && ended == 0 {
			ended = e.at
		}
	}
	if ended > 0 && a.inbox.last[o.id] > ended {
		a.met["F30"] = true
	}
	if asked && (o.status == "expired" || o.status == "cancelled") {
		a.met["F10"] = true
	}
	for _, id := range a.ofOrder[o.id] {
		for _, r := range a.inbox.paidBy[id] {
			if ready == 0 || r.receivedAt < ready {
				a.met["F12"] = true
			}
		}
		if in := a.intents[id]; in.Amount != o.total {
			a.met["F14"] = true
		}
	}
}

// metPaid finds an order that learned by asking that it is paid: no webhook that
// reports it had come.
func (a *audit) metPaid(e eventRow, reports []inboxRow) {
	if !slices.ContainsFunc(reports, func(r inboxRow) bool { return r.receivedAt <= e.at }) {
		a.met["F96"] = true
	}
	if len(reports) == 0 {
		a.met["F11"] = true
	}
}
