package audit

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// ending is an order that has ended, and what is known of it.
type ending struct {
	status    string
	intents   map[string]string // their statuses at the provider
	taken     map[string]int64  // what was captured of each
	money     map[string]int64  // what the shop has of each
	payments  []paymentRow
	refunds   []refundRow
	labels    []label
	shipments []shipmentRow
	reserved  []reservationRow
	doc       orderDoc
	byHand    int64 // what people refunded of pi at the provider
	disputed  int64 // what the bank has claimed back of it
	timeline  []eventRow
	cases     []caseRow
	watched   []string // the cases whose workflow runs
	decided   string
	lost      bool // a lost attempt had written events of it
}

// lostChange makes the order one that was changed, and that a lost attempt had changed first.
func lostChange(e *ending) {
	e.lost = true
	if err := json.Unmarshal([]byte(`{"changes":[{"amount":100}]}`), &e.doc); err != nil {
		panic(err)
	}
}

// mugs returns a document with lines of mugs for 900 in all.
func mugs(n int64) orderDoc {
	return orderDoc{Lines: []lineDoc{{SKU: "mug", Quantity: n, Subtotal: 1000, Discount: 100}}}
}

// parcel returns a label of a parcel with mugs.
func parcel(reference, status string, n int64) label {
	l := label{Reference: reference, Status: status, Created: time.Unix(10, 0)}
	l.Booking.Parcels = make([]struct {
		Contents []pieces `json:"contents"`
	}, 1)
	l.Booking.Parcels[0].Contents = []pieces{{SKU: "mug", Quantity: n}}
	return l
}

// delivered returns the end of an order of 1000 for three mugs that went well, changed.
// The mugs cost 900.
func delivered(change func(*ending)) ending {
	e := ending{
		status: "delivered", intents: map[string]string{"pi": "succeeded"}, taken: map[string]int64{"pi": 1000}, money: map[string]int64{"pi": 1000},
		payments:  []paymentRow{{provider: "stripe", reference: "pi", captured: 1000}},
		labels:    []label{parcel("ord-1", "delivered", 3)},
		shipments: []shipmentRow{{reference: "ord-1", label: "lbl", status: "delivered"}},
		doc:       mugs(3),
		reserved:  []reservationRow{{sku: "mug", state: "shipped", quantity: 3, shipped: 3}},
	}
	change(&e)
	return e
}

// cancelled returns the end of the same order if it was cancelled unpaid, changed.
func cancelled(change func(*ending)) ending {
	e := ending{
		status: "cancelled", intents: map[string]string{"pi": "canceled"}, taken: map[string]int64{}, money: map[string]int64{},
		payments:  []paymentRow{{provider: "stripe", reference: "pi"}},
		shipments: []shipmentRow{{reference: "ord-1"}},
		reserved:  []reservationRow{{sku: "mug", state: "released", quantity: 3}},
		doc:       mugs(3),
	}
	change(&e)
	return e
}

