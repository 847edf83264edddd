package orders

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"purser/activities"
	steps "purser/activities/orders"
	"purser/order"
	"purser/workflows"
)

// authorizationLasts is how long an authorization is relied on if the provider
// does not say when it lapses. Card networks keep most for seven days
// (https://docs.stripe.com/payments/place-a-hold-on-a-payment-method).
const authorizationLasts = 6 * 24 * time.Hour

// lapseMargin is how long before an authorization lapses the order stops relying on
// it.
const lapseMargin = 12 * time.Hour

// offerPayment creates the payment, so that the shopper can pay, and sets the
// result of Place. The idempotency key consists of the order, the operation and the
// payment's number, of a later payment also of its amount: however often this is tried, there
// is one payment.
func (w *orderWorkflow) offerPayment(ctx workflow.Context) error {
	if w.asksNothing() {
		return w.skipPayment(ctx)
	}
	p := w.current()
	if p == nil || p.Status.Dead() { // appended before the step, so that compensate knows of it
		w.Payments = append(w.Payments, order.Payment{Number: len(w.Payments) + 1, Amount: w.Order.Payment().Amount})
		p = w.current()
	}
	if p.Reference != "" {
		return nil
	}
	if p.Manual() {
		return w.offerTransfer(ctx)
	}
	if len(w.Changes) > 0 { // the record must know it first, for the aftercare
		if err := w.save(ctx); err != nil || w.stopped(ctx) {
			return err
		}
		p = w.current()
	}
	within := w.payBy().Sub(workflow.Now(ctx))
	made, err := run(ctx, w, createIntent, max(within, time.Second), "the order expires", "Create payment intent", w.intentRequest(p.Number))
	switch {
	case ctx.Err() != nil:
		return nil
	case workflows.IsFailure(err, activities.FailureMinimum):
		if w.Answer == nil {
			w.Failure = activities.FailureMinimum // Place fails with it
		}
		w.abortFor(order.Cancelled, "the amount is too small for the payment provider: "+workflows.Reason(err), "the payment could not be taken")
		return nil
	case workflows.IsFailure(err, activities.FailureRejected):
		w.abortFor(order.Cancelled, "the payment provider cannot accept this payment: "+workflows.Reason(err), "the payment could not be taken")
		return nil
	case err != nil:
		w.abortFor(order.Expired, "the payment provider could not be reached in time: "+workflows.Reason(err), "")
		return nil
	}
	p = w.current() // payments may have been added in the meantime
	p.Provider, p.Reference, p.Status, w.Sealed = made.Intent.Provider, made.Intent.ID, made.Intent.Status, made.SealedSecret
	w.enter(ctx, AwaitingPayment)
	w.note(ctx, order.PaymentReady, workflows.ActorPurser, "the shopper can pay "+w.Asked(*p).String(), p.Reference)
	w.Waiting = w.waitingForPayment()
	if w.ExchangeOf != nil { // nobody is at a checkout
		l := w.MailAbout(order.MailDifference, p.Reference)
		l.Until = w.payBy()
		w.send(ctx, l)
	}
	if err := w.save(ctx); err != nil {
		return err
	}
	w.Answer = &Placed{Order: w.document(), SealedSecret: w.Sealed}
	w.handleEarly(ctx)
	return nil
}

// skipPayment fulfils an order that asks the shopper for nothing, and sets the result of
// Place.
func (w *orderWorkflow) skipPayment(ctx workflow.Context) error {
	w.enter(ctx, Fulfilling)
	why, ref := "the order costs nothing", ""
	if w.PaidByCredit() {
		why, ref = "the value of goods that came back pays for it", string(w.ExchangeOf.OrderID)
	}
	w.note(ctx, order.PaymentNotNeeded, workflows.ActorPurser, why, ref)
	if err := w.save(ctx); err != nil {
		return err
	}
	w.Answer = &Placed{} // stands for the order as it is
	w.handleEarly(ctx)
	return nil
}

// handleEarly handles the payment events that came before it was known which payment
// is the order's own.
func (w *orderWorkflow) handleEarly(ctx workflow.Context) {
	early := w.Early
	w.Early = nil
	for _, n := range early {
		_ = w.handle(ctx, message{kind: n.Kind(), event: n})
	}
}

func (w *orderWorkflow) intentRequest(number int) order.IntentRequest {
	p, operation := w.Payments[number-1], "intent"
	switch { // after a reset or a lost task, the number may be that of another payment
	case p.Change != "":
		operation += "-" + p.Change
	case number > 1:
		operation += fmt.Sprintf("-%d", w.Asked(p).Amount)
	}
	return order.IntentRequest{
		OrderID: w.ID, Number: number, Amount: w.Asked(p), Customer: w.Customer,
		Key: order.Key(w.ID, operation, number), PlacedAt: w.PlacedAt,
	}
}

