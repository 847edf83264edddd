package stripe

import (
	"slices"
	"testing"

	sdk "github.com/stripe/stripe-go/v76"
)

// TestWithoutReleases (REF-4): what Stripe releases is not a refund, and nothing
// else is taken for it.
func TestWithoutReleases(t *testing.T) {
	part := &sdk.Charge{ID: "ch_1", Object: "charge", Amount: 1000, AmountCaptured: 600, Captured: true}
	whole := &sdk.Charge{ID: "ch_1", Object: "charge", Amount: 1000, AmountCaptured: 1000, Captured: true}
	canceled := &sdk.Charge{ID: "ch_1", Object: "charge", Amount: 1000, Refunded: true}
	idOnly := &sdk.Charge{ID: "ch_1"}
	ours := map[string]string{metaKey: "ord_1:refund:1"}
	for _, c := range []struct {
		name    string
		refunds []*sdk.Refund // oldest first
		want    []string
	}{
		{name: "none"},
		{name: "a cancelled authorization", refunds: []*sdk.Refund{{ID: "re_1", Amount: 1000, Charge: canceled}}},
		{name: "all was captured", refunds: []*sdk.Refund{{ID: "re_1", Amount: 1000, Charge: whole}}, want: []string{"re_1"}},
		{name: "the rest", refunds: []*sdk.Refund{{ID: "re_1", Amount: 400, Charge: part}}},
		{
			name:    "the rest, and then as much",
			refunds: []*sdk.Refund{{ID: "re_1", Amount: 400, Charge: part}, {ID: "re_2", Amount: 400, Charge: part}}, want: []string{"re_2"},
		},
		{
			name:    "in the same second",
			refunds: []*sdk.Refund{{ID: "re_1", Amount: 300, Charge: part}, {ID: "re_2", Amount: 400, Charge: part}}, want: []string{"re_1"},
		},
		{
			name:    "ours, in the same second",
			refunds: []*sdk.Refund{{ID: "re_1", Amount: 400, Charge: part, Metadata: ours}, {ID: "re_2", Amount: 400, Charge: part}}, want: []string{"re_1"},
		},
		{name: "not expanded", refunds: []*sdk.Refund{{ID: "re_1", Amount: 400, Charge: idOnly}}, want: []string{"re_1"}},
		{name: "of no charge", refunds: []*sdk.Refund{{ID: "re_1", Amount: 400}}, want: []string{"re_1"}},
	} {
		var got []string
		for _, rf := range withoutReleases(c.refunds) {
			got = append(got, rf.ID)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}