// TestEnds: an order has ended right only if its money, its parcels and its goods say
// so.
func TestEnds(t *testing.T) {
	manual := func(captured, refunded int64) func(*ending) {
		return func(e *ending) {
			e.intents, e.taken, e.money = nil, nil, nil
			e.payments = []paymentRow{{provider: "manual", reference: "AB-12", captured: captured, refunded: refunded}}
		}
	}
	for _, tt := range []struct {
		name string
		end  ending
		want string // what is wrong; empty: nothing
	}{
		{name: "delivered", end: delivered(func(*ending) {})},
		{name: "delivered, a part refunded", end: delivered(func(e *ending) { e.money["pi"], e.byHand = 600, 400 })},
		{name: "delivered, all refunded", end: delivered(func(e *ending) { e.money["pi"], e.byHand = 0, 1000 })},
		{name: "delivered, nothing captured", end: delivered(func(e *ending) { e.taken["pi"], e.money["pi"] = 0, 0 }), want: "goods of 900 are with the shopper, and 0 of 1000 was paid"},
		{name: "delivered, a part captured", end: delivered(func(e *ending) { e.taken["pi"], e.money["pi"] = 900, 900 }), want: "900 of 1000 was captured"},
		{name: "delivered, a part left out", end: delivered(func(e *ending) {
			e.taken["pi"], e.money["pi"] = 700, 700
			e.refunds = []refundRow{{status: "released", amount: 300, lines: []pieces{{SKU: "mug", Quantity: 1}}}}
			e.labels[0] = parcel("ord-1", "delivered", 2)
		})},
		{name: "delivered, a part left out and captured", end: delivered(func(e *ending) { e.refunds = []refundRow{{status: "released", amount: 300}} }), want: "1000 of 700"},
		{name: "delivered, a second payment returned", end: delivered(func(e *ending) {
			e.intents["pi2"], e.taken["pi2"], e.money["pi2"] = "succeeded", 1000, 0
			e.payments = append(e.payments, paymentRow{provider: "stripe", reference: "pi2", surplus: true, captured: 1000, refunded: 1000})
		})},
		{name: "delivered, a second payment kept", end: delivered(func(e *ending) {
			e.intents["pi2"], e.taken["pi2"], e.money["pi2"] = "succeeded", 1000, 1000
			e.payments = append(e.payments, paymentRow{provider: "stripe", reference: "pi2", surplus: true, captured: 1000})
		}), want: "the shop has 2000 of 1000"},
		{name: "delivered, a payment is still held", end: delivered(func(e *ending) { e.intents["pi2"] = "requires_capture" }), want: "pi2 is still requires_capture"},
		{name: "delivered, a lost attempt has created a payment for a change", end: delivered(func(e *ending) { lostChange(e); e.intents["pi2"] = "requires_payment_method" })},
		{name: "delivered, the payment of a lost attempt holds money", end: delivered(func(e *ending) { lostChange(e); e.intents["pi2"] = "requires_capture" }), want: "pi2 is still requires_capture"},
		{name: "delivered, a payment can still be made", end: delivered(func(e *ending) { e.intents["pi2"] = "requires_payment_method" }), want: "pi2 is still"},
		{name: "delivered, prepaid", end: delivered(manual(1000, 0))},
		{name: "delivered, prepaid too much, and the rest paid out", end: delivered(manual(1300, 300))},
		{name: "delivered, prepaid too much", end: delivered(manual(1300, 0)), want: "the shop has 1300 of 1000"},
		{name: "delivered, prepaid too little", end: delivered(manual(600, 0)), want: "goods of 900 are with the shopper, and 600 of 1000 was paid"},
		{name: "delivered, prepaid too little, and somebody takes that", end: delivered(func(e *ending) { manual(600, 0)(e); e.decided = "keep" })},
		{name: "delivered, no parcel", end: delivered(func(e *ending) { e.labels = nil }), want: "3 of 3 pieces of mug did not go out"},
		{name: "delivered, on its way", end: delivered(func(e *ending) { e.labels[0].Status = "in_transit" }), want: "not delivered ord-1"},
		{name: "delivered, a piece is missing", end: delivered(func(e *ending) { e.labels[0] = parcel("ord-1", "delivered", 2) }), want: "1 of 3 pieces of mug did not go out"},
		{name: "delivered, a piece was refunded before", end: delivered(func(e *ending) {
			e.labels[0] = parcel("ord-1", "delivered", 2)
			e.refunds = []refundRow{{status: "succeeded", amount: 300, lines: []pieces{{SKU: "mug", Quantity: 1}}}}
		})},
		{name: "delivered, a piece too many", end: delivered(func(e *ending) { e.labels[0] = parcel("ord-1", "delivered", 4) }), want: "4 pieces of mug in its parcels, of 3"},
		{name: "delivered, and still reserved", end: delivered(func(e *ending) { e.reserved[0] = reservationRow{sku: "mug", state: "kept", quantity: 3, shipped: 1} }), want: "2 pieces of mug are still reserved"},
		{name: "delivered, and released", end: delivered(func(e *ending) { e.reserved[0].state = "released" }), want: "its stock of mug is released"},
		{name: "delivered, and a piece is for sale again", end: delivered(func(e *ending) {
			e.reserved[0].restocked = 1
			e.refunds = []refundRow{{status: "succeeded", amount: 300, lines: []pieces{{SKU: "mug", Quantity: 1, Restock: true}}}}
		})},

		{name: "cancelled", end: cancelled(func(*ending) {})},
		{name: "cancelled, refunded", end: cancelled(func(e *ending) { e.intents["pi"], e.taken["pi"] = "succeeded", 1000 })},
		{name: "cancelled, and not refunded", end: cancelled(func(e *ending) { e.intents["pi"], e.taken["pi"], e.money["pi"] = "succeeded", 1000, 1000 }), want: "the shop still has 1000"},
		{name: "cancelled, a part refunded", end: cancelled(func(e *ending) { e.intents["pi"], e.taken["pi"], e.money["pi"] = "succeeded", 1000, 300 }), want: "the shop still has 300"},
		{name: "cancelled, paid out", end: cancelled(func(e *ending) {
			e.intents["pi"], e.taken["pi"], e.money["pi"] = "succeeded", 1000, 1000
			e.refunds = []refundRow{{paymentRef: "pi", status: "succeeded", amount: 1000, paidOut: true}}
		})},
		{name: "cancelled, and somebody keeps the money", end: cancelled(func(e *ending) {
			e.intents["pi"], e.taken["pi"], e.money["pi"] = "succeeded", 1000, 1000
			e.decided = "keep"
		})},
		{name: "cancelled, a debit is processing", end: cancelled(func(e *ending) { e.intents["pi"] = "processing" }), want: "pi is still processing"},
		{name: "cancelled, on the bank's page", end: cancelled(func(e *ending) { e.intents["pi"] = "requires_action" }), want: "pi is still requires_action"},
		{name: "cancelled, refunded too much", end: cancelled(func(e *ending) { e.intents["pi"], e.money["pi"] = "succeeded", -100 }), want: "the shop still has -100"},
		{name: "cancelled, prepaid", end: cancelled(manual(1000, 0)), want: "the shop still has 1000"},
		{name: "cancelled, prepaid and paid back", end: cancelled(manual(1000, 1000))},
		{name: "cancelled, a parcel goes out", end: cancelled(func(e *ending) { e.labels = []label{parcel("ord-1", "booked", 3)} }), want: "a parcel went out"},
		{name: "cancelled, a void label", end: cancelled(func(e *ending) { e.labels = []label{parcel("ord-1", "voided", 3)} })},
		{name: "cancelled, still reserved", end: cancelled(func(e *ending) { e.reserved[0].state = "held" }), want: "3 pieces of mug are still reserved"},
		{name: "cancelled, the goods are gone", end: cancelled(func(e *ending) { e.reserved[0] = reservationRow{sku: "mug", state: "shipped", quantity: 3, shipped: 3} }), want: "3 pieces of mug have left"},
		{name: "cancelled, the goods are gone with a parcel that somebody let go", end: cancelled(func(e *ending) {
			e.reserved[0] = reservationRow{sku: "mug", state: "shipped", quantity: 3, shipped: 3}
			e.labels = []label{parcel("ord-1", "delivered", 3)}
			e.decided = "refund"
		})},
		{name: "expired, lapsed", end: cancelled(func(e *ending) { e.status, e.reserved[0].state = "expired", "lapsed" })},
		{name: "not ended", end: delivered(func(e *ending) { e.status = "shipped" }), want: "still shipped"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := tt.end.audited()
			if tt.want == "" && got != "" || !strings.Contains(got, tt.want) || tt.want != "" && got == "" {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// audited returns what an audit finds wrong with an order of 1000 that ends so.
func (e ending) audited() string {
	var all []string
	for _, broken := range e.counted() {
		all = append(all, broken...)
	}
	return strings.Join(all, "; ")
}

// counted returns what breaks each promise of an order of 1000 that ends so.
func (e ending) counted() map[Counter][]string {
	o := orderRow{id: "ord", status: e.status, total: 1000, doc: e.doc}
	a := &audit{wrong: map[string]bool{}, open: map[string]int64{}, gone: map[string]int64{}, watched: map[string]bool{}, report: Report{Broken: map[Counter][]string{}, Cases: map[string]map[string]int{}}}
	a.intents, a.taken, a.money, a.ofOrder = map[string]intent{}, e.taken, e.money, map[string][]string{}
	for id, status := range e.intents {
		a.intents[id] = intent{ID: id, Status: status, Metadata: map[string]string{"order_id": o.id}}
		a.ofOrder[o.id] = append(a.ofOrder[o.id], id)
	}
	a.byHand, a.disputes = map[string]int64{"pi": e.byHand}, map[string]dispute{"dp": {e.disputed, "pi"}}
	a.byOrder = map[string][]label{o.id: e.labels}
	a.replacedIn = map[string]bool{o.id: e.lost}
	a.payments = map[string][]paymentRow{o.id: e.payments}
	a.record.refunds = map[string][]refundRow{o.id: e.refunds}
	a.shipments = map[string][]shipmentRow{o.id: e.shipments}
	a.reserved = map[string][]reservationRow{o.id: e.reserved}
	a.cases = map[string][]caseRow{o.id: e.cases}
	for _, id := range e.watched {
		a.watched[id] = true
	}
	a.timeline = map[string][]eventRow{o.id: e.timeline}
	if e.decided != "" {
		a.timeline[o.id] = append(a.timeline[o.id], eventRow{kind: "order.resolved", why: e.decided + ": because"})
	}
	a.countEnd(o)
	a.countLabels(o)
	a.countReserved(o)
	a.countCases(o)
	return a.report.Broken
}
