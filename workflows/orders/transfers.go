package orders

import (
	"fmt"
	"slices"

	"go.temporal.io/sdk/workflow"

	"purser/order"
	"purser/workflows"
)

// manual reports whether the shopper pays without a payment provider: in advance by
// bank transfer, or in cash.
func (s *State) manual() bool {
	p := s.current()
	return p != nil && p.Manual()
}

// offerTransfer tells the shopper how to pay in advance, and sets the result of Place.
func (w *orderWorkflow) offerTransfer(ctx workflow.Context) error {
	p := w.current()
	p.Reference, p.Status = w.ID.TransferReference(), order.PaymentPending
	w.enter(ctx, AwaitingPayment)
	w.note(ctx, order.PaymentReady, workflows.ActorPurser, "the shopper can pay "+w.Total.String()+" in advance", p.Reference)
	w.Waiting = w.waitingForTransfer()
	w.mail(ctx, order.MailPrepayment)
	if err := w.save(ctx); err != nil {
		return err
	}
	w.Answer = &Placed{Order: w.document()}
	w.handleEarly(ctx)
	return nil
}

func (w *orderWorkflow) waitingForTransfer() *order.Waiting {
	return &order.Waiting{
		On: waitTransfer, Until: w.payBy(), Then: "the order expires, or, if a part was paid, a person decides", About: w.current().Reference,
	}
}

// awaitTransfer waits until a person has booked that the order was paid.
func (w *orderWorkflow) awaitTransfer(ctx workflow.Context) error {
	for w.Phase == AwaitingPayment && !w.stopped(ctx) {
		if workflow.Now(ctx).Before(w.payBy()) {
			if err := w.wait(ctx, *w.waitingForTransfer()); err != nil {
				return err
			}
			continue
		}
		if w.Captured() > 0 {
			w.hold(ctx, order.HoldUnderpaid, w.underpaid()+", and the time to pay is over", w.current().Reference)
			return nil
		}
		w.abortFor(order.Expired, "not paid in advance by "+w.payBy().UTC().Format("2006-01-02"), "")
	}
	return nil
}

func (w *orderWorkflow) underpaid() string {
	return fmt.Sprintf("%s of %s came in", order.Money{Amount: w.Captured(), Currency: w.Total.Currency}, w.Total)
}

func (w *orderWorkflow) checkBook(ctx workflow.Context, r BookPaymentRequest) error {
	if !w.ready { // onBook checks
		return nil
	}
	return w.handle(ctx, message{kind: bookMessage, receipt: r})
}

func (w *orderWorkflow) tooEarlyToBook(workflow.Context, message) error {
	return workflows.Refuse(workflows.RefusalNotHeld, "the order is "+string(w.Status)+": it cannot be paid yet")
}

// mayBook takes a sum in the order's currency. One that was booked before under its
// reference is taken only if it is the same.
func (w *orderWorkflow) mayBook(_ workflow.Context, m message) error {
	r := m.receipt
	if err := order.CheckText("reference", r.Reference, true, order.MaxText); err != nil {
		return workflows.Refuse(workflows.RefusalInvalid, err.Error())
	}
	amount := order.Money{Amount: r.Amount, Currency: r.Currency}
	switch was := w.receipt(r.Reference); {
	case amount.Currency != w.Total.Currency:
		return workflows.Refuse(workflows.RefusalInvalid, fmt.Sprintf("%s: the order is in %s", amount, w.Total.Currency))
	case amount.Amount <= 0:
		return workflows.Refuse(workflows.RefusalInvalid, amount.String()+" is not above zero")
	case amount.Amount > order.MaxAmount: // a slip of the keyboard
		return workflows.Refuse(workflows.RefusalInvalid, amount.String()+" is more than a payment can be")
	case was != nil && was.Amount != r.Amount:
		return workflows.Refuse(workflows.RefusalOtherRequest, fmt.Sprintf("%s is booked with %s", r.Reference, order.Money{Amount: was.Amount, Currency: w.Total.Currency}))
	}
	return nil
}

// receipt returns what was booked under a reference, or nil.
func (s *State) receipt(reference string) *order.Receipt {
	for _, p := range s.Payments {
		if i := slices.IndexFunc(p.Receipts, func(r order.Receipt) bool { return r.Reference == reference }); i >= 0 {
			return &p.Receipts[i]
		}
	}
	return nil
}

// onBook books a sum, and returns the order when the record has it.
func (w *orderWorkflow) onBook(ctx workflow.Context, r BookPaymentRequest) (order.Order, error) {
	if err := w.accept(ctx, func() error { return w.checkBook(ctx, r) }); err != nil {
		return w.Order, err
	}
	if w.receipt(r.Reference) == nil {
		w.bookPayment(ctx, r)
	}
	err := w.save(ctx)
	return w.Order, err
}

