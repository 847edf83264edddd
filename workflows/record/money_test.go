//go:build !lean

package record_test

import (
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"purser/order"
	"purser/workflows/orders"
)

// recordMoney runs orders whose payment is refunded, voided or disputed, and saves their
// histories.
func recordMoney(t *testing.T, b *bench, label string) {
	for name, live := range map[string]func(*life){
		"challenged": challenged, "cancelled-after-capture": cancelledAfterCapture, "refund-pending": refundPending,
		"refund-refused": refundRefused, "second-payment": secondPayment, "disputed": disputed, "returned": returned,
		"cancelled-paid": cancelledPaid, "rebooked": rebooked, "several": several,
	} {
		t.Run(name, func(t *testing.T) {
			l := b.begin(t, name)
			live(l)
			h := l.history()
			t.Logf("%d events, %d bytes", len(h.Events), proto.Size(h))
			save(t, filepath.Join("..", "testdata", "histories", label+"-"+name+".json"), h)
		})
	}
	// For these, the history of AftercareWorkflow is saved, too.
	for name, live := range map[string]func(*life){"refund-by-hand": refundByHand, "terminated": terminated, "returned-after-delivery": returnedLate} {
		t.Run(name, func(t *testing.T) {
			l := b.begin(t, name)
			live(l)
			late := orders.AftercareWorkflowID(l.id)
			if err := l.client.GetWorkflow(t.Context(), late, "").Get(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
			save(t, filepath.Join("..", "testdata", "histories", label+"-"+name+".json"), l.history())
			save(t, filepath.Join("..", "testdata", "histories", label+"-"+name+"-late.json"), historyOf(t, l.client, late))
		})
	}
}

func challenged(l *life) {
	l.place(time.Minute)
	l.report(l.bank.Challenge(l.intent))
	l.awaitEvent(order.PaymentAction)
	l.report(l.bank.Authenticate(l.intent, false))
	l.awaitEvent(order.PaymentDeclined)
	l.report(l.bank.Challenge(l.intent))
	l.report(l.bank.Authenticate(l.intent, true))
	l.arrive()
}

// takenByHand captures the order's payment in the dashboard while its parcel cannot be
// booked.
func (l *life) takenByHand() order.Money {
	l.t.Helper()
	l.outage.Store(true)
	total := l.place(time.Minute)
	if _, err := l.bank.Pay(l.intent); err != nil {
		l.t.Fatal(err)
	}
	in, err := l.bank.CaptureIntent(l.t.Context(), l.intent, total, "by-hand-"+l.intent)
	l.report(in.PaymentEvent(), err)
	l.awaitEvent(order.StepDelayed)
	return total
}

// cancel cancels an order while the carrier is down. The money waits until it is
// certain that no parcel is out.
func (l *life) cancel() (done <-chan struct{}) {
	l.t.Helper()
	cancelled := make(chan struct{})
	go func() {
		defer close(cancelled)
		if _, err := l.starter.Cancel(l.t.Context(), l.id, "key:shop", "changed my mind", ""); err != nil {
			l.t.Error(err)
		}
	}()
	l.awaitStatus(order.Cancelling)
	l.outage.Store(false)
	return cancelled
}

func cancelledAfterCapture(l *life) {
	defer l.outage.Store(false)
	l.takenByHand()
	<-l.cancel()
	l.end(order.Cancelled)
}

// cancelledPaid cancels an order that is paid and booked.
func cancelledPaid(l *life) {
	l.place(time.Minute)
	l.pay()
	l.awaitStatus(order.Paid)
	if _, err := l.starter.Cancel(l.t.Context(), l.id, "key:shop", "changed my mind", ""); err != nil {
		l.t.Fatal(err)
	}
	l.end(order.Cancelled)
}

func refundPending(l *life) {
	defer l.outage.Store(false)
	l.bank.Slow = true
	l.takenByHand()
	l.cancel()
	l.awaitEvent(order.RefundIsPending)
	l.reportRefund(l.bank.ResolveRefund(l.intent, order.RefundSucceeded))
	l.end(order.Cancelled)
	l.bank.Slow = false
}

// refundRefused refunds a part of an order by hand before it is cancelled: the refund of
// the whole is refused, and the order is put on hold.
func refundRefused(l *life) {
	defer l.outage.Store(false)
	defer l.refusesRefunds.Store(false)
	total := l.takenByHand()
	l.refundByHand(500)
	l.refusesRefunds.Store(true)
	done := l.cancel()
	l.awaitStatus(order.OnHold)
	l.refusesRefunds.Store(false)
	l.refundByHand(total.Amount - 500)
	l.await("the rest", func(o order.Order) bool { return len(o.Refunds) == 2 })
	l.resolve(order.ChooseRelease)
	<-done
	l.end(order.Cancelled)
}

func secondPayment(l *life) {
	total := l.place(time.Minute)
	l.pay()
	l.awaitStatus(order.Paid)
	in, err := l.bank.CreateIntent(l.t.Context(), order.IntentRequest{OrderID: l.id, Amount: total, Key: "elsewhere-" + string(l.id)})
	if err == nil {
		_, err = l.bank.Pay(in.ID)
	}
	if err == nil {
		in, err = l.bank.CaptureIntent(l.t.Context(), in.ID, total, "elsewhere-"+in.ID)
	}
	l.report(in.PaymentEvent(), err)
	l.awaitEvent(order.PaymentRefunded)
	l.scan(order.ParcelDelivered)
	l.end(order.Delivered)
}

func disputed(l *life) {
	total := l.place(time.Minute)
	l.pay()
	l.awaitStatus(order.Paid)
	for i, s := range []order.DisputeStatus{order.DisputeNeedsResponse, order.DisputeUnderReview, order.DisputeLost} {
		l.deliver(order.ProviderEvent{Type: "charge.dispute." + string(s), Dispute: &order.Dispute{
			ID: "dp_1", PaymentRef: l.intent, Amount: total, Reason: "fraudulent", Status: s,
		}})
		l.awaitEvent([]order.Kind{order.PaymentDisputed, order.DisputeMoved, order.DisputeClosed}[i])
	}
	l.arrive()
}

func returned(l *life) {
	l.place(time.Minute)
	l.pay()
	l.awaitStatus(order.Paid)
	l.scan(order.ParcelInTransit)
	l.awaitStatus(order.Shipped)
	l.scan(order.ParcelReturned)
	l.awaitStatus(order.OnHold)
	l.resolve(order.ChooseRefund)
	l.end(order.Returned)
}

// rebooked sends an order again whose parcel came back.
func rebooked(l *life) {
	l.place(time.Minute)
	l.pay()
	l.awaitStatus(order.Paid)
	l.scan(order.ParcelReturned)
	l.awaitStatus(order.OnHold)
	l.resolve(order.ChooseRebook)
	l.awaitStatus(order.Paid)
	l.scanParcel(2, order.ParcelInTransit)
	l.awaitStatus(order.Shipped)
	l.scanParcel(2, order.ParcelDelivered)
	l.end(order.Delivered)
}

// several is an order with three payments tried, two parcels and a refund that is found
// at the provider.
func several(l *life) {
	l.pieces = 1
	l.place(time.Minute)
	for n := 2; n <= 3; n++ {
		in, err := l.bank.CancelIntent(l.t.Context(), l.intent, "dashboard-"+l.intent)
		l.report(in.PaymentEvent(), err)
		l.await("another payment", func(o order.Order) bool { return o.Payment().Number == n && o.Payment().Reference != "" })
		in, _ = l.bank.IntentOf(l.id)
		l.intent = in.ID
	}
	l.pay()
	l.awaitStatus(order.Paid)
	l.refundByHand(500)
	l.awaitEvent(order.PaymentRefunded)
	l.scanParcel(1, order.ParcelInTransit)
	l.awaitStatus(order.Shipped)
	l.scanParcel(2, order.ParcelInTransit)
	l.scanParcel(1, order.ParcelDelivered)
	l.scanParcel(2, order.ParcelDelivered)
	l.end(order.Delivered)
}

// returnedLate refunds an order whose parcel comes back after its delivery.
func returnedLate(l *life) {
	plain(l)
	l.scan(order.ParcelReturned)
	l.awaitStatus(order.OnHold)
	l.resolve(order.ChooseRefund)
	l.awaitStatus(order.Returned)
}

func refundByHand(l *life) {
	l.place(time.Minute)
	l.pay()
	l.awaitStatus(order.Paid)
	l.refundByHand(500)
	l.awaitEvent(order.PaymentRefunded)
	l.arrive()
	l.refundByHand(700)
}

func terminated(l *life) {
	l.place(time.Minute)
	if err := l.client.TerminateWorkflow(l.t.Context(), l.id.WorkflowID(), "", "by hand"); err != nil {
		l.t.Fatal(err)
	}
	p, err := l.bank.Pay(l.intent)
	if err != nil {
		l.t.Fatal(err)
	}
	l.deliver(order.ProviderEvent{Type: "payment_intent." + string(p.Status), Payment: &p})
}

// refundByHand refunds a part of the payment in the dashboard, and reports it.
func (l *life) refundByHand(amount int64) {
	l.t.Helper()
	n, err := l.bank.RefundIntent(l.t.Context(), l.intent, order.Money{Amount: amount, Currency: "EUR"}, "dashboard-"+l.intent+"-"+time.Now().String())
	if err != nil {
		l.t.Fatal(err)
	}
	l.reportRefund(order.RefundEvent{PaymentRef: n.PaymentRef})
}

func (l *life) reportRefund(n order.RefundEvent) {
	l.t.Helper()
	l.deliver(order.ProviderEvent{Type: "charge.refunded", Refund: &n})
}

func (l *life) awaitEvent(k order.Kind) {
	l.t.Helper()
	l.await(string(k), func(order.Order) bool { return l.happened(k) })
}
