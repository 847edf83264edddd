package order_test

import (
	"testing"

	"purser/order"
)

// TestWaitsFor (REC-7): an order that needs attention or has an open case is found among those
// that wait for a person, also when it goes on or has ended.
func TestWaitsFor(t *testing.T) {
	carrier, attention := &order.Waiting{On: order.WaitCarrier}, []order.Attention{{About: "re_1", Why: "it failed"}}
	dispute := []order.CaseRef{{ID: "ord_1-x", Kind: order.CaseDispute, About: "dp_1"}}
	for _, tt := range []struct {
		name  string
		order order.Order
		want  string
	}{
		{name: "nothing", order: order.Order{Status: order.Placed}},
		{name: "the carrier", order: order.Order{Status: order.Shipped, Waiting: carrier}, want: order.WaitCarrier},
		{name: "it has ended", order: order.Order{Status: order.Delivered, Waiting: carrier}},
		{name: "attention while it goes on", order: order.Order{Status: order.Shipped, Waiting: carrier, Attention: attention}, want: order.WaitOperator},
		{name: "attention after it has ended", order: order.Order{Status: order.Cancelled, Attention: attention}, want: order.WaitOperator},
		{name: "a case while it goes on", order: order.Order{Status: order.Shipped, Waiting: carrier, Cases: dispute}, want: order.WaitOperator},
		{name: "a case after it has ended", order: order.Order{Status: order.Delivered, Cases: dispute}, want: order.WaitOperator},
	} {
		if got := tt.order.WaitsFor(); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
