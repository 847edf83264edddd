package orders_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"purser/order"
)

func euros(n int64) order.Money { return order.Money{Amount: n, Currency: "EUR"} }

// aRefund returns a request for an amount in euro cents.
func aRefund(id string, amount int64) order.RefundRequest {
	return order.RefundRequest{ID: id, Amount: euros(amount)}
}

// mugs returns a request for pieces of the order's only line.
func mugs(id string, n int64, restock bool) order.RefundRequest {
	return order.RefundRequest{ID: id, Lines: []order.RefundItem{{SKU: "mug", Quantity: n, Restock: restock}}}
}

// refunds scripts that an amount is asked for at a time, and checks the response.
func (w *fixture) refunds(at time.Duration, ask order.RefundRequest, refused string) {
	w.at(at, func() {
		got := w.refund(ask)
		w.afterwards = append(w.afterwards, func() {
			switch {
			case refused == "" && got.err != nil:
				w.Errorf("refund %s: %v", ask.ID, got.err)
			case refused != "" && (got.err == nil || !strings.Contains(got.err.Error(), refused)):
				w.Errorf("refund %s: got %v, want %q", ask.ID, got.err, refused)
			}
		})
	})
}

// hasRefunds checks the order's refunds, each written as "id status amount", and that
// the bank has made just as much.
func hasRefunds(want ...string) func(*testing.T, *fixture) {
	return func(t *testing.T, w *fixture) {
		t.Helper()
		var got []string
		byBank := int64(0)
		for _, r := range w.order().Refunds {
			got = append(got, fmt.Sprintf("%s %s %d", r.ID, r.Status, r.Amount.Amount))
			if r.Status.Moves() && !r.PaidOut {
				byBank += r.Amount.Amount
			}
		}
		if strings.Join(got, ", ") != strings.Join(want, ", ") {
			t.Errorf("refunds %v, want %v", got, want)
		}
		if sum := w.bank.Count(id); sum.Returned != byBank {
			t.Errorf("the bank has refunded %d, the order says %d", sum.Returned, byBank)
		}
	}
}

