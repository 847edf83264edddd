package orders_test

import (
	"strings"
	"testing"
	"time"

	"purser/order"
)

// TestRefundAfterPaidOut (REF-1): money that was paid out elsewhere is not refunded a
// second time, although the bank, which does not know of it, would refund more. The
// bank is asked for refunds that were made by hand and not reported.
func TestRefundAfterPaidOut(t *testing.T) {
	for _, tt := range []struct {
		name     string
		byHand   int64 // at the bank, without an event
		paidOut  int64 // of 2900
		ask      order.RefundRequest
		returned int64 // by the bank
		fails    bool
	}{
		{name: "the rest, and a refund by hand is not known", byHand: 300, paidOut: 1500, ask: order.RefundRequest{ID: "r2", All: true}, returned: 300, fails: true},
		{name: "more than is left", byHand: 300, paidOut: 1500, ask: aRefund("r2", 1101), returned: 300, fails: true},
		{name: "what is left", byHand: 300, paidOut: 1500, ask: aRefund("r2", 1100), returned: 1400},
		{name: "the rest, and nothing is unknown", paidOut: 1500, ask: order.RefundRequest{ID: "r2", All: true}, returned: 1400},
		{name: "nothing is left", byHand: 1400, paidOut: 1500, ask: aRefund("r2", 1), returned: 1400, fails: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newFixture(t)
			w.at(time.Minute, w.pay)
			w.arrive(0)
			w.refundedByHand["pi_1"] = tt.byHand
			if tt.byHand > 0 {
				w.at(47*time.Hour, func() {
					w.byHand(func() {
						if _, err := w.bank.RefundIntent(t.Context(), w.intent(), euros(tt.byHand), "dashboard"); err != nil {
							t.Fatal(err)
						}
					})
				})
			}
			w.refunds(48*time.Hour, order.RefundRequest{ID: "r1", Amount: euros(tt.paidOut), PaidOut: "transfer 17"}, "")
			w.refunds(49*time.Hour, tt.ask, "")
			w.run().ended(order.Delivered)
			if n := w.bank.Count(id).Returned; n != tt.returned {
				t.Errorf("the bank has refunded %d, want %d", n, tt.returned)
			}
			failed := false
			for _, r := range w.order().Refunds {
				failed = failed || r.ID == "r2" && r.Status == order.RefundFailed
			}
			if all := w.order().Attention; len(all) > 1 || len(all) == 1 && strings.Contains(all[0].Why, "more was refunded than was captured") {
				t.Errorf("no more was refunded than was captured: %+v", all)
			}
			if failed != tt.fails || tt.fails != (len(w.order().Attention) > 0) {
				t.Errorf("failed: %t, want %t: %+v, %+v", failed, tt.fails, w.order().Refunds, w.order().Attention)
			}
		})
	}
}

// TestOverRefunded (REF-1): more was refunded than was captured, because a person paid out
// what the bank refunds, too: a person is asked, and again if it is more later.
func TestOverRefunded(t *testing.T) {
	runScenarios(t, []scenario{
		{name: "kept, and then more", script: func(w *fixture) {
			w.at(time.Minute, w.pay)
			w.arrive(0)
			w.refunds(48*time.Hour, order.RefundRequest{ID: "r1", Amount: euros(2000), PaidOut: "transfer 17"}, "")
			w.at(49*time.Hour, func() { w.refundByHand(900) })
			w.at(50*time.Hour, func() { calm(t, w); w.refundByHand(200) })
			w.at(51*time.Hour, func() { needs("2.00 EUR more was refunded than was captured: a person")(t, w) })
			w.resolves(52*time.Hour, order.ChooseKeep)
			w.at(53*time.Hour, func() { calm(t, w); w.refundByHand(300) })
			w.at(54*time.Hour, func() { needs("5.00 EUR more was refunded")(t, w) })
			w.resolves(55*time.Hour, order.ChooseKeep)
		}, ends: order.Delivered, mails: also(delivered, refunded, refunded, refunded, refunded), check: both(calm, func(t *testing.T, w *fixture) {
			t.Helper()
			for i, want := range []int64{200, 500} {
				if all := w.cases.inOrder(); len(all) != 2 || all[i].Amount.Amount != want || all[i].Kind != order.CaseOverRefunded {
					t.Errorf("the cases are %+v, want two of 2.00 and 5.00 EUR", all)
				}
			}
		})},
	})
}
