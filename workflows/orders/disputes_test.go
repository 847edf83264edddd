package orders_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"purser/mail"
	"purser/order"
	"purser/workflows/workflowtest"
)

const (
	refunded = order.MailRefunded
	lost     = order.MailRefundFailed
)

// reportRefund reports that something about an intent's refunds changed.
func (w *fixture) reportRefund(n order.RefundEvent) {
	w.sendEvents(w.event(order.ProviderEvent{Type: "charge.refunded", Refund: &n}))
}

// refundByHand refunds a part of the order in the provider's dashboard, and reports it.
func (w *fixture) refundByHand(amount int64) {
	w.Helper()
	w.refundedByHand[w.intent()] += amount
	w.byHand(func() {
		_, err := w.bank.RefundIntent(context.Background(), w.intent(), order.Money{Amount: amount, Currency: "EUR"}, fmt.Sprint("by-hand-", w.refundedByHand[w.intent()]))
		if err != nil {
			w.Fatalf("bank: %v", err)
		}
	})
	w.reportRefund(order.RefundEvent{PaymentRef: w.intent()})
}

// capturedUndeliverable scripts an order whose payment is captured by hand and that
// cannot be shipped: the payment is refunded.
func (w *fixture) capturedUndeliverable() {
	w.placement.Request.ShipTo.Country = "XX"
	w.at(time.Minute, func() {
		w.paid(w.bank.Pay(w.intent()))
		w.sendEvents(w.paid(w.captureAtBank(w.intent())))
	})
}

// refundsAre checks the statuses of the order's refunds in the record.
func refundsAre(want ...order.RefundStatus) func(*testing.T, *fixture) {
	return func(t *testing.T, w *fixture) {
		t.Helper()
		var got []order.RefundStatus
		for _, r := range w.order().Refunds {
			got = append(got, r.Status)
		}
		if !slices.Equal(got, want) {
			t.Errorf("refunds %v, want %v", got, want)
		}
		arrived := len(slices.DeleteFunc(got, func(s order.RefundStatus) bool { return s != order.RefundSucceeded }))
		if n := w.count(order.PaymentRefunded); n < arrived || n > len(want) {
			t.Errorf("of %d refunds, the timeline has %d", len(want), n)
		}
	}
}

