package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"purser/catalog"
	"purser/order"
)

// Search finds products for shoppers. It fails with catalog.ErrQuery if the
// query is wrong; any other error means that it cannot answer now.
type Search interface {
	Search(ctx context.Context, q catalog.Query) (catalog.Results, error)
}

// searchProducts names the operation.
const searchProducts = "search-products"

// searchRoutes declares the searches.
func (s *server) searchRoutes(a huma.API) {
	register(s, a, huma.Operation{
		OperationID: "search-orders", Method: http.MethodGet, Path: "/v1/search/orders", Tags: []string{"operators"},
		Summary:     "Search orders",
		Description: "By an id of ours, of Stripe's or the carrier's, or a part of a customer's id, mail address, name or address, or of a product. Newest first.",
	}, []Role{Operator}, s.searchOrders)
	if s.Search == nil {
		return
	}
	op := huma.Operation{
		OperationID: searchProducts, Method: http.MethodGet, Path: "/v1/search", Tags: []string{"catalogue"},
		Summary:     "Search products",
		Description: "Finds words, words with typos and the beginning of the last word. Of several values of one filter a product needs one. While the search engine is down, what the catalogue can tell is listed instead and marked degraded; what it cannot tell is answered with 503 search_unavailable. Orders are not affected.",
	}
	roles := []Role{Shop, Viewer, Operator}
	if s.PublicSearch {
		roles, op.Metadata = nil, map[string]any{"limited": true}
	}
	register(s, a, op, roles, s.search)
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

func (s *server) search(ctx context.Context, in *searchInput) (*searchOutput, error) {
	q, err := catalog.Query{
		Text: in.Text, Page: in.Page, PerPage: in.PerPage, Sort: in.Sort, Brands: in.Brands, Categories: in.Categories, Tags: in.Tags, Groups: in.Groups,
		Currency: in.Currency, PriceFrom: in.PriceFrom, PriceTo: in.PriceTo, InStock: in.InStock, MinRating: in.MinRating, Facets: in.Facets, Highlight: in.Highlight,
	}.Checked()
	if err != nil {
		return nil, refused(err)
	}
	found, err := s.Search.Search(ctx, q)
	switch {
	case err == nil:
		return priced(found), nil
	case errors.Is(err, catalog.ErrQuery):
		return nil, refused(err)
	case ctx.Err() != nil:
		return nil, ctx.Err()
	}
	s.Log.WarnContext(ctx, "search is degraded", "error", err, "requestId", callOf(ctx).requestID)
	return s.plainList(ctx, q)
}

// priced says of each hit how its price is written: browsers and languages
// have their own tables of currencies, which differ from what is charged.
func priced(r catalog.Results) *searchOutput {
	for i, h := range r.Hits {
		r.Hits[i].Decimals, _ = order.Exponent(h.Currency) // no product has another
	}
	return &searchOutput{r}
}

type searchOrdersInput struct {
	Text  string `query:"q" required:"true" minLength:"1" maxLength:"200" doc:"An id, a customer, a mail address, a name or a product"`
	Limit int    `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"How many at the most"`
}

// searchOrders finds orders for operators (SRCH-10).
func (s *server) searchOrders(ctx context.Context, in *searchOrdersInput) (*listOutput, error) {
	release, err := s.acquireScan(ctx, forOperators)
	if err != nil {
		return nil, err
	}
	defer release()
	found, err := s.Records.FindOrders(ctx, in.Text, in.Limit)
	if err != nil {
		return nil, err
	}
	page := orderPage{Orders: []order.Order{}}
	scope := callOf(ctx).customer
	for _, o := range found {
		if scope == "" || o.Customer == scope {
			page.Orders = append(page.Orders, o)
		}
	}
	return &listOutput{page}, nil
}

// searchAgain is about as long as the search engine's breaker stays open.
const searchAgain = 5 * time.Second

func noSearch() *Problem {
	return problem(http.StatusServiceUnavailable, "search_unavailable", "the search engine does not answer; try again").retry(searchAgain)
}
