package orders

import (
	"slices"

	"go.temporal.io/sdk/workflow"

	"purser/order"
	"purser/workflows"
)

// message is what a handler receives: a provider's event, or a request.
type message struct {
	kind    order.EventKind
	event   order.ProviderEvent
	resolve ResolveRequest
	refund  RefundRequest
	receipt BookPaymentRequest
	back    ReturnRequest
	decide  DecideReturnRequest
	receive ReceiveReturnRequest
	credit  TakeCreditRequest
	parcel  parcelRequest
	change  order.ChangeRequest
}

// The kinds of messages beside the provider events.
const (
	cancelMessage  order.EventKind = "cancel"
	resolveMessage order.EventKind = "resolve"
	refundMessage  order.EventKind = "refund_request"
	bookMessage    order.EventKind = "book_payment"

	requestReturnMessage order.EventKind = "request_return"
	decideReturnMessage  order.EventKind = "decide_return"
	receiveReturnMessage order.EventKind = "receive_return"
	takeCreditMessage    order.EventKind = "take_credit"
	parcelMessage        order.EventKind = "parcel_request"
	changeMessage        order.EventKind = "change_request"
)

// MessageKinds lists every kind of message.
func MessageKinds() []order.EventKind {
	return []order.EventKind{
		order.PaymentReport, order.ShipmentReport, order.RefundReport, order.DisputeReport, order.MailReport, order.UnknownReport,
		cancelMessage, resolveMessage, refundMessage, bookMessage, parcelMessage, requestReturnMessage, decideReturnMessage, receiveReturnMessage, changeMessage,
		takeCreditMessage,
	}
}

// transition says what a message does to an order in some phases and holds. The
// handler of an event acts, notes the event, or puts the order on hold, and never
// blocks; the handler of a request refuses it, or returns nil if it is to be taken.
type transition struct {
	phases []Phase // nil: all
	held   heldIn
	on     order.EventKind
	do     func(*orderWorkflow, workflow.Context, message) error
}

// heldIn says which holds a transition is for.
type heldIn int

const (
	heldOrNot heldIn = iota
	notHeld
	held
)

// transitions is the order's state machine: for each phase, hold and kind of
// message there is exactly one transition.
var transitions = []transition{
	{phases: []Phase{Opening, AwaitingPayment}, held: notHeld, on: order.PaymentReport, do: (*orderWorkflow).payAwaited},
	{phases: []Phase{Opening, AwaitingPayment}, held: held, on: order.PaymentReport, do: (*orderWorkflow).payWhileHeld},
	{phases: []Phase{Fulfilling}, on: order.PaymentReport, do: (*orderWorkflow).payWhileFulfilling},
	{phases: []Phase{Compensating}, on: order.PaymentReport, do: (*orderWorkflow).payWhileCompensating},
	{phases: []Phase{Completed, Closed}, on: order.PaymentReport, do: (*orderWorkflow).payAfterEnd},

	{phases: []Phase{Opening, AwaitingPayment}, on: order.ShipmentReport, do: (*orderWorkflow).scanTooEarly},
	{phases: []Phase{Fulfilling, Completed}, on: order.ShipmentReport, do: (*orderWorkflow).scan},
	{phases: []Phase{Compensating, Closed}, on: order.ShipmentReport, do: (*orderWorkflow).scanOfCancelled},

	{on: order.RefundReport, do: (*orderWorkflow).refundsChanged},
	{on: order.DisputeReport, do: (*orderWorkflow).disputed},
	{on: order.MailReport, do: (*orderWorkflow).mailTroubled},
	{on: order.UnknownReport, do: (*orderWorkflow).ignore},

	{phases: []Phase{Opening, AwaitingPayment, Fulfilling}, on: cancelMessage, do: (*orderWorkflow).mayCancel},
	{phases: []Phase{Compensating}, on: cancelMessage, do: (*orderWorkflow).joinCancel},
	{phases: []Phase{Completed, Closed}, on: cancelMessage, do: (*orderWorkflow).tooLateToCancel},

	{phases: []Phase{Opening, AwaitingPayment}, on: refundMessage, do: (*orderWorkflow).nothingToRefund},
	{phases: []Phase{Fulfilling, Completed, Closed}, on: refundMessage, do: (*orderWorkflow).mayRefund},
	{phases: []Phase{Compensating}, on: refundMessage, do: (*orderWorkflow).refundsAnyway},

	{phases: []Phase{Opening}, on: bookMessage, do: (*orderWorkflow).tooEarlyToBook},
	{phases: []Phase{AwaitingPayment, Fulfilling, Completed, Compensating, Closed}, on: bookMessage, do: (*orderWorkflow).mayBook},

	{phases: []Phase{Opening, AwaitingPayment}, on: requestReturnMessage, do: (*orderWorkflow).nothingDelivered},
	{phases: []Phase{Fulfilling, Completed}, held: notHeld, on: requestReturnMessage, do: (*orderWorkflow).mayReturn},
	{phases: []Phase{Fulfilling, Completed}, held: held, on: requestReturnMessage, do: (*orderWorkflow).decideFirst},
	{phases: []Phase{Compensating, Closed}, on: requestReturnMessage, do: (*orderWorkflow).endedOtherwise},

	{phases: []Phase{Opening, AwaitingPayment, Fulfilling, Completed, Closed}, on: decideReturnMessage, do: (*orderWorkflow).mayDecideReturn},
	{phases: []Phase{Opening, AwaitingPayment, Fulfilling, Completed, Closed}, on: receiveReturnMessage, do: (*orderWorkflow).mayReceiveReturn},
	{phases: []Phase{Compensating}, on: decideReturnMessage, do: (*orderWorkflow).endsFirst},
	{phases: []Phase{Compensating}, on: receiveReturnMessage, do: (*orderWorkflow).endsFirst},

	{phases: []Phase{Opening, AwaitingPayment}, on: takeCreditMessage, do: (*orderWorkflow).noCreditYet},
	{phases: []Phase{Fulfilling, Completed, Compensating, Closed}, on: takeCreditMessage, do: (*orderWorkflow).mayTakeCredit},

	{phases: []Phase{Opening, AwaitingPayment}, on: parcelMessage, do: (*orderWorkflow).tooEarlyToPack},
	{phases: []Phase{Fulfilling}, held: notHeld, on: parcelMessage, do: (*orderWorkflow).mayPack},
	{phases: []Phase{Fulfilling}, held: held, on: parcelMessage, do: (*orderWorkflow).decidesFirst},
	{phases: []Phase{Completed, Compensating, Closed}, on: parcelMessage, do: (*orderWorkflow).tooLateToPack},

	{phases: []Phase{Opening}, on: changeMessage, do: (*orderWorkflow).tooEarlyToChange},
	{phases: []Phase{AwaitingPayment, Fulfilling}, held: notHeld, on: changeMessage, do: (*orderWorkflow).mayChange},
	{phases: []Phase{AwaitingPayment, Fulfilling}, held: held, on: changeMessage, do: (*orderWorkflow).changeHeld},
	{phases: []Phase{Completed, Compensating, Closed}, on: changeMessage, do: (*orderWorkflow).tooLateToChange},

	{held: held, on: resolveMessage, do: (*orderWorkflow).mayResolve},
	{held: notHeld, on: resolveMessage, do: (*orderWorkflow).mayResolveAttention},
}

