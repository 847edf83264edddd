package orders_test

import (
	"fmt"
	"testing"
	"time"

	"go.temporal.io/sdk/workflow"

	"purser/order"
	"purser/workflows"
	"purser/workflows/orders"
)

// ending returns the choice of a kind that lets nothing be tried again.
func ending(k order.CaseKind) order.Choice {
	for _, c := range []order.Choice{order.ChooseRefund, order.ChooseVoid, order.ChooseKeep} {
		if k.Takes(c) {
			return c
		}
	}
	return order.ChooseRelease
}

// openers lead an order to a case of each kind that an order has. They say when it is open.
var openers = map[order.CaseKind]func(p *played) time.Duration{
	order.CaseOfHold(order.HoldPayment): func(p *played) time.Duration {
		p.at(time.Minute, func() {
			p.sendEvents(p.paid(p.bank.Change(p.intent(), func(in *order.Intent) { in.Status, in.Capturable = order.PaymentAuthorized, 1 }), nil))
		})
		return time.Hour
	},
	order.CaseOfHold(order.HoldFunds): func(p *played) time.Duration {
		p.down(3*time.Hour, order.ErrUnavailable, "BookParcel")
		p.at(time.Minute, func() {
			p.paid(p.bank.Pay(p.intent()))
			p.sendEvents(p.paid(p.captureAtBank(p.intent())))
		})
		p.at(time.Hour, func() { p.refundByHand(2900) })
		return 5 * time.Hour
	},
	order.CaseOfHold(order.HoldLabel): func(p *played) time.Duration {
		p.at(time.Minute, p.pay)
		p.at(time.Hour, func() { p.scan(order.ParcelVoided) })
		return 2 * time.Hour
	},
	order.CaseOfHold(order.HoldParcel): func(p *played) time.Duration {
		p.sentFrom("DE") // and the products lack what customs wants
		p.at(150*time.Minute, func() { p.sells(declared) })
		return 2 * time.Hour
	},
	order.CaseOfHold(order.HoldReturned): func(p *played) time.Duration {
		p.at(time.Minute, p.pay)
		p.at(time.Hour, func() { p.scan(order.ParcelInTransit) })
		p.at(48*time.Hour, func() { p.scan(order.ParcelReturned) })
		return 49 * time.Hour
	},
	order.CaseOfHold(order.HoldVoid): func(p *played) time.Duration {
		p.down(1000*day, order.ErrState, "VoidParcel")
		p.at(time.Minute, p.pay)
		p.at(time.Hour, func() { p.cancel() })
		return 30 * time.Hour
	},
	order.CaseOfHold(order.HoldRefund): func(p *played) time.Duration {
		p.down(1000*day, order.ErrRejected, "RefundIntent")
		p.at(time.Minute, p.pay)
		p.at(time.Hour, func() { p.cancel() })
		return 3 * day
	},
	order.CaseOfHold(order.HoldUnderpaid): func(p *played) time.Duration {
		p.placement.Request.Payment = order.PayManually
		p.books(day, 2000, "statement 1", "")
		return day + time.Hour
	},
	order.CaseRefundFailed: func(p *played) time.Duration {
		p.at(time.Minute, p.pay)
		p.at(time.Hour, func() { p.refund(aRefund("r1", 500)) })
		p.at(2*time.Hour, func() { p.reportRefund(p.bank.ResolveRefund(p.intent(), order.RefundFailed)) })
		return 3 * time.Hour
	},
	order.CaseRefundNotMade: func(p *played) time.Duration {
		p.down(1000*day, order.ErrState, "RefundIntent")
		p.at(time.Minute, p.pay)
		p.at(time.Hour, func() { p.refund(aRefund("r1", 500)) })
		return 3 * time.Hour
	},
	order.CaseRefundsUnknown: func(p *played) time.Duration {
		p.down(1000*day, order.ErrRejected, "Refunds")
		p.at(time.Minute, p.pay)
		p.at(time.Hour, func() { p.reportRefund(order.RefundEvent{PaymentRef: p.intent()}) })
		return 3 * time.Hour
	},
	order.CaseOverRefunded: func(p *played) time.Duration {
		p.at(time.Minute, p.pay)
		p.at(time.Hour, func() { p.scan(order.ParcelInTransit) })
		p.refunds(2*time.Hour, order.RefundRequest{ID: "r1", Amount: euros(2000), PaidOut: "transfer 17"}, "")
		p.at(3*time.Hour, func() { p.refundByHand(1000) })
		return 4 * time.Hour
	},
	order.CaseNotReturned: func(p *played) time.Duration {
		p.down(1000*day, order.ErrRejected, "RefundIntent")
		p.at(time.Minute, p.pay)
		p.at(time.Hour, p.payElsewhere)
		return 3 * time.Hour
	},
	order.CasePayBack: func(p *played) time.Duration {
		p.placement.Request.Payment = order.PayManually
		p.books(day, 3000, "statement 1", "")
		return day + time.Hour
	},
	order.CaseParcelLost: func(p *played) time.Duration {
		p.at(time.Minute, p.pay)
		p.at(day, func() { p.scan(order.ParcelInTransit) })
		return 16 * day
	},
	order.CaseParcelUnexpected: func(p *played) time.Duration {
		p.held(order.ErrUnknownOutcome)
		p.at(30*time.Minute, func() { p.byHand(func() { p.scanSilently(order.ParcelInTransit) }) })
		p.refunds(time.Hour, mugs("r1", 1, false), "")
		return 5 * time.Hour
	},
	order.CaseDispute: func(p *played) time.Duration {
		p.at(time.Minute, p.pay)
		p.at(day, func() { p.scan(order.ParcelInTransit) })
		p.at(day+time.Hour, func() { p.disputeIs(order.DisputeInquiry) })
		return day + 2*time.Hour
	},
	order.CaseReturnUndecided: func(p *played) time.Duration {
		p.inTwoParcels()
		p.steps(2*day, func() *updateResult { return p.requestReturn("rt1", 1) })
		return 10 * day
	},
	order.CaseReturnUnpaid: func(p *played) time.Duration {
		p.inTwoParcels()
		p.steps(2*day, func() *updateResult { return p.requestReturn("rt1", 1) }, func() *updateResult { return p.decideReturn("rt1", order.StepApprove) })
		p.at(3*day, func() { p.disputeIs(order.DisputeNeedsResponse) })
		p.steps(4*day, func() *updateResult { return p.receiveReturn("rt1", receipt(1, 0, 0, 0)) })
		return 5 * day
	},
	order.CaseReturnLabel: func(p *played) time.Duration {
		p.inTwoParcels()
		p.steps(2*day, func() *updateResult { return p.requestReturn("rt1", 1) })
		p.at(3*day, func() {
			p.add(&fault{op: "BookParcel", kind: order.ErrRejected, until: 7 * day})
			p.approveWithLabel("rt1")
		})
		return 4 * day
	},
	order.CaseOwnStep: func(p *played) time.Duration {
		p.stepDown = true
		step := orders.Extension{ID: "erp", At: orders.AfterCapture, Run: func(workflow.Context, order.Order) error {
			if p.stepDown {
				return workflows.Refuse("Rejected", "unknown account")
			}
			return nil
		}}
		p.placement.Extensions = []string{step.ID}
		p.course = orders.Course{Extensions: []orders.Extension{step}}
		p.at(time.Minute, p.pay)
		return 3 * time.Hour
	},
}

