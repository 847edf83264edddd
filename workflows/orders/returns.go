package orders

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"

	"purser/order"
	"purser/workflows"
)

// aboutReturn stands before a return's ID in what needs attention.
const aboutReturn = "return "

// complete returns the request with the reason that its sender gave.
func (r ReturnRequest) complete() order.ReturnRequest {
	ask := r.ReturnRequest
	ask.Reason = cmp.Or(ask.Reason, r.Reason())
	return ask
}

// Reason returns why the goods are sent back.
func (r ReturnRequest) Reason() string { return r.Sender.Reason() }

// refuseReturn returns the refusal that says what is wrong with a request.
func refuseReturn(err error) error {
	refusal := workflows.RefusalInvalid
	switch {
	case err == nil:
		return nil
	case errors.Is(err, order.ErrNotReturnable):
		refusal = workflows.RefusalNotReturnable
	case errors.Is(err, order.ErrNotShipped):
		refusal = workflows.RefusalNotShipped
	case errors.Is(err, order.ErrReturnTooLate):
		refusal = workflows.RefusalReturnTooLate
	case errors.Is(err, order.ErrIllegalMove):
		refusal = workflows.RefusalNotHeld
	}
	return workflows.Refuse(refusal, err.Error())
}

// knownReturn reports whether a request was made before, and refuses another one under
// its id.
func (w *orderWorkflow) knownReturn(ask order.ReturnRequest) (bool, error) {
	known := w.ReturnByID(ask.ID)
	if known != nil && known.Asked != ask.Hash() {
		return true, workflows.Refuse(workflows.RefusalOtherRequest, fmt.Sprintf("the return %s was asked for with another request", ask.ID))
	}
	return known != nil, nil
}

func (w *orderWorkflow) checkRequestReturn(ctx workflow.Context, r ReturnRequest) error {
	if !w.ready { // onRequestReturn checks
		return nil
	}
	return w.handle(ctx, message{kind: requestReturnMessage, back: r})
}

// mayReturn takes a return of goods that were delivered, and a request that was made
// before.
func (w *orderWorkflow) mayReturn(ctx workflow.Context, m message) error {
	ask := m.back.complete()
	if known, err := w.knownReturn(ask); known || err != nil {
		return err
	}
	return refuseReturn(w.CheckReturn(ask, workflow.Now(ctx), w.Placement.Terms.returnWithin()))
}

// decideFirst refuses a return of an order on hold.
func (w *orderWorkflow) decideFirst(ctx workflow.Context, m message) error {
	if known, err := w.knownReturn(m.back.complete()); known || err != nil {
		return err
	}
	if err := w.cameBack(ctx, m); err != nil {
		return err
	}
	return w.heldFirst()
}

func (w *orderWorkflow) heldFirst() error {
	return workflows.Refuse(workflows.RefusalNotHeld, fmt.Sprintf("the order is on hold (%s): decide about that first, with %v", w.Hold.Why, w.Hold.Choices))
}

// cameBack refuses a return of goods that came back in their parcel.
func (w *orderWorkflow) cameBack(ctx workflow.Context, m message) error {
	err := w.CheckReturn(m.back.complete(), workflow.Now(ctx), w.Placement.Terms.returnWithin())
	if errors.Is(err, order.ErrNotReturnable) {
		return refuseReturn(err)
	}
	return nil
}

// endedOtherwise refuses a return of an order that was not fulfilled.
func (w *orderWorkflow) endedOtherwise(ctx workflow.Context, m message) error {
	if known, err := w.knownReturn(m.back.complete()); known || err != nil {
		return err
	}
	if err := w.cameBack(ctx, m); err != nil {
		return err
	}
	return workflows.Refuse(workflows.RefusalNotHeld, "the order is "+string(w.Status)+": its goods are not sent back in a return; what is left of its money can be refunded")
}

