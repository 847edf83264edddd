package audit

import (
	"encoding/json"
	"testing"
)

// TestPaymentsOfChanges: how many payments may be approved and captured for an order that was
// changed.
func TestPaymentsOfChanges(t *testing.T) {
	for _, tt := range []struct {
		name, doc           string
		approvals, captures int
	}{
		{name: "never changed", doc: `{}`, approvals: 1, captures: 1},
		{name: "another address", doc: `{"changes":[{"payment":0}]}`, approvals: 1, captures: 1},
		{name: "changed before it was paid", doc: `{"changes":[{"amount":-500}]}`, approvals: 2, captures: 1},
		{name: "more was paid for", doc: `{"changes":[{"amount":500,"payment":2}]}`, approvals: 2, captures: 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var d orderDoc
			if err := json.Unmarshal([]byte(tt.doc), &d); err != nil {
				t.Fatal(err)
			}
			if a, c := d.approvals(), d.captures(); a != tt.approvals || c != tt.captures {
				t.Errorf("%d approvals and %d captures, want %d and %d", a, c, tt.approvals, tt.captures)
			}
		})
	}
}