// TestRefundRequest (REF-1, REF-3, IDEM-8): money is refunded as it was asked for, once,
// and never more than is left.
func TestRefundRequest(t *testing.T) {
	paidAndDelivered := func(w *fixture) { w.at(time.Minute, w.pay); w.arrive(0) }
	runScenarios(t, []scenario{
		{name: "a part of a delivered order", script: func(w *fixture) {
			paidAndDelivered(w)
			w.refunds(48*time.Hour, aRefund("r1", 450), "")
		}, ends: order.Delivered, mails: also(delivered, refunded), check: hasRefunds("r1 succeeded 450")},
		{name: "several parts, the last of them the rest", script: func(w *fixture) {
			paidAndDelivered(w)
			w.refunds(4*time.Hour, mugs("r1", 1, false), "")
			w.refunds(48*time.Hour, aRefund("r2", 450), "")
			w.refunds(49*time.Hour, order.RefundRequest{ID: "r3", All: true}, "")
			w.refunds(50*time.Hour, aRefund("r4", 1), "0.00 EUR can still be refunded")
		}, ends: order.Delivered, mails: also(delivered, refunded, refunded, refunded), check: hasRefunds("r1 succeeded 1450", "r2 succeeded 450", "r3 succeeded 1000")},
		{name: "the same request again, and another one under its id", script: func(w *fixture) {
			paidAndDelivered(w)
			for _, at := range []time.Duration{3 * time.Hour, 4 * time.Hour, 48 * time.Hour} {
				w.refunds(at, aRefund("r1", 450), "")
			}
			w.refunds(49*time.Hour, aRefund("r1", 451), "with another request")
		}, ends: order.Delivered, mails: also(delivered, refunded), check: both(hasRefunds("r1 succeeded 450"), calledTimes("RefundIntent", 1))},
		{name: "two callers at once ask for more than is left", script: func(w *fixture) {
			paidAndDelivered(w)
			w.refunds(3*time.Hour, aRefund("r1", 2000), "")
			w.refunds(3*time.Hour, aRefund("r2", 2000), "9.00 EUR can still be refunded")
		}, ends: order.Delivered, mails: also(delivered, refunded), check: hasRefunds("r1 succeeded 2000")},
		{name: "the responses of the bank are lost", script: func(w *fixture) {
			paidAndDelivered(w)
			w.fail("RefundIntent", 5, order.ErrUnknownOutcome)
			w.refunds(3*time.Hour, aRefund("r1", 450), "")
		}, ends: order.Delivered, mails: also(delivered, refunded), check: hasRefunds("r1 succeeded 450")},
		{name: "before anything was captured", script: func(w *fixture) {
			w.refunds(30*time.Second, aRefund("r1", 450), "nothing was captured")
			paidAndDelivered(w)
		}, ends: order.Delivered, mails: delivered, check: hasRefunds()},
		{name: "of an order that is cancelled: everything is refunded anyway", script: func(w *fixture) {
			w.capturedWhileBooking()
			w.refunds(time.Hour, aRefund("r1", 450), "")
			w.refunds(50*time.Hour, aRefund("r2", 1), "0.00 EUR can still be refunded")
		}, ends: order.Cancelled, mails: also(cancelled, refunded, refunded), check: hasRefunds("r1 succeeded 450", string(id)+":refund-pi_1-2450:1 succeeded 2450")},
		{name: "the bank is away while the order is cancelled", script: func(w *fixture) {
			w.capturedWhileBooking()
			w.at(time.Hour, func() { w.add(&fault{op: "RefundIntent", kind: order.ErrUnavailable, until: 4 * time.Hour}) })
			w.refunds(time.Hour, aRefund("r1", 450), "")
		}, ends: order.Cancelled, mails: also(cancelled, refunded, refunded), check: func(t *testing.T, w *fixture) {
			if sum := w.bank.Count(id); sum.Returned != 2900 || sum.Refunds != 2 {
				t.Errorf("%+v", sum)
			}
		}},
		{name: "paid out by hand", script: func(w *fixture) {
			paidAndDelivered(w)
			w.refunds(48*time.Hour, order.RefundRequest{ID: "r1", Amount: euros(2000), PaidOut: "transfer 17"}, "")
			w.refunds(49*time.Hour, order.RefundRequest{ID: "r2", All: true}, "")
			w.refunds(50*time.Hour, order.RefundRequest{ID: "r3", All: true, PaidOut: "transfer 18"}, "nothing is left")
		}, ends: order.Delivered, mails: also(delivered, refunded, refunded), check: func(t *testing.T, w *fixture) {
			hasRefunds("r1 succeeded 2000", "r2 succeeded 900")(t, w)
			if r := w.order().Refunds[0]; !r.PaidOut || r.Reference != "transfer 17" {
				t.Errorf("%+v", r)
			}
		}},
		{name: "goods come back", script: func(w *fixture) {
			paidAndDelivered(w)
			w.refunds(48*time.Hour, mugs("r1", 1, true), "")
			w.refunds(49*time.Hour, mugs("r2", 2, true), "1 can still be refunded")
		}, ends: order.Delivered, mails: also(delivered, refunded), check: both(hasRefunds("r1 succeeded 1450"), hasStock(1, onHand-1))},
		{name: "pieces are left out before the parcel goes, then the rest is cancelled", script: func(w *fixture) {
			w.at(time.Minute, w.pay)
			w.refunds(time.Hour, mugs("r1", 1, true), "")
			w.at(2*time.Hour, func() { w.cancel() })
		}, ends: order.Cancelled, mails: also(confirmed, refunded, order.MailCancelled, refunded), check: hasRefunds("r1 succeeded 1450", string(id)+":refund-pi_1-1450:1 succeeded 1450")},
		{name: "under the id of a refund that was made at the bank", script: func(w *fixture) {
			paidAndDelivered(w)
			w.at(47*time.Hour, func() { w.refundByHand(450) })
			w.refunds(48*time.Hour, aRefund("re_pi_1_1", 100), "nobody asked for here")
		}, ends: order.Delivered, mails: also(delivered, refunded), check: hasRefunds("re_pi_1_1 succeeded 450")},
		{name: "goods are for sale again while their parcel is not booked, then the rest is cancelled", script: func(w *fixture) {
			w.capturedWhileBooking()
			w.refunds(time.Hour, mugs("r1", 1, true), "")
		}, ends: order.Cancelled, mails: also(cancelled, refunded, refunded), check: both(
			hasRefunds("r1 succeeded 1450", string(id)+":refund-pi_1-1450:1 succeeded 1450"), hasStock(0, onHand))},
		{name: "in another currency", script: func(w *fixture) {
			paidAndDelivered(w)
			w.refunds(48*time.Hour, order.RefundRequest{ID: "r1", Amount: order.Money{Amount: 1, Currency: "USD"}}, "the order is in EUR")
		}, ends: order.Delivered, mails: delivered, check: hasRefunds()},
	})
}

// confirmed are the mails of an order that is paid and not shipped.
var confirmed = []order.Notification{order.MailConfirmation}

// hasStock checks how many mugs were shipped and are with the shopper, and how many are
// left.
func hasStock(shipped, left int64) func(*testing.T, *fixture) {
	return func(t *testing.T, w *fixture) {
		t.Helper()
		offers, err := w.record.Offers(t.Context(), []string{"mug"})
		if got := w.record.Shipped("mug"); err != nil || got != shipped || offers["mug"].Available != left {
			t.Errorf("%d shipped, %d left, want %d and %d (%v)", got, offers["mug"].Available, shipped, left, err)
		}
	}
}

