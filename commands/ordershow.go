package commands

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"purser/commands/terminal"
	"purser/order"
	"purser/shop"
)

// send sends a request about an order, and prints the order that comes back.
func (c *orderCmd) send(e *env, request func(*shop.Client) (shop.Order, error)) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	o, err := request(client)
	if err != nil {
		return err
	}
	return c.print(e.stdout, o)
}

// keyOr returns the caller's id of a request, or a new one, which begins with a prefix.
func keyOr(key, prefix string) string { return cmp.Or(key, prefix+"-"+strings.ToLower(rand.Text())) }

// print prints one order, as JSON or as text.
func (c *orderCmd) print(w io.Writer, o shop.Order) error {
	if c.JSON {
		return json.NewEncoder(w).Encode(o)
	}
	t := terminal.NewTable(w)
	fmt.Fprintf(t, "order\t%s\nstatus\t%s\ntotal\t%s\nplaced\t%s\n", o.ID, paintStatus(t, o.Status), o.Total, o.PlacedAt.Format(time.RFC3339))
	if x := o.ExchangeOf; x != nil {
		fmt.Fprintf(t, "exchange of\treturn %s of order %s\n", x.ReturnID, x.OrderID)
	}
	if o.Reason != "" {
		fmt.Fprintf(t, "reason\t%s\n", o.Reason)
	}
	printDecisions(t, o)
	if o.Waiting != nil {
		fmt.Fprintf(t, "waiting for\t%s\n", nonEmpty(o.Waiting.On, o.Waiting.About))
		if !o.Waiting.Until.IsZero() {
			fmt.Fprintf(t, "until\t%s, then %s\n", o.Waiting.Until.Format(time.RFC3339), o.Waiting.Then)
		}
	}
	for _, p := range o.Payments {
		printPayment(t, p, o.Total.Currency)
	}
	for _, s := range o.Shipments {
		printShipment(t, s)
	}
	for _, r := range o.Refunds {
		what := "refund"
		switch r.Status {
		case order.RefundReleased:
			what = "left out"
		case order.RefundCredited:
			what = "credit"
		}
		fmt.Fprintf(t, "%s\t%s of %s: %s\n", what, r.Amount, r.PaymentRef, nonEmpty(string(r.Status), string(r.CreditTo), r.ID, r.Reason))
	}
	for _, r := range o.Returns {
		printReturn(t, r)
	}
	for _, a := range o.Changes {
		printChange(t, a, o.Total.Currency)
	}
	for _, d := range o.Disputes {
		fmt.Fprintf(t, "dispute\t%s of %s: %s\n", d.Amount, d.PaymentRef, nonEmpty(string(d.Status), d.ID, d.Reason))
	}
	for _, m := range o.MailTrouble {
		fmt.Fprintf(t, "mail\t%s\n", nonEmpty(string(m.Template), string(m.Kind), string(m.Bounce)))
	}
	for _, l := range o.Lines {
		price{l.Total, l.Subtotal, l.Discount, l.Tax, l.Refunded, l.RefundedQuantity, l.LeftOut, l.LeftOutQuantity}.print(
			t, "line", fmt.Sprintf("%d × %s (%s)", l.Quantity, l.Name, l.SKU), o.Total.Currency)
	}
	if f := o.Shipping; f != nil {
		price{f.Total, f.Price, f.Discount, f.Tax, f.Refunded, 0, f.LeftOut, 0}.print(t, "shipping", f.Name, o.Total.Currency)
	}
	return t.Flush()
}

// price is what a line or the shipping fee costs, what that is made of, and what of it
// was refunded or left out.
type price struct {
	total, before, discount int64
	tax                     *order.Tax
	refunded, pieces        int64
	leftOut, leftOutPieces  int64
}

// print prints what something costs, and below it what the price is made of.
func (p price) print(w io.Writer, what, name, currency string) {
	money := func(n int64) string { return order.Money{Amount: n, Currency: currency}.String() }
	less := func(amount, pieces int64, how string) string {
		switch {
		case pieces > 0:
			return fmt.Sprintf(" (%s %s for %d)", money(amount), how, pieces)
		case amount > 0:
			return fmt.Sprintf(" (%s %s)", money(amount), how)
		}
		return ""
	}
	fmt.Fprintf(w, "%s\t%s\t%s%s%s\n", what, name, money(p.total), less(p.refunded, p.pieces, "refunded"), less(p.leftOut, p.leftOutPieces, "left out"))
	if p.discount == 0 && p.tax == nil {
		return
	}
	fmt.Fprintf(w, "\t  price\t%s\n", money(p.before))
	if p.discount != 0 {
		fmt.Fprintf(w, "\t  discount\t%s\n", money(-p.discount))
	}
	if p.tax != nil {
		fmt.Fprintf(w, "\t  %s\t%s\n", taxName(*p.tax), money(p.tax.Amount))
	}
}

