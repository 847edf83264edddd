package orders_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"purser/activities/fake"
	"purser/order"
	"purser/workflows/orders"
)

// generators is how many generators of lives run in parallel. Each generates a hundred,
// or as many as -rapid.checks says.
const generators = 20

// generated is an order with a generated life: its methods are the steps of it.
type generated struct {
	*fixture
	reports   []order.ProviderEvent
	decisions []int // a person's, in their order
}

// TestAnyOrder generates interleavings of payments, failures, cancellations, expiry,
// scans, lost, repeated, late, reordered and forged events, transfers, refunds, parcels that
// a person makes, changes, returns, exchanges, deadlines of cases, outages, long histories and terminated
// workflows (ORD-4, PAY-19, PAY-20, F2 to F12, F18, F19, F22 to F24, F30, F31, F37, F68, F69, SHP-6, SHP-7, REF-9). When nothing
// moves any more, every promise must be kept.
func TestAnyOrder(t *testing.T) {
	for n := range generators {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				w := &generated{fixture: newFixture(t)}
				for _, s := range rapid.SliceOfN(rapid.Custom(drawStep), 1, 14).Draw(t, "steps") {
					if s.Do == "return" {
						w.beginReturn(s)
						continue
					}
					w.at(s.At, func() { w.byHand(func() { w.happen(s) }) })
				}
				if rapid.IntRange(0, 4).Draw(t, "too far") == 0 {
					w.placement.Request.ShipTo.Country = "XX"
				}
				w.placement.Pricing = rapid.SampledFrom([]*order.Pricing{nil, nil, withRules(), gift()}).Draw(t, "pricing")
				if rapid.IntRange(0, 4).Draw(t, "paid in advance") == 0 {
					w.placement.Request.Payment = order.PayManually
				}
				if rapid.Bool().Draw(t, "short holds") {
					w.shortHolds(rapid.SampledFrom([]orders.CaptureWhen{"", orders.CaptureBooked, orders.CapturePlaced}).Draw(t, "captured when"))
				}
				w.placement.Request.Lines = nil
				for _, sku := range rapid.SampledFrom([][]string{{"mug"}, {"mug"}, {"mug"}, {"ebook", "mug"}, {"mug", "setup"}, {"ebook"}}).Draw(t, "goods") {
					w.placement.Request.Lines = append(w.placement.Request.Lines, order.RequestLine{SKU: sku, Quantity: 2})
				}
				if rapid.IntRange(0, 7).Draw(t, "to customs") == 0 {
					w.placement.Terms.ShipFrom = "DE"
				}
				if rapid.IntRange(0, 2).Draw(t, "a person packs") == 0 && w.placement.Terms.ShipFrom == "" {
					w.placement.Terms.Parcels = orders.ParcelsByOperator
				}
				if rapid.IntRange(0, 9).Draw(t, "terminated") == 0 {
					w.terminatedAfter = rapid.SampledFrom(moments).Draw(t, "after") + time.Second
				}
				w.askedEarlier = true
				w.decisions = rapid.SliceOfN(rapid.IntRange(0, 4), 1, 4).Draw(t, "decisions")
				w.quiesce(rapid.Bool().Draw(t, "comes back"))
				w.run()
				if w.terminatedAfter > 0 && w.order().ID == "" { // it was never opened
					if sum := w.bank.Count(id); sum != (fake.Payments{}) {
						t.Errorf("an order that does not exist has %+v", sum)
					}
					return
				}
				w.keptPromises()
				w.keptMails()
				w.keptReturns()
				w.theirsIsUntouched()
				if t.Failed() {
					w.logTimeline()
				}
			})
		})
	}
}

