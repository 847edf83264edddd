package orders_test

import (
	"errors"
	"fmt"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"purser/order"
	"purser/workflows"
	"purser/workflows/orders"
)

// updateResult says how an update ended.
type updateResult struct {
	result any
	err    error
}

// refusal returns the type of the refusal of an update, or "" if it was carried
// out.
func (a *updateResult) refusal() string {
	var app *temporal.ApplicationError
	if errors.As(a.err, &app) {
		return app.Type()
	}
	if a.err != nil {
		return a.err.Error()
	}
	return ""
}

func (r *runner) update(name, updateID string, got *updateResult, arg any) {
	if got == nil {
		got = new(updateResult)
	}
	got.err = errors.New("no response")
	r.toWorkflow(func() {
		r.env.UpdateWorkflow(name, updateID, &testsuite.TestUpdateCallback{
			OnAccept:   func() {},
			OnReject:   func(err error) { got.err = err },
			OnComplete: func(result any, err error) { got.result, got.err = result, err },
		}, arg)
	})
}

func (r *runner) place(updateID, hash string, got *updateResult) {
	r.update(string(orders.Place), updateID, got, orders.PlaceRequest{Hash: hash})
}

func (r *runner) cancel() *updateResult {
	got := new(updateResult)
	r.update(string(orders.Cancel), fmt.Sprintf("cancel-%d", len(r.cues)), got, orders.CancelRequest{Sender: sentBy("key:shop", "changed my mind")})
	return got
}

func (r *runner) release() *updateResult { return r.resolve(order.ChooseRelease) }

func (r *runner) resolve(c order.Choice) *updateResult {
	got := new(updateResult)
	r.update(string(orders.Resolve), "", got, orders.ResolveRequest{Choice: c, Sender: sentBy("key:ops", "looked at it")})
	return got
}

// refund asks for a refund. The request's ID is part of the update's, as at the starter.
func (r *runner) refund(ask order.RefundRequest) *updateResult {
	got := new(updateResult)
	r.asked++
	r.update(string(orders.Refund), fmt.Sprintf("refund-%s-%d", ask.ID, r.asked), got, orders.RefundRequest{RefundRequest: ask, Sender: sentBy("key:ops", "damaged")})
	return got
}

// pack asks for a parcel.
func (r *runner) pack(p order.ParcelPlan) *updateResult {
	got := new(updateResult)
	r.update(string(orders.AddParcel), "", got, orders.AddParcelRequest{ParcelPlan: p, Sender: sentBy("key:ops", "packed")})
	return got
}

// voidLabel asks for a label to be voided.
func (r *runner) voidLabel(number int) *updateResult {
	got := new(updateResult)
	r.update(string(orders.VoidLabel), "", got, orders.VoidLabelRequest{Parcel: number, Sender: sentBy("key:ops", "too heavy")})
	return got
}

// book books a sum that came in without a payment provider.
func (r *runner) book(amount int64, reference string) *updateResult {
	got := new(updateResult)
	r.update(string(orders.BookPayment), "", got, orders.BookPaymentRequest{
		Receipt: order.Receipt{Reference: reference, Amount: amount}, Currency: "EUR", Sender: sentBy("key:ops", "statement"),
	})
	return got
}

// sentBy returns the sender of a message of the API.
func sentBy(who, why string) workflows.Sender {
	return workflows.Sender{Version: workflows.MessageVersion, Who: who, Why: why}
}

// providerEvents makes the events that the providers report about the order.
type providerEvents struct {
	*parties
	made int
}

// event gives an event the order's ID and an ID of its own.
func (p *providerEvents) event(n order.ProviderEvent) order.ProviderEvent {
	p.made++
	n.ID, n.OrderID, n.Provider = fmt.Sprintf("evt_%d", p.made), p.id, "bank"
	if n.Parcel != nil {
		n.Provider = "carrier"
	}
	return n
}

// paid returns the event about a change of a payment at the bank, which must have
// succeeded.
func (p *providerEvents) paid(e order.PaymentEvent, err error) order.ProviderEvent {
	p.Helper()
	if err != nil {
		p.Fatalf("bank: %v", err)
	}
	return p.event(order.ProviderEvent{Type: "payment_intent." + string(e.Status), Payment: &e})
}

// scanned scans the parcel and returns the event about it.
func (p *providerEvents) scanned(s order.ParcelStatus) order.ProviderEvent {
	p.Helper()
	e, err := p.carrier.Scan(string(p.id)+"-1", s)
	if err != nil {
		p.Fatalf("scan %s: %v", s, err)
	}
	return p.event(order.ProviderEvent{Type: "parcel." + string(s), Parcel: &e})
}
