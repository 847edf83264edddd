package orders

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/workflow"

	"purser/activities"
	steps "purser/activities/orders"
	"purser/order"
	"purser/workflows"
)

// The order whose goods came back to be exchanged. Their value stays here, as refunds that
// are credited to the order with the new goods; what comes back from there is refunded
// from here.

// exchangeInBackground has the order placed that the goods of a return are exchanged for.
// While that fails, a person is shown why, and it is tried again. While the money cannot be
// refunded, the return waits for that to change. A person can end the trying.
func (w *orderWorkflow) exchangeInBackground(ctx workflow.Context, id string) {
	about := aboutReturn + id
	if w.exchanges[id] { // something has changed, which may let it succeed now
		w.retrying[about] = w.needsAttention(about)
		return
	}
	w.exchanges[id] = true
	w.inBackground(ctx, func(ctx workflow.Context) {
		const refused = "the goods are back, and cannot be exchanged yet"
		var waits error
		if !w.Resolved[about] { // otherwise an earlier run of the workflow began to end it
			w.retry(ctx, refused, about, time.Time{}, func(ctx workflow.Context) (err error) {
				waits, err = w.exchange(ctx, id)
				return err
			}, func() {})
		}
		switch back := w.ReturnByID(id); {
		case !back.Exchanging():
		case w.Resolved[about]:
			w.endExchange(ctx, id)
		case waits != nil:
			_ = w.needAttention(ctx, about, refused+": "+waits.Error())
			w.changes++
		}
		delete(w.exchanges, id)
	})
}

// exchange places the order that the goods of a return are exchanged for. waits says what
// must change before that can be tried.
func (w *orderWorkflow) exchange(ctx workflow.Context, id string) (waits, err error) {
	back := w.ReturnByID(id)
	if back.Status != order.ReturnReceived || !back.Exchanging() {
		return nil, nil
	}
	if back.Exchange.OrderID == "" {
		if begun, waits, err := w.beginExchange(ctx, id); !begun || err != nil {
			return waits, err
		}
	}
	made, err := runBackground(ctx, w, placeExchange, returnWithin, "Place the order that the goods are exchanged for", w.exchangeRequest(id))
	if err == nil {
		w.finishExchange(ctx, id, made.Credit, made.Refused)
	}
	return nil, err
}

// attemptLasts is longer than an attempt to place an order that was cancelled goes on.
const attemptLasts = time.Minute

// endExchange gives an exchange up: the shopper gets the value of the goods if no order came
// of it. If that is not known for a day, the value stays where it is, and a person is asked
// again; the next run of the workflow goes on with it.
func (w *orderWorkflow) endExchange(ctx workflow.Context, id string) {
	about, back := aboutReturn+id, w.ReturnByID(id)
	if back.Exchange.OrderID == "" { // no value was kept for it
		back.Exchange.Refused = steps.EndedByPerson
		w.note(ctx, order.ExchangeWasRefused, workflows.ActorPurser, back.Exchange.Refused, id)
		w.refundReturn(ctx, id)
		return
	}
	ask := w.exchangeRequest(id)
	ask.Ended = true
	if workflow.Sleep(ctx, attemptLasts) != nil {
		return
	}
	made, err := runBackground(ctx, w, placeExchange, returnWithin, "Ask whether the order was placed", ask)
	if err != nil {
		_ = w.needAttention(ctx, about, "it is not known whether the order was placed that the goods were to be exchanged for: "+workflows.Reason(err))
		w.changes++
		return
	}
	w.finishExchange(ctx, id, made.Credit, made.Refused)
}