// printDecisions prints what a person must decide or look at, and the command for
// each choice.
func printDecisions(w io.Writer, o shop.Order) {
	choices := []order.Choice{order.ChooseRelease, order.ChooseKeep} // about what needs attention
	if o.Hold != nil {
		fmt.Fprintf(w, "%s\t%s: %s\n", terminal.Paint(w, terminal.Red, "on hold"), nonEmpty(string(o.Hold.Kind), o.Hold.About), o.Hold.Why)
		choices = o.Hold.Choices
	}
	for _, a := range o.Attention {
		fmt.Fprintf(w, "%s\t%s: %s\n", terminal.Paint(w, terminal.Red, "attention"), a.About, a.Why)
	}
	for _, c := range o.Cases {
		fmt.Fprintf(w, "case\t%s (%s)\n", c.ID, nonEmpty(string(c.Kind), c.About))
	}
	if o.Hold == nil && len(o.Attention) == 0 {
		return
	}
	for _, choice := range choices {
		does := choiceHelp[choice]
		if o.Hold == nil {
			does = attentionHelp[choice]
		}
		fmt.Fprintf(w, "  %s\tpurser order resolve %s %s --reason=\"\"  # %s\n", choice, o.ID, choice, does)
	}
}

// choiceHelp says what each choice does about a hold.
var choiceHelp = map[order.Choice]string{
	order.ChooseRelease: "try the step again, or go on as before",
	order.ChooseRebook:  "book another parcel under a new reference",
	order.ChooseVoid:    "end the order: void its label, and void or refund its payment",
	order.ChooseRefund:  "refund the money and end the order",
	order.ChooseKeep:    "leave everything as it is: a person has dealt with it",
}

// attentionHelp says what each choice does about what needs attention.
var attentionHelp = map[order.Choice]string{
	order.ChooseRelease: "try again now",
	order.ChooseKeep:    "stop trying: a person has dealt with it",
}

func printPayment(w io.Writer, p shop.Payment, currency string) {
	what := "payment"
	switch {
	case p.Surplus:
		what = "surplus"
	case p.Standby:
		what = "payment on standby"
	}
	var sums []string
	for _, sum := range []struct {
		name   string
		amount int64
	}{{"authorized", p.Authorized}, {"captured", p.Captured}, {"refunded", p.Refunded}, {"disputed", p.Disputed}} {
		if sum.amount != 0 {
			sums = append(sums, sum.name+" "+order.Money{Amount: sum.amount, Currency: currency}.String())
		}
	}
	amounts := ""
	if len(sums) > 0 {
		amounts = "(" + strings.Join(sums, ", ") + ")"
	}
	fmt.Fprintf(w, "%s %d\t%s\n", what, p.Number, nonEmpty(p.Provider, p.Reference, string(p.Status), amounts))
	if !p.CaptureBefore.IsZero() {
		fmt.Fprintf(w, "  held until\t%s\n", p.CaptureBefore.Format(time.RFC3339))
	}
	if d := p.Decline; d != nil {
		fmt.Fprintf(w, "  declined\t%s\n", nonEmpty(d.Code, d.DeclineCode))
	}
}

func printShipment(w io.Writer, s shop.Shipment) {
	var goods []string
	for _, l := range s.Lines {
		goods = append(goods, fmt.Sprintf("%d × %s", l.Quantity, l.SKU))
	}
	status := string(s.Status)
	switch {
	case s.Refusal != "":
		status = "refused: " + s.Refusal
	case s.Replaced:
		status += " (replaced)"
	case s.Missing:
		status += " (the carrier does not know it)"
	case s.Kept:
		status += " (kept)"
	}
	if s.Method == string(order.NoParcel) {
		fmt.Fprintf(w, "without a parcel\t%s: %s\n", nonEmpty(s.Reference, status), strings.Join(goods, ", "))
		for _, d := range s.Delivered {
			fmt.Fprintf(w, "  %s\t%s\n", d.SKU, strings.ReplaceAll(d.Text, "\n", " "))
		}
		return
	}
	if s.Weight > 0 {
		status += fmt.Sprintf(" %d g", s.Weight)
	}
	fmt.Fprintf(w, "parcel %d\t%s: %s\n", s.Number, nonEmpty(s.Carrier, s.Tracking, s.Reference, status), strings.Join(goods, ", "))
}

// nonEmpty joins the texts that are not empty.
func nonEmpty(texts ...string) string {
	return strings.Join(slices.DeleteFunc(texts, func(s string) bool { return s == "" }), " ")
}