// onRequestReturn writes the return down, and returns the order.
func (w *orderWorkflow) onRequestReturn(ctx workflow.Context, r ReturnRequest) (order.Order, error) {
	if err := w.acceptRepeatable(ctx, func() error { return w.checkRequestReturn(ctx, r) }); err != nil {
		return w.Order, err
	}
	if ask := r.complete(); w.ReturnByID(ask.ID) == nil {
		w.Returns = append(w.Returns, w.NewReturn(ask, r.Actor(), workflow.Now(ctx)))
		w.returnEntered(ctx, ask.ID, r.Actor())
	}
	err := w.save(ctx)
	return w.Order, err
}

func (w *orderWorkflow) checkDecideReturn(ctx workflow.Context, r DecideReturnRequest) error {
	if !w.ready { // onDecideReturn checks
		return nil
	}
	return w.handle(ctx, message{kind: decideReturnMessage, decide: r})
}

// mayDecideReturn takes a step that the return's state allows, and one that was taken
// before.
func (w *orderWorkflow) mayDecideReturn(_ workflow.Context, m message) error {
	back, err := w.existingReturn(m.decide.ID)
	if err != nil {
		return err
	}
	if err := m.decide.Validate(); err != nil {
		return refuseReturn(err)
	}
	if back.Status == m.decide.Step.Result() {
		return nil
	}
	_, err = back.Step(m.decide.Step)
	return refuseReturn(err)
}

// existingReturn returns a return, or the refusal of a request about one that the order does not have.
func (w *orderWorkflow) existingReturn(id string) (*order.Return, error) {
	back := w.ReturnByID(id)
	if back == nil {
		return nil, workflows.Refuse(workflows.RefusalNoReturn, fmt.Sprintf("the order has no return %.64q", id))
	}
	return back, nil
}

// onDecideReturn takes a step, and returns the order.
func (w *orderWorkflow) onDecideReturn(ctx workflow.Context, r DecideReturnRequest) (order.Order, error) {
	if err := w.accept(ctx, func() error { return w.checkDecideReturn(ctx, r) }); err != nil {
		return w.Order, err
	}
	back := w.ReturnByID(r.ID)
	if to, err := back.Step(r.Step); err == nil && back.Status != to {
		*back = back.Enter(to, workflow.Now(ctx))
		back.DecidedBy, back.Reason, back.Link = r.Actor(), r.Reason(), cmp.Or(r.Link, back.Link)
		if back.Message = r.Message; r.Label {
			back.Label = w.NewReturnLabel(*back)
		}
		w.returnEntered(ctx, r.ID, r.Actor())
	}
	err := w.save(ctx)
	return w.Order, err
}

func (w *orderWorkflow) checkReceiveReturn(ctx workflow.Context, r ReceiveReturnRequest) error {
	if !w.ready { // onReceiveReturn checks
		return nil
	}
	return w.handle(ctx, message{kind: receiveReturnMessage, receive: r})
}

// mayReceiveReturn takes goods that a return is about, and what was received before.
func (w *orderWorkflow) mayReceiveReturn(ctx workflow.Context, m message) error {
	back, err := w.existingReturn(m.receive.ID)
	switch {
	case err != nil:
		return err
	case back.Got == m.receive.Hash():
		return nil
	case back.Got != "":
		return workflows.Refuse(workflows.RefusalNotHeld, fmt.Sprintf("the return %s is %s: other goods or amounts were received for it", back.ID, back.Status))
	case w.Abort != nil && w.Phase != Closed:
		return w.endsFirst(ctx, m)
	case back.Parcel > 0 && w.Hold != nil && w.Hold.Kind != order.HoldReturned:
		return w.heldFirst()
	}
	if err := order.CheckText("why", m.receive.Reason(), true, order.MaxText); err != nil { // the refund takes it as its reason
		return refuseReturn(err)
	}
	got, err := w.Receive(*back, m.receive.ReturnReceipt, workflow.Now(ctx))
	if err != nil {
		return refuseReturn(err)
	}
	plan := w.PlanReturn
	if back.Exchange != nil {
		plan = func(back order.Return) ([]order.Refund, error) { return w.PlanExchange(back, 0) }
	}
	if _, err := plan(got); errors.Is(err, order.ErrInvalid) { // whatever else is in the way of the refund, the goods are there
		return refuseReturn(err)
	}
	return nil
}

