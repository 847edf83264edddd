package orders_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"purser/order"
	"purser/workflows/orders"
)

// The steps of the returns in these tests.
func (r *runner) requestReturn(id string, n int64) *updateResult {
	got := new(updateResult)
	r.update(string(orders.RequestReturn), "", got, orders.ReturnRequest{
		ReturnRequest: order.ReturnRequest{ID: id, Lines: []order.ReturnItem{{SKU: "mug", Quantity: n, Reason: "too small"}}}, Sender: sentBy("key:shop", "too small"),
	})
	return got
}

func (r *runner) decideReturn(id string, step order.ReturnStep) *updateResult {
	got := new(updateResult)
	ask := orders.DecideReturnRequest{ReturnDecision: order.ReturnDecision{ID: id, Step: step}, Sender: sentBy("key:ops", "looked at it")}
	if step == order.StepReject {
		ask.Message = "the cup is chipped"
	}
	r.update(string(orders.DecideReturn), "", got, ask)
	return got
}

func (r *runner) receiveReturn(id string, got order.ReturnReceipt) *updateResult {
	result := new(updateResult)
	r.update(string(orders.ReceiveReturn), "", result, orders.ReceiveReturnRequest{ID: id, ReturnReceipt: got, Sender: sentBy("key:ops", "unpacked")})
	return result
}

// receipt returns what has arrived: pieces that are for sale again, but for the damaged.
func receipt(pieces, damaged, fee, damage int64) order.ReturnReceipt {
	return order.ReturnReceipt{Lines: []order.ReceivedItem{{SKU: "mug", Quantity: pieces, Damaged: damaged, Restock: true}}, Fee: fee, Damage: damage}
}

// says checks how an update ended: with a refusal of a type that has these words, or, if
// there are none, well.
func (w *fixture) says(what string, got *updateResult, refusal, words string) {
	w.afterwards = append(w.afterwards, func() {
		w.Helper()
		if got.refusal() != refusal || words != "" && !strings.Contains(got.err.Error(), words) {
			w.Errorf("%s: got %v, want %s %q", what, got.err, refusal, words)
		}
	})
}

// steps scripts steps of a return, one an hour, each of which is taken.
func (w *fixture) steps(from time.Duration, steps ...func() *updateResult) {
	for i, step := range steps {
		w.at(from+time.Duration(i)*time.Hour, func() { w.says(fmt.Sprintf("step %d", i), step(), "", "") })
	}
}

// approved scripts a return that is asked for and approved three days after placing.
func (w *fixture) approved(id string, n int64) {
	w.at(time.Minute, w.pay)
	w.arrive(0)
	w.steps(3*day, func() *updateResult { return w.requestReturn(id, n) }, func() *updateResult { return w.decideReturn(id, order.StepApprove) })
}

// hasReturns checks the order's returns, each written as "id status refund", and that no
// deadline is left of those that have ended.
func hasReturns(want ...string) func(*testing.T, *fixture) {
	return func(t *testing.T, w *fixture) {
		t.Helper()
		var got []string
		for _, r := range w.order().Returns {
			got = append(got, fmt.Sprintf("%s %s %d", r.ID, r.Status, r.Refund.Amount))
			if len(r.Status.Rule().Moves) == 0 && !r.Due.IsZero() {
				t.Errorf("the return %s is %s, and has a deadline", r.ID, r.Status)
			}
		}
		if strings.Join(got, ", ") != strings.Join(want, ", ") {
			t.Errorf("returns %v, want %v", got, want)
		}
	}
}

var (
	asksBack  = []order.Notification{order.MailReturnRequested, order.MailReturnApproved}
	comesBack = also(asksBack, order.MailReturnReceived)
)