// beginExchange keeps the value of the goods of a return for the order that is to be
// placed, before that is tried, and reports whether there is any. The refunds are compared
// with the provider's first: this history may not know that the goods were refunded,
// because the workflow was reset. An order that is being cancelled refunds what is left.
func (w *orderWorkflow) beginExchange(ctx workflow.Context, id string) (begun bool, waits, err error) {
	for _, p := range w.Payments {
		if p.AtProvider() && p.Reference != "" && p.Captured > 0 && !p.Surplus {
			if err := w.compareRefunds(ctx, p.Reference); err != nil {
				return false, nil, err
			}
		}
	}
	back := w.ReturnByID(id)
	switch {
	case back.Status != order.ReturnReceived || w.Phase == Compensating || w.Abort != nil && w.Phase != Closed:
		return false, nil, nil
	case w.MoneyResolved:
		return false, errMoneyResolved, nil
	}
	w.adoptCreditBack()
	back.Exchange.OrderID = w.ID.ExchangeID(id)
	parts, waits := w.PlanExchange(*back, w.refundedOf(*back))
	if len(parts) == 0 {
		back.Exchange.OrderID = ""
	}
	switch {
	case waits != nil:
		return false, waits, nil
	case len(parts) == 0:
		back.Exchange.Refused = "nothing is left of the price of the goods"
		w.note(ctx, order.ExchangeWasRefused, workflows.ActorPurser, back.Exchange.Refused, id)
		w.refundReturn(ctx, id)
		return false, nil, nil
	}
	w.addRefunds(ctx, parts, workflows.ActorPurser)
	back.Exchange.Offered = order.Money{Currency: w.Total.Currency}
	for _, p := range parts {
		back.Exchange.Offered.Amount += p.Amount.Amount
	}
	w.changes++
	return true, nil, w.save(ctx)
}

// refundedOf returns how much was refunded for the goods of a return, in minor units.
func (s *State) refundedOf(back order.Return) (sum int64) {
	for _, r := range s.Refunds {
		if (r.ReturnID == back.ID || back.IsCreditBack(r.ID)) && r.Status.Moves() {
			sum += r.Amount.Amount
		}
	}
	return sum
}

// exchangeRequest returns the request for the order that the goods of a return are
// exchanged for: for the same shopper, as far as the return does not say otherwise.
func (w *orderWorkflow) exchangeRequest(id string) order.ExchangeRequest {
	back := w.ReturnByID(id)
	return order.ExchangeRequest{
		ID: back.Exchange.OrderID, Correlation: w.Placement.Correlation,
		Of:      order.ExchangeOf{OrderID: w.ID, ReturnID: id, Credit: back.Exchange.Offered.Amount},
		Request: order.Request{Customer: w.Customer, Email: w.Email, Locale: w.Locale, ShipTo: w.ShipTo, Currency: w.Total.Currency, Lines: back.Exchange.Lines},
	}
}

// finishExchange has refunded what the order that was placed does not need of the value of
// the goods: all of it if there is no such order.
func (w *orderWorkflow) finishExchange(ctx workflow.Context, id string, taken int64, refused string) {
	back := w.ReturnByID(id)
	if !back.Exchanging() {
		return
	}
	x := back.Exchange
	x.Refused = refused
	if x.OrderID != "" && (taken > 0 || refused == "") {
		x.Credit = order.Money{Amount: taken, Currency: w.Total.Currency}
		w.note(ctx, order.ReturnWasExchanged, workflows.ActorPurser, x.Credit.String()+" pay for order "+string(x.OrderID), id)
	}
	if refused != "" {
		w.note(ctx, order.ExchangeWasRefused, workflows.ActorPurser, refused, id)
	}
	parts := w.uncredit(ctx, *back, back.RefundIDToBe(), w.CreditToTakeBack(*back, taken))
	back = w.ReturnByID(id)
	back.RefundID = back.RefundIDToBe()
	w.addToRefund(back, parts)
	w.mailReturn(ctx, *back)
	w.closeReturns(ctx)
	if err := w.makeRefunds(ctx, parts); err != nil {
		return
	}
	w.closeReturns(ctx)
}

// addToRefund adds refunds to what a return says that is refunded.
func (w *orderWorkflow) addToRefund(back *order.Return, parts []order.Refund) {
	back.Refund.Currency = w.Total.Currency
	for _, p := range parts {
		back.Refund.Amount += p.Amount.Amount
	}
}

