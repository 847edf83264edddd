package commands

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"purser/catalog"
	"purser/order"
	"purser/shop"
)

// productCmd is the operator's hand on the catalogue, over the API.
type productCmd struct {
	remote `embed:""`

	Put       productPutCmd       `cmd:"" help:"Add a product, or change what the flags say of it."`
	Show      productShowCmd      `cmd:"" help:"Show a product."`
	List      productListCmd      `cmd:"" help:"List products by SKU."`
	Delete    productDeleteCmd    `cmd:"" help:"Take a product out of the catalogue."`
	Import    productImportCmd    `cmd:"" help:"Import products, stock or prices from a file: CSV or JSON lines."`
	Reconcile productReconcileCmd `cmd:"" help:"Compare the search index with the catalogue and repair it."`
	Reindex   productReindexCmd   `cmd:"" help:"Build the search index anew while the old one is searched."`
}

type productPutCmd struct {
	SKU         string            `arg:"" help:"The product."`
	Name        *string           `help:"Its name."`
	Description *string           `help:"Its description."`
	Brand       *string           `help:"Its brand."`
	Category    *string           `help:"Its category."`
	Tag         []string          `help:"What else it may be found by; repeatable. Given once, it replaces all tags."`
	Rating      *int64            `help:"Hundredths of a star, at most 500."`
	Parent      *string           `help:"What it has in common with its other variants."`
	Option      map[string]string `help:"What sets this variant apart, as size=M; repeatable."`
	Price       *int64            `help:"Minor units of the currency: 1450 for 14.50."`
	Currency    *string           `help:"Its currency."`
	OnHand      *int64            `help:"Counted: so many pieces there are."`
	Inactive    *bool             `help:"Keep it, but not for sale." negatable:""`
	Version     int64             `default:"-1" help:"Only if the product is at this version; 0: only if there is none."`
}

// Run reads the product, lays over it what the flags say, and puts it back,
// on condition that nobody else changed it meanwhile.
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
	put, err := client.PutProduct(e.ctx, p.row().Onto(was.Product), version)
	if err == nil && p.OnHand != nil && put.OnHand != *p.OnHand {
		put, err = client.PatchProduct(e.ctx, p.SKU, map[string]any{"onHand": *p.OnHand}, put.Version)
	}
	if err != nil {
		return err
	}
	return c.Product.print(e.stdout, put)
}

func (p *productPutCmd) row() catalog.Row {
	r := catalog.Row{
		SKU: p.SKU, Name: p.Name, Description: p.Description, Brand: p.Brand, Category: p.Category, Rating: p.Rating, Parent: p.Parent,
		Price: p.Price, Currency: p.Currency, OnHand: p.OnHand, Inactive: p.Inactive,
	}
	if len(p.Tag) > 0 {
		r.Tags = &p.Tag
	}
	if len(p.Option) > 0 {
		r.Options = &p.Option
	}
	return r
}

type productShowCmd struct {
	SKU string `arg:"" help:"The product."`
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
		return json.NewEncoder(w).Encode(p)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
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
	for name, value := range p.Options {
		line("  "+name, value)
	}
	if p.Inactive {
		line("inactive", "not for sale")
	}
	line("version", fmt.Sprintf("%d, revision %d", p.Version, p.Revision))
	line("description", p.Description)
	return t.Flush()
}

type productListCmd struct {
	After string `help:"Start after this SKU."`
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
		return json.NewEncoder(e.stdout).Encode(page)
	}
	t := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
	for _, p := range page.Products {
		off := ""
		if p.Inactive {
			off = "not for sale"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%s\n", p.SKU, p.Name, order.Money{Amount: p.Price, Currency: p.Currency}, p.OnHand, off)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if page.NextAfter != "" {
		fmt.Fprintf(e.stdout, "more: --after %s\n", page.NextAfter)
	}
	return nil
}

type productDeleteCmd struct {
	SKU     string `arg:"" help:"The product."`
	Version int64  `default:"-1" help:"Only if the product is at this version."`
}

func (d *productDeleteCmd) Run(e *env, c *commands) error {
	client, err := c.Product.client()
	if err != nil {
		return err
	}
	if err := client.DeleteProduct(e.ctx, d.SKU, d.Version); err != nil {
		return err
	}
	if !c.Product.JSON {
		fmt.Fprintf(e.stdout, "%s is deleted\n", d.SKU)
	}
	return nil
}

type productReconcileCmd struct{}

