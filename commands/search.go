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

// orderFindCmd searches orders, which only operators may.
type orderFindCmd struct {
	Text  string `arg:"" help:"What you have in hand."`
	Limit int    `default:"20" help:"How many, 1 to 100."`
}

// Run searches.
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
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", o.PlacedAt.Format(time.RFC3339), o.ID, o.Status, o.Total, o.Customer)
	}
	return t.Flush()
}

// searchCmd searches over the API of the running stack.
type searchCmd struct {
	Words  []string `arg:"" optional:"" help:"What to look for; nothing: everything."`
	remote `embed:""`

	Page      int      `default:"1" help:"Which page."`
	PerPage   int      `default:"20" help:"How many on a page, 1 to 100."`
	Sort      string   `default:"" enum:",price,-price,-rating,-added,name" help:"price, -price, -rating, -added or name; the nearest first by default."`
	Brand     []string `help:"Only these brands."`
	Category  []string `help:"Only these categories."`
	Tag       []string `help:"Only products with one of these tags."`
	Currency  string   `help:"Only what is sold in it."`
	PriceFrom int64    `help:"In minor units of the currency."`
	PriceTo   int64    `help:"In minor units of the currency."`
	InStock   bool     `help:"Only what can be bought now."`
	Facet     []string `help:"Count by brand, category, tags, inStock or stars."`
}

// Run searches.
func (s *searchCmd) Run(e *env) error {
	client, err := s.client()
	if err != nil {
		return err
	}
	r, err := client.Search(e.ctx, s.query())
	if err != nil {
		return err
	}
	if s.JSON {
		return json.NewEncoder(e.stdout).Encode(r)
	}
	return printFound(e.stdout, r)
}

func (s *searchCmd) query() url.Values {
	q := url.Values{"page": {strconv.Itoa(s.Page)}, "perPage": {strconv.Itoa(s.PerPage)}, "brand": s.Brand, "category": s.Category, "tag": s.Tag, "facet": s.Facet}
	for name, value := range map[string]string{"q": strings.Join(s.Words, " "), "sort": s.Sort, "currency": s.Currency} {
		if value != "" {
			q.Set(name, value)
		}
	}
	for name, n := range map[string]int64{"priceFrom": s.PriceFrom, "priceTo": s.PriceTo} {
		if n != 0 {
			q.Set(name, strconv.FormatInt(n, 10))
		}
	}
	if s.InStock {
		q.Set("inStock", "true")
	}
	return q
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