// happen takes a step, if it is possible.
func (w *generated) happen(s step) {
	id := w.anyIntent(s.On)
	switch s.Do {
	case "pay":
		w.report(s)(w.bank.Pay(id))
	case "decline":
		w.report(s)(w.bank.Decline(id, "card_declined", "insufficient_funds"))
	case "challenge":
		w.report(s)(w.bank.Challenge(id))
	case "think":
		w.report(s)(w.bank.Think(id))
	case "leave":
		w.report(s)(w.bank.Leave(id))
	case "debit":
		w.report(s)(w.bank.Debit(id))
	case "authenticated", "not authenticated":
		w.report(s)(w.bank.Authenticate(id, s.Do == "authenticated"))
	case "cancel at bank":
		in, err := w.bank.CancelIntent(context.Background(), id, "dashboard-cancel-"+id)
		w.report(s)(in.PaymentEvent(), err)
	case "capture at bank":
		w.report(s)(w.captureAtBank(id))
	case "tamper":
		if w.open(id) {
			w.report(s)(w.bank.Change(id, func(in *order.Intent) {
				in.Status, in.Capturable, in.Amount.Amount = order.PaymentAuthorized, 100, 100
			}), nil)
		}
	case "second":
		if o := w.order(); o.Total.Amount > 0 {
			in, err := w.bank.CreateIntent(context.Background(), order.IntentRequest{OrderID: o.ID, Amount: o.Total, Key: "elsewhere"})
			if err == nil {
				w.report(s)(w.bank.Pay(in.ID))
			}
		}
	case "refund report":
		if id != "" {
			w.deliver(s, w.event(order.ProviderEvent{Type: "charge.refunded", Refund: &order.RefundEvent{PaymentRef: id}}))
		}
	case "part back by hand":
		w.partBack(s, id)
	case "refund", "refund goods", "refund all", "pay out":
		w.ask(s)
	case "transfer":
		w.transfer(s)
	case "change":
		if w.order().ID != "" {
			w.change(changeOf(s))
		}
	case "forge":
		w.forge(s, id)
	case "repeat":
		if len(w.reports) > 0 {
			w.sendEvents(w.reports[s.On%len(w.reports)])
		}
	case "scan":
		w.scanOn(s, order.ParcelInTransit, order.ParcelOutForDelivery, order.ParcelException, order.ParcelDelivered)
	case "come back":
		w.scanOn(s, order.ParcelReturned)
	case "pack":
		if !w.over {
			w.pack(w.planOf(s))
		}
	case "hand over":
		if !w.over {
			w.markParcel(1+s.On, order.ParcelDelivered)
		}
	case "deadline of a case":
		w.passDeadline()
	case "unpack":
		if !w.over {
			w.voidLabel(1 + s.On)
		}
	case "fault", "outage", "refusal":
		f := s.Fault
		w.add(&f)
	default:
		if !w.over {
			w.act(s.Do)
		}
	}
}

// changeOf returns a change under one of a few IDs, so that some requests are repeated and
// others contradict an earlier one.
func changeOf(s step) order.ChangeRequest {
	id := fmt.Sprint("c", s.On)
	switch s.Of {
	case 0:
		return ask(id, fmt.Sprint("mug=", s.Times))
	case 1:
		return ask(id, fmt.Sprint("pin=", 2*(s.Times-1)))
	case 2:
		return order.ChangeRequest{ID: id, ShipTo: &elsewhere}
	}
	return ask(id, fmt.Sprint("mug=", s.Times-1), "pin=3")
}

// forge sends a signed event that is not true.
func (w *generated) forge(s step, own string) {
	reference := []string{own, own, w.theirIntent(), "pi_nowhere"}[s.Of]
	if s.Says != "" {
		w.deliver(s, w.forged(reference, s.Says, 2900))
		return
	}
	w.deliver(s, w.event(order.ProviderEvent{Type: "charge.refunded", Refund: &order.RefundEvent{PaymentRef: reference}}))
}

// partBack refunds a part of an intent at the bank by hand, after capturing it if
// necessary. If the order keeps the payment, the shop keeps that much less.
func (w *generated) partBack(s step, id string) {
	if n, err := w.captureAtBank(id); err == nil {
		w.report(s)(n, nil)
	}
	part := order.Money{Amount: int64(100 * s.Times), Currency: w.placement.Request.Currency}
	if part.Amount > w.left() {
		return
	}
	before := w.bank.Count(w.placement.ID).Returned
	if _, err := w.bank.RefundIntent(context.Background(), id, part, fmt.Sprint("dashboard-", id, "-", w.clock())); err != nil {
		return
	}
	w.refundedByHand[id] += w.bank.Count(w.placement.ID).Returned - before // 0 if nothing was left
	w.deliver(s, w.event(order.ProviderEvent{Type: "charge.refunded", Refund: &order.RefundEvent{PaymentRef: id}}))
}

// ask asks for a refund under one of a few IDs, so that some requests are repeated and
// others contradict an earlier one.
func (w *generated) ask(s step) {
	ask := order.RefundRequest{ID: fmt.Sprint("r", s.On)}
	switch s.Do {
	case "refund":
		ask.Amount = order.Money{Amount: int64(700 * s.Times), Currency: w.placement.Request.Currency}
	case "refund goods":
		ask.Lines = []order.RefundItem{{SKU: "mug", Quantity: 1, Restock: s.Lost}}
	case "refund all":
		ask.All = true
	case "pay out":
		ask.Amount, ask.PaidOut = order.Money{Amount: int64(500 * s.Times), Currency: w.placement.Request.Currency}, "transfer 17"
		if ask.Amount.Amount > w.left() {
			return
		}
	}
	if w.order().ID != "" {
		w.refund(ask)
	}
}

