package products

import (
	"context"
	"fmt"
	"net/http"

	"purser/api/httpkit"
	"purser/catalog"
	"purser/order"
)

type productsBody struct {
	Products []catalog.Product `json:"products" minItems:"1" maxItems:"500"`
}

type putProductsInput struct{ Body productsBody }

type productList struct {
	Products  []catalog.Product `json:"products"`
	NextAfter string            `json:"nextAfter,omitempty" doc:"The value of after for the next page; missing on the last page"`
}

type productsOutput struct{ Body productList }

type productsInput struct {
	After string `query:"after" maxLength:"64" doc:"Only products whose SKU sorts after this one"`
	Limit int    `query:"limit" minimum:"1" maximum:"500" default:"100" doc:"The maximum number of products"`
}

// list returns the products ordered by SKU, including those that are not for sale.
func (s *Service) list(ctx context.Context, in *productsInput) (*productsOutput, error) {
	list, err := s.Records.Products(ctx, in.Limit, in.After)
	if err != nil {
		return nil, err
	}
	out := &productsOutput{productList{Products: append([]catalog.Product{}, list...)}}
	if len(list) == in.Limit {
		out.Body.NextAfter = list[len(list)-1].SKU
	}
	return out, nil
}

// putMany adds products, or replaces those with the same SKU. Other products stay
// as they are, and orders already placed keep their prices.
func (s *Service) putMany(ctx context.Context, in *putProductsInput) (*productsOutput, error) {
	seen := make(map[string]bool, len(in.Body.Products))
	products := make([]catalog.Product, len(in.Body.Products))
	for i, p := range in.Body.Products {
		p = p.Clean()
		products[i] = p
		if most := order.Maximum(p.Currency); p.Price > most.Amount {
			return nil, httpkit.NewProblem(http.StatusUnprocessableEntity, "amount_invalid", fmt.Sprintf("products[%d]: price: want at most %d minor units (%s)", i, most.Amount, most))
		}
		if err := p.Validate(); err != nil {
			return nil, httpkit.RequestProblem(fmt.Errorf("products[%d]: %w", i, err))
		}
		if _, err := order.Exponent(p.Currency); err != nil {
			return nil, httpkit.RequestProblem(fmt.Errorf("products[%d]: %w", i, err))
		}
		if seen[p.SKU] {
			return nil, httpkit.NewProblem(http.StatusUnprocessableEntity, "invalid", fmt.Sprintf("products[%d]: sku appears twice", i))
		}
		seen[p.SKU] = true
	}
	if err := s.Records.PutProducts(ctx, products); err != nil {
		return nil, httpkit.RequestProblem(err)
	}
	s.server.Log.InfoContext(ctx, "catalogue changed", "key", httpkit.CallOf(ctx).Principal.Name, "products", len(products))
	return &productsOutput{productList{Products: products}}, nil
}
