package workflows

import (
	"errors"
	"slices"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"purser/activities"
	"purser/order"
)

// undo takes back what this order did, newest first: the parcel, the money,
// the stock. Every step is harmless where there is nothing to undo and is
// repeated until it works; what cannot be undone is left to an operator.
func (w *orderWorkflow) undo(ctx workflow.Context, cause error) error {
	if w.Status == "" {
		w.refused(cause)
		return nil
	}
	w.undoing = true
	ends, kind, milestone := w.cancelling(ctx, cause)
	if err := w.save(ctx); err != nil {
		return err
	}
	if w.Shipment.LabelID == "" && w.Shipment.Reference != "" {
		// Perhaps booked: a carrier that does not answer must not keep the
		// shopper's money and the goods.
		w.insist(ctx, "the carrier cannot give the parcel back", w.Shipment.Reference, w.takeParcelBack)
	} else if err := w.undoParcel(ctx); err != nil {
		return err
	}
	if err := w.undoPayment(ctx); err != nil {
		return err
	}
	w.stock = order.StockRelease
	w.note(ctx, order.StockReleased, purser, "", "")
	w.become(ctx, ends, kind, purser, w.Reason, "")
	w.mail(ctx, milestone)
	w.tellRefunds(ctx)
	return w.save(ctx)
}

// refused ends an order that was never opened.
func (w *orderWorkflow) refused(cause error) {
	w.Status, w.Reason, w.failure = order.Refused, reason(cause), activities.FailureInvalid
	var app *temporal.ApplicationError
	if errors.As(cause, &app) {
		w.failure = app.Type()
	}
}

// cancelling writes down why, and answers how the order will end.
func (w *orderWorkflow) cancelling(ctx workflow.Context, cause error) (order.Status, order.Kind, order.Milestone) {
	actor := purser
	ends, kind, milestone := order.Cancelled, order.OrderCancelled, order.MailCancelled
	s, wasSetback := isSetback(cause)
	switch {
	case w.cancelled != nil && !wasSetback:
		actor, w.Reason = w.cancelled.Actor, w.cancelled.Reason
	case wasSetback:
		w.Reason, w.tell = s.reason, s.tell
		if s.ends == order.Expired {
			ends, kind, milestone = order.Expired, order.OrderExpired, order.MailExpired
		}
	case temporal.IsCanceledError(cause):
		actor, w.Reason = "temporal-ui", "cancelled in the Temporal UI"
	default:
		w.Reason = reason(cause)
	}
	w.Waiting, w.released = nil, nil // a release that came with the cancellation is overruled
	w.become(ctx, order.Cancelling, order.CancelRequested, actor, w.Reason, "")
	return ends, kind, milestone
}

// undoParcel voids the label, booked or perhaps booked. One the carrier has
// already taken is a matter for an operator.
func (w *orderWorkflow) undoParcel(ctx workflow.Context) error {
	for w.Shipment.Reference != "" && w.Shipment.Status != order.ParcelVoided {
		err := w.voidParcel(ctx)
		if err == nil {
			continue
		}
		if err := w.stuck(ctx, "the carrier cannot give the parcel back: "+reason(err), w.Shipment.Tracking); err != nil {
			return err
		}
	}
	return nil
}

// takeParcelBack voids a parcel that was perhaps booked. One that has reached
// its end all the same cannot be voided any more, however often it is tried.
func (w *orderWorkflow) takeParcelBack(ctx workflow.Context) error {
	ended := w.Shipment.Status == order.ParcelDelivered || w.Shipment.Status == order.ParcelReturned
	if ended && changed(ctx, parcelsAstray) {
		return nil
	}
	return w.voidParcel(ctx)
}