// TestReturn (REF-9): goods are sent back, received, for sale again and refunded, less a
// fee and a damage; each step is taken once, and each mail is sent once.
func TestReturn(t *testing.T) {
	runScenarios(t, []scenario{
		{name: "all comes back", script: func(w *fixture) {
			w.approved("rt1", 2)
			w.steps(5*day, func() *updateResult { return w.receiveReturn("rt1", receipt(2, 0, 0, 0)) })
		}, ends: order.Delivered, mails: also(delivered, also(comesBack, refunded)...), check: both(
			hasReturns("rt1 closed 2900"), hasRefunds("return-rt1 succeeded 2900"), hasStock(0, onHand), hasEvent(order.ReturnWasClosed, "29.00 EUR refunded"))},
		{name: "one of two comes, damaged: less a fee and the damage, and it is written off", script: func(w *fixture) {
			w.approved("rt1", 2)
			w.steps(5*day, func() *updateResult { return w.receiveReturn("rt1", receipt(1, 1, 145, 500)) })
		}, ends: order.Delivered, mails: also(delivered, also(comesBack, refunded)...), check: both(
			hasReturns("rt1 closed 805"), hasRefunds("return-rt1 succeeded 805"), hasStock(2, onHand-2))},
		{name: "received twice, and then otherwise", script: func(w *fixture) {
			w.approved("rt1", 2)
			w.steps(5*day, func() *updateResult { return w.receiveReturn("rt1", receipt(1, 0, 145, 0)) }, func() *updateResult { return w.receiveReturn("rt1", receipt(1, 0, 145, 0)) })
			w.at(6*day, func() {
				w.says("otherwise", w.receiveReturn("rt1", receipt(2, 0, 0, 0)), "NotHeld", "other goods or amounts were received")
			})
		}, ends: order.Delivered, mails: also(delivered, also(comesBack, refunded)...), check: both(
			hasReturns("rt1 closed 1305"), hasRefunds("return-rt1 succeeded 1305"), calledTimes("RefundIntent", 1), hasStock(1, onHand-1))},
		{name: "received by two at once", script: func(w *fixture) {
			w.approved("rt1", 2)
			w.at(5*day, func() {
				w.toWorkflow(func() {
					w.says("first", w.receiveReturn("rt1", receipt(1, 0, 0, 0)), "", "")
					w.says("second", w.receiveReturn("rt1", receipt(2, 0, 0, 0)), "NotHeld", "")
				})
			})
		}, ends: order.Delivered, mails: also(delivered, also(comesBack, refunded)...), check: both(
			hasReturns("rt1 closed 1450"), hasRefunds("return-rt1 succeeded 1450"), calledTimes("RefundIntent", 1))},
		{name: "the fee takes it all: nothing is refunded", script: func(w *fixture) {
			w.approved("rt1", 1)
			w.steps(5*day, func() *updateResult { return w.receiveReturn("rt1", receipt(1, 0, 1450, 0)) })
		}, ends: order.Delivered, mails: also(delivered, comesBack...), check: both(
			hasReturns("rt1 closed 0"), hasRefunds(), hasStock(1, onHand-1))},
		{name: "two returns of one piece each meet the price", script: func(w *fixture) {
			w.approved("rt1", 1)
			w.steps(5*day, func() *updateResult { return w.receiveReturn("rt1", receipt(1, 0, 145, 0)) },
				func() *updateResult { return w.requestReturn("rt2", 1) }, func() *updateResult { return w.decideReturn("rt2", order.StepApprove) },
				func() *updateResult { return w.receiveReturn("rt2", receipt(1, 0, 0, 0)) })
		}, ends: order.Delivered, mails: also(delivered, also(comesBack, also(comesBack, refunded, refunded)...)...), check: both(
			hasReturns("rt1 closed 1305", "rt2 closed 1450"), hasRefunds("return-rt1 succeeded 1305", "return-rt2 succeeded 1450"), hasStock(0, onHand))},
		{name: "rejected: the shopper is told why", script: func(w *fixture) {
			w.at(time.Minute, w.pay)
			w.arrive(0)
			w.steps(3*day, func() *updateResult { return w.requestReturn("rt1", 1) }, func() *updateResult { return w.decideReturn("rt1", order.StepReject) })
			w.at(4*day, func() {
				w.says("receive", w.receiveReturn("rt1", receipt(1, 0, 0, 0)), "NotHeld", "is rejected, which takes nothing more")
			})
		}, ends: order.Delivered, mails: also(delivered, order.MailReturnRequested, order.MailReturnRejected), check: both(hasReturns("rt1 rejected 0"), hasRefunds())},
		{name: "cancelled, and asked for again", script: func(w *fixture) {
			w.approved("rt1", 2)
			w.steps(4*day, func() *updateResult { return w.decideReturn("rt1", order.StepCancel) }, func() *updateResult { return w.decideReturn("rt1", order.StepCancel) },
				func() *updateResult { return w.requestReturn("rt2", 2) }, func() *updateResult { return w.decideReturn("rt2", order.StepCancel) })
		}, ends: order.Delivered, mails: also(delivered, also(asksBack, order.MailReturnCancelled, order.MailReturnRequested, order.MailReturnCancelled)...), check: hasReturns("rt1 cancelled 0", "rt2 cancelled 0")},
	})
}

