package orders

import "purser/order"

// Line is one line of an order.
type Line struct {
	SKU      string     `json:"sku" doc:"The product"`
	Name     string     `json:"name" doc:"The product's name"`
	Quantity int64      `json:"quantity" doc:"The number of pieces"`
	Price    int64      `json:"price" doc:"The price of a piece when the order was placed, in minor currency units"`
	Subtotal int64      `json:"subtotal" doc:"The price of all pieces, in minor currency units"`
	Discount int64      `json:"discount" doc:"What is taken off, with the line's share of the discounts on the whole order, in minor currency units"`
	Tax      *order.Tax `json:"tax,omitempty" doc:"The tax. Missing if none is configured"`
	Total    int64      `json:"total" doc:"What the shopper pays for the line, in minor currency units"`
	// Refunded and RefundedQuantity also count the refunds that are pending.
	Refunded         int64 `json:"refunded" doc:"How much of the line's total was refunded, or is about to be, in minor currency units; with what the shop has kept of it for goods that were sent back"`
	RefundedQuantity int64 `json:"refundedQuantity" doc:"The number of pieces that were refunded, or are about to be"`
	LeftOut          int64 `json:"leftOut" doc:"What is not charged for the line, because pieces were left out before the money was captured, in minor currency units"`
	LeftOutQuantity  int64 `json:"leftOutQuantity" doc:"The number of pieces that were left out before the money was captured"`
	// Goods is a copy of what the catalogue had.
	Goods *order.Goods `json:"goods,omitempty" doc:"What the sending depends on, as the catalogue had it when the order was placed. Missing: the goods need a parcel, and nothing else is known"`
}

// ShippingFee is what the shopper pays for shipping.
type ShippingFee struct {
	Name     string     `json:"name,omitempty" doc:"The name of the fee"`
	Price    int64      `json:"price" doc:"The fee, in minor currency units"`
	Discount int64      `json:"discount" doc:"What is taken off, in minor currency units"`
	Tax      *order.Tax `json:"tax,omitempty" doc:"The tax. Missing if none is configured"`
	Total    int64      `json:"total" doc:"What the shopper pays, in minor currency units"`
	Refunded int64      `json:"refunded" doc:"What was refunded, or is about to be, in minor currency units"`
	LeftOut  int64      `json:"leftOut" doc:"What is not charged, because it was left out before the money was captured, in minor currency units"`
}

// RefundLine is a part of a refund that is for goods.
type RefundLine struct {
	SKU      string `json:"sku" doc:"The product"`
	Quantity int64  `json:"quantity" doc:"The number of pieces; 0 if another refund of the same request counts them"`
	Amount   int64  `json:"amount" doc:"Their price, in minor currency units; it is refunded, but for what the shop keeps of it (less)"`
	Restock  bool   `json:"restock" doc:"The pieces are for sale again"`
}

// lineViews returns the views of the order's lines.
func lineViews(o order.Order) []Line {
	views := make([]Line, 0, len(o.Lines))
	for _, l := range o.Lines {
		v := Line{
			SKU: l.SKU, Name: l.Name, Quantity: l.Quantity, Price: l.Price, Subtotal: l.Subtotal, Discount: l.Discount, Tax: l.Tax, Total: l.Total(), Goods: l.Goods,
		}
		for _, r := range o.Refunds {
			for _, back := range r.Lines {
				switch {
				case back.SKU != l.SKU:
				case r.Status.Moves():
					v.Refunded, v.RefundedQuantity = v.Refunded+back.Amount, v.RefundedQuantity+back.Quantity
				case r.Status == order.RefundReleased:
					v.LeftOut, v.LeftOutQuantity = v.LeftOut+back.Amount, v.LeftOutQuantity+back.Quantity
				}
			}
		}
		views = append(views, v)
	}
	return views
}

// shippingView returns the view of the shipping fee, or nil if the order has no fee.
func shippingView(o order.Order) *ShippingFee {
	f := o.Shipping
	if f == nil {
		return nil
	}
	v := &ShippingFee{Name: f.Name, Price: f.Price, Discount: f.Discount, Tax: f.Tax, Total: f.Total(), Refunded: o.RefundedShipping()}
	for _, r := range o.Refunds {
		if r.Status == order.RefundReleased {
			v.LeftOut += r.Shipping
		}
	}
	return v
}
