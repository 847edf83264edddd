package commands

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"purser/catalog"
	"purser/commands/terminal"
	"purser/order"
	"purser/shop"
)

// productCmd holds the commands with which operators manage the catalogue.
type productCmd struct {
	remote `embed:""`

	Put       productPutCmd       `cmd:"" help:"Add a product, or change the fields that the flags name."`
	Show      productShowCmd      `cmd:"" help:"Show a product."`
	List      productListCmd      `cmd:"" help:"List products by SKU."`
	Delete    productDeleteCmd    `cmd:"" help:"Delete a product from the catalogue."`
	Import    productImportCmd    `cmd:"" help:"Import products, stock or prices from a file: CSV or JSON lines."`
	Reconcile productReconcileCmd `cmd:"" help:"Compare the search index with the catalogue and repair it."`
	Reindex   productReindexCmd   `cmd:"" help:"Rebuild the search index while the old one serves searches."`
}

type productPutCmd struct {
	SKU                string            `arg:"" help:"The product's SKU."`
	Name               *string           `help:"The product's name."`
	Description        *string           `help:"The product's description."`
	Brand              *string           `help:"The product's brand."`
	Category           *string           `help:"The product's category."`
	Tag                []string          `sep:"none" help:"A further word by which the product is found; repeatable. The tags given replace all earlier ones."`
	Rating             *int64            `help:"The average rating in hundredths of a star, at most 500."`
	Parent             *string           `help:"The group of variants that the product belongs to."`
	Option             map[string]string `mapsep:"none" help:"An option that distinguishes this variant, as size=M; repeatable."`
	Price              *decimal          `xor:"price" help:"The price in the product's currency, with all its decimals: 14.50 in EUR, 1450 in JPY."`
	PriceMinor         *int64            `xor:"price" help:"The price in minor units of the product's currency: 1450 for 14.50 EUR."`
	Currency           *string           `help:"The currency of the price. Default: the product's present one."`
	OnHand             *int64            `help:"The number of pieces in stock, as counted."`
	Inactive           *bool             `help:"Keep the product, but do not sell it." negatable:""`
	Shipping           *string           `help:"none: the product needs no parcel, such as a download or a service. Empty (--shipping=): it needs one again."`
	Delivery           *string           `help:"For --shipping none: the link or the instructions that shoppers are mailed when they have paid."`
	Weight             *int64            `help:"The weight of a piece as it is packed, in grams; 0: not known."`
	Size               *string           `help:"Its size as it is packed, in millimetres, as 300x200x100; 0x0x0: not known."`
	HSCode             *string           `name:"hs-code" help:"The customs code of the Harmonized System, of 6 to 10 digits."`
	Origin             *string           `help:"The country in which it was made, such as DE."`
	CustomsValue       *int64            `help:"The value of a piece for customs, in minor units of --customs-currency. Default: its price in the order."`
	CustomsCurrency    *string           `help:"The currency of --customs-value."`
	CustomsDescription *string           `help:"What customs is told that it is. Default: the product's name."`
	Version            int64             `default:"-1" help:"Change the product only if it is at this version; 0: only if it does not exist."`
}

// Run reads the product, changes the fields that the flags name, and puts it, on
// condition that nobody else has changed it in the meantime.
func (p *productPutCmd) Run(e *env, c *commands) error {
	client, err := c.Product.client()
	if err != nil {
		return err
	}
	was, err := client.Product(e.ctx, p.SKU)
	version := was.Version
	var problem *shop.Problem
	if errors.As(err, &problem) && problem.Status == 404 {
		version, err = 0, nil
	}
	if err != nil {
		return err
	}
	if p.Version >= 0 {
		version = p.Version
	}
	row, err := p.row(was.Product)
	if err != nil {
		return err
	}
	put, err := client.PutProduct(e.ctx, row.Onto(was.Product), version, "")
	if err == nil && p.OnHand != nil && put.OnHand != *p.OnHand {
		put, err = client.PatchProduct(e.ctx, p.SKU, map[string]any{"onHand": *p.OnHand}, put.Version, "")
	}
	if err != nil {
		return err
	}
	return c.Product.print(e.stdout, put)
}