// onReceiveReturn writes down what has arrived, has it refunded, and returns the order.
func (w *orderWorkflow) onReceiveReturn(ctx workflow.Context, r ReceiveReturnRequest) (order.Order, error) {
	if err := w.accept(ctx, func() error { return w.checkReceiveReturn(ctx, r) }); err != nil {
		return w.Order, err
	}
	if back := w.ReturnByID(r.ID); back.Got == "" {
		got, err := w.Receive(*back, r.ReturnReceipt, workflow.Now(ctx))
		if err != nil {
			return w.Order, refuseReturn(err)
		}
		got.DecidedBy, got.Reason, got.Message = r.Actor(), r.Reason(), ""
		*back = got
		w.returnEntered(ctx, r.ID, r.Actor())
		w.parcelReceived(ctx, got.Parcel, r.Sender)
		w.refundReturnsInBackground(ctx)
	}
	err := w.save(ctx)
	return w.Order, err
}

// returnEntered notes that a return is in another state, mails the shopper, and waits for
// the deadline. The mail about goods that have arrived is sent when it is known what is
// refunded, and one with a label when that is there.
func (w *orderWorkflow) returnEntered(ctx workflow.Context, id, actor string) {
	back := *w.ReturnByID(id)
	why := back.Reason
	if back.Status == order.ReturnExpected || back.Status == order.ReturnRequested || back.Status == order.ReturnReceived {
		why = goods(back.Goods()) + ": " + why
	}
	w.dropAttention(aboutReturn + id)
	delete(w.Resolved, aboutReturn+id) // that was about the state before
	w.note(ctx, back.Status.Event(), actor, why, id)
	w.reviewLabel(ctx, id)
	if back.Status != order.ReturnReceived && (back.Status != order.ReturnApproved || back.Label.Status == "") {
		w.mailReturn(ctx, back)
	}
	w.watchReturn(ctx, id)
	w.changes++
}

// watchReturn does what happens at the deadline of a return's state. The workflow does not
// end before. It counts as no background task, so that the next run can begin, which
// watches it again.
func (w *orderWorkflow) watchReturn(ctx workflow.Context, id string) {
	due := w.ReturnByID(id).Due
	if due.IsZero() {
		return
	}
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	workflow.Go(ctx, func(ctx workflow.Context) {
		over, err := workflow.AwaitWithTimeout(ctx, max(due.Sub(workflow.Now(ctx)), time.Millisecond), func() bool { return !w.ReturnByID(id).Due.Equal(due) })
		if err == nil && !over {
			w.returnDue(ctx, id)
		}
	})
}

// returnDue does what the table of states says about a deadline that has passed.
func (w *orderWorkflow) returnDue(ctx workflow.Context, id string) {
	back := w.ReturnByID(id)
	if then := back.Status.Rule().Then; then != back.Status {
		*back = back.Enter(then, workflow.Now(ctx))
		back.DecidedBy, back.Reason, back.Message = workflows.ActorPurser, "the goods did not come in time", ""
		w.returnEntered(ctx, id, workflows.ActorPurser)
		return
	}
	back.Due = time.Time{}
	_ = w.needAttention(ctx, aboutReturn+id, fmt.Sprintf("nobody has decided about the return of %s, which was asked for on %s", goods(back.Goods()), back.RequestedAt.UTC().Format(time.DateOnly)))
	w.changes++
}

// awaitsReturns reports whether the deadline of a return will pass.
func (s *State) awaitsReturns() bool {
	return slices.ContainsFunc(s.Returns, func(r order.Return) bool { return !r.Due.IsZero() })
}

// refundReturnsInBackground has the goods that came back refunded: each once, because the
// refund's ID is made of the return's.
func (w *orderWorkflow) refundReturnsInBackground(ctx workflow.Context) {
	for _, r := range w.Returns {
		switch {
		case r.Status != order.ReturnReceived:
		case r.Exchanging():
			w.exchangeInBackground(ctx, r.ID)
		default:
			w.inBackground(ctx, func(ctx workflow.Context) { w.refundReturn(ctx, r.ID) })
		}
	}
}

