package orders

import (
	"go.temporal.io/sdk/workflow"

	"purser/activities"
	"purser/order"
	"purser/workflows"
)

// begin returns a new order, or the order as the run before left it, with its
// handlers registered.
func begin(ctx workflow.Context, c Course, p Placement) (*orderWorkflow, error) {
	w := newRun(c, newState(p))
	w.shown = shown{status: order.AwaitingPayment, on: waitPayment} // as the starter set it
	if p.Snapshot != nil {
		if err := w.restore(*p.Snapshot); err != nil {
			return nil, err
		}
	}
	if err := w.listen(ctx); err != nil {
		return nil, err
	}
	w.loaded(ctx)
	return w, nil
}

// loaded tells the handlers that the state is there, and goes on with the
// background tasks that it says are under way.
func (w *orderWorkflow) loaded(ctx workflow.Context) {
	w.ready = true
	w.resumeTasks(ctx)
}

func newRun(c Course, s State) *orderWorkflow {
	return &orderWorkflow{State: s, course: c, extending: map[string]bool{}, interrupt: func() {}, retrying: map[string]bool{}, trying: map[string]func(){}, labelling: map[string]bool{}, exchanges: map[string]bool{}}
}

// restore takes over a snapshot.
func (w *orderWorkflow) restore(s order.Snapshot) (err error) {
	w.State, err = Restore(s)
	w.placing, w.shown, w.written = true, shown{}, w.Waiting
	if w.Abort == nil {
		w.Cancel = nil // the run that was to accept the request is lost, and its caller sends it again
	}
	return err
}

// continueAsNew ends this run and starts the next with the state as it is.
func (w *orderWorkflow) continueAsNew(ctx workflow.Context) error {
	w.receive(ctx)
	s, err := w.State.Snapshot()
	if err != nil {
		return err
	}
	if w.aftercare {
		return workflow.NewContinueAsNewError(ctx, AftercareWorkflow, Aftercare{OrderID: w.ID, Snapshot: &s})
	}
	p := w.Placement
	p.Snapshot = &s
	return workflow.NewContinueAsNewError(ctx, OrderWorkflow, p)
}

// listen registers the handlers of an order's messages. It comes first, so that
// a message sent with the start finds its handler.
func (w *orderWorkflow) listen(ctx workflow.Context) error {
	Reported.Describe(ctx, "Events of a provider. Only the inbox sends it, and what a person sends is noted and changes nothing; use purser inbox again.")
	w.keepReceiving(ctx)
	w.watchCancellation(ctx)
	if err := GetOrder.Handle(ctx, "The order as its workflow knows it.", func() (order.Order, error) { return w.Order, nil }); err != nil {
		return err
	}
	if err := Place.Handle(ctx, "Places the order, and returns when the shopper can pay. Only the API sends it.", w.checkPlace, w.onPlace); err != nil {
		return err
	}
	if err := Cancel.Handle(ctx, `Cancels the order while the carrier does not have it: voids its parcels, returns its money and its stock. {"who":"ada","why":"the shopper called"}`, w.checkCancel, w.onCancel); err != nil {
		return err
	}
	if err := Refund.Handle(ctx, `Refunds an amount (in minor units), some lines, the shipping fee, or all that is left, once per id. {"id":"r1","amount":{"amount":450,"currency":"EUR"},"reason":"scratched","who":"ada","why":"the shopper has sent a photo"}`, w.checkRefund, w.onRefund); err != nil {
		return err
	}
	if err := BookPayment.Handle(ctx, `Books a sum (in minor units) that came in by transfer or in cash, once per reference. {"reference":"statement 17","amount":1450,"currency":"EUR","at":"2026-03-01T12:00:00Z","who":"ada","why":"seen on the account"}`, w.checkBook, w.onBook); err != nil {
		return err
	}
	if err := RequestReturn.Handle(ctx, `Asks whether goods that were delivered may be sent back, once per id. {"id":"rt1","lines":[{"sku":"mug-blue","quantity":1,"reason":"too small"}],"reason":"too small","who":"ada","why":"the shopper has called"}`, w.checkRequestReturn, w.onRequestReturn); err != nil {
		return err
	}
	if err := DecideReturn.Handle(ctx, `Approves, rejects or cancels a return; the shopper is mailed. {"id":"rt1","step":"approve","link":"https://shop.example/labels/1","who":"ada","why":"within the time"}`, w.checkDecideReturn, w.onDecideReturn); err != nil {
		return err
	}
	if err := ReceiveReturn.Handle(ctx, `Takes the goods of a return that have arrived, all or a part, and refunds them less a fee and a damage (in minor units). {"id":"rt1","lines":[{"sku":"mug-blue","quantity":1,"restock":true}],"fee":100,"who":"ada","why":"unpacked"}`, w.checkReceiveReturn, w.onReceiveReturn); err != nil {
		return err
	}
	if err := TakeCredit.Handle(ctx, "Takes credit back from the order that goods were exchanged for. Only that order sends it; use Refund or Cancel there.", w.checkTakeCredit, w.onTakeCredit); err != nil {
		return err
	}
	if err := AddParcel.Handle(ctx, `Books a parcel with some goods, or all that are left, once per id. {"id":"p1","lines":[{"sku":"mug","quantity":1}],"who":"ada","why":"packed"}`, w.checkAddParcel, w.onAddParcel); err != nil {
		return err
	}
	if err := VoidLabel.Handle(ctx, `Voids the label of a parcel that the carrier does not have, so that its goods can go into another. {"parcel":1,"who":"ada","why":"too heavy"}`, w.checkVoidLabel, w.onVoidLabel); err != nil {
		return err
	}
	if err := MarkParcel.Handle(ctx, `Says that a parcel without the carrier's API was delivered or collected, or came back. {"parcel":1,"status":"delivered","who":"ada","why":"the shopper was here"}`, w.checkMarkParcel, w.onMarkParcel); err != nil {
		return err
	}
	if err := Change.Handle(ctx, `Changes the address and the quantities of an order before its label, once per id: lines have the quantities that it has afterwards, and 0 takes a product out. More costs another payment. {"id":"c1","lines":[{"sku":"mug-blue","quantity":3}],"who":"ada","why":"the shopper has called"}`, w.checkChange, w.onChange); err != nil {
		return err
	}
	return Resolve.Handle(ctx, `Decides about an order that waits for a person. The details above list the choices. {"choice":"release","who":"ada","why":"the account is corrected"}`, w.checkResolve, w.onResolve)
}

