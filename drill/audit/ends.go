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

// countEnd counts an order that has not ended, and one whose end contradicts its money,
// its parcels or its goods.
func (a *audit) countEnd(o orderRow) {
	if !final(o.status) {
		a.endedWrong(Stuck, o.id, "is still "+o.status)
		return
	}
	if o.needs {
		a.endedWrong(Stuck, o.id, "still needs somebody")
	}
	wrong, m := a.openPayments(o), a.sumsOf(o)
	if !a.countGoods(o, m) {
		wrong = slices.Concat(wrong, a.moneyAtEnd(o, m), a.parcelsAtEnd(o))
	}
	for _, what := range wrong {
		a.endedWrong(EndedWrong, o.id, "is "+o.status+": "+what)
	}
}

// knowsPayment reports whether the record has a payment of an order.
func (a *audit) knowsPayment(order, reference string) bool {
	return slices.ContainsFunc(a.payments[order], func(p paymentRow) bool { return p.reference == reference })
}

// openPayments says which payments of an order that has ended are held, or can still be
// made. One that a lost attempt created for a change is known to nobody who could pay it.
func (a *audit) openPayments(o orderRow) (wrong []string) {
	for _, id := range a.ofOrder[o.id] {
		s := a.intents[id].Status
		if s == "requires_payment_method" && len(o.doc.Changes) > 0 && a.replacedIn[o.id] && !a.knowsPayment(o.id, id) {
			continue
		}
		if s != "succeeded" && s != "canceled" {
			wrong = append(wrong, fmt.Sprintf("its payment %s is still %s", id, s))
		}
	}
	return wrong
}

// sums are what the shop has of an order's money, in minor units.
type sums struct {
	asked    int64 // the total, without what was left out
	received int64 // without a payment provider, which the record alone knows
	own      int64 // captured at the provider, without what the order did not ask for
	kept     int64 // of all payments
}

// sumsOf adds up an order's money, by what the provider has.
func (a *audit) sumsOf(o orderRow) sums {
	m, surplus := sums{asked: o.total}, map[string]bool{}
	for _, p := range a.payments[o.id] {
		surplus[p.reference] = p.surplus
		if p.provider == "manual" || p.provider == "credit" {
			m.kept += p.captured - p.refunded - p.disputed
			m.received += p.captured
		}
	}
	for _, r := range a.record.refunds[o.id] {
		switch {
		case r.status == "released":
			m.asked -= r.amount
		case r.elsewhere() && r.moves() && a.intents[r.paymentRef].ID != "": // the provider does not know of it
			m.kept -= r.amount
		}
	}
	for _, id := range a.ofOrder[o.id] {
		m.kept += a.money[id]
		if !surplus[id] {
			m.own += a.taken[id]
		}
	}
	return m
}

// moneyAtEnd says what is wrong with the money of an order that has ended: a delivered
// order was captured once, as a whole but for what was left out, and what came in besides
// was returned; of an order that was not delivered the shop has nothing, unless a person
// keeps it.
func (a *audit) moneyAtEnd(o orderRow, m sums) (wrong []string) {
	note := func(what string, args ...any) { wrong = append(wrong, fmt.Sprintf(what, args...)) }
	switch {
	case a.decided(o.id, "keep"):
	case o.status != "delivered":
		if m.kept != 0 {
			note("the shop still has %d", m.kept)
		}
	case m.received == 0 && m.own != m.asked:
		note("%d of %d was captured", m.own, m.asked)
	case m.received+m.own < m.asked:
		note("%d of %d was received", m.received+m.own, m.asked)
	case m.kept > m.asked:
		note("the shop has %d of %d", m.kept, m.asked)
	}
	return wrong
}

// decided reports whether a person has made the choice about an order.
func (a *audit) decided(id, choice string) bool {
	return slices.ContainsFunc(a.timeline[id], func(e eventRow) bool {
		return e.kind == "order.resolved" && strings.HasPrefix(e.why, choice+":")
	})
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
