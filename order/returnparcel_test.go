package order_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"purser/order"
)

// twoParcels returns a paid order of three pieces: two were delivered, and the third came
// back in a parcel of its own.
func twoParcels() order.Order {
	o := boughtThree("EUR", 999, 300)
	o.Shipments[0].Lines[0].Quantity = 2
	o.Shipments = append(o.Shipments, order.Shipment{Number: 2, Status: order.ParcelReturned, MovedAt: noon, Lines: []order.LineQuantity{{SKU: "thing", Quantity: 1}}})
	return o
}

// TestExpectReturn (REF-9): a parcel that came back is a return of its goods, once, without
// those that are in another return.
func TestExpectReturn(t *testing.T) {
	sentBack := func(s order.ReturnStatus, n int64) func(*order.Order) {
		return func(o *order.Order) {
			o.Returns = []order.Return{{ID: "a", Status: s, Lines: []order.ReturnLine{{SKU: "thing", Quantity: n, Received: 1}}}}
		}
	}
	for _, c := range []struct {
		name   string
		change func(*order.Order)
		pieces int64 // 0: there is nothing to expect
	}{
		{"its piece", func(*order.Order) {}, 1},
		{"the others are in a return", sentBack(order.ReturnApproved, 2), 1},
		{"all are in a return", sentBack(order.ReturnApproved, 3), 0},
		{"all were in a return that has expired", func(o *order.Order) {
			o.Returns = []order.Return{{ID: "a", Status: order.ReturnExpired, Lines: []order.ReturnLine{{SKU: "thing", Quantity: 3}}}}
		}, 1},
		{"another parcel has replaced it", func(o *order.Order) { o.Shipments[1].Replaced = true }, 0},
		{"it needed no parcel", func(o *order.Order) { o.Shipments[1].Method = order.NoParcel }, 0},
		{"it has a return", func(o *order.Order) {
			o.Returns = []order.Return{{ID: "parcel-2", Parcel: 2, Status: order.ReturnCancelled}}
		}, 0},
	} {
		o := twoParcels()
		c.change(&o)
		back, ok := o.ExpectReturn(o.Shipments[1], "carrier", "it came back", noon)
		if ok != (c.pieces > 0) || ok && (back.ID != "parcel-2" || back.Parcel != 2 || back.Number != len(o.Returns)+1 || back.Status != order.ReturnExpected || !back.Due.IsZero() || back.Open() || back.Lines[0].Quantity != c.pieces) {
			t.Errorf("%s: got %+v, %t; want %d pieces", c.name, back, ok, c.pieces)
		}
	}
}

// TestParcelReturnMoney (REF-9, REF-1): what came back in its parcel is refunded once, also if a
// part of the order was refunded without a return, and never for a piece that the shopper has.
func TestParcelReturnMoney(t *testing.T) {
	refunded := func(pieces int64) func(*order.Order) {
		return func(o *order.Order) {
			o.Refunds = []order.Refund{{ID: "r", Status: order.RefundSucceeded, Lines: []order.RefundLine{{SKU: "thing", Quantity: pieces, Amount: 899 * pieces}}}}
			o.Payments[0].Refunded = 899 * pieces
		}
	}
	for _, c := range []struct {
		name   string
		change func(*order.Order)
		refund int64
	}{
		{"nothing was refunded before", func(*order.Order) {}, 899},
		{"one was refunded without a return", refunded(1), 0},
		{"all were", refunded(3), 0},
		{"one was refunded without a return, and was not sent", func(o *order.Order) {
			refunded(1)(o)
			o.Shipments[0].Lines[0].Quantity = 1
		}, 899},
		{"another one was sent back and refunded", func(o *order.Order) {
			refunded(1)(o)
			o.Refunds[0].ReturnID = "rt1"
			o.Returns = []order.Return{{ID: "rt1", Status: order.ReturnClosed, Lines: []order.ReturnLine{{SKU: "thing", Quantity: 1, Received: 1}}}}
		}, 899},
		{"it is settled otherwise", func(o *order.Order) { o.Returns[0].NoRefund = true }, 0},
	} {
		o := twoParcels()
		back, _ := o.ExpectReturn(o.Shipments[1], "carrier", "it came back", noon)
		o.Returns = []order.Return{back}
		c.change(&o)
		if o.ReturnByID("parcel-2") == nil {
			o.Returns = append(o.Returns, back)
		}
		got, err := o.Receive(*o.ReturnByID("parcel-2"), order.ReturnReceipt{Lines: []order.ReceivedItem{{SKU: "thing", Quantity: 1, Restock: true}}}, noon)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		*o.ReturnByID("parcel-2") = got
		parts, err := o.PlanReturn(got)
		sum := int64(0)
		for _, p := range parts {
			sum += p.Amount.Amount
		}
		if err != nil || sum != c.refund {
			t.Errorf("%s: %d is refunded, want %d (%v)", c.name, sum, c.refund, err)
		}
		if again := o.Restocked(); len(again) != 1 || again[0].Quantity != 1 {
			t.Errorf("%s: for sale again: %+v", c.name, again)
		}
	}
}

// TestCheckReturnOfParcel (REF-9): a shopper cannot send back what came back in its parcel,
// or take the id of its return.
func TestCheckReturnOfParcel(t *testing.T) {
	o := twoParcels()
	back, _ := o.ExpectReturn(o.Shipments[1], "carrier", "it came back", noon)
	o.Returns = []order.Return{back}
	ask := order.ReturnRequest{ID: "rt", Lines: []order.ReturnItem{{SKU: "thing", Quantity: 3}}, Reason: "too small"}
	if err := o.CheckReturn(ask, noon, 24*time.Hour); !errors.Is(err, order.ErrNotReturnable) || !strings.Contains(err.Error(), "1 came back with their parcel, and 2 can still be sent back") {
		t.Error(err)
	}
	ask.Lines[0].Quantity = 2
	if err := o.CheckReturn(ask, noon, 24*time.Hour); err != nil {
		t.Error(err)
	}
	ask.ID = "parcel-7"
	if err := o.CheckReturn(ask, noon, 24*time.Hour); !errors.Is(err, order.ErrInvalid) {
		t.Error(err)
	}
	o.Shipments = o.Shipments[1:]
	ask.ID, ask.Lines[0].Quantity = "rt", 1
	if err := o.CheckReturn(ask, noon, 24*time.Hour); !errors.Is(err, order.ErrNotReturnable) {
		t.Error(err)
	}
}