// TestRefundMail (EML-1, REF-4, REF-5, REF-8): the shopper is mailed once when a refund
// has succeeded, and once when it has failed.
func TestRefundMail(t *testing.T) {
	resolve := func(w *fixture, s order.RefundStatus) order.RefundEvent { return w.bank.ResolveRefund(w.intent(), s) }
	sent := func(w *fixture, m order.Notification) bool {
		return slices.ContainsFunc(w.mailer.Sent(), func(l mail.Message) bool { return l.Template == string(m) })
	}
	runScenarios(t, []scenario{
		{name: "refunded at once", script: func(w *fixture) { w.capturedUndeliverable() }, ends: order.Cancelled, mails: also(cancelled, refunded), check: both(refundsAre(order.RefundSucceeded), hasEvent(order.PaymentRefunded, ""))},
		{name: "refunded, and its event comes as well", script: func(w *fixture) {
			w.capturedUndeliverable()
			w.at(time.Hour, func() { w.reportRefund(order.RefundEvent{PaymentRef: w.intent()}) })
			w.at(2*time.Hour, func() { w.reportRefund(order.RefundEvent{PaymentRef: w.intent()}) })
		}, ends: order.Cancelled, mails: also(cancelled, refunded), check: refundsAre(order.RefundSucceeded)},
		{name: "pending: mailed when it has succeeded", script: func(w *fixture) {
			w.bank.Slow = true
			w.capturedUndeliverable()
			w.at(10*time.Minute, func() {
				if sent(w, refunded) {
					w.Errorf("mailed before it succeeded")
				}
				w.reportRefund(resolve(w, order.RefundSucceeded))
			})
			w.at(20*time.Minute, func() {
				if !sent(w, refunded) {
					w.Errorf("not mailed that it succeeded")
				}
			})
		}, ends: order.Cancelled, mails: also(cancelled, refunded), check: both(refundsAre(order.RefundSucceeded), hasEvent(order.RefundIsPending, ""))},
		{name: "pending, and no event ever comes: the provider is asked", script: func(w *fixture) {
			w.bank.Slow = true
			w.capturedUndeliverable()
			w.at(50*time.Hour, func() { resolve(w, order.RefundSucceeded) })
		}, ends: order.Cancelled, mails: also(cancelled, refunded), check: refundsAre(order.RefundSucceeded)},
		{name: "pending for weeks: an operator is notified", script: func(w *fixture) {
			w.bank.Slow = true
			w.capturedUndeliverable()
			w.at(24*time.Hour*20, func() { w.reportRefund(resolve(w, order.RefundSucceeded)) })
		}, ends: order.Cancelled, mails: also(cancelled, refunded), check: hasEvent(order.OrderNeedsAttention, "pending for 14 days")},
		{name: "a second payment is refunded", script: func(w *fixture) {
			w.at(time.Minute, w.pay)
			w.at(time.Hour, w.payElsewhere)
			w.arrive(2 * time.Hour)
		}, ends: order.Delivered, mails: also(delivered, refunded), check: refundsAre(order.RefundSucceeded)},
		{name: "by hand, in parts, after the delivery: each is mailed", script: func(w *fixture) {
			w.at(time.Minute, w.pay)
			w.arrive(0)
			w.at(48*time.Hour, func() { w.refundByHand(500) })
			w.at(72*time.Hour, func() { w.refundByHand(700) })
			w.at(73*time.Hour, func() { w.reportRefund(order.RefundEvent{PaymentRef: w.intent()}) })
		}, ends: order.Delivered, mails: also(delivered, refunded, refunded), check: both(refundsAre(order.RefundSucceeded, order.RefundSucceeded), hasEvent(order.PaymentRefunded, "7.00 EUR"))},
		{name: "by hand, in transit: two events at once are one mail", script: func(w *fixture) {
			w.at(time.Minute, w.pay)
			w.at(time.Hour, func() {
				w.refundByHand(500)
				w.reportRefund(order.RefundEvent{PaymentRef: w.intent()})
			})
			w.arrive(2 * time.Hour)
		}, ends: order.Delivered, mails: also(delivered, refunded), check: refundsAre(order.RefundSucceeded)},
		{name: "the bank cannot be asked at first", script: func(w *fixture) {
			w.at(time.Minute, w.pay)
			w.arrive(0)
			w.at(48*time.Hour, func() { w.fail("Refunds", 3, order.ErrUnavailable); w.refundByHand(500) })
		}, ends: order.Delivered, mails: also(delivered, refunded), check: hasEvent(order.StepDelayed, "the refunds of")},
		{name: "the bank cannot be asked for days: an operator is notified, and in the end the shopper", script: func(w *fixture) {
			w.at(time.Minute, w.pay)
			w.arrive(0)
			w.at(48*time.Hour, func() { w.down(24*5*time.Hour, order.ErrUnavailable, "Refunds"); w.refundByHand(500) })
		}, ends: order.Delivered, mails: also(delivered, refunded), check: both(
			refundsAre(order.RefundSucceeded), hasEvent(order.OrderNeedsAttention, "the refunds are not known"))},
		{name: "the bank never lists the refunds: an operator is notified, and the order ends", script: func(w *fixture) {
			w.at(time.Minute, w.pay)
			w.arrive(0)
			w.at(48*time.Hour, func() {
				w.down(1000*24*time.Hour, order.ErrRejected, "Refunds")
				w.reportRefund(order.RefundEvent{PaymentRef: w.intent()})
				if notified := w.count(order.OrderNeedsAttention); notified < 5 || notified > 30 {
					w.Errorf("an operator is notified %d times", notified)
				}
			})
		}, ends: order.Delivered, mails: delivered, check: hasEvent(order.OrderNeedsAttention, "Purser does not try again")},
		{name: "the event of a refund for an order that waits for its payment", script: func(w *fixture) {
			w.at(time.Minute, func() { w.reportRefund(order.RefundEvent{PaymentRef: w.intent()}) })
			w.at(2*time.Minute, w.pay)
			w.arrive(0)
		}, ends: order.Delivered, mails: delivered, check: refundsAre()},
	})
}