// row returns the flags' values, which change a product.
func (p *productPutCmd) row(was catalog.Product) (catalog.Row, error) {
	price, err := p.price(was)
	if err != nil {
		return catalog.Row{}, err
	}
	r := catalog.Row{
		SKU: p.SKU, Name: p.Name, Description: p.Description, Brand: p.Brand, Category: p.Category, Rating: p.Rating, Parent: p.Parent,
		Price: price, Currency: p.Currency, OnHand: p.OnHand, Inactive: p.Inactive, Delivery: p.Delivery,
	}
	r.Weight, r.HSCode, r.Origin = p.Weight, p.HSCode, p.Origin
	r.CustomsValue, r.CustomsCurrency, r.CustomsDescription = p.CustomsValue, p.CustomsCurrency, p.CustomsDescription
	if p.Size != nil {
		var g order.Goods
		if n, err := fmt.Sscanf(*p.Size+"\n", "%dx%dx%d\n", &g.Length, &g.Width, &g.Height); n != 3 || err != nil {
			return catalog.Row{}, usageError{fmt.Errorf("--size %s: want three sides in millimetres, such as 300x200x100", *p.Size)}
		}
		r.Length, r.Width, r.Height = &g.Length, &g.Width, &g.Height
	}
	if p.Shipping != nil {
		need := order.ShippingNeed(*p.Shipping)
		r.Shipping = &need
	}
	if len(p.Tag) > 0 {
		r.Tags = &p.Tag
	}
	if len(p.Option) > 0 {
		r.Options = &p.Option
	}
	return r, nil
}

// price returns the new price in minor units, and nil if the price stays. A price does
// not stay when its currency changes: 1450 are 14.50 EUR, but 1450 JPY.
func (p *productPutCmd) price(was catalog.Product) (*int64, error) {
	currency := was.Currency
	if p.Currency != nil {
		currency = *p.Currency
	}
	switch {
	case p.Price != nil && currency == "":
		return nil, usageError{fmt.Errorf("--price %s: name its currency with --currency", *p.Price)}
	case p.Price != nil:
		n, err := p.Price.in(currency, "--price", "--price-minor")
		return &n, err
	case p.PriceMinor == nil && was.Price > 0 && currency != was.Currency:
		return nil, usageError{fmt.Errorf("--currency %s: the price is %s now: name the new one with --price", currency, order.Money{Amount: was.Price, Currency: was.Currency})}
	}
	return p.PriceMinor, nil
}

type productShowCmd struct {
	SKU string `arg:"" help:"The product's SKU."`
}

func (s *productShowCmd) Run(e *env, c *commands) error {
	client, err := c.Product.client()
	if err != nil {
		return err
	}
	p, err := client.Product(e.ctx, s.SKU)
	if err != nil {
		return err
	}
	return c.Product.print(e.stdout, p)
}

func (c *productCmd) print(w io.Writer, p catalog.Stocked) error {
	if c.JSON {
		return orJSON(w, p, nil)
	}
	t := terminal.NewTable(w)
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(t, "%s\t%s\n", name, value)
		}
	}
	line("sku", p.SKU)
	line("name", p.Name)
	line("price", order.Money{Amount: p.Price, Currency: p.Currency}.String())
	line("available", fmt.Sprintf("%d of %d on hand", p.Available, p.OnHand))
	line("brand", p.Brand)
	line("category", p.Category)
	line("tags", strings.Join(p.Tags, ", "))
	line("variant of", p.Parent)
	for _, name := range slices.Sorted(maps.Keys(p.Options)) {
		line("  "+name, p.Options[name])
	}
	if p.Inactive {
		line("inactive", "not for sale")
	}
	if p.Shipping == order.ShippingNone {
		line("shipping", "none: it needs no parcel")
	}
	line("delivery", p.Delivery)
	printGoods(line, p.Goods)
	line("version", fmt.Sprintf("%d, revision %d", p.Version, p.Revision))
	line("description", p.Description)
	return t.Flush()
}

