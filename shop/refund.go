package shop

import "purser/order"

// Line is one line of an order, with amounts in minor currency units.
type Line struct {
	SKU              string     `json:"sku"`
	Name             string     `json:"name"`
	Quantity         int64      `json:"quantity"`
	Price            int64      `json:"price"` // per piece
	Subtotal         int64      `json:"subtotal"`
	Discount         int64      `json:"discount"`
	Tax              *order.Tax `json:"tax,omitempty"`
	Total            int64      `json:"total"` // what the shopper pays
	Refunded         int64      `json:"refunded"`
	RefundedQuantity int64      `json:"refundedQuantity"`
	LeftOut          int64      `json:"leftOut"` // before the money was captured
	LeftOutQuantity  int64      `json:"leftOutQuantity"`
	// Goods is what the sending depends on; nil: they need a parcel, and nothing else is
	// known.
	Goods *order.Goods `json:"goods,omitempty"`
}

// ShippingFee is what the shopper pays for shipping, in minor currency units.
type ShippingFee struct {
	Name     string     `json:"name,omitempty"`
	Price    int64      `json:"price"`
	Discount int64      `json:"discount"`
	Tax      *order.Tax `json:"tax,omitempty"`
	Total    int64      `json:"total"`
	Refunded int64      `json:"refunded"`
	LeftOut  int64      `json:"leftOut"`
}

// Refund is one refund of a payment.
type Refund struct {
	ID         string             `json:"id"`
	PaymentRef string             `json:"paymentRef"`
	Reference  string             `json:"reference,omitempty"`
	Amount     order.Money        `json:"amount"`
	Lines      []RefundLine       `json:"lines,omitempty"` // empty: it is not about goods
	Shipping   int64              `json:"shipping"`        // of the amount, in minor currency units
	Reason     string             `json:"reason,omitempty"`
	Status     order.RefundStatus `json:"status"`
	ReturnID   string             `json:"returnId,omitempty"` // the return whose goods are refunded
	Less       int64              `json:"less,omitempty"`     // kept of the price of the goods, in minor currency units
	PaidOut    bool               `json:"paidOut"`
	CreditTo   order.ID           `json:"creditTo,omitempty"` // the order that a credited amount pays for
}

// RefundLine is a part of a refund that is for goods.
type RefundLine struct {
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"`
	Amount   int64  `json:"amount"` // minor currency units
	Restock  bool   `json:"restock"`
}

// RefundRequest asks for an amount, or goods and a part of the shipping fee, or
// everything that is left to be refunded.
type RefundRequest struct {
	ID       string       `json:"id"` // the caller's
	Amount   *order.Money `json:"amount,omitempty"`
	Lines    []RefundItem `json:"lines,omitempty"`
	Shipping int64        `json:"shipping,omitempty"` // minor currency units
	All      bool         `json:"all,omitempty"`
	Reason   string       `json:"reason"`
	PaidOut  string       `json:"paidOut,omitempty"` // the proof of a refund that a person has paid out
}

// RefundItem asks for pieces of a line to be refunded.
type RefundItem struct {
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"`
	Restock  bool   `json:"restock,omitempty"`
}