// TestReturnDeadline (REF-9): what happens at a deadline happens once, whatever ended the
// workflow that waited for it.
func TestReturnDeadline(t *testing.T) {
	asked := func(w *fixture) {
		w.at(time.Minute, w.pay)
		w.arrive(0)
		w.steps(3*day, func() *updateResult { return w.requestReturn("rt1", 1) })
	}
	expired := also(delivered, also(asksBack, order.MailReturnExpired)...)
	runScenarios(t, []scenario{
		{name: "nobody decides: the order needs attention, and the decision counts all the same", script: func(w *fixture) {
			asked(w)
			w.at(9*day, func() {
				if n := len(w.order().Attention); n != 0 {
					w.Errorf("attention before the deadline: %+v", w.order().Attention)
				}
			})
			w.at(11*day, func() {
				if all := w.order().Attention; len(all) != 1 || all[0].About != "return rt1" {
					w.Errorf("attention %+v", all)
				}
			})
			w.steps(12*day, func() *updateResult { return w.decideReturn("rt1", order.StepApprove) }, func() *updateResult { return w.receiveReturn("rt1", receipt(1, 0, 0, 0)) })
		}, ends: order.Delivered, mails: also(delivered, also(comesBack, refunded)...), check: both(hasReturns("rt1 closed 1450"), func(t *testing.T, w *fixture) {
			t.Helper()
			if n := w.count(order.OrderNeedsAttention); n != 1 || len(w.order().Attention) != 0 {
				t.Errorf("attention was asked for %d times, and is %+v", n, w.order().Attention)
			}
		})},
		{name: "nothing comes: it expires", script: func(w *fixture) { w.approved("rt1", 1) }, ends: order.Delivered, mails: expired, check: hasReturns("rt1 expired 0")},
		{name: "nothing comes in time, and then it does", script: func(w *fixture) {
			w.approved("rt1", 1)
			w.steps(50*day, func() *updateResult { return w.receiveReturn("rt1", receipt(1, 0, 0, 0)) })
		}, ends: order.Delivered, mails: also(expired, order.MailReturnReceived, refunded), check: hasReturns("rt1 closed 1450")},
		{name: "it expires, and another return has the pieces when they come", script: func(w *fixture) {
			w.placement.Terms.ReturnWithin = 300 * day
			w.approved("rt1", 2)
			w.steps(50*day, func() *updateResult { return w.requestReturn("rt2", 1) }, func() *updateResult { return w.decideReturn("rt2", order.StepApprove) })
			w.at(51*day, func() {
				w.says("receive", w.receiveReturn("rt1", receipt(2, 0, 0, 0)), "NotReturnable", "another return has them")
			})
		}, ends: order.Delivered, mails: also(expired, also(asksBack, order.MailReturnExpired)...), check: hasReturns("rt1 expired 0", "rt2 expired 0")},
		{name: "the history grows long while it waits", script: func(w *fixture) {
			w.approved("rt1", 1)
			for d := 4 * day; d < 40*day; d += 7 * day {
				w.at(d, func() { w.env.SetContinueAsNewSuggested(true); w.sendEvents(w.paid(w.intentEvent())) })
			}
		}, ends: order.Delivered, mails: expired, check: both(hasReturns("rt1 expired 0"), func(t *testing.T, w *fixture) {
			t.Helper()
			if n := w.count(order.ReturnHasExpired); n != 1 {
				t.Errorf("it has expired %d times", n)
			}
		})},
		{name: "the workflow is terminated while it waits, and the search at night starts the aftercare", script: func(w *fixture) {
			w.terminatedAfter = 100 * time.Hour
			w.at(time.Minute, w.pay)
			w.at(2*time.Hour, func() { w.scan(order.ParcelInTransit) })
			w.at(24*time.Hour, func() {
				w.env.SignalWorkflowSkippingWorkflowTask("unknown", nil)
				w.down(30*time.Hour, order.ErrUnavailable, "SendMail") // the workflow has not ended when the return is asked for
				w.scan(order.ParcelDelivered)
			})
			w.steps(25*time.Hour, func() *updateResult { return w.requestReturn("rt1", 1) }, func() *updateResult { return w.decideReturn("rt1", order.StepApprove) })
			w.at(60*day, func() { w.sendEvents() })
		}, ends: order.Delivered, mails: expired, check: hasReturns("rt1 expired 0")},
	})
}