// Run asks until the comparison is done: asking again joins it.
func (*productReconcileCmd) Run(e *env, c *commands) error {
	client, err := c.Product.client()
	if err != nil {
		return err
	}
	for {
		d, done, err := client.Reconcile(e.ctx)
		switch {
		case err != nil:
			return err
		case !done:
			continue
		case c.Product.JSON:
			return json.NewEncoder(e.stdout).Encode(d)
		}
		fmt.Fprintf(e.stdout, "%d products, %d documents: %d missing, %d stale, %d ahead, %d strays; %d repaired, %d on their way\n",
			d.Products, d.Documents, d.Missing, d.Stale, d.Ahead, d.Strays, d.Repaired, d.Due)
		if d.Unbalanced > 0 {
			return fmt.Errorf("the stock of %d products does not agree with their reservations: see the log", d.Unbalanced)
		}
		return nil
	}
}

type productReindexCmd struct{}

// Run asks until the rebuild is done: asking again joins it.
func (*productReindexCmd) Run(e *env, c *commands) error {
	client, err := c.Product.client()
	if err != nil {
		return err
	}
	began := time.Now()
	for {
		r, done, err := client.Reindex(e.ctx)
		switch {
		case err != nil:
			return err
		case !done:
			continue
		case c.Product.JSON:
			return json.NewEncoder(e.stdout).Encode(r)
		}
		fmt.Fprintf(e.stdout, "rebuilt: %d products in %.1f s, %d of them put again since they may have changed meanwhile\n", r.Put, time.Since(began).Seconds(), r.CaughtUp+r.Drift.Found())
		return nil
	}
}

type productImportCmd struct {
	File   string `arg:"" help:"The file; - reads standard input."`
	Kind   string `default:"products" enum:"products,stock,prices" help:"What it holds."`
	DryRun bool   `help:"Check the file and change nothing."`
	Once   string `name:"idempotency-key" help:"Makes repeating the command safe."`
	Most   int    `name:"errors" default:"20" help:"How many errors to print."`
}

// Run sends the file and watches the import to its end.
func (i *productImportCmd) Run(e *env, c *commands) error {
	client, err := c.Product.client()
	if err != nil {
		return err
	}
	file, size, err := openFile(i.File)
	if err != nil {
		return err
	}
	defer file.Close()
	bar := progress{to: e.stderr, silent: c.Product.JSON || !isTerminal(e.stderr)}
	state, err := client.Import(e.ctx, bar.reading(file, size), shop.ImportOf{
		Kind: catalog.ImportKind(i.Kind), Name: i.File, DryRun: i.DryRun, Key: i.Once, Size: size,
	})
	for err == nil && !state.State.Final() {
		bar.show(state)
		select {
		case <-time.After(300 * time.Millisecond):
			state, err = client.ImportState(e.ctx, state.ID)
		case <-e.ctx.Done():
			err = fmt.Errorf("the import goes on without you: purser product import is done, its id is %s", state.ID)
		}
	}
	bar.end()
	if err != nil {
		return err
	}
	return i.report(e, c, client, state)
}

func (i *productImportCmd) report(e *env, c *commands, client *shop.Client, state catalog.Import) error {
	var faults []catalog.RowFault
	var err error
	if i.Most > 0 {
		if faults, err = client.ImportErrors(e.ctx, state.ID, 0); err != nil {
			return err
		}
		faults = faults[:min(len(faults), i.Most)]
	}
	if c.Product.JSON {
		err = json.NewEncoder(e.stdout).Encode(struct {
			catalog.Import
			Errors []catalog.RowFault `json:"errors,omitempty"`
		}{state, faults})
	} else {
		for _, f := range faults {
			fmt.Fprintf(e.stdout, "line %d: %s %s: %s\n", f.Line, f.SKU, f.Field, f.Message)
		}
		fmt.Fprintf(e.stdout, "%s %s: %d rows, %d with errors, %d changed, %d unchanged, %d indexed\n",
			state.ID, state.State, state.Rows, state.Bad, state.Applied, state.Unchanged, state.Indexed)
	}
	switch {
	case err != nil:
		return err
	case state.State == catalog.ImportRefused:
		return errors.New("the import was refused: " + state.Why)
	case state.Bad > 0:
		return fmt.Errorf("%d rows have errors", state.Bad)
	}
	return nil
}

// openFile answers the file and its size, -1 if that is not known.
func openFile(name string) (io.ReadCloser, int64, error) {
	if name == "-" {
		return os.Stdin, -1, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return f, -1, err
	}
	return f, info.Size(), nil
}