// errMoneyResolved reports that nothing more is refunded unasked.
var errMoneyResolved = errors.New("a person has settled the money of the order: keep closes the return, and what is owed all the same is refunded by hand")

// refundReturn plans the refund of a return, and has it made. While the money cannot be
// refunded, a person is shown why, and the return waits. It also waits while the order is
// being cancelled, which refunds what is left.
func (w *orderWorkflow) refundReturn(ctx workflow.Context, id string) {
	back := w.ReturnByID(id)
	if back.Status != order.ReturnReceived || back.RefundID != "" || back.Exchanging() || w.Abort != nil && w.Phase != Closed {
		return
	}
	parts, err := w.PlanReturn(*back)
	if made := w.refundParts(back.RefundIDToBe()); len(made) > 0 { // this history does not know that it asked for it
		parts, err = nil, nil
		back.RefundID = made[0].ID
		for _, p := range made {
			back.Refund = order.Money{Amount: back.Refund.Amount + p.Amount.Amount, Currency: p.Amount.Currency}
		}
	}
	if w.MoneyResolved && len(parts) > 0 {
		parts, err = nil, errMoneyResolved
	}
	if about := aboutReturn + id; err != nil && !w.Resolved[about] {
		if !w.needsAttention(about) {
			_ = w.needAttention(ctx, about, "the goods are back, and cannot be refunded yet: "+err.Error())
			w.changes++
		}
		return
	}
	w.dropAttention(aboutReturn + id)
	if back.Refund.Currency == "" {
		back.Refund.Currency = w.Total.Currency
	}
	for _, p := range parts {
		back.RefundID, back.Refund.Amount = parts[0].ID, back.Refund.Amount+p.Amount.Amount
	}
	if back.RefundID == "" {
		*back = w.KeepPrice(*back)
	}
	w.addRefunds(ctx, parts, workflows.ActorPurser)
	w.mailReturn(ctx, *back)
	w.closeReturns(ctx)
	w.changes++
	if err := w.makeRefunds(ctx, parts); err != nil {
		return
	}
	w.closeReturns(ctx)
}

// closeReturns closes the returns of which nothing is left to do.
func (w *orderWorkflow) closeReturns(ctx workflow.Context) {
	for i := range w.Returns {
		back := &w.Returns[i]
		planned := back.Refund.Currency != ""
		if back.Status != order.ReturnReceived || !planned || back.RefundID != "" && slices.ContainsFunc(w.refundParts(back.RefundID), func(p order.Refund) bool { return p.Status == order.RefundRequested }) {
			continue
		}
		*back = back.Enter(order.ReturnClosed, workflow.Now(ctx))
		why := w.refundOf(*back)
		if kept := back.Fee + back.Damage; kept > 0 {
			why += fmt.Sprintf(", %s kept", order.Money{Amount: kept, Currency: back.Refund.Currency})
		}
		w.note(ctx, order.ReturnWasClosed, workflows.ActorPurser, why, back.ID)
		w.changes++
	}
}

// refundOf says how much of the refund of a return the shopper has got, or gets.
func (s *State) refundOf(back order.Return) string {
	got := order.Money{Currency: back.Refund.Currency}
	parts := s.refundParts(back.RefundID)
	for _, r := range s.Refunds {
		if back.IsCreditBack(r.ID) {
			parts = append(parts, r)
		}
	}
	for _, p := range parts {
		if p.Status.Moves() && p.Status != order.RefundCredited {
			got.Amount += p.Amount.Amount
		}
	}
	text := got.String() + " refunded"
	if missing := back.Refund.Amount - got.Amount; missing > 0 {
		text += fmt.Sprintf(", %s could not be", order.Money{Amount: missing, Currency: got.Currency})
	}
	return text
}

// resumeReturns goes on with the returns as the state has them.
func (w *orderWorkflow) resumeReturns(ctx workflow.Context) {
	for _, r := range w.Returns {
		w.watchReturn(ctx, r.ID)
		w.reviewLabel(ctx, r.ID)
	}
	w.refundReturnsInBackground(ctx)
	w.closeReturns(ctx)
}
