// Package search implements the API's product search, and the sample shop that
// demonstrates it.
package search

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"purser/api/httpkit"
	"purser/catalog"
	"purser/order"
)

// Service serves the search for products.
type Service struct {
	// Engine is the search engine.
	Engine Engine
	// Catalogue is listed while the engine is down.
	Catalogue Catalogue
	// Settings records the shop's settings. With nil no operation reads or sets them.
	Settings Settings
	// Public allows searches without a key. It also serves /shop, to all.
	Public bool
	// SampleShop serves /shop, a page that shows and searches products, to this
	// machine, and allows searches from this machine without a key.
	SampleShop bool
	// Checkout serves the sample shop's buy button; nil if nobody can pay in the sandbox.
	Checkout *Checkout

	server *httpkit.Server
}

// Engine finds products for shoppers. It fails with catalog.ErrQuery if the query
// is invalid; any other error means that the engine is unavailable.
type Engine interface {
	Search(ctx context.Context, q catalog.Query) (catalog.Results, error)
}

// Catalogue reads products and their available stock.
type Catalogue interface {
	Products(ctx context.Context, limit int, after string) ([]catalog.Product, error)
	Offers(ctx context.Context, skus []string) (map[string]order.Offer, error)
}

// Register declares the search, and the sample shop if it is served.
func (s *Service) Register(server *httpkit.Server) {
	s.server = server
	op := huma.Operation{
		Metadata:    map[string]any{},
		OperationID: "search-products", Method: http.MethodGet, Path: "/v1/search", Tags: []string{"catalogue"},
		Summary:     "Search products",
		Description: "Finds words, words with typos, and words that begin with the last word. Numbers are not mistyped: a product whose SKU was typed comes first, and if products have the typed numbers, only they are hits. If a filter has several values, a product needs to match one of them. While the search engine is down, simple queries return a plain list from the catalogue, marked degraded; queries that need the engine return 503 search_unavailable. Orders are not affected.",
	}
	roles := []httpkit.Role{httpkit.Shop, httpkit.Viewer, httpkit.Operator}
	switch {
	case s.Public:
		roles, op.Metadata["limited"] = nil, true
	case s.SampleShop:
		op.Metadata[httpkit.OpenLocally] = true
	}
	httpkit.Register(server, op, roles, s.search)
	if s.Settings != nil {
		s.registerSettings()
	}
	if s.Public || s.SampleShop {
		s.sampleShop(server.Mux)
	}
}

type searchInput struct {
	Text       string          `query:"q" maxLength:"200" doc:"The text to search for; without it, all products are found. A space at the end means that the last word is complete"`
	Page       int             `query:"page" minimum:"1" maximum:"1000" default:"1" doc:"The page; at most 1000 hits can be paged through"`
	PerPage    int             `query:"perPage" minimum:"1" maximum:"100" default:"20" doc:"The maximum number of hits on a page"`
	Sort       catalog.Sort    `query:"sort" enum:"price,-price,-rating,-added,name" doc:"The order of the hits. Default: by relevance. Sorting by price needs a currency"`
	Brands     []string        `query:"brand,explode" maxItems:"50" doc:"Only these brands; may be repeated, as may category, tag and group"`
	Categories []string        `query:"category,explode" maxItems:"50" doc:"Only these categories"`
	Tags       []string        `query:"tag,explode" maxItems:"50" doc:"Only products with one of these tags"`
	Groups     []string        `query:"group,explode" maxItems:"50" doc:"Only products of these groups; the variants of a product share a group"`
	Currency   string          `query:"currency" maxLength:"3" doc:"Only products sold in this currency"`
	PriceFrom  int64           `query:"priceFrom" minimum:"0" doc:"The lowest price, in minor units of the currency"`
	PriceTo    int64           `query:"priceTo" minimum:"0" doc:"The highest price, in minor units of the currency; 0: no limit"`
	InStock    bool            `query:"inStock" doc:"Only products that are in stock"`
	MinRating  int64           `query:"minRating" minimum:"0" maximum:"500" doc:"The lowest rating, in hundredths of a star"`
	Facets     []catalog.Facet `query:"facet,explode" maxItems:"5" enum:"brand,category,tags,inStock,stars" doc:"Count the hits by this property; may be repeated"`
	Highlight  bool            `query:"highlight" doc:"Return names and descriptions as HTML with the matches in <mark>"`
}

type searchOutput struct{ Body catalog.Results }

func (s *Service) search(ctx context.Context, in *searchInput) (*searchOutput, error) {
	q, err := catalog.Query{
		Text: in.Text, Page: in.Page, PerPage: in.PerPage, Sort: in.Sort, Brands: in.Brands, Categories: in.Categories, Tags: in.Tags, Groups: in.Groups,
		Currency: in.Currency, PriceFrom: in.PriceFrom, PriceTo: in.PriceTo, InStock: in.InStock, MinRating: in.MinRating, Facets: in.Facets, Highlight: in.Highlight,
	}.Checked()
	if err != nil {
		return nil, httpkit.RequestProblem(err)
	}
	found, err := s.Engine.Search(ctx, q)
	switch {
	case err == nil:
		return priced(found), nil
	case errors.Is(err, catalog.ErrQuery):
		return nil, httpkit.RequestProblem(err)
	case ctx.Err() != nil:
		return nil, ctx.Err()
	}
	s.server.Log.WarnContext(ctx, "search is degraded", "error", err, "requestId", httpkit.CallOf(ctx).RequestID)
	return s.plainList(ctx, q)
}

// priced adds the decimals of its currency to each hit, because the currency tables
// of browsers and languages differ from the provider's.
func priced(r catalog.Results) *searchOutput {
	for i, h := range r.Hits {
		r.Hits[i].Decimals, _ = order.Exponent(h.Currency) // every product's currency is known
	}
	return &searchOutput{r}
}

// noSearch returns the problem of a search that needs the engine while it is down.
func noSearch() *httpkit.Problem {
	return httpkit.NewProblem(http.StatusServiceUnavailable, "search_unavailable", "the search engine does not respond; try again").RetryAfter(httpkit.SearchAgain)
}
