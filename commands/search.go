package commands

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"purser/catalog"
	"purser/order"
)

// orderFindCmd searches orders. Only operators are permitted to.
type orderFindCmd struct {
	Text  string `arg:"" help:"An id, a customer, a mail address, a name or a product."`
	Limit int    `default:"20" help:"How many, 1 to 100."`
}

// Run searches and prints the orders found.
func (f *orderFindCmd) Run(e *env, c *commands) error {
	client, err := c.Order.client()
	if err != nil {
		return err
	}
	found, err := client.FindOrders(e.ctx, f.Text, f.Limit)
	if err != nil {
		return err
	}
	if c.Order.JSON {
		return json.NewEncoder(e.stdout).Encode(found)
	}
	t := table(e.stdout, "PLACED", "ORDER", "STATUS", "TOTAL", "CUSTOMER")
	for _, o := range found {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", o.PlacedAt.Format(time.RFC3339), o.ID, paintStatus(t, o.Status), o.Total, o.Customer)
	}
	return t.Flush()
}

// searchCmd searches products over the API.
type searchCmd struct {
	Words  []string `arg:"" optional:"" help:"The words to search for; without them, all products are listed."`
	remote `embed:""`

	Page      int      `default:"1" help:"The page to print, from 1."`
	PerPage   int      `default:"20" help:"How many on a page, 1 to 100."`
	Sort      string   `default:"" enum:",price,-price,-rating,-added,name" help:"Sort by price, -price, -rating, -added or name. Default: the best match first."`
	Brand     []string `help:"Only products of these brands."`
	Category  []string `help:"Only products of these categories."`
	Tag       []string `help:"Only products with one of these tags."`
	Currency  string   `help:"Only products with a price in this currency."`
	PriceFrom decimal  `help:"The lowest price in the currency, with all its decimals: 14.50 in EUR, 1450 in JPY."`
	PriceTo   decimal  `help:"The highest price, written like the lowest."`
	InStock   bool     `help:"Only products that are in stock."`
	Facet     []string `help:"Count the products found by brand, category, tags, inStock or stars."`
}

// Run searches and prints the products found.
func (s *searchCmd) Run(e *env) error {
	q, err := s.query()
	if err != nil {
		return err
	}
	client, err := s.client()
	if err != nil {
		return err
	}
	r, err := client.Search(e.ctx, q)
	if err != nil {
		return err
	}
	if s.JSON {
		return json.NewEncoder(e.stdout).Encode(r)
	}
	return printFound(e.stdout, r)
}

// query returns the API's parameters for the flags.
func (s *searchCmd) query() (url.Values, error) {
	q := url.Values{"page": {strconv.Itoa(s.Page)}, "perPage": {strconv.Itoa(s.PerPage)}, "brand": s.Brand, "category": s.Category, "tag": s.Tag, "facet": s.Facet}
	for name, value := range map[string]string{"q": strings.Join(s.Words, " "), "sort": s.Sort, "currency": s.Currency} {
		if value != "" {
			q.Set(name, value)
		}
	}
	for _, bound := range []struct {
		flag, parameter string
		price           decimal
	}{
		{flag: "--price-from", parameter: "priceFrom", price: s.PriceFrom},
		{flag: "--price-to", parameter: "priceTo", price: s.PriceTo},
	} {
		switch {
		case bound.price == "":
			continue
		case s.Currency == "":
			return nil, usageError{fmt.Errorf("%s %s: name its currency with --currency", bound.flag, bound.price)}
		}
		n, err := bound.price.in(s.Currency, bound.flag, "")
		if err != nil {
			return nil, err
		}
		q.Set(bound.parameter, strconv.FormatInt(n, 10))
	}
	if s.InStock {
		q.Set("inStock", "true")
	}
	return q, nil
}

func printFound(w io.Writer, r catalog.Results) error {
	t := table(w)
	for _, h := range r.Hits {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d available\n", h.SKU, h.Name, h.Brand, order.Money{Amount: h.Price, Currency: h.Currency}, h.Available)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	more := ""
	if r.Total == catalog.MaxHits {
		more = " or more"
	}
	fmt.Fprintf(w, "%d%s found in %d ms, page %d\n", r.Total, more, r.TookMS, r.Page)
	if r.Degraded {
		fmt.Fprintln(w, "the search engine is down: this is a plain list")
	}
	for _, f := range slices.Sorted(maps.Keys(r.Facets)) {
		fmt.Fprintf(w, "%s:", f)
		for _, v := range slices.Sorted(maps.Keys(r.Facets[f])) {
			fmt.Fprintf(w, "  %s %d", v, r.Facets[f][v])
		}
		fmt.Fprintln(w)
	}
	return nil
}
