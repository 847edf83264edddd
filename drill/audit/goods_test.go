package audit

import (
	"maps"
	"slices"
	"testing"
	"time"
)

// TestGoodsAndMoney: goods and money of an order that has ended, its stock and its cases
// are each counted once, under their own counter, and what a person has decided is not
// counted.
func TestGoodsAndMoney(t *testing.T) {
	second := func(e *ending, status string, n int64) { // another parcel with mugs
		e.labels = append(e.labels, parcel("ord-2", status, n))
		e.shipments = append(e.shipments, shipmentRow{reference: "ord-2", label: "lbl2", status: "delivered"})
	}
	back := func(e *ending, pieces, fee, damage, refunded int64) { // sent back in a return, and for sale again
		r := returnDoc{ID: "r1", Status: "closed", Fee: fee, Damage: damage}
		r.Lines = append(r.Lines, struct {
			SKU      string `json:"sku"`
			Received int64  `json:"received"`
			Damaged  int64  `json:"damaged"`
			Restock  bool   `json:"restock"`
		}{"mug", pieces, 0, true})
		e.doc.Returns = append(e.doc.Returns, r)
		e.refunds = append(e.refunds, refundRow{id: "return-r1", status: "succeeded", amount: refunded})
		e.money["pi"] -= refunded
		e.reserved[0].restocked = pieces
	}
	for _, tt := range []struct {
		name string
		end  ending
		want Counter // "": nothing is broken
	}{
		{name: "two parcels", end: delivered(func(e *ending) { e.labels[0] = parcel("ord-1", "delivered", 1); second(e, "delivered", 2) })},
		{name: "a piece in two parcels", end: delivered(func(e *ending) { second(e, "delivered", 1) }), want: DoubleParcels},
		{name: "a piece in two parcels, one of which came back", end: delivered(func(e *ending) { second(e, "returned", 1); e.decided = "keep" })},
		{name: "a parcel and the one that replaces it", end: delivered(func(e *ending) { second(e, "delivered", 3); e.shipments[0].replaced = true }), want: DoubleLabels},
		{name: "a parcel and the one that a person has booked instead", end: delivered(func(e *ending) {
			second(e, "delivered", 3)
			e.shipments[0].replaced, e.decided = true, "rebook"
		})},
		{name: "a parcel about which a person has decided in a case", end: delivered(func(e *ending) {
			second(e, "delivered", 3)
			e.shipments[0].replaced = true
			e.cases = []caseRow{{id: "c", kind: "parcel_unexpected", status: "decided", about: "ord-1", choice: "release"}}
		})},
		{name: "a parcel that the record does not know", end: delivered(func(e *ending) { e.labels = append(e.labels, parcel("ord-9", "booked", 1)) }), want: DoubleLabels},
		{name: "two labels of one parcel", end: delivered(func(e *ending) { e.labels = append(e.labels, e.labels[0]) }), want: DoubleLabels},
		{name: "goods that were left out, and went out", end: delivered(func(e *ending) {
			e.taken["pi"], e.money["pi"] = 900, 900
			e.refunds = []refundRow{{status: "released", amount: 100, lines: []pieces{{SKU: "mug", Quantity: 1}}}}
		}), want: DoubleParcels},
		{name: "collected", end: delivered(func(e *ending) {
			e.labels, e.shipments = nil, []shipmentRow{{reference: "ord-1", status: "delivered"}}
			e.doc.Shipments = []parcelDoc{{Reference: "ord-1", Method: "pickup", Status: "delivered", Lines: []pieces{{SKU: "mug", Quantity: 3}}}}
		})},
		{name: "ready to be collected", end: delivered(func(e *ending) {
			e.labels, e.shipments = nil, []shipmentRow{{reference: "ord-1", status: "ready"}}
			e.doc.Shipments = []parcelDoc{{Reference: "ord-1", Method: "pickup", Status: "ready", Lines: []pieces{{SKU: "mug", Quantity: 3}}}}
			e.reserved[0] = reservationRow{sku: "mug", state: "released", quantity: 3}
		}), want: MoneyWithoutGoods},

		{name: "an unpaid order's parcel", end: cancelled(func(e *ending) { e.labels = []label{parcel("ord-1", "in_transit", 3)} }), want: GoodsWithoutMoney},
		{name: "an unpaid order's parcel that a person let go", end: cancelled(func(e *ending) {
			e.labels, e.decided = []label{parcel("ord-1", "in_transit", 3)}, "refund"
		})},
		{name: "an unpaid order's parcel that came back", end: cancelled(func(e *ending) {
			e.labels = []label{parcel("ord-1", "returned", 3)}
			e.reserved[0].shipped = 3
		})},
		{name: "an unpaid order's parcel that came back, and is for sale before anybody has looked at it", end: cancelled(func(e *ending) {
			e.labels = []label{parcel("ord-1", "returned", 3)}
		}), want: StockDifferences},
		{name: "refunded by nobody", end: delivered(func(e *ending) { e.money["pi"] = 0 }), want: GoodsWithoutMoney},
		{name: "refunded because somebody has asked", end: delivered(func(e *ending) {
			e.money["pi"] = 0
			e.refunds = []refundRow{{id: "r", status: "succeeded", amount: 1000}}
			e.timeline = []eventRow{{kind: "payment.refund_requested", ref: "r", actor: "key:ops"}}
		})},
		{name: "refunded because somebody has asked, at the second try", end: delivered(func(e *ending) {
			e.money["pi"] = 0
			e.refunds = []refundRow{{id: "r", status: "failed", amount: 1000}, {id: "r:2", status: "succeeded", amount: 1000}}
			e.timeline = []eventRow{{kind: "payment.refund_requested", ref: "r", actor: "key:ops"}, {kind: "payment.refund_requested", ref: "r:2", actor: "purser"}}
		})},
		{name: "refunded by the program", end: delivered(func(e *ending) {
			e.money["pi"] = 0
			e.refunds = []refundRow{{id: "r", status: "succeeded", amount: 1000}}
			e.timeline = []eventRow{{kind: "payment.refund_requested", ref: "r", actor: "purser"}}
		}), want: GoodsWithoutMoney},
		{name: "disputed after it was booked", end: delivered(func(e *ending) {
			e.money["pi"], e.disputed = 0, 1000
			e.timeline = []eventRow{{at: time.Unix(20, 0).UnixMicro(), kind: "payment.disputed"}}
		})},
		{name: "disputed while it was booked", end: delivered(func(e *ending) {
			e.money["pi"], e.disputed = 0, 1000
			e.timeline = []eventRow{{at: time.Unix(9, 0).UnixMicro(), kind: "payment.disputed"}}
		})},
		{name: "disputed before it was booked", end: delivered(func(e *ending) {
			e.money["pi"], e.disputed = 0, 1000
			e.timeline = []eventRow{{at: time.Unix(4, 0).UnixMicro(), kind: "payment.disputed"}}
		}), want: GoodsWithoutMoney},
		{name: "disputed, and booked because a person has decided so", end: delivered(func(e *ending) {
			e.money["pi"], e.disputed = 0, 1000
			e.timeline = []eventRow{{at: time.Unix(4, 0).UnixMicro(), kind: "payment.disputed"}, {kind: "order.resolved", why: "release: send it"}}
		})},

		{name: "cancelled and kept", end: cancelled(func(e *ending) { e.intents["pi"], e.taken["pi"], e.money["pi"] = "succeeded", 1000, 1000 }), want: MoneyWithoutGoods},
		{name: "cancelled, and a person keeps it", end: cancelled(func(e *ending) {
			e.intents["pi"], e.taken["pi"], e.money["pi"], e.decided = "succeeded", 1000, 1000, "keep"
		})},
		{name: "a piece that did not go out", end: delivered(func(e *ending) { e.doc = mugs(4) }), want: MoneyWithoutGoods},

		{name: "a return", end: delivered(func(e *ending) { back(e, 1, 0, 0, 300) })},
		{name: "a return less a fee and a damage", end: delivered(func(e *ending) { back(e, 2, 60, 100, 440) })},
		{name: "a return whose refund has failed, and was tried again", end: delivered(func(e *ending) {
			back(e, 1, 0, 0, 300)
			e.refunds = append(e.refunds, e.refunds[0])
			e.refunds[0].status, e.refunds[1].id = "failed", "return-r1:2"
		})},
		{name: "a return that is not refunded", end: delivered(func(e *ending) { back(e, 1, 0, 0, 0) }), want: MoneyWithoutGoods},
		{name: "a return that is refunded in part", end: delivered(func(e *ending) { back(e, 1, 30, 0, 200) }), want: MoneyWithoutGoods},
		{name: "a return of more than its worth", end: delivered(func(e *ending) { back(e, 1, 30, 0, 300) }), want: GoodsWithoutMoney},
		{name: "a return of which nothing is left to refund", end: delivered(func(e *ending) {
			e.money["pi"], e.byHand = 0, 1000
			back(e, 1, 0, 0, 0)
		})},
		{name: "a return that is not for sale again", end: delivered(func(e *ending) { back(e, 1, 0, 0, 300); e.reserved[0].restocked = 0 }), want: StockDifferences},
		{name: "put back although the bank has refused the refund", end: delivered(func(e *ending) {
			e.labels[0], e.reserved[0].restocked = parcel("ord-1", "delivered", 2), 1
			e.refunds = []refundRow{{id: "r", status: "failed", amount: 300, lines: []pieces{{SKU: "mug", Quantity: 1, Restock: true}}}}
		})},
		{name: "still reserved", end: cancelled(func(e *ending) { e.reserved[0].state = "kept" }), want: StockDifferences},
		{name: "gone, and nothing went out", end: cancelled(func(e *ending) { e.reserved[0].shipped, e.reserved[0].state = 3, "shipped" }), want: StockDifferences},

		{name: "a case of an ended matter", end: delivered(func(e *ending) {
			e.cases, e.watched = []caseRow{{id: "c", kind: "pay_back", status: "open", about: "AB-12"}}, []string{"c"}
		}), want: CasesOpen},
		{name: "a case that is over", end: delivered(func(e *ending) { e.cases = []caseRow{{id: "c", kind: "pay_back", status: "decided", choice: "keep"}} })},
		{name: "a case that is over, and its workflow runs", end: delivered(func(e *ending) {
			e.cases, e.watched = []caseRow{{id: "c", kind: "pay_back", status: "closed"}}, []string{"c"}
		}), want: CasesOpen},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := tt.end.counted()
			if tt.want == "" && len(got) > 0 || tt.want != "" && (len(got) != 1 || len(got[tt.want]) == 0) {
				t.Errorf("%v is broken: %v, want %q", slices.Collect(maps.Keys(got)), got, tt.want)
			}
		})
	}
}

// TestMatters: each matter that a person must decide has exactly one open case.
func TestMatters(t *testing.T) {
	held := func(cases ...caseRow) ending {
		return delivered(func(e *ending) {
			e.doc.Hold = &struct {
				Kind string `json:"kind"`
			}{"returned"}
			e.cases = cases
			for _, c := range cases {
				if c.status == "open" {
					e.watched = append(e.watched, c.id)
				}
			}
		})
	}
	one := caseRow{id: "c1", kind: "hold_returned", status: "open"}
	other := caseRow{id: "c2", kind: "hold_returned", status: "open"}
	over := caseRow{id: "c3", kind: "hold_returned", status: "decided", choice: "rebook"}
	for _, tt := range []struct {
		name   string
		end    ending
		broken bool
	}{
		{name: "one", end: held(one)},
		{name: "one, and one that is over", end: held(over, one)},
		{name: "none", end: held(over), broken: true},
		{name: "two", end: held(one, other), broken: true},
		{name: "one of another kind", end: held(caseRow{id: "c4", kind: "hold_label", status: "open"}), broken: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if n := len(tt.end.counted()[CasesOpen]); n > 0 != tt.broken {
				t.Errorf("%d cases are counted, want any: %t", n, tt.broken)
			}
		})
	}
}