// resumeTasks starts the background tasks that the state says are under way.
func (w *orderWorkflow) resumeTasks(ctx workflow.Context) {
	for _, ref := range workflow.DeterministicKeys(w.Reversals) {
		w.returnInBackground(ctx, ref)
	}
	for _, p := range w.Payments {
		w.cancelLostInBackground(ctx, p)
	}
	for _, ref := range workflow.DeterministicKeys(w.Unlisted) {
		w.listRefundsInBackground(ctx, ref)
	}
	for _, r := range w.Refunds {
		switch {
		case r.Status == order.RefundPending:
			w.followRefundInBackground(ctx, r)
		case r.Status == order.RefundRequested:
			w.makeRefundInBackground(ctx, r.ID)
		}
	}
	w.resumeReturns(ctx)
	for _, ref := range workflow.DeterministicKeys(w.Unconfirmed) {
		w.findInBackground(ctx, ref)
	}
	if w.Doubted != "" {
		w.verifyInBackground(ctx, w.Doubted)
	}
	for _, ref := range workflow.DeterministicKeys(w.DoubtedParcels) {
		w.verifyParcelInBackground(ctx, ref)
	}
	for _, m := range w.Mails {
		w.sendInBackground(ctx, m, nil)
	}
	if w.PendingChange() != nil {
		w.followChange(ctx)
	}
	_ = w.extendAfterCapture(ctx) // it only begins what goes on in the background
	if w.Phase == Fulfilling {
		w.mailReceivedInBackground(ctx)
		if !w.Confirmed {
			w.watchLapseInBackground(ctx)
		}
	}
}

// checkPlace serves a repeated request from memory, as a refusal with the first
// result in its details: a refusal leaves no trace in the history.
func (w *orderWorkflow) checkPlace(_ workflow.Context, r PlaceRequest) error {
	switch {
	case r.Hash != w.Placement.Hash:
		return workflows.Refuse(workflows.RefusalOtherRequest, order.ErrOtherRequest.Error())
	case w.Answer != nil && !w.replacing():
		return workflows.Refuse(workflows.RefusalAnswered, "placed before", w.answer())
	case w.placing, w.Answer != nil:
		return workflows.Refuse(workflows.RefusalInFlight, order.ErrInFlight.Error())
	}
	return nil
}

// replacing reports whether another payment is being created with which the shopper pays for
// the order as it was changed: with the one before, nobody must pay any more.
func (w *orderWorkflow) replacing() bool {
	return len(w.Changes) > 0 && w.Phase == AwaitingPayment && !w.manual() && (w.current() == nil || w.current().Reference == "")
}

// answer returns what a repeated Place returns.
func (w *orderWorkflow) answer() *Placed {
	a := *w.Answer
	if a.Order.ID == "" {
		a.Order = w.document()
	}
	return &a
}

// onPlace returns when the shopper can pay, or when it is certain that the order
// will not come about.
func (w *orderWorkflow) onPlace(ctx workflow.Context, _ PlaceRequest) (Placed, error) {
	w.placing = true
	if err := workflow.Await(ctx, func() bool { return w.Answer != nil || w.Status.Final() }); err != nil {
		return Placed{}, err
	}
	switch {
	case w.Answer != nil:
		return *w.answer(), nil
	case w.Failure != "":
		return Placed{}, workflows.Refuse(w.Failure, w.Reason)
	}
	return Placed{}, workflows.Refuse(workflows.RefusalCancelled, "the order is "+string(w.Status)+": "+w.Reason)
}

// awaitReady waits until the state is loaded. It fails if there is no such order.
func (w *orderWorkflow) awaitReady(ctx workflow.Context) error {
	w.callers++
	err := workflow.Await(ctx, func() bool { return w.ready })
	w.callers--
	if err != nil {
		return err
	}
	if w.ID == "" {
		return workflows.Refuse(activities.FailureNotFound, order.ErrNotFound.Error())
	}
	return nil
}

// accept returns nil when a request is certainly in the history, and check still takes
// it: another request may have come first.
func (w *orderWorkflow) accept(ctx workflow.Context, check func() error) error {
	if err := w.awaitReady(ctx); err != nil {
		return err
	}
	if err := check(); err != nil {
		return err
	}
	if err := workflows.AwaitAccepted(ctx); err != nil {
		return err
	}
	return check()
}

// acceptRepeatable is accept for a request that, repeated, is the same one. One that came
// before the state of an order that has ended was read from the record need not be in the
// history: if the task is lost with its effects, the next one reads them from the record.
func (w *orderWorkflow) acceptRepeatable(ctx workflow.Context, check func() error) error {
	if w.reads && !w.ready {
		if err := w.awaitReady(ctx); err != nil {
			return err
		}
		if w.Phase.ended() {
			return check()
		}
	}
	return w.accept(ctx, check)
}
