package porttest

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"purser/order"
)

func refundsOnce(t *testing.T, h PaymentsHarness) {
	early := authorized(t, h)
	_, err := h.Captures.RefundIntent(t.Context(), early.ID, tenEuro, order.Key(early.OrderID, "refund", 1))
	wantKind(t, err, order.ErrState)
	in := captured(t, h)
	part := order.Money{Amount: 300, Currency: "EUR"}
	var want []order.Refund
	for i, n := range []int{1, 1, 2, 1, 2} {
		key := order.Key(in.OrderID, "refund", n)
		got, err := h.Captures.RefundIntent(t.Context(), in.ID, part, key)
		if err != nil || got.ID != key || got.Reference == "" || got.PaymentRef != in.ID || got.Amount != part || got.Status != order.RefundSucceeded {
			t.Errorf("refund %d: %+v, %v", n, got, err)
		}
		if i == 0 || i == 2 {
			want = append(want, got)
		} else if diff := cmp.Diff(want[n-1], got); diff != "" {
			t.Errorf("refund %d again (-want +got):\n%s", n, diff)
		}
	}
	if want[0].Reference == want[1].Reference {
		t.Errorf("both refunds are %s", want[0].Reference)
	}
	_, err = h.Captures.RefundIntent(t.Context(), in.ID, tenEuro, order.Key(in.OrderID, "refund", 3))
	wantKind(t, err, order.ErrRejected)
	wantRefunds(t, h, in.ID, want...)
	wantDone(t, h, in.OrderID, PaymentCount{Intents: 1, Authorized: 1, Captured: 1, Taken: 1000, Refunds: 2, Returned: 600})
}

func wantRefunds(t *testing.T, h PaymentsHarness, id string, want ...order.Refund) {
	t.Helper()
	got, err := h.Captures.Refunds(t.Context(), id)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("refunds: %v (-want +got):\n%s", err, diff)
	}
}

// refundedBefore checks a payment that a person refunded under another key. Such a
// refund has the provider's id.
func refundedBefore(t *testing.T, h PaymentsHarness) {
	in := captured(t, h)
	var first order.Refund
	for _, key := range []string{"by-hand", order.Key(in.OrderID, "refund", 1), order.Key(in.OrderID, "refund", 1)} {
		got, err := h.Captures.RefundIntent(t.Context(), in.ID, tenEuro, key)
		if first.ID == "" {
			first = got
		}
		if err != nil || got.ID == "" || got.ID != got.Reference || !cmp.Equal(got, first) {
			t.Errorf("%s: %+v, %v; want %+v", key, got, err, first)
		}
	}
	wantRefunds(t, h, in.ID, first)
	wantDone(t, h, in.OrderID, PaymentCount{Intents: 1, Authorized: 1, Captured: 1, Taken: 1000, Refunds: 1, Returned: 1000})
}

func euro(cents int64) order.Money { return order.Money{Amount: cents, Currency: "EUR"} }

// refundsRest checks a payment of which a person has refunded a part: a refund
// of the whole is rejected, also when it is repeated or made with another amount
// under the same key, and the rest can be refunded under a key of its own.
func refundsRest(t *testing.T, h PaymentsHarness) {
	in := captured(t, h)
	first, err := h.Captures.RefundIntent(t.Context(), in.ID, euro(300), "by-hand")
	if err != nil {
		t.Fatal(err)
	}
	whole := order.Key(in.OrderID, "refund", 1)
	for _, amount := range []int64{1000, 1000, 700} {
		_, err := h.Captures.RefundIntent(t.Context(), in.ID, euro(amount), whole)
		wantKind(t, err, order.ErrRejected)
	}
	var rest order.Refund
	for range 2 {
		got, err := h.Captures.RefundIntent(t.Context(), in.ID, euro(700), order.Key(in.OrderID, "refund-700", 1))
		if rest.ID == "" {
			rest = got
		}
		if err != nil || got.ID == first.ID || !cmp.Equal(got, rest) || got.Amount != euro(700) {
			t.Errorf("the rest: %+v, %v; want %+v", got, err, rest)
		}
	}
	wantRefunds(t, h, in.ID, first, rest)
	wantDone(t, h, in.OrderID, PaymentCount{Intents: 1, Authorized: 1, Captured: 1, Taken: 1000, Refunds: 2, Returned: 1000})
}

// refundDeclined checks a refund that the bank returns: its key does not try
// again, and the money can be refunded another way.
func refundDeclined(t *testing.T, h PaymentsHarness) {
	in := create(t, h, IntentOf(order.NewID(), tenEuro))
	h.PayClosed(t, in.ID)
	if _, err := h.Captures.CaptureIntent(t.Context(), in.ID, tenEuro, order.Key(in.OrderID, "capture", 1)); err != nil {
		t.Fatal(err)
	}
	var want []order.Refund
	for n := 1; n <= 2; n++ {
		key := order.Key(in.OrderID, "refund", n)
		r, err := h.Captures.RefundIntent(t.Context(), in.ID, tenEuro, key)
		if err != nil || r.Status != order.RefundSucceeded {
			t.Fatalf("at first: %+v, %v", r, err)
		}
		_, err = h.Captures.RefundIntent(t.Context(), in.ID, tenEuro, key)
		wantKind(t, err, order.ErrRejected)
		r.Status = order.RefundFailed
		want = append(want, r)
	}
	wantRefunds(t, h, in.ID, want...)
	wantDone(t, h, in.OrderID, PaymentCount{Intents: 1, Authorized: 1, Captured: 1, Taken: 1000, Refunds: 2})
}
