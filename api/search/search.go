// Package search is the API's search for products, and the sample shop that shows
// it.
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
	// Engine finds products.
	Engine Engine
	// Catalogue is listed while the engine is down.
	Catalogue Catalogue
	// Public lets anybody search, without a key.
	Public bool
	// SampleShop serves /shop, a page to look at products and search them, and
	// lets this machine's user search without a key. Where the search is
	// public, so is the page.
	SampleShop bool

	server *httpkit.Server
}

// Engine finds products for shoppers. It fails with catalog.ErrQuery if the
// query is wrong; any other error means that it cannot answer now.
type Engine interface {
	Search(ctx context.Context, q catalog.Query) (catalog.Results, error)
}

// Catalogue reads products and how many of them can be sold.
type Catalogue interface {
	Products(ctx context.Context, limit int, after string) ([]catalog.Product, error)
	Offers(ctx context.Context, skus []string) (map[string]order.Offer, error)
}

// Register declares the search, and the sample shop where it is wanted.
func (s *Service) Register(server *httpkit.Server) {
	s.server = server
	op := huma.Operation{
		Metadata:    map[string]any{},
		OperationID: "search-products", Method: http.MethodGet, Path: "/v1/search", Tags: []string{"catalogue"},
		Summary:     "Search products",
		Description: "Finds words, words with typos and the beginning of the last word. Of several values of one filter a product needs one. While the search engine is down, what the catalogue can tell is listed instead and marked degraded; what it cannot tell is answered with 503 search_unavailable. Orders are not affected.",
	}
	roles := []httpkit.Role{httpkit.Shop, httpkit.Viewer, httpkit.Operator}
	switch {
	case s.Public:
		roles, op.Metadata["limited"] = nil, true
	case s.SampleShop:
		op.Metadata[httpkit.OpenLocally] = true
	}
	httpkit.Register(server, op, roles, s.search)
	if s.Public || s.SampleShop {
		s.sampleShop(server.Mux)
	}
}

type searchInput struct {
	Text       string          `query:"q" maxLength:"200" doc:"What was typed; nothing: everything. A space at the end says that the last word is whole"`
	Page       int             `query:"page" minimum:"1" maximum:"1000" default:"1" doc:"At most 1000 hits can be paged through"`
	PerPage    int             `query:"perPage" minimum:"1" maximum:"100" default:"20" doc:"How many at the most"`
	Sort       catalog.Sort    `query:"sort" enum:"price,-price,-rating,-added,name" doc:"By default the nearest first; by price needs a currency"`
	Brands     []string        `query:"brand,explode" maxItems:"50" doc:"Only these brands; may be repeated, as may category, tag and group"`
	Categories []string        `query:"category,explode" maxItems:"50" doc:"Only these categories"`
	Tags       []string        `query:"tag,explode" maxItems:"50" doc:"Only products with one of these tags"`
	Groups     []string        `query:"group,explode" maxItems:"50" doc:"What variants have in common"`
	Currency   string          `query:"currency" maxLength:"3" doc:"Only what is sold in it"`
	PriceFrom  int64           `query:"priceFrom" minimum:"0" doc:"Minor units of the currency"`
	PriceTo    int64           `query:"priceTo" minimum:"0" doc:"Minor units of the currency; 0: no bound"`
	InStock    bool            `query:"inStock" doc:"Only what can be bought now"`
	MinRating  int64           `query:"minRating" minimum:"0" maximum:"500" doc:"Hundredths of a star"`
	Facets     []catalog.Facet `query:"facet,explode" maxItems:"5" enum:"brand,category,tags,inStock,stars" doc:"Count the hits by this; may be repeated"`
	Highlight  bool            `query:"highlight" doc:"Show names and descriptions as HTML with what was found in <mark>"`
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

// priced adds to each hit how its price is written: browsers and languages have
// their own tables of currencies, which differ from what is charged.
func priced(r catalog.Results) *searchOutput {
	for i, h := range r.Hits {
		r.Hits[i].Decimals, _ = order.Exponent(h.Currency) // no product has another
	}
	return &searchOutput{r}
}

// noSearch is the problem of a search that nothing can answer now.
func noSearch() *httpkit.Problem {
	return httpkit.NewProblem(http.StatusServiceUnavailable, "search_unavailable", "the search engine does not answer; try again").RetryAfter(httpkit.SearchAgain)
}
