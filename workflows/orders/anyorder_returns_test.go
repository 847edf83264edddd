package orders_test

import (
	"fmt"
	"slices"
	"time"

	"purser/order"
	"purser/workflows/orders"
)

// planOf returns the plan of a parcel that a person makes, under one of a few IDs: with a
// label, without the carrier's API, or to be collected.
func (w *generated) planOf(s step) order.ParcelPlan {
	p := order.ParcelPlan{ID: fmt.Sprint("p", s.On), Lines: []order.LineQuantity{{SKU: "mug", Quantity: int64(s.Times)}}}
	switch s.Of {
	case 2:
		p.Method, p.Carrier, p.Tracking = order.ByHand, "Bike Courier", fmt.Sprint("BC-", s.On)
	case 3:
		p.Method = order.ByPickup
	}
	return p
}

// packRest makes a parcel with all that is left. At the end, when it is known that the
// carrier does not accept it, the order is cancelled or, if goods are out already, the rest
// goes out by hand.
func (w *generated) packRest(at time.Duration, end bool) {
	rest := order.ParcelPlan{ID: fmt.Sprint("rest-", at)}
	switch {
	case end && w.order().HandedOver():
		rest.Method, rest.Carrier, rest.Tracking = order.ByHand, "Bike Courier", "BC-rest"
	case end:
		w.cancel()
		return
	}
	w.pack(rest)
}

func (w *generated) markParcel(number int, s order.ParcelStatus) {
	w.update(string(orders.MarkParcel), "", nil, orders.MarkParcelRequest{Parcel: number, Status: s, Sender: sentBy("key:ops", "seen")})
}

// handOver says where the parcels are that the carrier does not report about.
func (w *generated) handOver(last order.ParcelStatus) {
	for _, s := range w.order().Shipments {
		switch {
		case w.over || s.Replaced:
		case s.Method == order.ByHand && s.Status == order.ParcelInTransit:
			w.markParcel(s.Number, last)
		case s.Method == order.ByPickup && s.Status == order.ParcelReady:
			w.markParcel(s.Number, order.ParcelDelivered)
		}
	}
}

// collected reports whether an event is about a parcel that the shopper collects.
func (w *generated) collected(ref string) bool {
	return slices.ContainsFunc(w.order().Shipments, func(s order.Shipment) bool { return s.Method == order.ByPickup && s.Reference == ref })
}

// backSteps are what becomes of a return after it was asked for, an hour after each other.
var backSteps = [][]string{
	{"approve", "receive"},
	{"approve", "receive", "receive", "give back", "give back the rest"},
	{"approve", "receive", "give back", "cancel", "give back"},
	{"receive", "approve", "receive"},
	{"reject", "approve"},
	{"approve", "cancel"},
	{"cancel", "receive"},
	{"approve"},
	{},
}

// insteadOf are what goods are exchanged for: nothing, what is dearer or cheaper, and what
// is not there.
var insteadOf = []order.RequestLine{{}, {SKU: "vase", Quantity: 1}, {SKU: "cup", Quantity: 1}, {SKU: "vase", Quantity: 9}, {SKU: "cup", Quantity: 2}}

// beginReturn scripts the life of a return under one of a few IDs, some days after the
// step's time: the parcels have arrived by then, or not.
func (w *generated) beginReturn(s step) {
	id := fmt.Sprint("rt", s.On)
	from := s.At + time.Duration(s.On+1)*30*time.Hour
	w.at(from, func() {
		w.onReturn(func() {
			if instead := insteadOf[(s.On+s.Of)%len(insteadOf)]; instead.SKU != "" && !w.order().Payment().Manual() {
				w.asksInstead(id, "mug", int64(s.Times), instead)
				return
			}
			w.requestReturn(id, int64(s.Times))
		})
	})
	for i, do := range backSteps[(int(s.At/time.Second)+s.On+s.Times)%len(backSteps)] {
		w.at(from+time.Duration(i+1)*time.Hour, func() { w.onReturn(func() { w.stepOfReturn(id, do, s) }) })
	}
}