func (w *orderWorkflow) voidParcel(ctx workflow.Context) error {
	err := w.step(ctx, ParcelsQueue, 0, "Void parcel "+w.Shipment.Reference, do.VoidParcel,
		activities.Unbook{Booked: w.Shipment.LabelID != "", Asked: w.parcelRequest()}, nil)
	if err == nil {
		w.Shipment.Status = order.ParcelVoided
		w.note(ctx, order.ParcelWasVoided, purser, "", w.Shipment.LabelID)
	}
	return err
}

// undoPayment lets go of the money, or gives back what was taken.
func (w *orderWorkflow) undoPayment(ctx workflow.Context) error {
	if w.Payment.Generation == 0 {
		return nil
	}
	letGo := w.giveUp
	if w.Payment.IntentID != "" {
		letGo = func(ctx workflow.Context) (order.Kind, error) { return w.giveBack(ctx, w.Payment.IntentID) }
	}
	for {
		kind, err := letGo(ctx)
		if err == nil {
			w.note(ctx, kind, purser, "", w.Payment.IntentID)
			return nil
		}
		if err := w.stuck(ctx, "the money cannot be given back: "+reason(err), w.Payment.IntentID); err != nil {
			return err
		}
	}
}

// giveUp ends an intent whose creation was tried, but of which it is unknown
// whether it exists.
func (w *orderWorkflow) giveUp(ctx workflow.Context) (order.Kind, error) {
	var in order.Intent
	err := w.step(ctx, PaymentsQueue, 0, "Give up the payment intent", do.CancelIntent,
		activities.Abandon{Created: w.intentRequest(), Key: order.Key(w.ID, "cancel", w.Payment.Generation)}, &in)
	if err == nil {
		w.Payment.IntentID, w.Payment.Status = in.ID, in.Status
	}
	return order.PaymentVoided, err
}

// giveBack frees whatever an intent holds: asks how it stands, then cancels
// or refunds, and answers which it was. After a refusal the key is another:
// under the same one the provider would only repeat itself (IDEM-3).
func (w *orderWorkflow) giveBack(ctx workflow.Context, intentID string) (order.Kind, error) {
	until := workflow.Now(ctx).Add(givingBackWithin)
	for wait := time.Minute; ; wait = min(2*wait, time.Hour) {
		kind, err := w.tryGiveBack(ctx, intentID)
		if err != nil {
			w.refusals[intentID]++
		}
		if !failed(err, activities.FailureState) || !workflow.Now(ctx).Before(until) {
			return kind, err
		}
		// It is moving (being processed, or just paid): look again.
		if err := workflow.Sleep(ctx, wait); err != nil {
			return "", err
		}
	}
}

func (w *orderWorkflow) tryGiveBack(ctx workflow.Context, intentID string) (order.Kind, error) {
	var in order.Intent
	err := w.step(ctx, PaymentsQueue, 0, "Ask Stripe about "+intentID, do.GetIntent, activities.IntentRef{ID: intentID}, &in)
	if failed(err, activities.FailureNoSuch) && w.refusals[intentID] > 0 {
		return order.PaymentVoided, nil // a person has looked and said to go on: there is nothing to give back
	}
	if err != nil {
		return "", err
	}
	var refund order.Refund
	kind, generation := order.PaymentVoided, 1+w.refusals[intentID]
	if in.Status == order.Succeeded {
		kind = order.PaymentRefunded
		err = w.step(ctx, PaymentsQueue, 0, "Refund "+intentID, do.RefundIntent, activities.Movement{
			IntentID: intentID, Amount: order.Money{Amount: in.Received, Currency: in.Amount.Currency}, Key: order.Key(w.ID, "refund-"+intentID, generation),
		}, &refund)
		if refund.Status == order.RefundPending {
			kind = order.RefundIsPending
		}
	} else {
		err = w.step(ctx, PaymentsQueue, 0, "Cancel "+intentID, do.CancelIntent,
			activities.Abandon{ID: intentID, Key: order.Key(w.ID, "cancel-"+intentID, generation)}, &in)
	}
	if err == nil && intentID == w.Payment.IntentID {
		w.Payment.Status, w.Payment.Authorized = in.Status, 0
		w.Payment.Captured, w.Payment.Refunded = in.Received, in.Received
	}
	if err == nil {
		w.keepRefund(ctx, refund)
		if refund.ID != "" && refund.Amount.Amount != in.Received { // in parts, by hand before
			w.compareRefunds(ctx, intentID)
		}
	}
	return kind, err
}

