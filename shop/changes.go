package shop

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"purser/order"
)

// Change is a change of an order that was asked for before its label. Its amount is in minor
// currency units: how much more the shopper pays, or less if it is below zero.
type Change struct {
	ID      string                `json:"id"`
	Status  order.AmendmentStatus `json:"status"`
	Amount  int64                 `json:"amount"`
	Until   time.Time             `json:"until,omitzero"`    // zero: it needs no payment of its own
	Payment int                   `json:"payment,omitempty"` // the number of its payment; 0: none
	Added   []ItemQuantity        `json:"added"`
	Removed []ItemQuantity        `json:"removed"`
	ShipTo  *order.Address        `json:"shipTo,omitempty"` // nil: the address stays
	At      time.Time             `json:"at"`
	By      string                `json:"by"`
	Reason  string                `json:"reason,omitempty"`
	Why     string                `json:"why,omitempty"` // why it was dropped
}

// Change changes an order before its label. Repeating it with the same id is the same change,
// and returns the client secret again while it can be paid.
func (c *Client) Change(ctx context.Context, id order.ID, r order.ChangeRequest) (Placed, error) {
	var p Placed
	return p, c.call(ctx, http.MethodPost, "/v1/orders/"+url.PathEscape(string(id))+"/changes", r, &p)
}