// printGoods prints what is known for the parcel and for customs.
func printGoods(line func(name, value string), g order.Goods) {
	if g.Weight > 0 {
		line("weight", fmt.Sprintf("%d g", g.Weight))
	}
	if g.Length > 0 {
		line("size", fmt.Sprintf("%d × %d × %d mm", g.Length, g.Width, g.Height))
	}
	line("HS code", g.HSCode)
	line("origin", g.Origin)
	if g.CustomsValue > 0 {
		line("customs value", order.Money{Amount: g.CustomsValue, Currency: g.CustomsCurrency}.String())
	}
	line("for customs", g.CustomsDescription)
}

type productListCmd struct {
	After string `help:"List the products after this SKU."`
	Limit int    `default:"50" help:"How many, 1 to 500."`
}

func (l *productListCmd) Run(e *env, c *commands) error {
	client, err := c.Product.client()
	if err != nil {
		return err
	}
	page, err := client.ListProducts(e.ctx, l.After, l.Limit)
	if err != nil {
		return err
	}
	if c.Product.JSON {
		return orJSON(e.stdout, page, nil)
	}
	t := terminal.NewTable(e.stdout, "SKU", "NAME", "PRICE", "ON HAND", "")
	for _, p := range page.Products {
		off := ""
		if p.Inactive {
			off = "not for sale"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%s\n", p.SKU, p.Name, order.Money{Amount: p.Price, Currency: p.Currency}, p.OnHand, off)
	}
	return t.EndPage("--after", page.NextAfter)
}

type productDeleteCmd struct {
	SKU     string `arg:"" help:"The product's SKU."`
	Version int64  `default:"-1" help:"Delete the product only if it is at this version."`
}

func (d *productDeleteCmd) Run(e *env, c *commands) error {
	client, err := c.Product.client()
	if err != nil {
		return err
	}
	err = client.DeleteProduct(e.ctx, d.SKU, d.Version, "")
	if err != nil || c.Product.JSON {
		return orJSON(e.stdout, map[string]string{"deleted": d.SKU}, err)
	}
	_, err = fmt.Fprintf(e.stdout, "%s is deleted\n", d.SKU)
	return err
}

type productReconcileCmd struct{}

func (*productReconcileCmd) Run(e *env, c *commands) error {
	client, err := c.Product.client()
	if err != nil {
		return err
	}
	d, err := untilDone(func() (catalog.Drift, bool, error) { return client.Reconcile(e.ctx) })
	if err != nil {
		return err
	}
	if c.Product.JSON {
		err = orJSON(e.stdout, d, nil)
	} else {
		_, err = fmt.Fprintf(e.stdout, "%d products, %d documents: %d missing, %d stale, %d ahead, %d orphans; %d repaired, %d pending\n",
			d.Products, d.Documents, d.Missing, d.Stale, d.Ahead, d.Orphans, d.Repaired, d.Due)
	}
	if err == nil && d.Unbalanced > 0 {
		return fmt.Errorf("the stock of %d products does not agree with their reservations: the log names them", d.Unbalanced)
	}
	return err
}

type productReindexCmd struct{}

func (*productReindexCmd) Run(e *env, c *commands) error {
	client, err := c.Product.client()
	if err != nil {
		return err
	}
	began := time.Now()
	r, err := untilDone(func() (catalog.Rebuilt, bool, error) { return client.Reindex(e.ctx) })
	if err != nil || c.Product.JSON {
		return orJSON(e.stdout, r, err)
	}
	_, err = fmt.Fprintf(e.stdout, "rebuilt: %d products in %.1f s, %d of them indexed again because they may have changed during the rebuild\n", r.Put, time.Since(began).Seconds(), r.CaughtUp+r.Drift.Found())
	return err
}

// untilDone repeats a request until its result is there. A repeated request joins
// the work that is under way.
func untilDone[T any](ask func() (T, bool, error)) (T, error) {
	for {
		answer, done, err := ask()
		if err != nil || done {
			return answer, err
		}
	}
}

// orJSON prints a result as JSON, or returns the error if there is one.
func orJSON(w io.Writer, answer any, err error) error {
	if err != nil {
		return err
	}
	return json.NewEncoder(w).Encode(answer)
}