// TestRefundFailed (REF-5): a refund fails, soon or weeks later. The shop has the money
// again, and the shopper is mailed.
func TestRefundFailed(t *testing.T) {
	for name, c := range map[string]struct {
		slow  bool
		after time.Duration
		mails []order.Notification
	}{
		"when it was pending": {slow: true, after: time.Hour, mails: also(cancelled, lost)},
		"weeks later":         {slow: false, after: 20 * 24 * time.Hour, mails: also(cancelled, refunded, lost)},
	} {
		t.Run(name, func(t *testing.T) {
			w := newFixture(t)
			w.bank.Slow = c.slow
			w.capturedUndeliverable()
			w.at(c.after, func() {
				n := w.bank.ResolveRefund(w.intent(), order.RefundFailed)
				w.reportRefund(n)
				w.reportRefund(n)
			})
			// A late event about the payment must not cause another refund.
			w.at(c.after+time.Hour, func() { w.sendEvents(w.paid(w.intentEvent())) })
			w.run().mailed(c.mails...)
			w.checkTimeline(w.order())
			refundsAre(order.RefundFailed)(t, w)
			hasEvent(order.RefundHasFailed, "the bank did not accept 29.00 EUR")(t, w)
			if o := w.order(); o.Payment().Refunded != 0 || w.called("RefundIntent") != 1 {
				t.Errorf("%d refunded in %d refunds", o.Payment().Refunded, w.called("RefundIntent"))
			}
		})
	}
}

// TestDispute (REF-6, REF-7, F17): the shop is mailed when a dispute begins, with the
// day by which it must respond, once for each dispute.
func TestDispute(t *testing.T) {
	dispute := func(w *fixture, dp, status string) {
		w.sendEvents(w.event(order.ProviderEvent{Type: "charge.dispute." + status, Dispute: &order.Dispute{
			ID: dp, PaymentRef: w.intent(), Amount: w.order().Total, Reason: "fraudulent", Status: order.DisputeStatus(status), AnswerBy: workflowtest.Start.Add(9 * 24 * time.Hour),
		}}))
	}
	toShop := func(t *testing.T, w *fixture) {
		for _, m := range w.mailer.Sent() {
			if to := m.To[0].Email; (m.Template == "dispute") != (to == "disputes@shop.example") {
				t.Errorf("%s went to %s", m.Template, to)
			}
		}
	}
	const disputed = order.MailDispute
	runScenarios(t, []scenario{
		{name: "after the delivery, won", script: func(w *fixture) {
			w.at(time.Minute, w.pay)
			w.arrive(0)
			for i, s := range []string{"needs_response", "needs_response", "under_review", "won", "under_review"} {
				w.at(48*time.Hour+time.Duration(i)*time.Hour, func() { dispute(w, "dp_1", s) })
			}
		}, ends: order.Delivered, mails: also(delivered, disputed), check: func(t *testing.T, w *fixture) {
			both(toShop, hasEvent(order.PaymentDisputed, "29.00 EUR, fraudulent: needs_response, respond by 2026-03-11"))(t, w)
			both(hasEvent(order.DisputeMoved, "under_review"), both(hasEvent(order.DisputeClosed, "won"), hasEvent(order.EventIgnored, "late event")))(t, w)
			if d := w.order().Disputes; len(d) != 1 || d[0].Status != "won" {
				t.Errorf("disputes %+v", d)
			}
		}},
		{name: "events in another order than they happened", script: func(w *fixture) {
			w.at(time.Minute, w.pay)
			event := func(status string, at time.Duration) order.ProviderEvent {
				return w.event(order.ProviderEvent{Type: "charge.dispute.updated", At: workflowtest.Start.Add(at), Dispute: &order.Dispute{
					ID: "dp_1", PaymentRef: w.intent(), Amount: w.order().Total, Reason: "fraudulent", Status: order.DisputeStatus(status),
				}})
			}
			w.at(time.Hour, func() { w.sendEvents(event("under_review", time.Hour)) })
			w.at(2*time.Hour, func() { w.sendEvents(event("needs_response", 30*time.Minute)) })
			w.arrive(3 * time.Hour)
		}, ends: order.Delivered, mails: also(delivered, disputed), check: func(t *testing.T, w *fixture) {
			hasEvent(order.EventIgnored, "late event")(t, w)
			if d := w.order().Disputes; len(d) != 1 || d[0].Status != "under_review" {
				t.Errorf("disputes %+v", d)
			}
		}},
		{name: "two in transit, one of which is first reported when it is lost", script: func(w *fixture) {
			w.at(time.Minute, w.pay)
			w.at(time.Hour, func() {
				dispute(w, "dp_1", "needs_response")
				dispute(w, "dp_2", "lost")
				dispute(w, "dp_1", "needs_response")
			})
			w.arrive(2 * time.Hour)
		}, ends: order.Delivered, mails: also(delivered, disputed), check: toShop},
		{name: "while the payment is being refunded", script: func(w *fixture) {
			w.capturedUndeliverable()
			w.down(6*time.Hour, order.ErrState, "RefundIntent")
			w.at(time.Hour, func() { dispute(w, "dp_1", "needs_response") })
			w.at(7*time.Hour, func() { w.stillRuns(order.OnHold); w.release() })
		}, ends: order.Cancelled, mails: also(cancelled, refunded, disputed), check: toShop},
	})
}

