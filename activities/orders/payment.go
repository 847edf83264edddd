package orders

import (
	"context"
	"errors"

	"purser/activities"
	"purser/order"
)

// Created is the result of CreateIntent: the intent, and the sealed secret that
// lets the shopper pay it.
type Created struct {
	Intent       order.Intent `json:"intent"`
	SealedSecret string       `json:"sealedSecret"`
}

// CreateIntent creates the payment intent of one generation, or finds the one
// created before. An attempt that was lost may have given a later payment's number to
// a payment of another amount: that is cancelled, so that the shopper can pay one.
func (a *Activities) CreateIntent(ctx context.Context, r order.IntentRequest) (Created, error) {
	in, err := a.Intents.CreateIntent(ctx, r)
	if err == nil && r.Number > 1 {
		err = a.cancelOthers(ctx, r, in.ID)
	}
	if err != nil {
		return Created{}, activities.Failure(err)
	}
	sealed, err := a.Sealer.Seal(r.OrderID, in.ClientSecret)
	return Created{in, sealed}, activities.Failure(err)
}

// IntentRef identifies an intent.
type IntentRef struct {
	ID string `json:"id"`
}

// GetIntent asks the provider for an intent's state.
func (a *Activities) GetIntent(ctx context.Context, r IntentRef) (order.Intent, error) {
	in, err := a.Intents.GetIntent(ctx, r.ID)
	return in, activities.Failure(err)
}

// CancelPaymentRequest is the input of CancelIntent. ID is empty if the creation
// was tried, but the provider's response never arrived.
type CancelPaymentRequest struct {
	ID      string              `json:"id,omitempty"`
	Created order.IntentRequest `json:"created"` // the request that created it, or may have created it
	Key     string              `json:"key"`
}

// CancelIntent cancels an intent and releases the money it holds. Without an id
// it first sends the creation again under its key, so that a creation that is still on
// its way makes no other intent: that finds the intent if it exists, or creates one.
// Then it cancels each intent that was ever created for the payment. Either way no
// live intent is left behind.
func (a *Activities) CancelIntent(ctx context.Context, r CancelPaymentRequest) (order.Intent, error) {
	if r.ID != "" {
		in, err := a.cancel(ctx, r.ID, r.Key)
		return in, activities.Failure(err)
	}
	canceled := order.Intent{Status: order.PaymentCanceled}
	in, err := a.Intents.CreateIntent(ctx, r.Created)
	switch {
	case errors.Is(err, order.ErrRejected), errors.Is(err, order.ErrBelowMinimum): // this creation made none
	case err != nil:
		return order.Intent{}, activities.Failure(err)
	default:
		// Another try may find another intent, and a key is for one.
		if canceled, err = a.cancel(ctx, in.ID, r.Key+":"+in.ID); err != nil {
			return order.Intent{}, activities.Failure(err)
		}
	}
	found, err := a.Intents.FindIntents(ctx, r.Created)
	if err != nil {
		return order.Intent{}, activities.Failure(err)
	}
	for _, in := range found {
		if !in.Status.Dead() {
			if in, err = a.cancel(ctx, in.ID, r.Key+":"+in.ID); err != nil {
				return order.Intent{}, activities.Failure(err)
			}
		}
		if canceled.ID == "" {
			canceled = in
		}
	}
	return canceled, nil
}

// cancelOthers cancels the intents of a payment's number but one. One that was paid is left
// to its event: it is a second payment.
func (a *Activities) cancelOthers(ctx context.Context, r order.IntentRequest, but string) error {
	found, err := a.Intents.FindIntents(ctx, r)
	if err != nil {
		return err
	}
	for _, in := range found {
		if in.ID == but || !in.Status.Unpaid() {
			continue
		}
		if _, err := a.cancel(ctx, in.ID, r.Key+":"+in.ID); err != nil && !errors.Is(err, order.ErrState) {
			return err
		}
	}
	return nil
}

// cancel cancels an intent, unless there is no such intent.
func (a *Activities) cancel(ctx context.Context, id, key string) (order.Intent, error) {
	in, err := a.Intents.CancelIntent(ctx, id, key)
	if errors.Is(err, order.ErrNoSuch) {
		return order.Intent{ID: id, Status: order.PaymentCanceled}, nil
	}
	return in, err
}

// CaptureRequest is the input of CaptureIntent and RefundIntent: the amount to
// capture or to refund.
type CaptureRequest struct {
	IntentID string      `json:"intentId"`
	Amount   order.Money `json:"amount"`
	Key      string      `json:"key"`
}

// CaptureIntent captures the money that is held.
func (a *Activities) CaptureIntent(ctx context.Context, m CaptureRequest) (order.Intent, error) {
	in, err := a.Captures.CaptureIntent(ctx, m.IntentID, m.Amount, m.Key)
	return in, activities.Failure(err)
}

// RefundIntent refunds money and returns the refund.
func (a *Activities) RefundIntent(ctx context.Context, m CaptureRequest) (order.Refund, error) {
	r, err := a.Captures.RefundIntent(ctx, m.IntentID, m.Amount, m.Key)
	return r, activities.Failure(err)
}

// Refunds are the refunds of an intent, or of an order.
type Refunds struct {
	Refunds []order.Refund `json:"refunds"`
}

// ListRefunds asks the provider for the refunds of an intent.
func (a *Activities) ListRefunds(ctx context.Context, r IntentRef) (Refunds, error) {
	all, err := a.Captures.Refunds(ctx, r.ID)
	return Refunds{all}, activities.Failure(err)
}

// RecallRefunds reads the refunds of an order that the record knows, which the order may
// have forgotten because its workflow was reset.
func (a *Activities) RecallRefunds(ctx context.Context, id order.ID) (Refunds, error) {
	all, err := a.Orders.RecordedRefunds(ctx, id)
	return Refunds{all}, activities.Failure(err)
}
