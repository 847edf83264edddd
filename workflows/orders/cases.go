package orders

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.temporal.io/sdk/workflow"

	"purser/order"
	"purser/workflows"
)

// matter is something that a person must decide: the hold, a lost parcel, or something
// that needs attention. Each has one case.
type matter struct {
	kind    order.CaseKind
	about   string
	why     string
	decided bool // the order has yet to act on the decision
}

// matters lists what a person must decide, or has decided just now.
func (w *orderWorkflow) matters() (all []matter) {
	if h := w.Hold; h != nil {
		all = append(all, matter{order.CaseOfHold(h.Kind), h.About, h.Why, w.HoldDecided})
	}
	for _, s := range w.Shipments {
		if !w.lost(s) {
			continue
		}
		why := "the carrier does not know the parcel"
		if !s.Missing {
			why = "the carrier has not moved the parcel since " + s.MovedAt.UTC().Format("2006-01-02")
		}
		all = append(all, matter{order.CaseParcelLost, s.Reference, why, w.TrackNow && w.Decided[s.Reference]})
	}
	for _, a := range w.Attention {
		all = append(all, matter{w.attentionKind(a.About), a.About, a.Why, w.Decided[a.About]})
	}
	for _, d := range w.Disputes {
		if d.Status == order.DisputeInquiry || d.Status == order.DisputeNeedsResponse {
			all = append(all, matter{order.CaseDispute, d.ID, "a payment is disputed: " + describeDispute(d) + w.paysForOthers(), w.Decided[d.ID]})
		}
	}
	return all
}

// paysForOthers names the orders that goods of this one were exchanged for: if the bank takes
// its money back, they are not paid either.
func (s *State) paysForOthers() (text string) {
	for _, r := range s.Returns {
		if n := s.CreditOut(r.ID); r.Exchange != nil && !r.Exchanging() && n > 0 {
			text += fmt.Sprintf("; %s of its money pay for order %s: cancel that if it has not been sent", order.Money{Amount: n, Currency: s.Total.Currency}, r.Exchange.OrderID)
		}
	}
	return text
}

// attentionKind returns the kind of the case about what needs attention.
func (s *State) attentionKind(about string) order.CaseKind {
	switch {
	case slices.Contains(s.Placement.Extensions, about):
		return order.CaseOwnStep
	case strings.HasPrefix(about, aboutReturn):
		if back := s.ReturnByID(strings.TrimPrefix(about, aboutReturn)); back != nil && back.Status == order.ReturnReceived {
			return order.CaseReturnUnpaid
		}
		return order.CaseReturnUndecided
	case strings.HasPrefix(about, labelOfReturn):
		return order.CaseReturnLabel
	case strings.HasPrefix(about, failedRefund):
		return order.CaseRefundFailed
	case strings.HasPrefix(about, refundsOf):
		return order.CaseRefundsUnknown
	case strings.HasPrefix(about, overRefundsOf):
		return order.CaseOverRefunded
	case slices.ContainsFunc(s.Refunds, func(r order.Refund) bool { return r.ID == about }):
		return order.CaseRefundNotMade
	case s.shipment(about) != nil:
		return order.CaseParcelUnexpected
	}
	if p := s.payment(about); p != nil && p.Manual() {
		return order.CasePayBack
	}
	return order.CaseNotReturned
}

// syncCases opens a case for each matter that has none, and ends the case of each that
// is over. It is called as a change is written: a matter that came and went since the
// last one has no case.
func (w *orderWorkflow) syncCases(ctx workflow.Context) {
	all := slices.DeleteFunc(w.matters(), func(m matter) bool { return m.decided })
	open := make([]order.CaseRef, 0, len(all))
	for _, c := range w.Cases {
		if slices.ContainsFunc(all, func(m matter) bool { return w.isAbout(c, m) }) {
			open = append(open, c)
			continue
		}
		w.CasesEnded = append(w.CasesEnded, order.CaseEnd{ID: c.ID, Outcome: "the order went on: it is " + string(w.Status)})
	}
	for _, m := range all {
		if slices.ContainsFunc(open, func(c order.CaseRef) bool { return w.isAbout(c, m) }) {
			continue
		}
		// The time keeps a case that is opened after a reset apart from those that were
		// opened before it.
		w.CaseNumber = max(workflow.Now(ctx).UnixMilli(), w.CaseNumber+1)
		c := order.NewCase(w.ID.CaseID(w.CaseNumber), m.kind, workflow.Now(ctx))
		c.OrderID, c.About, c.Why, c.Amount = w.ID, m.about, m.why, w.concerned(m.kind, m.about)
		c.Record, c.Provider = w.sides(m)
		if m.kind.IsHold() {
			w.HoldCase, c.Choices = c.ID, w.Hold.Choices
		}
		if by := w.respondBy(m); by.After(c.OpenedAt) {
			c.DueAt = by
		}
		w.CasesOpened = append(w.CasesOpened, c)
		open = append(open, order.CaseRef{ID: c.ID, Kind: m.kind, About: m.about})
	}
	if w.Cases = open; len(open) == 0 {
		w.Cases = nil
	}
}