// giveBackMeanwhile gives back money nobody expected, for as long as it takes.
func (w *orderWorkflow) giveBackMeanwhile(ctx workflow.Context, intentID, why string) {
	w.insist(ctx, why+"; cannot be given back", intentID, func(ctx workflow.Context) error {
		kind, err := w.giveBack(ctx, intentID)
		if err == nil {
			w.note(ctx, kind, purser, why+"; given back", intentID)
			w.tellRefunds(ctx)
		}
		return err
	})
}

// insist undoes something the order does not wait for, for as long as it
// takes. While the provider refuses, the order says that it waits for a person.
func (w *orderWorkflow) insist(ctx workflow.Context, refused, about string, undo func(workflow.Context) error) {
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	w.meanwhile(ctx, func(ctx workflow.Context) {
		for wait := time.Hour; ; wait = min(2*wait, 24*time.Hour) {
			err := undo(ctx)
			if err == nil {
				if w.shown.on == operator && w.Status.Final() {
					_ = w.show(ctx) // nothing is owed any more; at worst the UI says so later
				}
				return
			}
			w.note(ctx, order.OrderUndoStuck, purser, refused+": "+reason(err), about)
			w.owing = append(w.owing, about)
			if err := w.show(ctx); err != nil {
				return
			}
			if err := workflow.Sleep(ctx, wait); err != nil {
				return
			}
			w.owing = slices.DeleteFunc(w.owing, func(s string) bool { return s == about })
		}
	})
}

// stuck puts a half-undone order on hold until an operator says to try again.
func (w *orderWorkflow) stuck(ctx workflow.Context, why, ref string) error {
	cause := w.Reason
	w.Reason = why
	w.become(ctx, order.OnHold, order.OrderUndoStuck, purser, why, ref)
	for w.released == nil {
		if _, err := w.rest(ctx, order.Waiting{On: operator, About: ref}); err != nil {
			return err
		}
		w.noteWhileHeld(ctx)
	}
	r := w.released
	w.Reason = cause
	w.become(ctx, order.Cancelling, order.OrderReleased, r.Actor, r.Reason, ref)
	w.released = nil
	return w.save(ctx)
}

// hearTooLate takes a report about an order that has ended. Money for an order
// that was not delivered is given back; the rest is noted.
func (w *orderWorkflow) hearTooLate(ctx workflow.Context, n order.News) {
	if w.Status == order.Refused {
		return // it was never opened: there is no record to write to
	}
	p := n.Payment
	holds := p != nil && (p.Status == order.RequiresCapture || p.Status == order.Succeeded)
	stray := holds && p.IntentID != w.Payment.IntentID
	dead := w.Status == order.Cancelled || w.Status == order.Expired
	undone := w.Payment.Status == order.IntentCanceled || w.Payment.Refunded > 0 ||
		slices.ContainsFunc(w.Refunds, func(r order.Refund) bool { return r.IntentID == w.Payment.IntentID })
	switch {
	case stray, holds && dead && !undone:
		w.giveBackMeanwhile(ctx, p.IntentID, "paid after the order had ended")
	case holds && p.Status == order.Succeeded && p.Received == w.Payment.Captured:
		w.note(ctx, order.PaymentConfirmed, stripe, "", p.IntentID)
	case n.Parcel != nil && n.Parcel.Reference == w.Shipment.Reference:
		w.hearParcel(ctx, *n.Parcel)
	default:
		w.note(ctx, order.EventIgnored, stripe, "the order has ended: "+n.Type, n.ID)
	}
}
