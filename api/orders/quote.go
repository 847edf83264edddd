package orders

import (
	"context"

	"purser/api/httpkit"
	"purser/order"
	"purser/pricing"
)

type quoteInput struct {
	Body quoteRequest
}

// quoteRequest is the part of an order's request that its price depends on.
type quoteRequest struct {
	Customer       string              `json:"customerId,omitempty" doc:"For a shop whose prices depend on the customer"`
	Locale         string              `json:"locale,omitempty"`
	ShipTo         quoteAddress        `json:"shipTo"`
	Currency       string              `json:"currency"`
	Lines          []order.RequestLine `json:"lines"`
	DiscountCodes  []string            `json:"discountCodes,omitempty"`
	ShippingMethod string              `json:"shippingMethod,omitempty"`
}

type quoteAddress struct {
	Country    string `json:"country" doc:"ISO 3166-1 alpha-2, upper case"`
	PostalCode string `json:"postalCode,omitempty"`
}

// request returns the request of an order with these goods.
func (q quoteRequest) request() order.Request {
	return order.Request{
		Customer: q.Customer, Locale: q.Locale, Currency: q.Currency, Lines: q.Lines,
		ShipTo:        order.Address{Country: q.ShipTo.Country, PostalCode: q.ShipTo.PostalCode},
		DiscountCodes: q.DiscountCodes, ShippingMethod: q.ShippingMethod,
	}
}

// Quote is what an order would cost.
type Quote struct {
	Lines    []Line       `json:"lines" nullable:"false"`
	Shipping *ShippingFee `json:"shipping,omitempty" doc:"The shipping fee. Missing if shipping costs nothing"`
	Discount int64        `json:"discount" doc:"What is taken off altogether, in minor currency units"`
	Tax      int64        `json:"tax" doc:"The taxes altogether, contained or added, in minor currency units"`
	Total    order.Money  `json:"total" doc:"What the shopper pays"`
}

type quoteOutput struct{ Body Quote }

// quote returns what an order would cost.
func (s *Service) quote(ctx context.Context, in *quoteInput) (*quoteOutput, error) {
	r, c := in.Body.request(), httpkit.CallOf(ctx)
	if c.Customer != "" && r.Customer == "" {
		r.Customer = c.Customer
	}
	clean(&r)
	if err := notAnotherCustomer(ctx, r); err != nil {
		return nil, err
	}
	if err := r.ValidateQuote(); err != nil {
		return nil, httpkit.RequestProblem(err)
	}
	p, _, err := s.price(ctx, r)
	if err != nil {
		return nil, priceProblem(err)
	}
	return &quoteOutput{quoteOf(p)}, nil
}

func quoteOf(p pricing.Priced) Quote {
	o := order.Order{Lines: p.Lines, Shipping: p.Shipping}
	q := Quote{Lines: lineViews(o), Shipping: shippingView(o), Total: p.Total}
	add := func(discount int64, t *order.Tax) {
		q.Discount += discount
		if t != nil {
			q.Tax += t.Amount
		}
	}
	for _, l := range p.Lines {
		add(l.Discount, l.Tax)
	}
	if p.Shipping != nil {
		add(p.Shipping.Discount, p.Shipping.Tax)
	}
	return q
}