// bookPayment adds a sum to the order's payment, and fulfils the order once all has
// come. A sum that the order does not need must be paid back by a person.
func (w *orderWorkflow) bookPayment(ctx workflow.Context, r BookPaymentRequest) {
	if r.At.IsZero() {
		r.At = workflow.Now(ctx)
	}
	wanted := w.manual() && (w.Phase == AwaitingPayment || w.Phase == Fulfilling || w.Phase == Completed)
	p := w.current()
	if !wanted {
		p = w.surplusTransfer()
	}
	delete(w.Resolved, p.Reference) // that was about what had come in before
	p.Receipts = append(p.Receipts, r.Receipt)
	p.Captured += r.Amount
	p.Status, p.AuthorizedAt = order.PaymentPartiallyCaptured, workflow.Now(ctx)
	if p.Surplus || p.Captured >= w.Total.Amount {
		p.Status = order.PaymentCaptured
	}
	amount := order.Money{Amount: r.Amount, Currency: r.Currency}
	underpaid := w.Hold != nil && w.Hold.Kind == order.HoldUnderpaid
	if wanted && w.Paid() && w.Phase == AwaitingPayment && (w.Hold == nil || underpaid) {
		w.Hold, w.Reason = nil, ""
		w.enter(ctx, Fulfilling)
	}
	w.note(ctx, order.PaymentReceived, r.Actor(), amount.String()+" came in: "+r.Reason(), r.Reference)
	if wanted && w.Phase == AwaitingPayment && !underpaid {
		w.hold(ctx, order.HoldUnderpaid, w.underpaid(), p.Reference)
	}
	w.reviewTransfers(ctx)
	w.changes++
	w.interrupt()
}

// surplusTransfer returns the payment that collects what came in without a payment
// provider although the order does not need it.
func (w *orderWorkflow) surplusTransfer() *order.Payment {
	reference := w.ID.TransferReference() + "-S"
	if w.payment(reference) == nil {
		w.Payments = append(w.Payments, order.Payment{Number: len(w.Payments) + 1, Provider: order.Manual, Reference: reference, Surplus: true})
	}
	return w.payment(reference)
}

// reviewTransfers tells a person which sums must be paid back, until that is booked.
func (w *orderWorkflow) reviewTransfers(ctx workflow.Context) {
	for i := range w.Payments {
		p := w.Payments[i]
		if !p.Manual() {
			continue
		}
		tooMuch := p.Captured - p.Refunded
		if !p.Surplus {
			tooMuch -= w.needed()
		}
		w.dropAttention(p.Reference)
		if tooMuch > 0 && !w.Resolved[p.Reference] {
			_ = w.needAttention(ctx, p.Reference, order.Money{Amount: tooMuch, Currency: w.Total.Currency}.String()+
				" more than the order needs came in: pay it back, and book that as a refund that was paid out")
		}
	}
	if w.Phase == Compensating && w.Hold != nil && w.Hold.Kind == order.HoldRefund && w.manual() && w.paidBack(*w.current()) {
		w.Hold, w.Reason = nil, w.Abort.Reason
		w.note(ctx, order.OrderResolved, workflows.ActorPurser, "the money was paid back", w.current().Reference)
		w.interrupt()
	}
}

// needed returns how much of its money the order needs, in minor units: its total
// without the goods and the shipping fee that were refunded, and with what the shop keeps
// of the price of goods that came back.
func (s *State) needed() int64 {
	needed := s.Total.Amount
	for _, r := range s.Refunds {
		if p := s.payment(r.PaymentRef); p == nil || p.Surplus || !r.Status.Counts() {
			continue
		}
		needed += r.Less - r.Shipping
		for _, l := range r.Lines {
			needed -= l.Amount
		}
	}
	return needed
}

func (w *orderWorkflow) paidBack(p order.Payment) bool { return p.Refunded >= p.Captured }

// returnTransfer asks a person to pay back what came in for an order that is not
// fulfilled.
func (w *orderWorkflow) returnTransfer(ctx workflow.Context, p *order.Payment) {
	switch {
	case p.Captured == 0:
		p.Status = order.PaymentCanceled
	case !w.paidBack(*p):
		left := order.Money{Amount: p.Captured - p.Refunded, Currency: w.Total.Currency}
		w.hold(ctx, order.HoldRefund, left.String()+" came in without a payment provider: pay it back, and book that as a refund that was paid out", p.Reference)
	}
}