// left returns how much of the order's money was not given back: a person who pays
// something out, or refunds it in the dashboard, looks at the provider and at the order
// first, for neither can know of the other.
func (w *generated) left() int64 {
	sum, o := w.bank.Count(id), w.order()
	if o.ID != "" && !w.over && w.clock().After(w.began) { // the record may be behind
		if v, err := w.env.QueryWorkflow(string(orders.GetOrder)); err == nil {
			_ = v.Get(&o)
		}
	}
	left := sum.Taken - sum.Returned
	for _, r := range o.Refunds {
		if r.PaidOut || r.Status == order.RefundRequested || r.Status == order.RefundCredited {
			left -= r.Amount.Amount
		}
	}
	return left
}

// act sends a message that only a running order can receive.
func (w *generated) act(do string) {
	switch do {
	case "cancel":
		w.cancel()
	case "cancel workflow":
		w.env.CancelWorkflow()
	case "place":
		w.place("again", hash, nil)
	case "release":
		w.release()
	case "long history":
		w.env.SetContinueAsNewSuggested(true)
	}
}

func (w *generated) anyIntent(n int) string {
	all := w.bank.Intents(id)
	if len(all) == 0 {
		return ""
	}
	return all[max(len(all)-1-n, 0)].ID
}

func (w *generated) open(intentID string) bool {
	for _, in := range w.bank.Intents(id) {
		if in.ID == intentID {
			return in.Status == order.PaymentPending
		}
	}
	return false
}

// report reports a change at the bank to the order: perhaps late, several times or
// not at all.
func (w *generated) report(s step) func(order.PaymentEvent, error) {
	return func(p order.PaymentEvent, err error) {
		if err == nil {
			w.lapseLater(p.Reference)
			w.deliver(s, w.event(order.ProviderEvent{Type: "payment_intent." + string(p.Status), Payment: &p}))
		}
	}
}

func (w *generated) deliver(s step, n order.ProviderEvent) {
	w.reports = append(w.reports, n)
	for range s.Times {
		switch {
		case s.Lost:
		case s.Delay == 0 || w.over:
			w.sendEvents(n)
		default:
			w.env.RegisterDelayedCallback(func() { w.sendEvents(n) }, s.Delay)
		}
	}
}

// scanOn scans the newest parcel of an order.
func (w *generated) scanOn(s step, next ...order.ParcelStatus) {
	w.scanParcel(w.order().Shipment().Reference, s, next...)
}

// scanParcel scans a parcel of an order that was paid, never backwards.
func (w *generated) scanParcel(parcel string, s step, next ...order.ParcelStatus) {
	p, ok := w.carrier.Parcels()[parcel]
	if !ok || !fulfilled(w.order().Status) {
		return
	}
	for _, st := range next[min(s.On, len(next)-1):] {
		if st.Overtakes(p.Status) {
			if n, err := w.carrier.Scan(parcel, st); err == nil {
				w.deliver(s, w.event(order.ProviderEvent{Type: "parcel." + string(st), Parcel: &n}))
			}
			return
		}
	}
}

// quiesce scripts an end: outages end, slow payments are decided, operators release
// or cancel orders on hold, parcels arrive, and a comparison with the providers
// reports every event that was lost.
func (w *generated) quiesce(comesBack bool) {
	last := order.ParcelDelivered
	if comesBack {
		last = order.ParcelReturned
	}
	const days = 24 * time.Hour
	for d := 3 * days; d < 12*days; d += 12 * time.Hour {
		w.at(d, func() {
			w.end()
			for _, in := range w.bank.Intents(id) {
				if in.Status == order.PaymentProcessing {
					w.bank.Authenticate(in.ID, comesBack)
					w.lapseLater(in.ID)
				}
			}
			if w.over && !w.order().Status.Final() { // nobody watches an order whose workflow was terminated
				w.sendEvents()
				w.compare()
			}
			w.decide(d > 9*days)
			if on := w.order().Waiting; !w.over && on != nil && on.On == order.WaitPacking {
				w.packRest(d, d > 9*days)
			}
			w.handOver(last)
			for _, s := range w.order().Shipments {
				if !s.Replaced {
					w.scanParcel(s.Reference, step{Lost: true}, last)
				}
			}
		})
	}
	w.at(13*days, w.compare)
	w.at(14*days, w.payBack)
	for d := 15 * days; d < 90*days; d += 5 * days { // the deadlines of returns are 7 and 30 days
		w.at(d, w.endReturns)
	}
}

// compare reports the state of each payment, as a comparison with the provider does.
func (w *generated) compare() {
	for _, in := range w.bank.Intents(id) {
		p := in.PaymentEvent()
		w.sendEvents(w.event(order.ProviderEvent{Type: "compared", Payment: &p}))
		w.sendEvents(w.event(order.ProviderEvent{Type: "compared", Refund: &order.RefundEvent{PaymentRef: in.ID}}))
	}
}