func (t transition) applies(p Phase, isHeld bool, kind order.EventKind) bool {
	return t.on == kind && (t.phases == nil || slices.Contains(t.phases, p)) && (t.held == heldOrNot || (t.held == held) == isHeld)
}

// handle applies the transition for a message.
func (w *orderWorkflow) handle(ctx workflow.Context, m message) error {
	for _, t := range transitions {
		if t.applies(w.Phase, w.Hold != nil, m.kind) {
			return t.do(w, ctx, m)
		}
	}
	return workflows.Refuse(workflows.RefusalTooLate, "the order is "+string(w.Status)) // no message is left without a transition: see the test
}

// receive handles the events that have arrived. Because handlers never block, no
// event is half handled when the workflow ends.
func (w *orderWorkflow) receive(ctx workflow.Context) {
	for {
		report, ok, err := Reported.DecodeNow(ctx)
		switch {
		case !ok:
			return
		case err != nil:
			w.ignoreSignal(ctx, "a signal cannot be decoded: "+err.Error())
		case report.Version < 1:
			w.ignoreSignal(ctx, "a signal does not come from Purser's inbox")
		default:
			for _, n := range report.Events {
				w.handleEvent(ctx, n)
			}
		}
	}
}

// handleEvent handles an event that was not received before.
func (w *orderWorkflow) handleEvent(ctx workflow.Context, n order.ProviderEvent) {
	if w.Seen[n.ID] || w.Status == order.Refused { // a refused order has no record to write to
		return
	}
	w.Seen[n.ID] = true
	w.changes++
	_ = w.handle(ctx, message{kind: n.Kind(), event: n}) // handlers of events refuse nothing
}

func (w *orderWorkflow) ignoreSignal(ctx workflow.Context, why string) {
	if w.Status == order.Refused {
		return
	}
	w.changes++
	w.note(ctx, order.EventIgnored, workflows.ActorTemporalUI, why, "")
}

// ignore notes an event that changes nothing.
func (w *orderWorkflow) ignore(ctx workflow.Context, m message) error {
	w.note(ctx, order.EventIgnored, m.event.Provider, "an event about nothing that an order has: "+m.event.Type, m.event.ID)
	return nil
}

// keepReceiving handles events as they arrive, whatever else the order does.
func (w *orderWorkflow) keepReceiving(ctx workflow.Context) {
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	workflow.Go(ctx, func(ctx workflow.Context) {
		for workflow.Await(ctx, func() bool { return Reported.Waits(ctx) && w.Version > 0 }) == nil {
			w.receive(ctx)
		}
	})
}

// nothingDelivered refuses a return of an order of which nothing was sent.
func (w *orderWorkflow) nothingDelivered(workflow.Context, message) error {
	return workflows.Refuse(workflows.RefusalNotShipped, "the order is "+string(w.Status)+": nothing was delivered that could be sent back; cancel the order instead")
}

// endsFirst refuses a step while the order is being cancelled.
func (w *orderWorkflow) endsFirst(workflow.Context, message) error {
	return workflows.Refuse(workflows.RefusalNotHeld, "the order is "+string(w.Status)+": its money is being refunded; try again when that is done")
}
