package order

// Pricing is what was decided about the price of one request, beside the
// catalogue's prices: the rules that apply to it, or the amounts that the shop's own
// endpoint returned. It travels with the order, so that a changed rule does not touch
// an order that is being placed.
type Pricing struct {
	Discounts []Discount    `json:"discounts,omitempty"`
	Shipping  *ShippingRate `json:"shipping,omitempty"`
	Taxes     []TaxRate     `json:"taxes,omitempty"` // the first one that matches counts
	// Quoted are the amounts of the shop's endpoint; with them there are no rules.
	Quoted *Quoted `json:"quoted,omitempty"`
}

// Discount is a rule that takes something off a price.
type Discount struct {
	Code    string        `json:"code"`
	Per     DiscountScope `json:"per"`
	Percent string        `json:"percent,omitempty"` // a decimal number; empty: Amount counts
	Amount  int64         `json:"amount,omitempty"`  // minor units
	Minimum int64         `json:"minimum,omitempty"` // what the goods must cost
	SKUs    []string      `json:"skus,omitempty"`    // the goods that it is for; empty: all
}

// DiscountScope is what a discount is taken off.
type DiscountScope string

// The scopes.
const (
	PerLine     DiscountScope = "line"     // each line
	PerOrder    DiscountScope = "order"    // the sum of the lines, over which it is split
	PerShipping DiscountScope = "shipping" // the shipping fee
)

// ShippingRate is a rule for the shipping fee. Amounts are in minor units.
type ShippingRate struct {
	Name     string `json:"name"`
	Fee      int64  `json:"fee"`
	FreeFrom int64  `json:"freeFrom,omitempty"` // what the goods must cost, less discounts; 0: it is never free
}

// TaxRate is a rule for the tax on goods, and perhaps on the shipping fee.
type TaxRate struct {
	Name     string   `json:"name"`
	Rate     string   `json:"rate"` // in per cent, a decimal number
	Included bool     `json:"included,omitempty"`
	Shipping bool     `json:"shipping,omitempty"` // it is for the shipping fee, too
	SKUs     []string `json:"skus,omitempty"`     // the goods that it is for; empty: all
}

// Quoted is the price that the shop's endpoint returned.
type Quoted struct {
	Lines    []QuotedLine `json:"lines"`
	Shipping *QuotedFee   `json:"shipping,omitempty"`
	Total    int64        `json:"total"`
}

// QuotedLine is the endpoint's price of a line.
type QuotedLine struct {
	SKU      string `json:"sku"`
	Price    int64  `json:"price"` // per piece
	Discount int64  `json:"discount,omitempty"`
	Tax      *Tax   `json:"tax,omitempty"`
	Total    int64  `json:"total"`
}

// QuotedFee is the endpoint's shipping fee.
type QuotedFee struct {
	Fee
	Total int64 `json:"total"`
}
