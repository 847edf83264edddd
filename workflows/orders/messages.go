// Package orders has the workflow of an order: what happens to it, in the order
// in which it happens, and the messages it understands.
package orders

import (
	"time"

	"purser/order"
	"purser/workflows"
)

// The messages of an order's workflow, declared once for both ends. A
// message's name on the wire is its text.
const (
	// GetOrder returns the order as the workflow knows it, at once.
	GetOrder workflows.Query[order.Order] = "GetOrder"
	// Place returns the priced order and the (sealed) client secret, as soon
	// as the shopper can pay. It starts the workflow and is sent again, with
	// the same result and no trace in the history, when the caller repeats
	// its request.
	Place workflows.Update[PlaceRequest, Placed] = "Place"
	// Cancel undoes the order, if that is still possible, and returns it as
	// undone.
	Cancel workflows.Update[CancelRequest, order.Order] = "Cancel"
	// Release tells an order on hold to ask the provider again and go on.
	Release workflows.Update[ReleaseRequest, order.Order] = "Release"
	// Reported brings news from a provider, one or several at a time.
	Reported workflows.Signal[[]order.ProviderEvent] = "Reported"
)

// Placement is the input of OrderWorkflow: the request and the shop's terms
// at the time it was placed.
type Placement struct {
	ID          order.ID      `json:"id"`
	Request     order.Request `json:"request"`
	Hash        string        `json:"hash"` // of the request
	Actor       string        `json:"actor"`
	Correlation string        `json:"correlationId"`
	Terms       Terms         `json:"terms"`
	Snapshot    *Snapshot     `json:"carried,omitempty"` // set by the run before this one
}

// Terms are how long things may take. They travel with the order, so that a
// changed setting does not touch the orders already placed.
type Terms struct {
	PayWithin  time.Duration `json:"payWithin"`  // from placing to the money being held; default 30 minutes
	AskAfter   time.Duration `json:"askAfter"`   // no word about a payment for so long: ask the provider; default 2 minutes
	TrackAfter time.Duration `json:"trackAfter"` // no word about a parcel for so long: ask the carrier; default 12 hours
	// OverdueAfter: a parcel that has not moved for so long is an operator's to
	// look for; default 14 days, 0: never.
	OverdueAfter time.Duration `json:"overdueAfter,omitempty"`
}

// PlaceRequest is what a repeated Place is compared with.
type PlaceRequest struct {
	Hash string `json:"hash"`
}

// Placed is the answer to Place.
type Placed struct {
	Order order.Order `json:"order"`
	// SealedSecret is the client secret, readable for this installation's
	// API only.
	SealedSecret string `json:"sealedSecret,omitempty"`
}

// CancelRequest says who cancels and why.
type CancelRequest struct {
	Actor       string `json:"actor"`
	Reason      string `json:"reason"`
	Correlation string `json:"correlationId,omitempty"`
}

// ReleaseRequest says which operator lets a held order go on, and why.
type ReleaseRequest struct {
	Actor       string `json:"actor"`
	Reason      string `json:"reason"`
	Correlation string `json:"correlationId,omitempty"`
}