// uncredit takes an amount back from the credit of a return, and writes down the refunds
// that the shopper gets instead.
func (w *orderWorkflow) uncredit(ctx workflow.Context, back order.Return, id string, amount int64) []order.Refund {
	left, parts := w.Uncredit(back, id, amount)
	w.Refunds = left
	w.addRefunds(ctx, parts, workflows.ActorPurser)
	for _, p := range w.Payments {
		w.sumRefunds(p.Reference)
		w.reviewOverRefund(ctx, p.Reference)
	}
	return parts
}

func (w *orderWorkflow) checkTakeCredit(ctx workflow.Context, r TakeCreditRequest) error {
	if !w.ready { // onTakeCredit checks
		return nil
	}
	return w.handle(ctx, message{kind: takeCreditMessage, credit: r})
}

// noCreditYet refuses credit for an order that nothing came back to.
func (w *orderWorkflow) noCreditYet(workflow.Context, message) error {
	return workflows.Refuse(workflows.RefusalNotRefundable, "the order is "+string(w.Status)+": it has given no credit")
}

// mayTakeCredit takes back at most what pays for the other order, and a request that was
// made before.
func (w *orderWorkflow) mayTakeCredit(_ workflow.Context, m message) error {
	r := m.credit
	if r.Version < 1 {
		return workflows.Refuse(workflows.RefusalInvalid, "only the order that the credit pays for gives it back: refund it there, with Refund or Cancel")
	}
	back := w.ReturnByID(r.ReturnID)
	if back == nil || back.Exchange == nil || back.Exchange.OrderID == "" || back.Exchange.OrderID != r.From {
		return workflows.Refuse(workflows.RefusalNotRefundable, fmt.Sprintf("the order has given no credit to the order %.64s for a return %.64q", r.From, r.ReturnID))
	}
	out := order.Money{Amount: w.CreditOut(back.ID), Currency: w.Total.Currency}
	was := back.Exchange.TookBack(back.CreditBackID(r.ID))
	switch {
	case r.Amount.Currency != out.Currency || r.Amount.Amount <= 0:
		return workflows.Refuse(workflows.RefusalInvalid, fmt.Sprintf("%s: want an amount above zero in %s", r.Amount, out.Currency))
	case was != nil && !r.Rest && was.Amount != r.Amount.Amount:
		return workflows.Refuse(workflows.RefusalNotRefundable, fmt.Sprintf("%s was taken back with %s", r.ID, order.Money{Amount: was.Amount, Currency: out.Currency}))
	case was != nil, r.Rest, back.Exchange.Refused != "":
		return nil
	case r.Amount.Amount > out.Amount:
		return workflows.Refuse(workflows.RefusalNotRefundable, fmt.Sprintf("%s: %s of the credit are with order %s", r.Amount, out, r.From))
	}
	return nil
}

// onTakeCredit takes credit back and has it refunded, and returns the order when the record
// has it: whatever becomes of the refund, this order sees to it.
func (w *orderWorkflow) onTakeCredit(ctx workflow.Context, r TakeCreditRequest) (order.Order, error) {
	if err := w.accept(ctx, func() error { return w.checkTakeCredit(ctx, r) }); err != nil {
		return w.Order, err
	}
	back := w.ReturnByID(r.ReturnID)
	id := back.CreditBackID(r.ID)
	amount := min(r.Amount.Amount, w.CreditOut(back.ID))
	if back.Exchange.TookBack(id) != nil || amount == 0 {
		err := w.save(ctx)
		return w.Order, err
	}
	w.note(ctx, order.CreditCameBack, workflows.ActorPurser, fmt.Sprintf("%s came back from order %s: %s",
		order.Money{Amount: amount, Currency: w.Total.Currency}, r.From, strings.TrimSpace(r.CreditReturn.Reason)), id)
	parts := w.uncredit(ctx, *back, id, amount)
	back = w.ReturnByID(r.ReturnID)
	back.Exchange.Returned = append(back.Exchange.Returned, order.CreditPart{ID: id, Amount: amount})
	w.addToRefund(back, parts)
	err := w.makeRefunds(ctx, parts)
	if err == nil {
		err = w.save(ctx)
	}
	return w.Order, err
}

