// Package orders has the activities of an order, and the ports they need.
// Nothing here decides what happens next to an order.
package orders

import (
	"context"

	"purser/catalog"
	"purser/order"
)

// Intents holds shoppers' payment intents. Every error is a
// *order.ProviderError.
type Intents interface {
	// CreateIntent creates the intent, or finds the one that the same key created
	// before. What the shopper can pay with is authorised only, except for methods that
	// know no authorisation: those are captured when the shopper confirms. The intent's
	// metadata names the order. It
	// fails with order.ErrBelowMinimum if the provider does not charge so little.
	CreateIntent(ctx context.Context, r order.IntentRequest) (order.Intent, error)
	// FindIntents returns the intents that were created for one of an order's payments,
	// under whichever key and also if the creation was never confirmed, oldest first. It
	// fails rather than return only some of them.
	FindIntents(ctx context.Context, r order.IntentRequest) ([]order.Intent, error)
	// GetIntent returns the intent as the provider has it. It fails with
	// order.ErrNoSuch if there is no such intent.
	GetIntent(ctx context.Context, id string) (order.Intent, error)
	// CancelIntent cancels an intent and releases any money held, under the
	// key. It succeeds if the intent is already cancelled or has lapsed. It fails
	// with order.ErrState if the money was already captured.
	CancelIntent(ctx context.Context, id, key string) (order.Intent, error)
}

// Captures captures and refunds money. Every error is a *order.ProviderError.
type Captures interface {
	// CaptureIntent captures the amount under the key, in one go: if it is a part,
	// the provider releases the rest, and the status is partially captured. It
	// fails with order.ErrState if the intent cannot be captured (any more).
	CaptureIntent(ctx context.Context, id string, amount order.Money, key string) (order.Intent, error)
	// RefundIntent refunds the amount under the key and returns the refund, whose
	// ID is the key if order.Key made it. It changes nothing under a key used
	// before; if everything was refunded before, it returns the last refund. It
	// fails with order.ErrRejected if the amount is more than what remains or
	// differs from the amount of the key's first use, or if the bank declined the
	// key's refund; a declined amount can be refunded again. It fails with
	// order.ErrState if nothing was captured, or the payment is disputed.
	RefundIntent(ctx context.Context, id string, amount order.Money, key string) (order.Refund, error)
	// Refunds lists all refunds of an intent, oldest first, also those that
	// somebody made at the provider, but not what was released uncaptured. For an
	// unknown intent it returns none or fails with order.ErrNoSuch.
	Refunds(ctx context.Context, id string) ([]order.Refund, error)
}

// Carrier takes parcels. Every error is a *order.ProviderError.
type Carrier interface {
	// BookParcel books the parcel, or finds the one booked under the same
	// reference before.
	BookParcel(ctx context.Context, r order.ParcelRequest) (order.Parcel, error)
	// TrackParcel returns a parcel by our reference. It fails with
	// order.ErrNoSuch if there is no such parcel.
	TrackParcel(ctx context.Context, reference string) (order.Parcel, error)
	// VoidParcel cancels a label by our reference. It succeeds if the parcel is
	// already voided or was never booked. It fails with order.ErrState if the
	// carrier has the parcel.
	VoidParcel(ctx context.Context, reference string) error
}

// Record is the SQL record of orders.
type Record interface {
	// OpenOrder prices the request from the catalogue, reserves the stock and
	// writes the order with its first event, in one transaction. Repeating it
	// in the same workflow run returns the same order; in another run it fails
	// with order.ErrDuplicate. It also fails with the errors of
	// order.Request.Price, and then writes nothing.
	OpenOrder(ctx context.Context, o order.Opening) (order.Order, error)
	// SaveOrder writes a change in one transaction. It ignores a change that
	// was already written or has a lower fence. A change with a higher fence
	// replaces the events from its first on; it may have no events, if only
	// Order.Waiting has changed. A gap fails with order.ErrVersionConflict, an
	// illegal move with order.ErrIllegalMove, an intent or a label of another
	// order with order.ErrTaken.
	SaveOrder(ctx context.Context, c order.Change) error
}

