package commands

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"purser/order"
	"purser/shop"
)

type orderChangeCmd struct {
	OrderID    string     `arg:"" name:"id" help:"The order's id."`
	Line       []changeTo `sep:"none" help:"The quantity that the order has afterwards, as SKU=quantity; 0 takes the product out; repeatable. Products that are not named stay as they are." placeholder:"SKU=N"`
	Name       string     `help:"The name of the person who receives the parcel, if it changes."`
	Street     string     `help:"The street and number that the parcel goes to, if they change."`
	Line2      string     `name:"street2" help:"The second line of the address."`
	City       string     `help:"The city, if it changes."`
	PostalCode string     `help:"The postal code, if it changes."`
	Country    string     `help:"The country, if it changes. The order's price must be the same there."`
	Reason     string     `required:"" help:"Why it is changed."`
	Key        string     `name:"change-id" help:"Your id of the change, which makes repeating the command safe. Default: a new one." placeholder:"ID"`
}

// changeTo is a flag that names the quantity of a product that an order has afterwards, as
// SKU=quantity.
type changeTo struct{ piecesOf }

// UnmarshalText reads the flag; the flag parser calls it.
func (p *changeTo) UnmarshalText(text []byte) error { return p.read(text, 0) }

func (x *orderChangeCmd) Run(e *env, c *commands) error {
	r := order.ChangeRequest{ID: keyOr(x.Key, "ch"), Reason: x.Reason}
	for _, l := range x.Line {
		r.Lines = append(r.Lines, order.RequestLine(l.piecesOf))
	}
	client, err := c.Order.client()
	if err != nil {
		return err
	}
	if moves := strings.Join([]string{x.Name, x.Street, x.Line2, x.City, x.PostalCode, x.Country}, ""); moves != "" {
		o, err := client.Order(e.ctx, order.ID(x.OrderID))
		if err != nil {
			return err
		}
		r.ShipTo = x.address(o.ShipTo)
	}
	if r.ShipTo == nil && len(r.Lines) == 0 {
		return usageError{fmt.Errorf("say what changes: --line, or a part of the address such as --street")}
	}
	changed, err := client.Change(e.ctx, order.ID(x.OrderID), r)
	switch {
	case err != nil:
		return err
	case c.Order.JSON:
		return json.NewEncoder(e.stdout).Encode(changed)
	}
	if err := c.Order.print(e.stdout, changed.Order); err != nil {
		return err
	}
	if changed.ClientSecret != "" {
		fmt.Fprintf(e.stdout, "client secret: %s\n", changed.ClientSecret)
	}
	return nil
}

// address returns the order's address with what the flags change of it. Another street has
// no second line, unless a flag names one.
func (x *orderChangeCmd) address(was order.Address) *order.Address {
	if x.Street != "" {
		was.Line2 = ""
	}
	return &order.Address{
		Name: cmp.Or(x.Name, was.Name), Line1: cmp.Or(x.Street, was.Line1), Line2: cmp.Or(x.Line2, was.Line2), City: cmp.Or(x.City, was.City),
		PostalCode: cmp.Or(x.PostalCode, was.PostalCode), Country: cmp.Or(x.Country, was.Country),
	}
}

// printChange prints a change of an order, and until when it can be paid.
func printChange(w io.Writer, a shop.Change, currency string) {
	var what []string
	for _, l := range a.Added {
		what = append(what, fmt.Sprintf("%d × %s more", l.Quantity, l.SKU))
	}
	for _, l := range a.Removed {
		what = append(what, fmt.Sprintf("%d × %s less", l.Quantity, l.SKU))
	}
	if a.ShipTo != nil {
		what = append(what, "another address")
	}
	money := ""
	if a.Amount != 0 {
		money = order.Money{Amount: a.Amount, Currency: currency}.String()
	}
	fmt.Fprintf(w, "change %s\t%s: %s\n", a.ID, nonEmpty(string(a.Status), money, a.Why), strings.Join(what, ", "))
	if a.Status == order.AmendmentPending && !a.Until.IsZero() {
		fmt.Fprintf(w, "  until\t%s, then it is dropped unless it is paid\n", a.Until.Format(time.RFC3339))
	}
}
