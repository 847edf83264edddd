// Package orders has the activities of an order, and the ports they need.
// Nothing here decides what happens next to an order.
package orders

import (
	"context"

	"purser/order"
)

// Intents holds shoppers' payment intents. Every error is a
// *order.ProviderError.
type Intents interface {
	// CreateIntent creates the intent, authorise-only, or finds the one the
	// same key created before. The intent's metadata names the order.
	// ErrBelowMinimum if the provider does not charge so little.
	CreateIntent(ctx context.Context, r order.IntentRequest) (order.Intent, error)
	// GetIntent asks how it stands. ErrNoSuch if there is none.
	GetIntent(ctx context.Context, id string) (order.Intent, error)
	// CancelIntent gives up an intent and lets go of any money held, under
	// the key. An intent already cancelled is a success. ErrState if the
	// money was already taken.
	CancelIntent(ctx context.Context, id, key string) (order.Intent, error)
}

// Captures moves money for good. Every error is a *order.ProviderError.
type Captures interface {
	// CaptureIntent takes the amount (all of it; the rest is let go) under
	// the key. ErrState if the intent cannot be captured (any more).
	CaptureIntent(ctx context.Context, id string, amount order.Money, key string) (order.Intent, error)
	// RefundIntent gives the amount back under the key and returns how that
	// stands. Refunding again under the same key changes nothing, nor does it
	// when everything went back before: then the answer is the last refund.
	// ErrRejected if that is more than is left, or another amount than the key
	// was used for, or if the bank turned down what the key made. What the bank
	// turned down is left again. ErrState if nothing was taken, or the bank
	// has asked it back.
	RefundIntent(ctx context.Context, id string, amount order.Money, key string) (order.Refund, error)
	// Refunds lists what was given back of an intent, oldest first, by
	// whatever hand. Of an unknown intent there are none, or it fails with
	// ErrNoSuch.
	Refunds(ctx context.Context, id string) ([]order.Refund, error)
}

// Carrier takes parcels. Every error is a *order.ProviderError.
type Carrier interface {
	// BookParcel books the parcel, or finds the one booked under the same
	// reference before.
	BookParcel(ctx context.Context, r order.ParcelRequest) (order.Parcel, error)
	// TrackParcel asks how a parcel stands, by our reference. ErrNoSuch if
	// there is none.
	TrackParcel(ctx context.Context, reference string) (order.Parcel, error)
	// VoidParcel cancels a label by our reference. A parcel already voided
	// or never booked is a success. ErrState if the carrier has it.
	VoidParcel(ctx context.Context, reference string) error
}

// Record is the SQL record of orders.
type Record interface {
	// OpenOrder prices the request from the catalogue, sets the stock aside
	// and writes the order with its first event, in one transaction.
	// Repeating it in the same run answers the same order; in another run it
	// fails with order.ErrDuplicate. Its other errors are those of
	// order.Request.Price, and then nothing was written.
	OpenOrder(ctx context.Context, o order.Opening) (order.Order, error)
	// SaveOrder writes a change in one transaction. One already written, or
	// of a lower fence, is left as it is; one of a higher fence replaces the
	// events from its first on, and may have none: then only what the order
	// waits for has changed. A gap fails with order.ErrVersionConflict, an
	// illegal move with order.ErrIllegalMove, an intent or a label of another
	// order with order.ErrTaken.
	SaveOrder(ctx context.Context, c order.Change) error
}

// Sealer keeps a secret unreadable for all but this installation.
type Sealer interface {
	// Seal encrypts the secret, bound to the order.
	Seal(id order.ID, secret string) (string, error)
}

// Orders reads the record.
type Orders interface {
	// Order returns an order, or order.ErrNotFound.
	Order(ctx context.Context, id order.ID) (order.Order, error)
}
