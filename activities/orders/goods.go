package orders

import (
	"context"

	"purser/activities"
	"purser/order"
)

// ProductRefs names products.
type ProductRefs struct {
	SKUs []string `json:"skus"`
}

// ProductGoods is what the catalogue has about the sending of products, by SKU.
type ProductGoods struct {
	Products map[string]order.ProductGoods `json:"products,omitempty"` // without those of which nothing is known
}

// ReadGoods returns what the catalogue has now about the sending of products.
func (a *Activities) ReadGoods(ctx context.Context, r ProductRefs) (ProductGoods, error) {
	found, err := a.Catalogue.Stocked(ctx, r.SKUs)
	if err != nil {
		return ProductGoods{}, activities.Failure(err)
	}
	all := ProductGoods{Products: map[string]order.ProductGoods{}}
	for sku, p := range found {
		if g := (order.ProductGoods{Goods: p.Goods, Delivery: p.Delivery}); g != (order.ProductGoods{}) {
			all.Products[sku] = g
		}
	}
	return all, nil
}