// Prices prices goods, as of now.
type Prices interface {
	// Decide returns what was decided about the price of a request, beside the catalogue's
	// prices. It fails with the errors of order.Request.Price and with order.ErrDiscount,
	// order.ErrNoShipping, order.ErrPriceRefused, order.ErrPricing or order.ErrPricingDown.
	Decide(ctx context.Context, r order.Request) (*order.Pricing, error)
	// Goods returns what the goods of a request cost, without a shipping fee. It fails with
	// the errors of order.Request.PriceGoods, and with those of the shop's rules.
	Goods(ctx context.Context, r order.Request) ([]order.Line, error)
	// SameAt fails with order.ErrNotChangeable if the goods of an order have other taxes or
	// another shipping fee at an address than at that of the request, and otherwise as Goods
	// does.
	SameAt(ctx context.Context, r order.Request, goods []order.Line, to order.Address) error
}

// Catalogue reads products.
type Catalogue interface {
	// Stocked returns the current state of products, by SKU, deleted ones included.
	Stocked(ctx context.Context, skus []string) (map[string]catalog.Stocked, error)
}

// Cases has the workflows of cases. Every error is or wraps an error of package order.
type Cases interface {
	// StartCase starts the workflow of a case, unless it runs or has ended.
	StartCase(ctx context.Context, c order.Case) error
	// ReviewCase tells a case that its matter may be over. It succeeds if the workflow of
	// the case has ended.
	ReviewCase(ctx context.Context, e order.CaseEnd) error
}

// CaseList lists cases as their workflows have recorded them.
type CaseList interface {
	Cases(ctx context.Context, f order.CaseFilter) (order.CasePage, error)
}

// Exchanges has the workflows of the orders that goods are exchanged for, and of the
// orders that the goods came back to. Every error is or wraps an error of package order.
type Exchanges interface {
	// PlaceExchange places an order that credit pays for, or for a part of it, and returns
	// it when the shopper can pay the rest. A repeated request returns the same order. It
	// fails as the API does for an order that is not opened.
	PlaceExchange(ctx context.Context, r order.ExchangeRequest, decided *order.Pricing) (order.Order, error)
	// ExchangeRuns reports whether the workflow of such an order runs, which has perhaps
	// not opened it yet.
	ExchangeRuns(ctx context.Context, id order.ID) (bool, error)
	// ReturnCredit has an order take credit back that it had given, and refund it. A
	// repeated request moves nothing more. It fails with order.ErrNotRefundable if the
	// order has not given so much credit.
	ReturnCredit(ctx context.Context, id order.ID, r order.CreditReturn) error
}

// LabelFiles has the files of labels. Every error is a *order.ProviderError.
type LabelFiles interface {
	// LabelFile returns the file of a label, by the carrier's id of the label. It fails
	// with order.ErrNoSuch if the carrier does not have the label (any more), and with
	// order.ErrUnavailable because of order.ErrLabelFile if the file is not of the
	// format, or larger than order.MaxLabelBytes.
	LabelFile(ctx context.Context, labelID string, f order.LabelFormat) ([]byte, error)
}

// LabelStore keeps the files of labels. Every error is a *order.ProviderError.
type LabelStore interface {
	// GetObject reads a file, up to most+1 bytes. It fails with order.ErrNoSuch if
	// the store does not have it.
	GetObject(ctx context.Context, key string, most int64) ([]byte, error)
	// PutObject writes a file, unless there is one already.
	PutObject(ctx context.Context, o catalog.Object, data []byte) error
}

// Sealer encrypts secrets so that only this installation can read them.
type Sealer interface {
	// Seal encrypts the secret, bound to the order.
	Seal(id order.ID, secret string) (string, error)
}

// Orders reads the record.
type Orders interface {
	// Order returns an order; it fails with order.ErrNotFound.
	Order(ctx context.Context, id order.ID) (order.Order, error)
	// Snapshot returns the snapshot that SaveOrder wrote last, or an empty one if the
	// order was only opened; it fails with order.ErrNotFound.
	Snapshot(ctx context.Context, id order.ID) (order.Snapshot, error)
	// RecordedRefunds returns the refunds that SaveOrder ever wrote for an order, as they
	// were written last: also those that a lost attempt wrote and the order does not have.
	RecordedRefunds(ctx context.Context, id order.ID) ([]order.Refund, error)
	// RecordedShipments returns, as RecordedRefunds does, the parcels that SaveOrder ever
	// wrote as perhaps booked.
	RecordedShipments(ctx context.Context, id order.ID) ([]order.Shipment, error)
}