// payBy returns when an unpaid order expires.
func (w *orderWorkflow) payBy() time.Time {
	from := w.PlacedAt
	if w.PayFrom.After(from) {
		from = w.PayFrom
	}
	return w.Placement.Terms.PayBy(w.method(), from)
}

// method returns how the shopper pays.
func (w *orderWorkflow) method() order.PaymentMethod {
	if w.manual() {
		return order.PayManually
	}
	return order.PayOnline
}

func (w *orderWorkflow) waitingForPayment() *order.Waiting {
	return &order.Waiting{
		On: waitPayment, Until: w.payBy(), Then: "the payment provider is asked; if it is unpaid, the order expires", About: w.Order.Payment().Reference,
	}
}

// awaitPayment waits until the money is held. The provider's events say so soonest;
// where none come, the provider is asked at growing intervals, and once more before
// the order expires.
func (w *orderWorkflow) awaitPayment(ctx workflow.Context) error {
	if err := w.offerPayment(ctx); err != nil {
		return err
	}
	if w.manual() {
		return w.awaitTransfer(ctx)
	}
	for w.Phase == AwaitingPayment && !w.stopped(ctx) && w.current().Reference != "" && !w.current().Status.Dead() {
		if err := w.keepReservation(ctx); err != nil {
			return err
		}
		if w.AskNow {
			if err := w.askAboutPayment(ctx); err != nil {
				return err
			}
			continue
		}
		if until := w.retryUntil(); !until.IsZero() {
			w.AskAt, w.AskEvery = until, w.Placement.Terms.AskAfter
		}
		on, at := w.paymentDeadline(ctx)
		if err := w.wait(ctx, on, at); err != nil {
			return err
		}
		if w.stopped(ctx) || workflow.Now(ctx).Before(at) {
			continue
		}
		if err := w.askInTime(ctx); err != nil {
			return err
		}
	}
	return nil
}

// paymentDeadline returns what an order waits for that is not paid yet, and when it
// does something by itself.
func (w *orderWorkflow) paymentDeadline(ctx workflow.Context) (on order.Waiting, at time.Time) {
	on, at = *w.waitingForPayment(), w.AskAt
	if w.current().Status == order.PaymentProcessing {
		on.Then = "the payment provider is asked; the order waits for as long as the payment is processing"
	}
	switch overdue := !workflow.Now(ctx).Before(on.Until); {
	case overdue: // and it is not yet certain whether the order is paid
		on.Until = w.AskAt
		if w.current().Status != order.PaymentProcessing {
			on.Then = "the payment provider is asked whether it was paid"
		}
	case !w.DeclinedAt.IsZero() && w.AskAt.Before(on.Until):
		on.Then, on.Until = "the payment provider is asked whether it was paid; if not, the shopper is mailed that the card was declined", w.AskAt
	case on.Until.Before(w.AskAt):
		at = on.Until
	}
	return on, at
}

// askInTime asks the provider because no event has come for a while, and expires an
// order whose time is over.
func (w *orderWorkflow) askInTime(ctx workflow.Context) error {
	if err := w.askAboutPayment(ctx); err != nil || w.Phase != AwaitingPayment || w.stopped(ctx) {
		return err
	}
	if last := !workflow.Now(ctx).Before(w.payBy()); last && w.current().Status != order.PaymentProcessing {
		w.abortFor(order.Expired, "not paid within "+w.Placement.Terms.PayWithin.String(), "")
		return nil
	}
	w.notifyDecline(ctx)
	most := time.Hour
	if w.current().Status == order.PaymentProcessing { // a debit takes days
		most = 4 * time.Hour
	}
	w.AskEvery = min(2*w.AskEvery, most)
	w.AskAt = workflow.Now(ctx).Add(w.AskEvery)
	return nil
}

// askAboutPayment fetches the payment from the provider and applies its state,
// which is certain.
func (w *orderWorkflow) askAboutPayment(ctx workflow.Context) error {
	ref := w.current().Reference
	in, err := run(ctx, w, getIntent, 0, "", "Ask about payment "+ref, steps.IntentRef{ID: ref})
	if ctx.Err() != nil {
		return nil
	}
	w.AskNow = false
	if w.Phase != AwaitingPayment || w.current().Reference != ref { // an event came first
		return nil
	}
	if err != nil {
		w.hold(ctx, order.HoldPayment, unreadable(err), ref)
		return nil
	}
	w.applyPayment(ctx, in.PaymentEvent(), true)
	return nil
}

// unreadable says why the provider's response about a payment is of no use.
func unreadable(err error) string {
	if workflows.IsFailure(err, activities.FailureNoSuch) {
		return "the payment provider does not know the payment: " + workflows.Reason(err)
	}
	return "the payment cannot be read at the payment provider: " + workflows.Reason(err)
}

