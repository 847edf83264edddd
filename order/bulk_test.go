package order_test

import (
	"errors"
	"testing"

	"purser/order"
)

// TestBulkCheckResolve (RES-15): what a dry run of a decision predicts is what the order
// takes: the choices of its hold, of its lost parcel, or of what needs attention.
func TestBulkCheckResolve(t *testing.T) {
	lost := order.Order{Status: order.Shipped, Cases: []order.CaseRef{{ID: "c-1", Kind: order.CaseParcelLost}}}
	attention := order.Order{Status: order.Delivered, Attention: []order.Attention{{About: "pi_1"}}, Cases: []order.CaseRef{{ID: "c-1", Kind: order.CaseNotReturned}}}
	held := lost
	held.Status, held.Hold = order.OnHold, &order.Hold{Kind: order.HoldFunds, Choices: order.HoldFunds.Choices()}
	for name, tt := range map[string]struct {
		o     order.Order
		takes []order.Choice
	}{
		"lost":      {lost, []order.Choice{order.ChooseRelease, order.ChooseRebook, order.ChooseRefund}},
		"attention": {attention, []order.Choice{order.ChooseRelease, order.ChooseKeep}},
		"held":      {held, order.HoldFunds.Choices()},
		"neither":   {order.Order{Status: order.Delivered}, nil},
	} {
		takes := map[order.Choice]bool{}
		for _, c := range tt.takes {
			takes[c] = true
		}
		for _, c := range order.Choices() {
			err := order.BulkRequest{Action: order.BulkResolve, Choice: c}.Check(tt.o)
			if takes[c] != (err == nil) || err != nil && !errors.Is(err, order.ErrIllegalMove) {
				t.Errorf("%s, %s: %v", name, c, err)
			}
		}
	}
}
