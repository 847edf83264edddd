package order_test

import (
	"testing"

	"purser/order"
)

// TestApproval (REC-7): an amount in a currency that the setting does not name needs a second
// person, because nobody has said how much one person may decide about in it.
func TestApproval(t *testing.T) {
	set := order.Approval{"EUR": 50_000, "JPY": 0}
	for _, tt := range []struct {
		a      order.Approval
		c      order.Choice
		amount int64
		of     string
		want   bool
	}{
		{set, order.ChooseVoid, 50_000, "EUR", false},
		{set, order.ChooseVoid, 50_001, "EUR", true},
		{set, order.ChooseRelease, 50_001, "EUR", false},
		{set, order.ChooseKeep, 1, "JPY", true},
		{set, order.ChooseRefund, 1, "USD", true},
		{set, order.ChooseRefund, 0, "USD", false},
		{nil, order.ChooseRefund, 1 << 40, "EUR", false},
	} {
		if got := tt.a.Needs(tt.c, order.Money{Amount: tt.amount, Currency: tt.of}); got != tt.want {
			t.Errorf("%v: %s of %d %s: %t", tt.a, tt.c, tt.amount, tt.of, got)
		}
	}
}
