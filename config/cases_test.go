package config

import (
	"maps"
	"testing"
	"time"

	"purser/order"
)

// TestApproval: the amounts above which a second person approves are read by currency, and
// what cannot be meant is refused.
func TestApproval(t *testing.T) {
	for _, tt := range []struct {
		set  []string
		want order.Approval
		ok   bool
	}{
		{nil, nil, true},
		{[]string{"EUR=50000", " JPY=0"}, order.Approval{"EUR": 50000, "JPY": 0}, true},
		{[]string{"EUR=50000", "EUR=1"}, nil, false},
		{[]string{"EUR"}, nil, false},
		{[]string{"EUR=500.00"}, nil, false},
		{[]string{"EUR=-1"}, nil, false},
		{[]string{"euro=1"}, nil, false},
	} {
		c := &Config{Cases: Cases{ApproveAbove: tt.set, SweepCases: time.Hour}}
		if err := c.checkCases(); (err == nil) != tt.ok {
			t.Errorf("%q: %v", tt.set, err)
		}
		if tt.ok && !maps.Equal(c.Terms().ApproveAbove, tt.want) {
			t.Errorf("%q: the orders' terms have %v", tt.set, c.Terms().ApproveAbove)
		}
	}
	if err := (&Config{Cases: Cases{SweepCases: time.Second}}).checkCases(); err == nil {
		t.Error("a sweep in every second is taken")
	}
}
