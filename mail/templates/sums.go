package templates

import (
	"strings"

	"golang.org/x/text/message"
	"golang.org/x/text/number"

	"purser/order"
)

// priced adds what stands around the total: before it the discount, the shipping fee
// and the taxes that are added, and after it the taxes that it contains.
func (v *view) priced(in tongue, d Data) {
	if len(d.Lines) == 0 {
		return
	}
	money := func(amount int64) string {
		return in.money(order.Money{Amount: amount, Currency: d.Total.Currency})
	}
	var discount int64
	var taxes []order.Tax
	for _, l := range d.Lines {
		discount += l.Discount
		taxes = addTax(taxes, l.Tax)
	}
	if discount > 0 {
		v.Sums = append(v.Sums, fact{in.say("label.discount", nil), money(-discount)})
	}
	if f := d.Shipping; f != nil {
		label := in.say("label.shipping", nil)
		if name := oneLine(f.Name); name != "" {
			label += " (" + name + ")"
		}
		v.Sums = append(v.Sums, fact{label, money(f.Price - f.Discount)})
		taxes = addTax(taxes, f.Tax)
	}
	for _, t := range taxes {
		tax := map[string]string{"tax": oneLine(t.Name) + " " + in.percent(t.Rate)}
		if t.Included {
			v.Included = append(v.Included, fact{in.say("label.included", tax), money(t.Amount)})
		} else {
			v.Sums = append(v.Sums, fact{tax["tax"], money(t.Amount)})
		}
	}
	v.Total = fact{in.say("label.total", nil), in.money(d.Total)}
}

// addTax adds a tax to the sum of those with its name and rate.
func addTax(all []order.Tax, t *order.Tax) []order.Tax {
	if t == nil {
		return all
	}
	for i := range all {
		if all[i].Name == t.Name && all[i].Rate == t.Rate && all[i].Included == t.Included {
			all[i].Amount += t.Amount
			return all
		}
	}
	return append(all, *t)
}

// point returns the language's decimal separator: what remains of "0.0" without the
// zeros.
func (t tongue) point() string {
	return strings.Trim(message.NewPrinter(t.tag).Sprint(number.Decimal(0, number.Scale(1))), "0")
}

// percent formats a rate as in the language: 8,875 %.
func (t tongue) percent(rate string) string {
	return t.say("percent", map[string]string{"number": strings.Replace(rate, ".", t.point(), 1)})
}