// respondBy returns when the bank wants the evidence about a dispute; zero: it has not said,
// or the matter is another one.
func (s *State) respondBy(m matter) (by time.Time) {
	for _, d := range s.Disputes {
		if m.kind == order.CaseDispute && d.ID == m.about {
			by = d.AnswerBy.UTC()
		}
	}
	return by
}

// isAbout reports whether a case is about a matter. A hold that comes after another one
// has a case of its own, even if both are about the same.
func (s *State) isAbout(c order.CaseRef, m matter) bool {
	if m.kind.IsHold() {
		return c.ID == s.HoldCase
	}
	return !c.Kind.IsHold() && c.About == m.about
}

// decides returns what a decision is about: the case that it names, or else everything
// that takes the decision now. A dispute is decided by its case alone, because the bank
// must have got the evidence.
func (w *orderWorkflow) decides(r ResolveRequest) []matter {
	all := w.matters()
	lost := slices.ContainsFunc(all, func(m matter) bool { return m.kind == order.CaseParcelLost })
	return slices.DeleteFunc(all, func(m matter) bool {
		switch {
		case r.Case != "":
			return w.caseAbout(m) != r.Case
		case w.Hold != nil:
			return !m.kind.IsHold()
		}
		return lost != (m.kind == order.CaseParcelLost) || m.kind == order.CaseDispute || !m.kind.Takes(r.Choice)
	})
}

// caseAbout returns the open case about a matter; it is empty without one.
func (s *State) caseAbout(m matter) string {
	for _, c := range s.Cases {
		if s.isAbout(c, m) {
			return c.ID
		}
	}
	return ""
}

// mayDecideCase refuses a decision about a case that is over, or that has to wait for
// another one.
func (w *orderWorkflow) mayDecideCase(r ResolveRequest) error {
	if r.Case == "" {
		return nil
	}
	i := slices.IndexFunc(w.Cases, func(c order.CaseRef) bool { return c.ID == r.Case })
	switch {
	case i < 0:
		return workflows.Refuse(workflows.RefusalNotHeld, fmt.Sprintf("the order is %s: case %s is over", w.Status, r.Case))
	case w.Hold != nil && r.Case != w.HoldCase:
		return workflows.Refuse(workflows.RefusalNotHeld, fmt.Sprintf("the order is on hold (%s): decide about that first, in case %s", w.Hold.Why, w.HoldCase))
	}
	return nil
}

// mayMoveMoney refuses a decision about more money than one person may decide about,
// unless a second one has approved it.
func (w *orderWorkflow) mayMoveMoney(r ResolveRequest) error {
	about := order.Money{Currency: w.Total.Currency}
	var names []string
	for _, m := range w.decides(r) {
		about.Amount += w.concerned(m.kind, m.about).Amount
		names = append(names, w.caseAbout(m))
	}
	if !w.Placement.Terms.ApproveAbove.Needs(r.Choice, about) {
		return nil
	}
	// Two people whose keys were checked have seen this amount.
	second := r.ApprovedBy
	if r.Version >= 1 && second != "" && second != r.Who && second != workflows.ActorTemporalUI && r.Who != workflows.ActorTemporalUI && r.Amount == about {
		return nil
	}
	return workflows.Refuse(workflows.RefusalApproval, fmt.Sprintf("%s is about %s, which a second person must approve: decide it in case %s", r.Choice, about, strings.Join(names, ", ")), about)
}