// adoptCreditBack counts refunds, which this history did not know, as credit that has come
// back, if that is what they are.
func (s *State) adoptCreditBack() {
	for i := range s.Returns {
		back := &s.Returns[i]
		for _, r := range s.Refunds {
			if back.Exchange == nil || !back.IsCreditBack(r.ID) || back.Exchange.TookBack(r.ID) != nil {
				continue
			}
			s.Refunds, _ = s.Uncredit(*back, r.ID, r.Amount.Amount)
			back.Exchange.Returned = append(back.Exchange.Returned, order.CreditPart{ID: r.ID, Amount: r.Amount.Amount})
		}
	}
}

// The order that is paid with credit, the value of goods that came back to another order.
// That order has the shopper's money: what is refunded of the credit is given back to it,
// and it refunds the shopper.

// creditReturn returns the request to take credit back, for a refund of this order.
func (w *orderWorkflow) creditReturn(id string, amount order.Money, rest bool, reason string) steps.ReturnCreditRequest {
	return steps.ReturnCreditRequest{To: w.ExchangeOf.OrderID, CreditReturn: order.CreditReturn{
		From: w.ID, ReturnID: w.ExchangeOf.ReturnID, ID: id, Amount: amount, Rest: rest, Reason: reason,
	}}
}

// makeCreditRefund gives a refund of the credit back. The refund has succeeded when the
// other order has taken it, which mails the shopper. A refund that it refuses for good has
// failed.
func (w *orderWorkflow) makeCreditRefund(ctx workflow.Context, id string) error {
	r := *w.refundByID(id)
	_, err := runBackground(ctx, w, returnCredit, returnWithin, "Give "+r.Amount.String()+" of credit back", w.creditReturn(id, r.Amount, false, r.Reason))
	own := w.refundByID(id)
	switch {
	case own.Status != order.RefundRequested:
		return nil
	case refusesCredit(err):
		own.Status = order.RefundFailed
		own.Notified = own.Status
		w.sumRefunds(own.PaymentRef)
		w.refundFailed(ctx, *own, workflows.Reason(err))
		return nil
	case err != nil:
		return err
	}
	own.Status, own.Reference, own.Notified = order.RefundSucceeded, r.Key, order.RefundSucceeded
	w.noteCreditReturned(ctx, own.Amount)
	w.reviewFunds(ctx)
	return nil
}

// refusesCredit reports whether the other order does not take credit back, for good.
func refusesCredit(err error) bool {
	return workflows.IsFailure(err, activities.FailureNotRefundable) || workflows.IsFailure(err, activities.FailureInvalid) || workflows.IsFailure(err, activities.FailureNotFound)
}

func (w *orderWorkflow) noteCreditReturned(ctx workflow.Context, amount order.Money) {
	w.note(ctx, order.PaymentRefunded, workflows.ActorPurser, fmt.Sprintf("%s of credit given back to order %s, which refunds it", amount, w.ExchangeOf.OrderID), w.ExchangeOf.Reference())
}

// returnRest gives back what is left of the credit of an order that is not fulfilled. The
// amount is in the request's ID, as in refundRest; the other order gives no more back than
// it has given.
func (w *orderWorkflow) returnRest(ctx workflow.Context, p order.Payment) (reversal, error) {
	rest := order.Money{Amount: p.Captured - p.Refunded, Currency: w.Total.Currency}
	if rest.Amount <= 0 {
		return reversal{}, nil
	}
	id := order.Key(w.ID, fmt.Sprintf("refund-credit-%d", rest.Amount), 1)
	reason := cmp.Or(w.Reason, "the order is not fulfilled")
	if _, err := run(ctx, w, returnCredit, returnWithin, "a person is asked", "Give "+rest.String()+" of credit back", w.creditReturn(id, rest, true, reason)); err != nil {
		return reversal{}, err
	}
	if w.refundByID(id) == nil {
		w.Refunds = append(w.Refunds, order.Refund{
			ID: id, Reference: id, PaymentRef: p.Reference, Amount: rest, Reason: reason, Status: order.RefundSucceeded, Notified: order.RefundSucceeded,
		})
		w.sumRefunds(p.Reference)
		w.noteCreditReturned(ctx, rest)
	}
	return reversal{}, nil
}