// onReturn does something about the returns of an order that was opened.
func (w *generated) onReturn(do func()) {
	if w.order().ID != "" {
		w.byHand(do)
	}
}

func (w *generated) stepOfReturn(id, do string, s step) {
	switch do {
	case "approve", "reject", "cancel":
		w.decideReturn(id, order.ReturnStep(do))
	case "give back", "give back the rest":
		w.takeCredit(fmt.Sprint("r", s.On), int64(300*s.Times), func(r *orders.TakeCreditRequest) {
			r.From, r.ReturnID, r.Rest = w.id.ExchangeID(id), id, do != "give back"
			if r.Rest {
				r.ID, r.Amount.Amount = "rest", 9999
			}
		})
	case "receive":
		pieces := int64(1 + s.On%2)
		got := receipt(pieces, int64(s.Times)%(pieces+1), int64(145*(s.Times-1)), int64(33*s.On))
		got.Lines[0].Restock = !s.Lost
		if w.order().Payment().Manual() {
			got.PaidOut = "transfer " + id
		}
		w.receiveReturn(id, got)
	}
}

// receiveParcels receives the goods of the parcels that came back: all pieces, or one of them.
func (w *generated) receiveParcels() {
	for i, r := range w.order().Returns {
		if r.Status != order.ReturnExpected {
			continue
		}
		var got order.ReturnReceipt
		for _, l := range r.Lines {
			pieces := max(l.Quantity-int64(i%2), 1)
			got.Lines = append(got.Lines, order.ReceivedItem{SKU: l.SKU, Quantity: pieces, Damaged: int64(i+len(w.decisions)) % (pieces + 1), Restock: i%3 < 2})
		}
		if w.order().Payment().Manual() {
			got.PaidOut = "transfer " + r.ID
		}
		w.receiveReturn(r.ID, got)
	}
}

// endReturns lets a person decide about the returns that nobody has decided about, and
// about the refunds that cannot be made. The goods of an approved one do not come. A
// return whose workflow was terminated is found by the search of each night.
func (w *generated) endReturns() {
	if w.over && slices.ContainsFunc(w.order().Returns, order.Return.Open) {
		w.sendEvents()
	}
	if len(w.decisions)%2 == 0 {
		w.receiveParcels()
	}
	for _, r := range w.order().Returns {
		switch {
		case r.Status == order.ReturnRequested:
			w.decideReturn(r.ID, order.StepReject)
		case r.Status == order.ReturnReceived && len(w.order().Attention) > 0:
			w.resolve(order.ChooseKeep)
		}
	}
}

// keptReturns checks the returns of an order that has ended: each is settled; no piece is in
// two, and none that was not delivered; what was refunded for it is what the shopper paid
// for its pieces, less what the shop keeps, to the minor unit; and the stock has what is
// for sale again.
func (w *generated) keptReturns() {
	o := w.order()
	back, restocked := map[string]int64{}, map[string]int64{}
	for _, r := range o.Returns {
		if r.Open() || r.Status == order.ReturnRequested || r.Status == order.ReturnApproved {
			w.Errorf("REF-9: the return %s is left %s until %s", r.ID, r.Status, r.Due)
		}
		for _, l := range r.Lines {
			back[l.SKU] += l.Received
			if l.Restock {
				restocked[l.SKU] += l.Received - l.Damaged
			}
		}
		w.keptReturn(o, r)
	}
	sent := map[string]int64{}
	for _, s := range o.Shipments {
		if s.Status.HandedOver() {
			for _, l := range s.Lines {
				sent[l.SKU] += l.Quantity
			}
		}
	}
	for _, r := range o.Refunds {
		for _, l := range r.Lines {
			if l.Restock {
				restocked[l.SKU] += l.Quantity
			}
		}
	}
	bought := map[string]int64{}
	for _, l := range o.Lines {
		bought[l.SKU] = l.Quantity
	}
	for sku, n := range back {
		if n > min(sent[sku], bought[sku]) {
			w.Errorf("REF-9: %d pieces of %s are back, of %d that were sent", n, sku, sent[sku])
		}
		if got := w.record.Shipped(sku); fulfilled(o.Status) && o.Status != order.Returned && got != bought[sku]-min(restocked[sku], bought[sku]) {
			w.Errorf("REF-9: %d pieces of %s have left the stock, want %d less the %d for sale again", got, sku, bought[sku], restocked[sku])
		}
	}
}