// endCases ends the cases that a decision was about, after it was carried out. What they
// were about may last until the order has acted on the decision; it has no other case by
// then.
func (w *orderWorkflow) endCases(ctx workflow.Context, r ResolveRequest, about []matter) {
	d := order.CaseDecision{Choice: r.Choice, Who: r.Actor(), Why: r.Reason(), At: workflow.Now(ctx).UTC()}
	if r.Version >= 1 {
		d.ApprovedBy = r.ApprovedBy
	}
	for _, m := range about {
		if id := w.caseAbout(m); id != "" {
			w.Cases = slices.DeleteFunc(w.Cases, func(c order.CaseRef) bool { return c.ID == id })
			w.CasesEnded = append(w.CasesEnded, order.CaseEnd{ID: id, Decision: &d, Request: r.Request})
		}
		if !m.kind.IsHold() {
			w.Decided[m.about] = true
		}
	}
	w.HoldDecided = w.Hold != nil
}

// concerned returns how much money a decision about a matter is about.
func (s *State) concerned(kind order.CaseKind, about string) order.Money {
	m := order.Money{Currency: s.Total.Currency}
	id := strings.TrimPrefix(about, failedRefund)
	refund := slices.IndexFunc(s.Refunds, func(r order.Refund) bool { return r.ID == id })
	switch {
	case (kind == order.CaseRefundFailed || kind == order.CaseRefundNotMade) && refund >= 0:
		return s.Refunds[refund].Amount
	case kind == order.CaseOfHold(order.HoldUnderpaid):
		m.Amount = s.Due() - s.Captured()
		m.Amount = max(m.Amount, s.Captured()) // what is given up, or what is paid back
		return m
	case kind == order.CaseDispute:
		for _, d := range s.Disputes {
			if d.ID == about {
				m.Amount = d.Amount.Amount
			}
		}
		return m
	case kind == order.CaseOverRefunded:
		m.Amount = s.overRefund(overRefundedPayment(about))
		return m
	case kind == order.CaseReturnUnpaid:
		if back := s.ReturnByID(strings.TrimPrefix(about, aboutReturn)); back != nil {
			m = s.ReturnRefund(*back)
		}
		return m
	case kind == order.CaseReturnUndecided, kind == order.CaseReturnLabel, kind == order.CaseOwnStep:
		return m // nobody gets or loses money by the decision
	case kind == order.CaseNotReturned, kind == order.CasePayBack, kind == order.CaseRefundsUnknown:
		if p := s.payment(strings.TrimPrefix(about, refundsOf)); p != nil {
			m.Amount = left(*p)
		}
		return m
	}
	for _, p := range s.Payments {
		m.Amount += left(p)
	}
	if kind == order.CaseOfHold(order.HoldPayment) || kind == order.CaseOfHold(order.HoldRefund) && m.Amount == 0 {
		m.Amount = max(m.Amount, s.Due()) // the provider may have money that the order does not know
	}
	return m
}

// left returns how much of a payment the shop holds or has, in minor units.
func left(p order.Payment) int64 {
	return max(p.Authorized, p.Captured) - p.Refunded - p.Disputed
}

// sides returns what the record and the provider say about a matter.
func (s *State) sides(m matter) (record, provider string) {
	record = fmt.Sprintf("the order is %s over %s; %s captured, %s refunded", s.Status, s.Total,
		order.Money{Amount: s.Captured(), Currency: s.Total.Currency}, order.Money{Amount: s.refundedSum(), Currency: s.Total.Currency})
	p := s.payment(cmp.Or(overRefundedPayment(m.about), strings.TrimPrefix(m.about, refundsOf)))
	parcel := slices.IndexFunc(s.Shipments, func(p order.Shipment) bool {
		return m.about != "" && (p.Reference == m.about || p.Tracking == m.about)
	})
	switch {
	case p != nil:
		provider = describePayment(*p, s.Total.Currency)
	case parcel >= 0:
		provider = describeShipment(s.Shipments[parcel])
	case s.current() != nil:
		provider = describePayment(*s.current(), s.Total.Currency)
	}
	return record, strings.ReplaceAll(provider, "`", "")
}

func (s *State) refundedSum() (sum int64) {
	for _, p := range s.Payments {
		if !p.Surplus {
			sum += p.Refunded
		}
	}
	return sum
}