// TestReturnRefused (REF-9): what cannot be sent back is refused with the reason, and
// moves nothing.
func TestReturnRefused(t *testing.T) {
	refused := func(at time.Duration, w *fixture, do func() *updateResult, refusal, words string) {
		w.at(at, func() { w.says(words, do(), refusal, words) })
	}
	runScenarios(t, []scenario{
		{name: "before anything is delivered", script: func(w *fixture) {
			refused(time.Second, w, func() *updateResult { return w.requestReturn("rt1", 1) }, "NotShipped", "nothing was delivered")
			w.at(time.Minute, w.pay)
			refused(time.Hour, w, func() *updateResult { return w.requestReturn("rt1", 1) }, "NotShipped", "was not delivered")
			w.arrive(2 * time.Hour)
		}, ends: order.Delivered, mails: delivered, check: hasReturns()},
		{name: "of a cancelled order", script: func(w *fixture) {
			w.at(time.Minute, func() { w.cancel() })
			refused(time.Hour, w, func() *updateResult { return w.requestReturn("rt1", 1) }, "NotHeld", "the order is cancelled")
			refused(2*time.Hour, w, func() *updateResult { return w.decideReturn("rt1", order.StepApprove) }, "NoReturn", "no return")
		}, ends: order.Cancelled, mails: cancelled, check: hasReturns()},
		{name: "more than was bought, too late, and twice", script: func(w *fixture) {
			w.approved("rt1", 1)
			refused(4*day, w, func() *updateResult { return w.requestReturn("rt2", 3) }, "NotReturnable", "2 were bought")
			refused(5*day, w, func() *updateResult { return w.requestReturn("rt2", 2) }, "NotReturnable", "1 of them can still")
			refused(6*day, w, func() *updateResult { return w.requestReturn("rt1", 2) }, "OtherRequest", "another request")
			refused(7*day, w, func() *updateResult { return w.decideReturn("rt1", order.StepReject) }, "NotHeld", "takes receive or cancel")
			refused(32*day, w, func() *updateResult { return w.requestReturn("rt2", 1) }, "ReturnTooLate", "could be sent back until")
		}, ends: order.Delivered, mails: also(delivered, also(asksBack, order.MailReturnExpired)...), check: hasReturns("rt1 expired 0")},
		{name: "while the order is on hold: it is decided first", script: func(w *fixture) {
			w.approved("rt1", 1)
			w.at(6*day, func() { w.scan(order.ParcelReturned) })
			refused(6*day+time.Hour, w, func() *updateResult { return w.requestReturn("rt2", 1) }, "NotReturnable", "1 came back with their parcel")
			w.at(6*day+2*time.Hour, func() { w.says("the same request", w.requestReturn("rt1", 1), "", "") })
			w.at(7*day, func() { w.resolve(order.ChooseKeep) })
		}, ends: order.Returned, mails: also(delivered, also(asksBack, order.MailReturnExpired)...), check: hasReturns("rt1 expired 0", "parcel-1 expected 0")},
	})
}

