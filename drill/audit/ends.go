package audit

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// final reports whether an order with the status has ended.
func final(status string) bool {
	switch status {
	case "delivered", "cancelled", "expired", "refused", "returned":
		return true
	}
	return false
}

// countPlaced counts the orders that a shopper was told are placed and that the record
// does not have, or that ended as their shoppers did not deserve.
func (a *audit) countPlaced() {
	for _, p := range a.Placed {
		switch o, ok := a.order(p.Order); {
		case !ok:
			a.endedWrong(EndedWrong, p.Order, "is lost")
		case final(o.status) && !slices.Contains(p.Ends, o.status):
			a.endedWrong(EndedWrong, p.Order, fmt.Sprintf("is %s, its shopper may expect %v", o.status, p.Ends))
		}
	}
}

// countEnd counts an order that has not ended, and one whose end contradicts its money
// or its parcels.
func (a *audit) countEnd(o orderRow) {
	wrong := func(what string, args ...any) {
		a.endedWrong(EndedWrong, o.id, "is "+o.status+": "+fmt.Sprintf(what, args...))
	}
	switch {
	case !final(o.status):
		a.endedWrong(Stuck, o.id, "is still "+o.status)
		return
	case o.needs:
		a.endedWrong(Stuck, o.id, "still needs somebody")
	}
	for _, id := range a.ofOrder[o.id] {
		if s := a.intents[id].Status; s == "requires_capture" || s == "processing" {
			wrong("its payment %s is still %s", id, s)
		}
	}
	live := slices.ContainsFunc(a.byOrder[o.id], label.live)
	switch o.status {
	case "delivered":
		if paid := a.paid(o.id); paid < o.total && !a.decided(o.id, "keep") {
			wrong("%d of %d was captured", paid, o.total)
		}
		if !live && !a.decided(o.id, "keep") {
			wrong("no parcel went out")
		}
	case "cancelled", "expired", "refused":
		if kept := a.kept(o.id); kept > 0 && !a.decided(o.id, "keep") {
			wrong("the shop still has %d", kept)
		}
		if live && !a.decided(o.id, "refund") && !a.decided(o.id, "keep") {
			wrong("a parcel went out")
		}
	}
}

// paid returns what was captured for the order, without what it did not ask for.
func (a *audit) paid(id string) (sum int64) {
	for _, p := range a.payments[id] {
		if !p.surplus {
			sum += p.captured
		}
	}
	return sum
}

// decided reports whether a person has made the choice about an order.
func (a *audit) decided(id, choice string) bool {
	return slices.ContainsFunc(a.timeline[id], func(e eventRow) bool {
		return e.kind == "order.resolved" && strings.HasPrefix(e.why, choice+":")
	})
}

// countLabels counts the orders with more than one parcel on its way, and the labels
// that were booked twice under one reference.
func (a *audit) countLabels(o orderRow) {
	live, references := 0, map[string]int{}
	for _, l := range a.byOrder[o.id] {
		if l.live() {
			live++
		}
		if references[l.Reference]++; references[l.Reference] == 2 {
			a.broke(DoubleLabels, l.Reference+" was booked twice")
		}
	}
	if live > 1 {
		a.broke(DoubleLabels, fmt.Sprintf("%s has %d parcels on their way", o.id, live))
	}
}

// countWorkflows counts the workflows that have failed, or that run although their
// order has ended, and the orders without a workflow.
func (a *audit) countWorkflows() {
	has := map[string]bool{}
	for _, w := range a.workflows {
		has[w.order] = true
		switch {
		case w.needsEngineer():
			a.endedWrong(Stuck, w.order, fmt.Sprintf("has a failed %s: %s", w.kind, w.status))
		case w.running() && !a.behind[w.order]:
			a.endedWrong(Stuck, w.order, "has a running "+w.kind)
		}
	}
	for _, o := range a.orders {
		if !has[o.id] {
			a.endedWrong(EndedWrong, o.id, "has no workflow")
		}
	}
}

// staleAfter is the age at which a mail in the state sending is no longer being sent:
// no call lasts as long.
const staleAfter = 15 * time.Second

// isLeftBehind is leftBehind for an order that was not read. It is false for an order
// that the record does not have.
func (a *audit) isLeftBehind(ctx context.Context, id string) (bool, error) {
	all, err := a.readOrders(ctx, "WHERE id = $1", id)
	if err != nil || len(all) == 0 {
		return false, err
	}
	if err := a.readDetails(ctx, id, id); err != nil {
		return false, fmt.Errorf("audit: %w", err)
	}
	return a.leftBehind(all[0]), nil
}

// leftBehind reports whether an order's only work left is to record mails as unknown.
// They were being sent when the program was killed; it waits minutes before it records
// that, since another process might still be sending them.
func (a *audit) leftBehind(o orderRow) bool {
	if !final(o.status) || o.needs {
		return false
	}
	sending := 0
	for _, m := range a.record.mails[o.id] {
		switch {
		case m.state == "due", m.state == "sending" && time.Since(time.UnixMicro(m.claimedAt)) < staleAfter:
			return false
		case m.state == "sending":
			sending++
		}
	}
	return sending > 0
}
