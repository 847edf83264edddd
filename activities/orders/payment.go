package orders

import (
	"context"
	"errors"

	"purser/activities"
	"purser/order"
)

// Created is a new intent and the sealed secret that lets the shopper pay it.
type Created struct {
	Intent       order.Intent `json:"intent"`
	SealedSecret string       `json:"sealedSecret"`
}

// CreateIntent makes the payment intent of one generation, or finds it.
func (a *Activities) CreateIntent(ctx context.Context, r order.IntentRequest) (Created, error) {
	in, err := a.Intents.CreateIntent(ctx, r)
	if err != nil {
		return Created{}, activities.Failure(err)
	}
	sealed, err := a.Sealer.Seal(r.OrderID, in.ClientSecret)
	return Created{in, sealed}, activities.Failure(err)
}

// IntentRef names an intent and the order it belongs to.
type IntentRef struct {
	ID string `json:"id"`
}

// GetIntent asks the provider how an intent stands.
func (a *Activities) GetIntent(ctx context.Context, r IntentRef) (order.Intent, error) {
	in, err := a.Intents.GetIntent(ctx, r.ID)
	return in, activities.Failure(err)
}

// CancelPaymentRequest names an intent to give up. One whose creation was tried, but whose
// id never reached us, has none.
type CancelPaymentRequest struct {
	ID      string              `json:"id,omitempty"`
	Created order.IntentRequest `json:"created"` // the request that made it, or may have
	Key     string              `json:"key"`
}

// CancelIntent gives an intent up and lets go of the money it holds. Without
// an id it first sends the creation again under its key, which finds the
// intent if it exists; else it makes one that dies at once. Either way no
// live intent is left behind.
func (a *Activities) CancelIntent(ctx context.Context, r CancelPaymentRequest) (order.Intent, error) {
	id := r.ID
	if id == "" {
		in, err := a.Intents.CreateIntent(ctx, r.Created)
		if errors.Is(err, order.ErrRejected) || errors.Is(err, order.ErrBelowMinimum) { // the creation itself was refused: there is nothing
			return order.Intent{Status: order.IntentCanceled}, nil
		}
		if err != nil {
			return order.Intent{}, activities.Failure(err)
		}
		id = in.ID
	}
	in, err := a.Intents.CancelIntent(ctx, id, r.Key)
	if errors.Is(err, order.ErrNoSuch) {
		return order.Intent{ID: id, Status: order.IntentCanceled}, nil
	}
	return in, activities.Failure(err)
}

// CaptureRequest is money to be taken or given back.
type CaptureRequest struct {
	IntentID string      `json:"intentId"`
	Amount   order.Money `json:"amount"`
	Key      string      `json:"key"`
}

// CaptureIntent takes the money that is held.
func (a *Activities) CaptureIntent(ctx context.Context, m CaptureRequest) (order.Intent, error) {
	in, err := a.Captures.CaptureIntent(ctx, m.IntentID, m.Amount, m.Key)
	return in, activities.Failure(err)
}

// RefundIntent gives money back and returns how that stands.
func (a *Activities) RefundIntent(ctx context.Context, m CaptureRequest) (order.Refund, error) {
	r, err := a.Captures.RefundIntent(ctx, m.IntentID, m.Amount, m.Key)
	return r, activities.Failure(err)
}

// Refunds are what was given back of an intent.
type Refunds struct {
	Refunds []order.Refund `json:"refunds"`
}

// ListRefunds asks the provider what was given back of an intent.
func (a *Activities) ListRefunds(ctx context.Context, r IntentRef) (Refunds, error) {
	all, err := a.Captures.Refunds(ctx, r.ID)
	return Refunds{all}, activities.Failure(err)
}
