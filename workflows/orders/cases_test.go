package orders_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"purser/order"
	"purser/workflows"
	"purser/workflows/orders"
)

// casebook keeps the cases that an order has opened, and how they ended.
type casebook struct {
	mu     sync.Mutex
	opened map[string]order.Case
	ended  map[string]order.CaseEnd
	before func(op string, id order.ID) error // nil: nothing fails
}

func (b *casebook) StartCase(_ context.Context, c order.Case) error {
	if b.before != nil {
		if err := b.before("StartCase", c.OrderID); err != nil {
			return err
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.opened == nil {
		b.opened, b.ended = map[string]order.Case{}, map[string]order.CaseEnd{}
	}
	if _, again := b.opened[c.ID]; !again {
		b.opened[c.ID] = c
	}
	return nil
}

func (b *casebook) ReviewCase(_ context.Context, e order.CaseEnd) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended[e.ID] = e
	return nil
}

// Cases lists the open cases.
func (b *casebook) Cases(_ context.Context, f order.CaseFilter) (p order.CasePage, _ error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for id, c := range b.opened {
		if _, over := b.ended[id]; !over && c.OrderID == f.OrderID {
			p.Cases = append(p.Cases, c)
		}
	}
	return p, nil
}

// inOrder returns the cases in the sequence in which they were opened.
func (b *casebook) inOrder() []order.Case {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := slices.Collect(maps.Values(b.opened))
	slices.SortFunc(all, func(x, y order.Case) int { return strings.Compare(x.ID, y.ID) })
	return all
}

// keptCases checks that each matter has one case: what a person must decide still has an
// open one, and nothing else has.
func (c *checks) keptCases() {
	c.Helper()
	s := c.state()
	open := map[string]bool{}
	for _, ref := range s.Order.Cases {
		open[ref.ID] = true
		if _, ok := c.cases.opened[ref.ID]; !ok {
			c.Errorf("REC-7: case %s (%s) was not opened", ref.ID, ref.Kind)
		}
		if e, ok := c.cases.ended[ref.ID]; ok {
			c.Errorf("REC-7: case %s (%s) was ended, and the order has it: %+v", ref.ID, ref.Kind, e)
		}
	}
	for _, opened := range c.cases.inOrder() {
		if _, ok := c.cases.ended[opened.ID]; !ok && !open[opened.ID] {
			c.Errorf("REC-7: the order has forgotten case %s (%s: %s)", opened.ID, opened.Kind, opened.Why)
		}
		rule, ok := opened.Kind.Rule()
		if !ok || len(opened.Choices) == 0 || opened.Why == "" || opened.Record == "" || opened.Kind != order.CaseDispute && !opened.DueAt.Equal(opened.OpenedAt.Add(rule.Within)) {
			c.Errorf("REC-7: case %+v", opened)
		}
	}
}

// decide sends the decision about a case, as the case's workflow does.
func (w *fixture) decide(caseID string, c order.Choice, approvedBy string) *updateResult {
	return w.decideAbout(caseID, c, approvedBy, 2900)
}

// decideAbout decides about an amount that the case has shown.
func (w *fixture) decideAbout(caseID string, c order.Choice, approvedBy string, amount int64) *updateResult {
	got := new(updateResult)
	w.update(string(orders.Resolve), "case-"+caseID+"-"+string(c)+approvedBy, got, orders.ResolveRequest{
		Choice: c, Case: caseID, Request: "request-1", ApprovedBy: approvedBy, Amount: order.Money{Amount: amount, Currency: "EUR"}, Sender: sentBy("key:ada", "looked at it"),
	})
	return got
}

// only returns the only open case of the order.
func (w *fixture) only() order.CaseRef {
	w.Helper()
	open := w.order().Cases
	if len(open) != 1 {
		w.Fatalf("open cases %+v, want one", open)
	}
	return open[0]
}

// TestCaseOfHold (REC-7): a hold opens one case with what both sides say. Its decision ends
// it, and a decision about it that comes later is refused.
func TestCaseOfHold(t *testing.T) {
	w := newFixture(t)
	w.at(time.Minute, func() {
		w.sendEvents(w.paid(w.bank.Change(w.intent(), func(in *order.Intent) { in.Status, in.Capturable = order.PaymentAuthorized, 1 }), nil))
	})
	var ref order.CaseRef
	var other, got, late *updateResult
	w.at(time.Hour, func() {
		ref = w.only()
		other = w.decide(string(id)+"-0", order.ChooseVoid, "")
	})
	w.at(2*time.Hour, func() { got = w.decide(ref.ID, order.ChooseVoid, "") })
	w.at(3*time.Hour, func() { late = w.decide(ref.ID, order.ChooseRelease, "") })
	w.run().ended(order.Cancelled)
	if other.refusal() != workflows.RefusalNotHeld || got.refusal() != "" {
		t.Errorf("%q and %q", other.refusal(), got.refusal())
	}
	if late != nil && late.refusal() == "" {
		t.Error("a decision about a case that is over was taken")
	}
	all := w.cases.inOrder()
	if len(all) != 1 || all[0].ID != ref.ID || all[0].Kind != order.CaseOfHold(order.HoldPayment) || all[0].OrderID != id {
		t.Fatalf("cases %+v", all)
	}
	if c := all[0]; !strings.Contains(c.Record, "29.00 EUR") || !strings.Contains(c.Provider, w.intent()) || !strings.Contains(c.Why, "the order is 29.00 EUR") {
		t.Errorf("sides %q and %q: %q", c.Record, c.Provider, c.Why)
	}
	e := w.cases.ended[ref.ID]
	if e.Decision == nil || e.Decision.Choice != order.ChooseVoid || e.Decision.Who != "key:ada" || e.Decision.Why != "looked at it" || e.Request != "request-1" {
		t.Errorf("ended %+v", e)
	}
}

// TestCaseOfSameHold (REC-7): a hold that comes again after it was released has a case of
// its own.
func TestCaseOfSameHold(t *testing.T) {
	w := newFixture(t)
	w.down(1000*time.Hour, order.ErrState, "VoidParcel")
	w.at(time.Minute, w.pay)
	w.at(time.Hour, func() { w.cancel() })
	var ids []string
	for i := range 3 {
		w.at(time.Duration(30+i)*time.Hour, func() {
			ref := w.only()
			ids = append(ids, ref.ID)
			if i == 2 {
				w.end("VoidParcel")
			}
			w.decide(ref.ID, order.ChooseRelease, "")
		})
	}
	w.run().ended(order.Cancelled)
	if slices.Sort(ids); len(slices.Compact(ids)) != 3 || len(w.cases.opened) != 3 {
		t.Errorf("decided %v of %d cases", ids, len(w.cases.opened))
	}
}

// TestCaseOfPassedHold (REC-7): the case of a hold that a cancellation overrules ends with
// it, without a decision.
func TestCaseOfPassedHold(t *testing.T) {
	w := newFixture(t)
	w.at(time.Minute, w.pay)
	w.at(time.Hour, func() { w.scan(order.ParcelVoided) })
	var ref order.CaseRef
	w.at(2*time.Hour, func() {
		ref = w.only()
		w.cancel()
	})
	w.run().ended(order.Cancelled)
	if e, ok := w.cases.ended[ref.ID]; !ok || e.Decision != nil || e.Outcome == "" {
		t.Errorf("ended %+v", w.cases.ended)
	}
}

// TestCasesOfAttention (REC-7): what needs attention has a case each, and a decision about
// one does not touch the others.
func TestCasesOfAttention(t *testing.T) {
	w := newFixture(t)
	w.down(1000*time.Hour, order.ErrRejected, "RefundIntent", "Refunds")
	w.at(time.Minute, w.payElsewhere)
	w.at(2*time.Minute, func() { w.reportRefund(order.RefundEvent{PaymentRef: w.intent()}) })
	var got *updateResult
	w.at(2*time.Hour, func() {
		open := w.order().Cases
		if len(open) != 2 {
			w.Fatalf("cases %+v", open)
		}
		got = w.decide(open[0].ID, order.ChooseKeep, "")
	})
	w.at(3*time.Hour, func() {
		if open := w.order().Cases; got.refusal() != "" || len(open) != 1 || len(w.order().Attention) != 1 {
			w.Errorf("%q: cases %+v, attention %+v", got.refusal(), open, w.order().Attention)
		}
		w.decide(w.order().Cases[0].ID, order.ChooseKeep, "")
	})
	w.run()
	kinds := map[order.CaseKind]int{}
	for _, c := range w.cases.inOrder() {
		kinds[c.Kind]++
	}
	if !maps.Equal(kinds, map[order.CaseKind]int{order.CaseNotReturned: 1, order.CaseRefundsUnknown: 1}) {
		t.Errorf("cases %v", kinds)
	}
}

// TestCaseOfLostParcel (REC-7, F97): a parcel that does not move has a case. After the
// carrier was asked in vain, it has another one.
func TestCaseOfLostParcel(t *testing.T) {
	const day = 24 * time.Hour
	w := newFixture(t)
	w.at(time.Minute, w.pay)
	w.at(day, func() { w.scan(order.ParcelInTransit) })
	var first order.CaseRef
	w.at(16*day, func() {
		first = w.only()
		w.decide(first.ID, order.ChooseRelease, "")
	})
	w.at(17*day, func() {
		if again := w.only(); first.Kind != order.CaseParcelLost || again.Kind != first.Kind || again.ID == first.ID {
			w.Errorf("%+v after %+v", again, first)
		}
		w.scan(order.ParcelDelivered)
	})
	w.run().ended(order.Delivered)
}

// TestApproval (REC-7): a decision about more money than one person may decide about needs
// a second person, however it is sent; and one that moves no money needs none.
func TestApproval(t *testing.T) {
	for _, tt := range []struct {
		name     string
		limit    int64
		ask      func(w *fixture, caseID string) *updateResult
		approved bool
	}{
		{"without a case", 2899, func(w *fixture, _ string) *updateResult { return w.resolve(order.ChooseVoid) }, false},
		{"about the case", 2899, func(w *fixture, c string) *updateResult { return w.decide(c, order.ChooseVoid, "") }, false},
		{"approved by the same person", 2899, func(w *fixture, c string) *updateResult { return w.decide(c, order.ChooseVoid, "key:ada") }, false},
		{"approved in the Temporal UI", 2899, func(w *fixture, c string) *updateResult {
			return w.decide(c, order.ChooseVoid, workflows.ActorTemporalUI)
		}, false},
		{"typed with an approval", 2899, func(w *fixture, c string) *updateResult {
			got := new(updateResult)
			w.update(string(orders.Resolve), "typed", got, orders.ResolveRequest{
				Choice: order.ChooseVoid, Case: c, ApprovedBy: "key:bo", Sender: workflows.Sender{Who: "ada", Why: "looked at it"},
			})
			return got
		}, false},
		{"proposed in the Temporal UI", 2899, func(w *fixture, c string) *updateResult {
			got := new(updateResult)
			w.update(string(orders.Resolve), "proposed", got, orders.ResolveRequest{
				Choice: order.ChooseVoid, Case: c, ApprovedBy: "key:bo", Amount: order.Money{Amount: 2900, Currency: "EUR"}, Sender: sentBy(workflows.ActorTemporalUI, "looked at it"),
			})
			return got
		}, false},
		{"of another amount", 2899, func(w *fixture, c string) *updateResult {
			got := new(updateResult)
			w.update(string(orders.Resolve), "less", got, orders.ResolveRequest{
				Choice: order.ChooseVoid, Case: c, ApprovedBy: "key:bo", Amount: order.Money{Amount: 290, Currency: "EUR"}, Sender: sentBy("key:ada", "looked at it"),
			})
			return got
		}, false},
		{"approved by another person", 2899, func(w *fixture, c string) *updateResult { return w.decide(c, order.ChooseVoid, "key:bo") }, true},
		{"not more than the limit", 2900, func(w *fixture, c string) *updateResult { return w.decide(c, order.ChooseVoid, "") }, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newFixture(t)
			w.placement.Terms.ApproveAbove = order.Approval{"EUR": tt.limit}
			w.at(time.Minute, func() { // the bank holds another amount, in another currency's name
				w.sendEvents(w.paid(w.bank.Change(w.intent(), func(in *order.Intent) {
					in.Status, in.Capturable = order.PaymentAuthorized, 2900
					in.Amount.Currency = "USD"
				}), nil))
			})
			var got *updateResult
			w.at(time.Hour, func() { got = tt.ask(w, w.only().ID) })
			w.at(2*time.Hour, func() {
				switch {
				case tt.approved && got.refusal() != "":
					w.Errorf("refused: %q", got.refusal())
				case !tt.approved && (got.refusal() != workflows.RefusalApproval || w.order().Status != order.OnHold):
					w.Errorf("%q, and the order is %s", got.refusal(), w.order().Status)
				}
				if w.order().Status == order.OnHold {
					w.decide(w.only().ID, order.ChooseVoid, "key:bo")
				}
			})
			w.run().ended(order.Cancelled)
			if sum := w.bank.Count(id); sum.Taken != sum.Returned {
				t.Errorf("%+v", sum)
			}
		})
	}
}
