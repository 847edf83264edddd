package orders

import (
	"iter"

	"go.temporal.io/sdk/workflow"

	"purser/order"
	"purser/workflows"
)

// listen registers the handlers of an order's messages. It comes first, so that
// a message sent with the start finds its handler.
func (w *orderWorkflow) listen(ctx workflow.Context) error {
	if err := GetOrder.Handle(ctx, func() (order.Order, error) { return w.Order, nil }); err != nil {
		return err
	}
	if err := Place.Handle(ctx, w.checkPlace, w.onPlace); err != nil {
		return err
	}
	if err := Cancel.Handle(ctx, w.checkCancel, w.onCancel); err != nil {
		return err
	}
	return Release.Handle(ctx, w.checkRelease, w.onRelease)
}

// handleEvents queues the events that were not received before for takeEvents.
// Events about mails are noted at once, because they never change the order.
func (w *orderWorkflow) handleEvents(ctx workflow.Context, events []order.ProviderEvent) {
	for _, n := range events {
		switch {
		case w.seen[n.ID]:
			continue
		case n.Mail != nil:
			w.handleMailEvent(ctx, *n.Mail)
		default:
			w.incoming = append(w.incoming, n)
		}
		w.seen[n.ID] = true
	}
}

// listenNow receives the events that have arrived, and reports whether any wait
// to be handled. No coroutine receives them: it could hold an event that it has
// received while the workflow ends, and the event would be lost.
func (w *orderWorkflow) listenNow(ctx workflow.Context) bool {
	for {
		events, ok := Reported.ReceiveNow(ctx)
		if !ok {
			return len(w.incoming) > 0
		}
		w.handleEvents(ctx, events)
	}
}

// takeEvents yields the events that wait to be handled, one by one. If the loop
// breaks, the rest stays queued. Refunds and disputes, which do not change the
// order's status, are handled here and not yielded.
func (w *orderWorkflow) takeEvents(ctx workflow.Context) iter.Seq[order.ProviderEvent] {
	return func(yield func(order.ProviderEvent) bool) {
		for len(w.incoming) > 0 {
			n := w.incoming[0]
			w.incoming = w.incoming[1:]
			if !w.handleRefundOrDispute(ctx, n) && !yield(n) {
				return
			}
		}
	}
}

// checkPlace serves a repeated request from memory, as a refusal with the first
// result in its details: a refusal leaves no trace in the history.
func (w *orderWorkflow) checkPlace(_ workflow.Context, r PlaceRequest) error {
	switch {
	case r.Hash != w.placement.Hash:
		return workflows.Refuse(workflows.RefusalOtherRequest, order.ErrOtherRequest.Error())
	case w.answer != nil:
		return workflows.Refuse(workflows.RefusalAnswered, "placed before", w.answer)
	case w.placing:
		return workflows.Refuse(workflows.RefusalInFlight, order.ErrInFlight.Error())
	}
	return nil
}

// onPlace returns when the shopper can pay, or when it is certain that the order
// will not come about.
func (w *orderWorkflow) onPlace(ctx workflow.Context, _ PlaceRequest) (Placed, error) {
	w.placing = true
	if err := workflow.Await(ctx, func() bool { return w.answer != nil || w.Status.Final() }); err != nil {
		return Placed{}, err
	}
	switch {
	case w.answer != nil:
		return *w.answer, nil
	case w.failure != "":
		return Placed{}, workflows.Refuse(w.failure, w.Reason)
	}
	return Placed{}, workflows.Refuse(workflows.RefusalCancelled, w.Reason)
}

func (w *orderWorkflow) checkCancel(workflow.Context, CancelRequest) error {
	if w.committed || w.Status.Final() {
		return workflows.Refuse(workflows.RefusalTooLate, "the order is "+string(w.Status))
	}
	return nil
}

// onCancel cancels sell and returns when everything is compensated. If the order
// has been committed in the same moment, onCancel refuses.
func (w *orderWorkflow) onCancel(ctx workflow.Context, r CancelRequest) (order.Order, error) {
	if w.cancelled == nil {
		w.cancelled = &r
		if err := workflows.AwaitAccepted(ctx); err != nil {
			return w.Order, err
		}
		w.cancelSelling()
	}
	if err := workflow.Await(ctx, func() bool { return w.Status.Final() || w.committed }); err != nil {
		return w.Order, err
	}
	if w.Status != order.Cancelled && w.Status != order.Expired && w.Status != order.Refused {
		return w.Order, workflows.Refuse(workflows.RefusalTooLate, "the order is "+string(w.Status))
	}
	return w.Order, nil
}

func (w *orderWorkflow) checkRelease(workflow.Context, ReleaseRequest) error {
	if w.Status != order.OnHold {
		return workflows.Refuse(workflows.RefusalNotHeld, "the order is not on hold, it is "+string(w.Status))
	}
	return nil
}

func (w *orderWorkflow) onRelease(ctx workflow.Context, r ReleaseRequest) (order.Order, error) {
	if err := workflows.AwaitAccepted(ctx); err != nil {
		return w.Order, err
	}
	if w.Status != order.OnHold {
		return w.Order, w.checkRelease(ctx, r)
	}
	w.released = &r
	err := workflow.Await(ctx, func() bool { return w.released == nil })
	return w.Order, err
}
