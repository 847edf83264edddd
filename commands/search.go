package commands

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"purser/catalog"
	"purser/commands/terminal"
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
	t := terminal.NewTable(e.stdout, "PLACED", "ORDER", "STATUS", "TOTAL", "CUSTOMER")
	for _, o := range found {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", o.PlacedAt.Format(time.RFC3339), o.ID, paintStatus(t, o.Status), o.Total, o.Customer)
	}
	return t.Flush()
}

// searchCmds has the commands for the search. Without one of their names, it searches.
type searchCmds struct {
	Products searchCmd         `cmd:"" default:"withargs" help:"Find products as a shopper does: 'purser search WORDS' is enough."`
	Settings searchSettingsCmd `cmd:"" help:"Show the shop's settings of the search as JSON, or set them."`
}

// searchCmd searches products over the API.
type searchCmd struct {
	Words  []string `arg:"" optional:"" help:"The words to search for; without them, all products are listed."`
	remote `embed:""`

	Page      int      `default:"1" help:"The page to print, from 1."`
	PerPage   int      `default:"20" help:"How many on a page, 1 to 100."`
	Sort      string   `default:"" enum:",price,-price,-rating,-added,name" help:"Sort by price, -price, -rating, -added or name. Default: the best match first."`
	Brand     []string `sep:"none" help:"Only products of this brand. May be repeated."`
	Category  []string `sep:"none" help:"Only products of this category. May be repeated."`
	Tag       []string `sep:"none" help:"Only products with this tag, or with another one that is given. May be repeated."`
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
	t := terminal.NewTable(w)
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
		if slices.Contains(r.CutFacets, f) {
			fmt.Fprint(w, "  and others that are not listed")
		}
		fmt.Fprintln(w)
	}
	return nil
}

// searchSettingsCmd shows and sets the shop's settings of the search.
type searchSettingsCmd struct {
	remote `embed:""`

	Set string `placeholder:"FILE" help:"Set the settings of a JSON file, or of - for the standard input. If the file has a version, as one that this command printed has, nobody else may have changed the settings since."`
}

// Run sets the settings if there is a file, and prints them.
func (c *searchSettingsCmd) Run(e *env) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	var now catalog.RecordedSettings
	if c.Set == "" {
		now, err = client.SearchSettings(e.ctx)
	} else {
		var next catalog.RecordedSettings
		if next, err = readSettings(c.Set); err == nil {
			now, err = client.PutSearchSettings(e.ctx, next.SearchSettings, next.Version)
		}
	}
	if err != nil {
		return err
	}
	out := json.NewEncoder(e.stdout)
	out.SetIndent("", "  ")
	out.SetEscapeHTML(false)
	return out.Encode(now)
}

// readSettings reads settings from a file. It refuses a field that there is not.
func readSettings(path string) (s catalog.RecordedSettings, err error) {
	in := os.Stdin
	if path != "-" {
		if in, err = os.Open(path); err != nil {
			return s, err
		}
		defer in.Close()
	}
	dec := json.NewDecoder(in)
	dec.DisallowUnknownFields()
	if err = dec.Decode(&s); err == nil && dec.More() {
		err = errors.New("more than one JSON value")
	}
	if err != nil {
		return s, usageError{fmt.Errorf("%s: want the settings of the search as JSON, as 'purser search settings' prints them: %w", path, err)}
	}
	return s, nil
}