// TestReturnRefund (REF-9, REF-1, IDEM-8): a return is refunded once, and never more than
// is left, whatever else happens to the money.
func TestReturnRefund(t *testing.T) {
	back := also(delivered, comesBack...)
	lineup := func(w *fixture, more ...func() *updateResult) {
		w.approved("rt1", 2)
		w.steps(5*day, append([]func() *updateResult{func() *updateResult { return w.receiveReturn("rt1", receipt(2, 0, 290, 0)) }}, more...)...)
	}
	runScenarios(t, []scenario{
		{name: "the provider is down while the refund is made", script: func(w *fixture) {
			w.at(5*day-time.Hour, func() { w.add(&fault{op: "RefundIntent", kind: order.ErrUnavailable, until: 7 * day}) })
			lineup(w)
			w.at(6*day, func() {
				if r := w.order().Returns[0]; r.Status != order.ReturnReceived || r.RefundID != "return-rt1" {
					w.Errorf("%+v", r)
				}
			})
		}, ends: order.Delivered, mails: also(back, refunded), check: both(hasReturns("rt1 closed 2610"), hasRefunds("return-rt1 succeeded 2610"))},
		{name: "the provider's response is lost", script: func(w *fixture) {
			w.at(5*day-time.Hour, func() { w.fail("RefundIntent", 5, order.ErrUnknownOutcome) })
			lineup(w)
		}, ends: order.Delivered, mails: also(back, refunded), check: both(hasReturns("rt1 closed 2610"), hasRefunds("return-rt1 succeeded 2610"))},
		{name: "a refund of one of the pieces is under way", script: func(w *fixture) {
			w.approved("rt1", 2)
			w.at(5*day-2*time.Hour, func() { w.add(&fault{op: "RefundIntent", kind: order.ErrUnavailable, until: 6 * day}) })
			w.at(5*day-time.Hour, func() { w.refund(mugs("r1", 1, false)) })
			w.steps(5*day, func() *updateResult { return w.receiveReturn("rt1", receipt(2, 0, 0, 0)) })
		}, ends: order.Delivered, mails: also(back, refunded, refunded), check: both(
			hasReturns("rt1 closed 1450"), hasRefunds("r1 succeeded 1450", "return-rt1 succeeded 1450"), hasStock(0, onHand))},
		{name: "everything was refunded before: nothing is left, and the goods are for sale again", script: func(w *fixture) {
			w.approved("rt1", 2)
			w.refunds(4*day, order.RefundRequest{ID: "r1", All: true}, "")
			w.steps(5*day, func() *updateResult { return w.receiveReturn("rt1", receipt(2, 0, 0, 0)) })
		}, ends: order.Delivered, mails: also(back, refunded), check: both(hasReturns("rt1 closed 0"), hasRefunds("r1 succeeded 2900"), hasStock(0, onHand))},
		{name: "an amount was refunded before: what is left", script: func(w *fixture) {
			w.approved("rt1", 2)
			w.refunds(4*day, aRefund("r1", 450), "")
			w.steps(5*day, func() *updateResult { return w.receiveReturn("rt1", receipt(2, 0, 0, 0)) })
		}, ends: order.Delivered, mails: also(back, refunded, refunded), check: both(hasReturns("rt1 closed 2450"), hasRefunds("r1 succeeded 450", "return-rt1 succeeded 2450"))},
		{name: "the refund's id belongs to the return", script: func(w *fixture) {
			lineup(w)
			w.refunds(6*day, aRefund("return-rt9", 100), "are those of returns")
			w.refunds(6*day+time.Hour, order.RefundRequest{ID: "r1", All: true}, "")
		}, ends: order.Delivered, mails: also(back, refunded, refunded), check: hasRefunds("return-rt1 succeeded 2610", "r1 succeeded 290")},
		{name: "disputed: it waits for the bank, which finds for the shop", script: func(w *fixture) {
			w.at(4*day, func() { w.disputeIs(order.DisputeNeedsResponse) })
			lineup(w)
			w.at(6*day, func() {
				if o := w.order(); o.Returns[0].Status != order.ReturnReceived || len(o.Attention) != 1 || len(o.Refunds) != 0 {
					w.Errorf("%+v, attention %+v, refunds %+v", o.Returns, o.Attention, o.Refunds)
				}
			})
			w.at(20*day, func() { w.disputeIs(order.DisputeWon) })
		}, ends: order.Delivered, mails: also(back, order.MailDispute, refunded), check: both(hasReturns("rt1 closed 2610"), hasRefunds("return-rt1 succeeded 2610"), calm)},
		{name: "disputed, and the search at night looks at it", script: func(w *fixture) {
			w.at(4*day, func() { w.disputeIs(order.DisputeNeedsResponse) })
			lineup(w)
			w.at(6*day, func() { w.sendEvents() })
			w.at(7*day, func() { w.says("keep", w.resolve(order.ChooseKeep), "", "") })
			w.at(8*day, func() {
				if n := w.count(order.OrderNeedsAttention); n != 1 {
					w.Errorf("attention was asked for %d times", n)
				}
			})
			w.at(20*day, func() { w.disputeIs(order.DisputeWon) })
		}, ends: order.Delivered, mails: also(back, order.MailDispute), check: both(hasReturns("rt1 closed 0"), hasRefunds())},
	})
}

