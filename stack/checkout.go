package stack

import (
	"context"
	"errors"

	"purser/api/httpkit"
	"purser/api/search"
	"purser/order"
	"purser/shop"
)

// checkout returns the backend of the sample shop's buy button, which calls the API
// with a key, as a shop's own backend would. It is nil unless the sandbox plays Stripe
// and the sample shop is served to this machine alone.
func (s *Stack) checkout(r Role) *search.Checkout {
	if !s.atHome(r) || s.cfg.StripeKey != "" {
		return nil
	}
	client := &shop.Client{URL: s.apiURL, Key: s.key}
	return &search.Checkout{
		StripeURL: s.sandboxURL + "/stripe", PublishableKey: sandboxPublishableKey, Index: s.sandboxURL + "/",
		Buy: func(ctx context.Context, sku, currency string) (search.Sale, error) {
			placed, err := client.Place(ctx, order.Request{
				Customer: "cust_sample", Email: "sam@shop.example", Currency: currency,
				ShipTo: order.Address{Name: "Sam Shopper", Line1: "1 Quay Street", City: "Harbourtown", PostalCode: "10115", Country: "DE"},
				Lines:  []order.RequestLine{{SKU: sku, Quantity: 1}},
			}, "")
			if err == nil && placed.ClientSecret == "" {
				err = httpkit.NewProblem(503, "busy", "the order cannot be paid yet; try again in a moment")
			}
			return search.Sale{Order: placed.ID, Total: placed.Total.String(), ClientSecret: placed.ClientSecret, ReturnURL: placed.ReturnURL}, passedOn(err)
		},
		Status: func(ctx context.Context, id order.ID) (order.Status, error) {
			o, err := client.Order(ctx, id)
			return o.Status, passedOn(err)
		},
	}
}

// passedOn returns the API's refusal in the form in which the page's backend passes it
// on.
func passedOn(err error) error {
	var p *shop.Problem
	if errors.As(err, &p) {
		return httpkit.NewProblem(p.Status, p.Code, p.Error())
	}
	return err
}
