package audit

import "fmt"

// countEvents counts the events that were acknowledged and not stored, those that were
// stored and not delivered, and the gaps in the orders' timelines.
func (a *audit) countEvents() {
	stored := map[string]bool{}
	for _, i := range a.inbox {
		stored[i.eventID] = true
		if i.kind == "SubscriptionConfirmation" { // a stand-in that was killed cannot be asked any more
			continue
		}
		switch i.state {
		case "received", "held", "parked":
			a.broke(LostEvents, fmt.Sprintf("the %s %s of %s is %s: %s", i.kind, i.eventID, i.order, i.state, i.note))
		}
	}
	for _, e := range a.events {
		if e.Pending == 0 && !stored[e.ID] {
			a.broke(LostEvents, fmt.Sprintf("the %s %s was acknowledged, and is not in the inbox", e.Type, e.ID))
		}
	}
	for _, o := range a.orders {
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
}
