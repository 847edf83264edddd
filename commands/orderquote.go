package commands

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"

	"purser/commands/terminal"
	"purser/order"
	"purser/shop"
)

// goods are the flags that the price of an order depends on.
type goods struct {
	Line       []piecesOf `required:"" sep:"none" help:"What to order, as SKU=quantity; repeatable." placeholder:"SKU=N"`
	Currency   string     `default:"EUR" help:"The order's currency."`
	Customer   string     `default:"cust_shell" help:"The customer's id."`
	PostalCode string     `default:"10115"`
	Country    string     `default:"DE"`
	Code       []string   `sep:"none" help:"A discount code; repeatable."`
	Shipping   string     `help:"The method of shipping. Default: the shop's first one for the country."`
}

// lines returns the lines to order.
func (g *goods) lines() (lines []order.RequestLine) {
	for _, l := range g.Line {
		lines = append(lines, order.RequestLine(l))
	}
	return lines
}

// piecesOf is a flag that names some pieces of a product, as SKU=quantity. The SKU may
// contain equals signs itself.
type piecesOf struct {
	SKU      string
	Quantity int64
}

// UnmarshalText reads the flag; the flag parser calls it.
func (p *piecesOf) UnmarshalText(text []byte) error { return p.read(text, 1) }

// read reads the flag, for a quantity of least or more.
func (p *piecesOf) read(text []byte, least int64) (err error) {
	i := strings.LastIndex(string(text), "=")
	if i > 0 {
		p.SKU = string(text[:i])
		p.Quantity, err = strconv.ParseInt(string(text[i+1:]), 10, 64)
	}
	if i <= 0 || err != nil || p.Quantity < least {
		return fmt.Errorf("%q: want SKU=quantity, such as mug-blue=2", text)
	}
	return nil
}

type orderQuoteCmd struct {
	goods `embed:""`
}

func (x *orderQuoteCmd) Run(e *env, c *commands) error {
	client, err := c.Order.client()
	if err != nil {
		return err
	}
	q, err := client.Quote(e.ctx, shop.QuoteRequest{
		Customer: x.Customer, Currency: x.Currency, Lines: x.lines(), ShipTo: shop.QuoteAddress{Country: x.Country, PostalCode: x.PostalCode},
		DiscountCodes: x.Code, ShippingMethod: x.Shipping,
	})
	if err != nil {
		return err
	}
	if c.Order.JSON {
		return json.NewEncoder(e.stdout).Encode(q)
	}
	return printQuote(e.stdout, q)
}

// taxName writes what a tax is, and whether the price contains it.
func taxName(t order.Tax) string {
	how := "added"
	if t.Included {
		how = "included"
	}
	return fmt.Sprintf("%s %s %% (%s)", t.Name, t.Rate, how)
}

// printQuote prints a quote as a receipt would show it.
func printQuote(w io.Writer, q shop.Quote) error {
	money := func(amount int64) string { return order.Money{Amount: amount, Currency: q.Total.Currency}.String() }
	t := terminal.NewTable(w)
	part := func(name string, price, discount int64, tax *order.Tax) {
		fmt.Fprintf(t, "%s\t%s\n", name, money(price))
		if discount > 0 {
			fmt.Fprintf(t, "  discount\t%s\n", money(-discount))
		}
		if tax != nil {
			fmt.Fprintf(t, "  %s\t%s\n", taxName(*tax), money(tax.Amount))
		}
	}
	for _, l := range q.Lines {
		part(fmt.Sprintf("%d × %s (%s)", l.Quantity, l.Name, l.SKU), l.Subtotal, l.Discount, l.Tax)
	}
	if f := q.Shipping; f != nil {
		part(nonEmpty("shipping", f.Name), f.Price, f.Discount, f.Tax)
	}
	fmt.Fprintf(t, "total\t%s\n", q.Total)
	return t.Flush()
}

// decimal is an amount of money as a person writes it: 12.50, or 1250 in a currency
// without decimals. Which amount it is depends on the currency.
type decimal string

var plainDecimal = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?$`)

// UnmarshalText refuses what is no amount in any currency; the flag parser calls it.
func (d *decimal) UnmarshalText(text []byte) error {
	*d = decimal(text)
	switch {
	case plainDecimal.Match(text):
		return nil
	case plainDecimal.MatchString(strings.Replace(string(text), ",", ".", 1)):
		return fmt.Errorf("%q: write the decimals after a point: %s", string(text), strings.Replace(string(text), ",", ".", 1))
	}
	return fmt.Errorf("%q: want an amount such as 12.50, without separators of thousands and without a currency", string(text))
}

// in returns the amount in minor units of a currency. It must be written with all
// decimals of the currency, because 1250 might mean 1250.00 EUR as well as 12.50 EUR.
// minor is the flag that takes minor units; it may be empty.
func (d decimal) in(currency, flag, minor string) (int64, error) {
	exponent, err := order.Exponent(currency)
	if err != nil {
		return 0, usageError{err}
	}
	whole, fraction, _ := strings.Cut(string(d), ".")
	n, err := strconv.ParseInt(whole+fraction, 10, 64)
	unit := int64(math.Pow10(exponent))
	var problem string
	switch {
	case err == nil && len(fraction) == exponent:
		return n, nil
	case err != nil || n > math.MaxInt64/unit:
		problem = "the amount is too large"
	case exponent == 0:
		problem = fmt.Sprintf("%s has no decimals: write %s for %s %s", currency, whole, whole, currency)
	case len(fraction) > exponent:
		problem = fmt.Sprintf("%s has %d decimals", currency, exponent)
	default:
		full := d.padded(exponent)
		problem = fmt.Sprintf("%s has %d decimals: write %s for %s %s", currency, exponent, full, full, currency)
		if fraction == "" && minor != "" {
			problem += fmt.Sprintf(", or %s %s for %s", minor, whole, order.Money{Amount: n, Currency: currency})
		}
	}
	return 0, usageError{fmt.Errorf("%s %s: %s", flag, d, problem)}
}

// padded returns the amount with more decimals.
func (d decimal) padded(decimals int) string {
	whole, fraction, _ := strings.Cut(string(d), ".")
	return whole + "." + fraction + strings.Repeat("0", decimals-len(fraction))
}
