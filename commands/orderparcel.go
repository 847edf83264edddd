package commands

import (
	"cmp"
	"fmt"
	"os"

	"purser/order"
	"purser/shop"
)

// orderParcelCmd holds the commands on parcels.
type orderParcelCmd struct {
	Add  orderParcelAddCmd  `cmd:"" help:"Make a parcel with some goods of a paid order, or with all that are in no parcel."`
	Mark orderParcelMarkCmd `cmd:"" help:"Say that a parcel without the carrier's API was delivered or collected, or came back."`
	Void orderParcelVoidCmd `cmd:"" help:"Void the label of a parcel that the carrier does not have yet. Its goods wait for another parcel."`
}

type orderParcelAddCmd struct {
	OrderID  string     `arg:"" name:"id" help:"The order's id."`
	Line     []piecesOf `sep:"none" help:"Goods, as SKU=quantity; repeatable. Default: all that are in no parcel." placeholder:"SKU=N"`
	Carrier  string     `help:"The carrier's name, for a parcel that goes out without the carrier's API." placeholder:"NAME"`
	Tracking string     `help:"Its tracking number." placeholder:"NUMBER"`
	Link     string     `help:"The address at which the shopper can follow it." placeholder:"URL"`
	Pickup   bool       `name:"pickup" help:"The shopper collects the goods: a mail says that they are ready."`
	Reason   string     `default:"packed" help:"A note for operators."`
	Key      string     `name:"parcel-id" help:"Your id of the parcel, which makes repeating the command safe. Default: a new one." placeholder:"ID"`
}

func (x *orderParcelAddCmd) Run(e *env, c *commands) error {
	r := shop.ParcelRequest{ID: keyOr(x.Key, "pk"), Carrier: x.Carrier, Tracking: x.Tracking, Link: x.Link, Reason: x.Reason}
	switch {
	case x.Pickup:
		r.Method = string(order.ByPickup)
	case x.Carrier != "" || x.Tracking != "" || x.Link != "":
		r.Method = string(order.ByHand)
	}
	for _, l := range x.Line {
		r.Lines = append(r.Lines, shop.ItemQuantity(l))
	}
	return c.Order.send(e, func(client *shop.Client) (shop.Order, error) { return client.AddParcel(e.ctx, order.ID(x.OrderID), r) })
}

type orderParcelMarkCmd struct {
	OrderID string `arg:"" name:"id" help:"The order's id."`
	Parcel  int    `arg:"" help:"The parcel's number."`
	Status  string `arg:"" enum:"delivered,collected,returned" help:"Where it is: delivered, collected (in the shop) or returned."`
	Reason  string `default:"marked by hand" help:"A note for operators."`
}

func (x *orderParcelMarkCmd) Run(e *env, c *commands) error {
	status := order.ParcelStatus(x.Status)
	if x.Status == "collected" {
		status = order.ParcelDelivered
	}
	return c.Order.send(e, func(client *shop.Client) (shop.Order, error) {
		return client.MarkParcel(e.ctx, order.ID(x.OrderID), x.Parcel, status, x.Reason)
	})
}

type orderParcelVoidCmd struct {
	OrderID string `arg:"" name:"id" help:"The order's id."`
	Parcel  int    `arg:"" help:"The parcel's number."`
	Reason  string `required:"" help:"The reason, for operators."`
}

func (x *orderParcelVoidCmd) Run(e *env, c *commands) error {
	return c.Order.send(e, func(client *shop.Client) (shop.Order, error) {
		return client.VoidLabel(e.ctx, order.ID(x.OrderID), x.Parcel, x.Reason)
	})
}

type orderLabelCmd struct {
	OrderID string `arg:"" name:"id" help:"The order's id."`
	Parcel  int    `default:"0" help:"The parcel's number. Default: the one that goes out at present." placeholder:"N"`
	Format  string `enum:"pdf,zpl" default:"pdf" help:"The form of the file: pdf, or zpl for a label printer."`
	Out     string `short:"o" name:"output" help:"The file to write; - for standard output. Default: the parcel's reference with the format behind it." placeholder:"FILE"`
}

func (x *orderLabelCmd) Run(e *env, c *commands) error {
	client, err := c.Order.client()
	if err != nil {
		return err
	}
	o, err := client.Order(e.ctx, order.ID(x.OrderID))
	if err != nil {
		return err
	}
	number, name := x.Parcel, ""
	for _, s := range o.Shipments {
		if x.Parcel == 0 && !s.Replaced {
			number = s.Number
		}
		if s.Number == number {
			name = s.Reference + "." + x.Format
		}
	}
	if number == 0 {
		return fmt.Errorf("order %s has no parcel yet: it is %s", o.ID, o.Status)
	}
	file, err := client.Label(e.ctx, o.ID, number, order.LabelFormat(x.Format))
	if err != nil {
		return err
	}
	return writeLabel(e, cmp.Or(x.Out, name), file)
}

// writeLabel writes the file of a label under a name; -: to the standard output.
func writeLabel(e *env, name string, file []byte) error {
	if name == "-" {
		_, err := e.stdout.Write(file)
		return err
	}
	// The address of a shopper is on it.
	if err := os.WriteFile(name, file, 0o600); err != nil {
		return err
	}
	fmt.Fprintln(e.stdout, name)
	return nil
}