// inTwoParcels has the goods sent in two parcels, of which one is delivered.
func (p *played) inTwoParcels() {
	p.placement.Terms.ParcelPieces = 1
	p.at(time.Minute, p.pay)
	p.arriveAs(reference, 0)
}

// TestEveryCase (REC-7): each kind of case that an order has is opened by what happens to an
// order, takes each of its choices, which the order carries out, and does at its deadline
// what the table says. Whatever was decided, the order and its cases end, the record says what
// the bank says, and no mail is sent twice.
func TestEveryCase(t *testing.T) {
	for _, rule := range order.CaseRules() {
		if !rule.Kind.OfOrder() {
			continue
		}
		for _, c := range append([]order.Choice{""}, rule.Choices...) { // "": nobody decides
			t.Run(fmt.Sprintf("%s %s", rule.Kind, c), func(t *testing.T) {
				t.Parallel()
				p := newPlayed(t)
				opened := openers[rule.Kind](p)
				var found order.CaseRef
				var got *updateResult
				p.at(opened, func() {
					if found = p.caseOf(rule.Kind); c != "" {
						got = p.decideCase(found.ID, c)
					}
				})
				after := opened + time.Hour
				if c == "" {
					after = opened + rule.Within + time.Hour
				}
				p.at(after, func() { p.decidedAs(found, rule, c) })
				p.finish(after + time.Hour)
				p.run()
				if got != nil && got.refusal() != "" {
					t.Errorf("decided: %v", got.err)
				}
				p.endsInOrder()
				if t.Failed() {
					p.logTimeline()
				}
			})
		}
	}
}