// TestRefundFails (REF-5): a refund that fails reopens its balance, and tells the
// operator and the shopper; it can be tried again, or paid out another way.
func TestRefundFails(t *testing.T) {
	failsLate := func(w *fixture) {
		w.at(time.Minute, w.pay)
		w.arrive(0)
		w.refunds(48*time.Hour, aRefund("r1", 2900), "")
		w.at(300*time.Hour, func() { w.reportRefund(w.bank.ResolveRefund(w.intent(), order.RefundFailed)) })
	}
	attention := func(want int) func(*testing.T, *fixture) {
		return func(t *testing.T, w *fixture) {
			t.Helper()
			if got := w.order().Attention; len(got) != want {
				t.Errorf("attention %+v, want %d", got, want)
			}
		}
	}
	runScenarios(t, []scenario{
		{
			name: "weeks later, and nothing else happens", script: failsLate, ends: order.Delivered, mails: also(delivered, refunded, lost),
			check: both(hasRefunds("r1 failed 2900"), attention(1), hasEvent(order.RefundHasFailed, "29.00 EUR")),
		},
		{name: "tried again", script: func(w *fixture) {
			failsLate(w)
			w.at(301*time.Hour, func() { w.resolve(order.ChooseRelease) })
		}, ends: order.Delivered, mails: also(delivered, refunded, lost, refunded), check: both(hasRefunds("r1 failed 2900", "r1:2 succeeded 2900"), attention(0))},
		{name: "paid out, and settled", script: func(w *fixture) {
			failsLate(w)
			w.refunds(301*time.Hour, order.RefundRequest{ID: "r2", All: true, PaidOut: "transfer 17"}, "")
			w.at(302*time.Hour, func() { w.resolve(order.ChooseKeep) })
		}, ends: order.Delivered, mails: also(delivered, refunded, lost, refunded), check: both(hasRefunds("r1 failed 2900", "r2 succeeded 2900"), attention(0))},
		{name: "refused at once by the bank", script: func(w *fixture) {
			w.at(time.Minute, w.pay)
			w.arrive(0)
			w.at(47*time.Hour, func() { w.fail("RefundIntent", 1, order.ErrRejected) })
			w.refunds(48*time.Hour, aRefund("r1", 2900), "")
			w.refunds(49*time.Hour, aRefund("r2", 2900), "")
		}, ends: order.Delivered, mails: also(delivered, lost, refunded), check: both(hasRefunds("r1 failed 2900", "r2 succeeded 2900"), attention(1))},
		{name: "its failure is learned twice, and a person has it tried again", script: func(w *fixture) {
			w.at(time.Minute, func() { w.sendEvents(w.paid(w.bank.PayClosed(w.intent()))) })
			w.arrive(0)
			w.at(47*time.Hour, func() { w.add(&fault{op: "RefundIntent", kind: order.ErrUnknownOutcome, after: true, times: 1}) })
			w.refunds(48*time.Hour, aRefund("r1", 450), "")
			w.at(49*time.Hour, func() { w.reportRefund(order.RefundEvent{PaymentRef: w.intent()}) })
			w.at(50*time.Hour, func() { w.resolve(order.ChooseRelease) })
			w.at(51*time.Hour, func() { w.reportRefund(order.RefundEvent{PaymentRef: w.intent()}) })
		}, ends: order.Delivered, mails: also(delivered, lost, refunded, lost), check: both(hasRefunds("r1 failed 450", "r1:2 failed 450"), attention(1))},
		{name: "disputed at the bank: it is tried until a person settles it", script: func(w *fixture) {
			w.at(time.Minute, w.pay)
			w.arrive(0)
			w.at(47*time.Hour, func() { w.add(&fault{op: "RefundIntent", kind: order.ErrState, until: 500 * time.Hour}) })
			w.refunds(48*time.Hour, aRefund("r1", 2900), "")
			w.at(100*time.Hour, func() { w.resolve(order.ChooseKeep) })
		}, ends: order.Delivered, mails: delivered, check: both(hasRefunds("r1 canceled 2900"), attention(0))},
		{name: "disputed at the bank, and then not any more", script: func(w *fixture) {
			w.at(time.Minute, w.pay)
			w.arrive(0)
			w.at(47*time.Hour, func() { w.add(&fault{op: "RefundIntent", kind: order.ErrState, until: 60 * time.Hour}) })
			w.refunds(48*time.Hour, aRefund("r1", 2900), "")
		}, ends: order.Delivered, mails: also(delivered, refunded), check: both(hasRefunds("r1 succeeded 2900"), attention(0))},
		{name: "everything was refunded by hand, and no event came", script: func(w *fixture) {
			w.at(time.Minute, w.pay)
			w.arrive(0)
			w.at(47*time.Hour, func() { w.refundSilently(2900, "hand-1") })
			w.refunds(48*time.Hour, aRefund("r1", 450), "")
		}, ends: order.Delivered, mails: also(delivered, lost, refunded), check: both(hasRefunds("r1 failed 450", "re_pi_1_1 succeeded 2900"), attention(1))},
		{name: "more than is left was refunded by hand, and no event came", script: func(w *fixture) {
			w.at(time.Minute, w.pay)
			w.arrive(0)
			w.at(47*time.Hour, func() { w.refundSilently(2800, "hand-1") })
			w.refunds(48*time.Hour, aRefund("r1", 450), "")
			w.refunds(49*time.Hour, order.RefundRequest{ID: "r2", All: true}, "")
		}, ends: order.Delivered, mails: also(delivered, lost, refunded, refunded), check: hasRefunds("r1 failed 450", "re_pi_1_1 succeeded 2800", "r2 succeeded 100")},
	})
}