// payAwaited handles a payment event while the order waits for its payment.
func (w *orderWorkflow) payAwaited(ctx workflow.Context, m message) error {
	p := *m.event.Payment
	switch own := w.current(); {
	case own != nil && own.Reference == "": // the event is perhaps about the payment that is being created
		w.Early = append(w.Early, m.event)
	case own != nil && p.Reference != own.Reference && w.counts(w.payment(p.Reference)):
		w.note(ctx, order.EventIgnored, m.event.Provider, "the payment of a change: "+m.event.Type, m.event.ID)
	case own == nil || p.Reference != own.Reference:
		w.surplus(ctx, m.event, "a second payment")
	default:
		w.applyPayment(ctx, p, false)
	}
	return nil
}

// payWhileHeld notes the payment events that come while a person decides; after the
// decision the provider is asked anyway. Only surplus payments are returned.
func (w *orderWorkflow) payWhileHeld(ctx workflow.Context, m message) error {
	if !w.counts(w.payment(m.event.Payment.Reference)) {
		w.surplus(ctx, m.event, "a second payment")
		return nil
	}
	w.note(ctx, order.EventIgnored, m.event.Provider, "on hold: "+m.event.Type, m.event.ID)
	return nil
}

// applyPayment applies the state of the order's payment. certain says that the state
// is the provider's response. An event is believed as far as a false one does no
// harm: an authorization of what the payment asks for, because the order captures it before
// the goods go out. About any other money, and about a payment that has ended, the
// provider is asked.
func (w *orderWorkflow) applyPayment(ctx workflow.Context, p order.PaymentEvent, certain bool) {
	own := w.current()
	switch {
	case p.Status.HasMoney() && !certain && !w.authorizesAsked(p) && verifiesMoney(ctx):
		w.AskNow = true
		return
	case p.Status.HasMoney():
		w.verifyAuthorization(ctx, p)
		return
	case p.Status == order.PaymentPending:
		if p.Failed && p.Decline != nil && (own.Decline == nil || !certain) {
			own.Decline = p.Decline
			w.note(ctx, order.PaymentDeclined, own.Provider, p.Decline.Message, p.Reference)
			w.noteDecline(ctx)
		}
	case p.Status == order.PaymentRequiresAction:
		w.DeclinedAt = time.Time{} // the shopper has tried again
		if own.Status != p.Status {
			w.note(ctx, order.PaymentAction, own.Provider, "the shopper's bank asks for confirmation (3-D Secure)", p.Reference)
		}
	case p.Status == order.PaymentProcessing:
		w.DeclinedAt = time.Time{}
		if own.Status != p.Status {
			w.note(ctx, order.PaymentIsProcessing, own.Provider, "", p.Reference)
		}
	case !certain: // dead, or not known
		w.AskNow = true
		return
	case p.Status.Dead():
		w.note(ctx, order.PaymentReplaced, own.Provider, "the payment was cancelled at the provider", p.Reference)
		w.DeclinedAt = time.Time{}
	default:
		w.hold(ctx, order.HoldPayment, "the payment provider returns a status that is not known", p.Reference)
		return
	}
	own.Status = p.Status
}

// authorizesAsked reports whether the payment holds what it asks for, uncaptured.
func (w *orderWorkflow) authorizesAsked(p order.PaymentEvent) bool {
	asked := w.Asked(*w.current())
	return p.Status == order.PaymentAuthorized && p.Amount == asked && p.Capturable == asked.Amount
}

// verifyAuthorization accepts an authorization (or a capture made at the provider)
// if its amount and currency are what it asks for; otherwise it puts the order on hold.
func (w *orderWorkflow) verifyAuthorization(ctx workflow.Context, p order.PaymentEvent) {
	own := w.current()
	asked := w.Asked(*own)
	money := p.Capturable
	if p.Status != order.PaymentAuthorized {
		money = p.Received
	}
	if p.Amount != asked || money != asked.Amount {
		own.Status = order.PaymentConflicted
		w.hold(ctx, order.HoldPayment, fmt.Sprintf("the payment provider has %s of %s, the order is %s",
			order.Money{Amount: money, Currency: p.Amount.Currency}, p.Amount, asked), p.Reference)
		return
	}
	own.Status, own.Authorized, own.AuthorizedAt, own.CaptureBefore, own.Decline = p.Status, money, workflow.Now(ctx), p.CaptureBefore, nil
	if p.Status == order.PaymentCaptured {
		own.Captured = money
		w.refundReleased(ctx)
	}
	what := " held"
	if p.Status == order.PaymentCaptured { // by a method that knows no hold, or at the provider
		what = " received"
	}
	w.enter(ctx, Fulfilling)
	w.note(ctx, order.PaymentWasAuthorized, own.Provider, asked.String()+what, p.Reference)
}