// TestRefundsAskedInBackground: while the provider cannot be asked about refunds, and
// after that, the order shows what it waits for itself.
func TestRefundsAskedInBackground(t *testing.T) {
	on := func(w *fixture, want string) {
		w.Helper()
		if o := w.order(); o.Waiting == nil || o.Waiting.On != want {
			w.Errorf("%s after placing the order waits for %+v, want %s", w.clock().Sub(workflowtest.Start), o.Waiting, want)
		}
	}
	for name, parts := range map[string]int64{"nothing new": 0, "one": 500} {
		t.Run(name, func(t *testing.T) {
			w := newFixture(t)
			w.at(time.Minute, w.pay)
			w.at(time.Hour, func() {
				w.down(2*time.Hour, order.ErrUnavailable, "Refunds")
				for range 3 {
					w.reportRefund(order.RefundEvent{PaymentRef: w.intent()})
				}
				if parts > 0 {
					w.refundByHand(parts)
				}
			})
			w.at(90*time.Minute, func() { on(w, "carrier") })
			w.at(150*time.Minute, func() { on(w, "carrier") })
			w.at(5*time.Hour, func() { w.sendEvents(w.mailTrouble(0, mail.Bounced, mail.Transient)) })
			w.at(6*time.Hour, func() { on(w, "carrier") })
			w.arrive(7 * time.Hour)
			w.run()
			if t.Failed() {
				w.logTimeline()
			}
		})
	}
}

// TestDisputedUnpaid (REF-6, F17): what was captured before the order knew it is recorded
// when the order is cancelled, also if it cannot be refunded because it is disputed.
func TestDisputedUnpaid(t *testing.T) {
	w := newFixture(t)
	w.at(time.Minute, func() {
		w.paid(w.bank.Pay(w.intent()))
		w.paid(w.captureAtBank(w.intent()))
	})
	w.add(&fault{op: "RefundIntent", kind: order.ErrState, until: 60 * time.Hour})
	w.at(90*time.Second, func() { w.cancel() })
	w.at(100*time.Second, func() { w.disputeIs(order.DisputeNeedsResponse) })
	w.at(5*time.Hour, func() { w.stillRuns(order.OnHold); w.resolve(order.ChooseKeep) })
	w.run()
	if o := w.order(); o.Status != order.Cancelled || o.Payment().Captured != 2900 || o.Payment().Disputed != 2900 {
		t.Errorf("the order is %s, %+v", o.Status, o.Payment())
	}
}