// calm checks that nothing needs attention.
func calm(t *testing.T, w *fixture) {
	t.Helper()
	if all := w.order().Attention; len(all) != 0 {
		t.Errorf("attention %+v", all)
	}
}

// TestReturnTerminated (REF-9, REC-10): a workflow that is terminated after the goods were
// received, before the record knows of their refund or while the provider is down, leaves
// a state from which the aftercare makes the refund, once.
func TestReturnTerminated(t *testing.T) {
	for _, c := range []struct {
		name    string
		planned string // the refund's ID in the record after the termination
		prepare func(w *fixture)
	}{
		{name: "the refund is not in the record", prepare: func(w *fixture) {
			var once sync.Once
			w.record.After = func(op string, _ order.ID) error {
				if o := w.order(); op == "SaveOrder" && len(o.Returns) > 0 && o.Returns[0].Status == order.ReturnReceived {
					once.Do(func() { w.down(120*time.Hour, order.ErrUnavailable, "SaveOrder") })
				}
				return nil
			}
		}},
		{name: "the provider is down", planned: "return-rt1", prepare: func(w *fixture) {
			w.at(28*time.Hour, func() { w.down(120*time.Hour, order.ErrUnavailable, "RefundIntent") })
		}},
		{name: "the provider's response is lost", planned: "return-rt1", prepare: func(w *fixture) {
			w.at(28*time.Hour, func() { w.down(120*time.Hour, order.ErrUnknownOutcome, "RefundIntent") })
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newFixture(t)
			w.terminatedAfter = 100 * time.Hour
			w.at(time.Minute, w.pay)
			w.at(2*time.Hour, func() { w.scan(order.ParcelInTransit) })
			w.at(24*time.Hour, func() {
				w.down(70*time.Hour, order.ErrUnavailable, "SendMail") // so that the order's workflow goes on
				w.scan(order.ParcelDelivered)
			})
			w.steps(25*time.Hour, func() *updateResult { return w.requestReturn("rt1", 2) }, func() *updateResult { return w.decideReturn("rt1", order.StepApprove) })
			w.at(29*time.Hour, func() { w.receiveReturn("rt1", receipt(2, 0, 290, 0)) })
			c.prepare(w)
			w.at(130*time.Hour, func() {
				if r := w.order().Returns; len(r) != 1 || r[0].Status != order.ReturnReceived || r[0].RefundID != c.planned {
					w.Errorf("after the termination: %+v", r)
				}
				w.sendEvents()
			})
			w.run().ended(order.Delivered)
			both(hasReturns("rt1 closed 2610"), hasRefunds("return-rt1 succeeded 2610"), hasStock(0, onHand))(t, w)
			if t.Failed() {
				w.logTimeline()
			}
		})
	}
}
