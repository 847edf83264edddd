package importfile

import (
	"fmt"
	"strconv"
	"strings"

	"purser/catalog"
	"purser/order"
)

// Decimal says how the prices of a CSV are written. It is never guessed, because
// 1.450 is a different price in Berlin and in Boston.
type Decimal string

// The ways to write a price. The zero value is a whole number of minor units. With
// the others, digits may be grouped in threes by the other character, by spaces or
// by apostrophes.
const (
	DecimalPoint Decimal = "point" // 1,450.00
	DecimalComma Decimal = "comma" // 1.450,00
)

// WithDecimal returns the header of a file whose prices are written in this way. It
// fails with ErrFile for a file without such prices.
func (h Header) WithDecimal(d Decimal) (Header, error) {
	switch {
	case d == "":
		return h, nil
	case d != DecimalPoint && d != DecimalComma:
		return h, wrong("the option decimal is %.20q: want point or comma", d)
	case h.Format != CSV:
		return h, wrong("the option decimal is for CSV: in JSON lines prices are whole numbers of minor units")
	case h.Kind == catalog.ImportStock:
		return h, wrong("the option decimal is for prices, and a file of stock has none")
	}
	h.Decimal = d
	return h, nil
}

// scalePrice sets the price of a row from the text of its cell. Only the currency
// tells how many minor units it is.
func (r *Reader) scalePrice(row *catalog.Row) []catalog.Fault {
	if r.price == "" {
		return nil
	}
	fault := func(format string, args ...any) []catalog.Fault {
		return []catalog.Fault{{Field: "price", Message: fmt.Sprintf(format, args...)}}
	}
	if row.Currency == nil || *row.Currency == "" {
		return fault("a price such as %.20q needs its currency in the same row", r.price)
	}
	decimals, err := order.Exponent(*row.Currency)
	if err != nil {
		return []catalog.Fault{{Field: "currency", Message: fmt.Sprintf("unknown currency %.10q", *row.Currency)}}
	}
	amount, ok := r.header.Decimal.parse(r.price, decimals)
	if !ok {
		return fault("want %s, got %.20q: the option decimal is %s", r.header.Decimal.example(decimals), r.price, r.header.Decimal)
	}
	row.Price = &amount
	return nil
}

// example returns prices of a currency with this many decimals.
func (d Decimal) example(decimals int) string {
	point, group := d.marks()
	zeros := strings.Repeat("0", decimals)
	if decimals > 0 {
		zeros = point + zeros
	}
	return fmt.Sprintf("a price such as 14%s or 1%s450%s", zeros, group, zeros)
}

func (d Decimal) marks() (point, group string) {
	if d == DecimalComma {
		return ",", "."
	}
	return ".", ","
}

// parse returns the minor units of a price in a currency with this many decimals.
// Two decimals are accepted in every currency if those that it does not have are
// zeros.
func (d Decimal) parse(price string, decimals int) (minor int64, ok bool) {
	point, group := d.marks()
	whole, fraction, cut := strings.Cut(price, point)
	if whole, ok = ungroup(whole, group); !ok || cut && !isNumber(fraction) || len(fraction) > max(decimals, 2) {
		return 0, false
	}
	fraction += strings.Repeat("0", max(decimals-len(fraction), 0))
	if strings.Trim(fraction[decimals:], "0") != "" {
		return 0, false
	}
	minor, err := strconv.ParseInt(whole+fraction[:decimals], 10, 64)
	return minor, err == nil
}

// ungroup removes the separators between groups of three digits. They must all be
// the same character.
func ungroup(whole, group string) (digits string, ok bool) {
	for _, sep := range []string{group, " ", "\u00a0", "\u202f", "'", "’"} {
		groups := strings.Split(whole, sep)
		if len(groups) == 1 {
			continue
		}
		for i, g := range groups {
			if !isNumber(g) || len(g) > 3 || i > 0 && len(g) != 3 || i == 0 && g[0] == '0' { // nobody groups 0,500
				return "", false
			}
		}
		return strings.Join(groups, ""), true
	}
	return whole, isNumber(whole)
}
