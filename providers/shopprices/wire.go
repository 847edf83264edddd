package shopprices

import (
	"fmt"

	"github.com/go-json-experiment/json"

	"purser/order"
)

// ask is what the endpoint is asked. It has what a price can depend on, and neither
// names nor mail addresses.
type ask struct {
	Customer       string    `json:"customerId,omitempty"`
	Locale         string    `json:"locale,omitempty"`
	Currency       string    `json:"currency"`
	ShipTo         place     `json:"shipTo"`
	Lines          []askLine `json:"lines"`
	DiscountCodes  []string  `json:"discountCodes,omitempty"`
	ShippingMethod string    `json:"shippingMethod,omitempty"`
}

type place struct {
	Country    string `json:"country"`
	PostalCode string `json:"postalCode,omitempty"`
}

type askLine struct {
	SKU      string `json:"sku"`
	Name     string `json:"name"`
	Quantity int64  `json:"quantity"`
	Price    int64  `json:"price"` // the catalogue's
	// Shipping has the word none for goods that need no parcel.
	Shipping order.ShippingNeed `json:"shipping,omitempty"`
}

func newAsk(r order.Request, offers map[string]order.Offer) ask {
	a := ask{
		Customer: r.Customer, Locale: r.Locale, Currency: r.Currency, ShipTo: place{r.ShipTo.Country, r.ShipTo.PostalCode},
		Lines: make([]askLine, 0, len(r.Lines)), DiscountCodes: r.DiscountCodes, ShippingMethod: r.ShippingMethod,
	}
	for _, l := range r.Lines {
		o := offers[l.SKU]
		a.Lines = append(a.Lines, askLine{SKU: l.SKU, Name: o.Name, Quantity: l.Quantity, Price: o.Price.Amount, Shipping: o.Goods.Shipping})
	}
	return a
}

// answer is the endpoint's price. What must not be left out is a pointer: a missing
// amount must not make an order free.
type answer struct {
	Currency string       `json:"currency"`
	Lines    []answerLine `json:"lines"`
	Shipping *answerFee   `json:"shipping"`
	Total    *int64       `json:"total"`
}

type answerLine struct {
	SKU      string     `json:"sku"`
	Price    *int64     `json:"price"`
	Discount int64      `json:"discount"`
	Tax      *answerTax `json:"tax"`
	Total    *int64     `json:"total"`
}

type answerFee struct {
	Name     string     `json:"name"`
	Price    *int64     `json:"price"`
	Discount int64      `json:"discount"`
	Tax      *answerTax `json:"tax"`
	Total    *int64     `json:"total"`
}

type answerTax struct {
	Name     string `json:"name"`
	Rate     string `json:"rate"`
	Amount   *int64 `json:"amount"`
	Included bool   `json:"included"`
}

// read reads the endpoint's price, strictly: what it does not understand could be a
// part of the price.
func read(b []byte, currency string) (*order.Quoted, error) {
	if len(b) > maxBody {
		return nil, fmt.Errorf("%w: more than %d bytes", order.ErrPricing, maxBody)
	}
	var a answer
	if err := json.Unmarshal(b, &a, json.RejectUnknownMembers(true)); err != nil {
		return nil, fmt.Errorf("%w: %v", order.ErrPricing, err)
	}
	if a.Currency != currency {
		return nil, fmt.Errorf("%w: currency: want %s, got %.10q", order.ErrPricing, currency, a.Currency)
	}
	if a.Total == nil {
		return nil, missing("total")
	}
	q := &order.Quoted{Lines: make([]order.QuotedLine, 0, len(a.Lines)), Total: *a.Total}
	for i, l := range a.Lines {
		at := fmt.Sprintf("lines[%d]", i)
		if l.Price == nil || l.Total == nil {
			return nil, missing(at + ": price or total")
		}
		tax, err := l.Tax.read(at)
		if err != nil {
			return nil, err
		}
		q.Lines = append(q.Lines, order.QuotedLine{SKU: l.SKU, Price: *l.Price, Discount: l.Discount, Tax: tax, Total: *l.Total})
	}
	if f := a.Shipping; f != nil {
		if f.Price == nil || f.Total == nil {
			return nil, missing("shipping: price or total")
		}
		tax, err := f.Tax.read("shipping")
		if err != nil {
			return nil, err
		}
		q.Shipping = &order.QuotedFee{Fee: order.Fee{Name: f.Name, Price: *f.Price, Discount: f.Discount, Tax: tax}, Total: *f.Total}
	}
	return q, nil
}

func (t *answerTax) read(at string) (*order.Tax, error) {
	switch {
	case t == nil:
		return nil, nil
	case t.Amount == nil:
		return nil, missing(at + ".tax: amount")
	}
	return &order.Tax{Name: t.Name, Rate: t.Rate, Amount: *t.Amount, Included: t.Included}, nil
}

func missing(what string) error { return fmt.Errorf("%w: %s is missing", order.ErrPricing, what) }

// refusal returns the endpoint's refusal, whose text is for the shop's own backend.
func refusal(b []byte) error {
	var r struct {
		Detail string `json:"detail"`
	}
	if err := json.Unmarshal(b, &r); err != nil {
		return fmt.Errorf("%w: a refusal that is not JSON", order.ErrPricing)
	}
	if err := order.CheckText("detail", r.Detail, true, order.MaxText); err != nil {
		return fmt.Errorf("%w: a refusal without a text: %v", order.ErrPricing, err)
	}
	return fmt.Errorf("%w: %s", order.ErrPriceRefused, r.Detail)
}