// TestRefundSurvives (REF-1, IDEM-8): a refund under way goes on in the next run and in
// the aftercare, and a refund that the history has forgotten is not made twice.
func TestRefundSurvives(t *testing.T) {
	runScenarios(t, []scenario{
		{name: "the history grows long", script: func(w *fixture) {
			w.at(time.Minute, w.pay)
			w.at(time.Hour, func() { w.add(&fault{op: "RefundIntent", kind: order.ErrUnavailable, until: 20 * time.Hour}) })
			w.refunds(2*time.Hour, aRefund("r1", 450), "")
			w.at(3*time.Hour, func() { w.env.SetContinueAsNewSuggested(true) })
			w.arrive(4 * time.Hour)
		}, ends: order.Delivered, mails: also(delivered, refunded), check: hasRefunds("r1 succeeded 450")},
		{name: "the workflow is terminated while the bank is away", script: func(w *fixture) {
			w.terminatedAfter = 10 * time.Hour
			w.at(time.Minute, w.pay)
			w.at(time.Hour, func() { w.add(&fault{op: "RefundIntent", kind: order.ErrUnavailable, until: 20 * time.Hour}) })
			w.at(2*time.Hour, func() { w.refund(aRefund("r1", 450)) })
			w.at(30*time.Hour, func() { w.scan(order.ParcelInTransit) })
			w.at(31*time.Hour, func() { w.scan(order.ParcelDelivered) })
		}, ends: order.Delivered, mails: also(delivered, refunded), check: hasRefunds("r1 succeeded 450")},
		{name: "the task that made it is lost, and the event about it comes first", script: func(w *fixture) {
			w.at(time.Minute, w.pay)
			w.at(3*time.Hour, func() {
				w.add(&fault{op: "SaveOrder", kind: order.ErrUnavailable, until: 3*time.Hour + 10*time.Minute})
			})
			w.refunds(3*time.Hour, aRefund("r1", 450), "")
			w.at(3*time.Hour+time.Minute, func() {
				if _, err := w.bank.RefundIntent(t.Context(), w.intent(), euros(450), order.Key(id, "request-r1", 1)); err != nil {
					w.Errorf("bank: %v", err)
				}
				w.reportRefund(order.RefundEvent{PaymentRef: w.intent()})
			})
			w.arrive(4 * time.Hour)
		}, ends: order.Delivered, mails: also(delivered, refunded), check: hasRefunds("r1 succeeded 450")},
		{name: "reset to before the refund", script: func(w *fixture) {
			w.at(time.Minute, w.pay)
			w.at(time.Hour, func() { // the history of the refund is gone, the refund is not
				_, err := w.bank.RefundIntent(t.Context(), w.intent(), euros(450), order.Key(id, "request-r1", 1))
				if err != nil {
					w.Errorf("bank: %v", err)
				}
			})
			w.at(2*time.Hour, func() { w.reportRefund(order.RefundEvent{PaymentRef: w.intent()}) })
			w.refunds(3*time.Hour, aRefund("r1", 450), "")
			w.arrive(4 * time.Hour)
		}, ends: order.Delivered, mails: also(delivered, refunded), check: hasRefunds("r1 succeeded 450")},
		{name: "reset to before the refund, which is asked for before anybody reports it", script: func(w *fixture) {
			w.at(time.Minute, w.pay)
			w.at(time.Hour, func() {
				_, err := w.bank.RefundIntent(t.Context(), w.intent(), euros(450), order.Key(id, "request-r1", 1))
				if err != nil {
					w.Errorf("bank: %v", err)
				}
			})
			w.refunds(3*time.Hour, aRefund("r1", 450), "")
			w.arrive(4 * time.Hour)
		}, ends: order.Delivered, mails: also(delivered, refunded), check: hasRefunds("r1 succeeded 450")},
	})
}
