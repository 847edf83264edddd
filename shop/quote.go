package shop

import (
	"context"
	"net/http"

	"purser/order"
)

// QuoteRequest asks what an order would cost.
type QuoteRequest struct {
	Customer       string              `json:"customerId,omitempty"`
	ShipTo         QuoteAddress        `json:"shipTo"`
	Currency       string              `json:"currency"`
	Lines          []order.RequestLine `json:"lines"`
	DiscountCodes  []string            `json:"discountCodes,omitempty"`
	ShippingMethod string              `json:"shippingMethod,omitempty"`
}

// QuoteAddress is where a quoted order would go.
type QuoteAddress struct {
	Country    string `json:"country"`
	PostalCode string `json:"postalCode,omitempty"`
}

// Quote is what an order would cost. Amounts are in minor units of the currency in
// Total.
type Quote struct {
	Lines    []Line       `json:"lines"`
	Shipping *ShippingFee `json:"shipping,omitempty"` // nil: shipping costs nothing
	Discount int64        `json:"discount"`
	Tax      int64        `json:"tax"`
	Total    order.Money  `json:"total"`
}

// Quote returns what an order would cost, without placing it.
func (c *Client) Quote(ctx context.Context, r QuoteRequest) (Quote, error) {
	var q Quote
	return q, c.call(ctx, http.MethodPost, "/v1/quotes", r, &q)
}