// keptReturn checks the money of one return that has ended.
func (w *generated) keptReturn(o order.Order, r order.Return) {
	var parts []order.Refund
	for _, f := range o.Refunds {
		if f.ReturnID == r.ID {
			parts = append(parts, f)
		}
	}
	price, less, amount, failed := int64(0), int64(0), int64(0), false
	for _, f := range parts {
		failed = failed || !f.Status.Counts()
		less, amount = less+f.Less, amount+f.Amount.Amount
		for _, l := range f.Lines {
			price += l.Amount
		}
	}
	kept := int64(0)
	for _, l := range r.Lines {
		kept += l.KeptPrice
	}
	sum := w.bank.Count(id)
	left := sum.Taken - sum.Returned + transfers(o) - creditOut(o)
	for _, f := range o.Refunds {
		if i := slices.IndexFunc(o.Payments, func(p order.Payment) bool { return p.Reference == f.PaymentRef }); f.PaidOut && i >= 0 && !o.Payments[i].Manual() {
			left -= f.Amount.Amount // the bank does not know of it
		}
	}
	switch deducted := r.Fee + r.Damage; {
	case r.Got == "" && (len(parts) > 0 || kept > 0):
		w.Errorf("REF-9: nothing came back of the return %s, which is %s, and %d is refunded, %d kept", r.ID, r.Status, amount, kept)
	case r.Got == "" || failed:
	case amount-o.CreditOut(r.ID) != r.Refund.Amount || amount != price-less:
		w.Errorf("REF-9: the return %s says %d, its refunds are %d for goods of %d, less %d", r.ID, r.Refund.Amount, amount, price, less)
	case len(parts) > 0 && less < deducted:
		w.Errorf("REF-9: %d of the price is kept of the return %s, want %d", less, r.ID, deducted)
	case len(parts) > 0 && less > deducted && left > 0 && !w.state().MoneyResolved:
		w.Errorf("REF-9: %d of the price is kept of the return %s, want %d: %d of the order's money is left", less, r.ID, deducted, left)
	}
	w.keptPrice(o)
}

// keptPrice checks that all that was refunded for the pieces of a line, and kept of their
// price, is the share that these pieces have of what the shopper paid for the line: whole
// for all pieces together, and otherwise rounded down. Once all of the order's money is
// refunded, a part of the price of one more piece may be with it: an order that was kept
// although less came in than it costs has no more.
func (w *generated) keptPrice(o order.Order) {
	if slices.ContainsFunc(o.Refunds, func(r order.Refund) bool {
		return len(r.Lines) == 0 || r.ReturnID == "" && len(r.Lines) != 1 || !r.Status.Counts()
	}) {
		return // an amount was refunded, or all that was left, or a refund failed: the pieces have what remains
	}
	for _, l := range o.Lines {
		pieces, paid, _ := o.RefundedOf(l.SKU)
		share := func(n int64) int64 { return l.Total() * min(n, l.Quantity) / l.Quantity }
		partly := o.Refundable() == 0 && paid > share(pieces) && paid < share(pieces+1)
		if want := share(pieces); pieces > 0 && paid != want && !partly {
			w.Errorf("REF-9: %d was refunded for %d of %d pieces of %s, or kept of them, want %d", paid, pieces, l.Quantity, l.SKU, want)
		}
	}
}
