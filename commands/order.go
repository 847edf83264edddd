package commands

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"time"

	"purser/commands/terminal"
	"purser/order"
	"purser/shop"
)

// orderCmd holds the commands on orders.
type orderCmd struct {
	remote `embed:""`

	Place   orderPlaceCmd   `cmd:"" help:"Place an order."`
	Quote   orderQuoteCmd   `cmd:"" help:"Ask what an order would cost, without placing it."`
	Show    orderShowCmd    `cmd:"" help:"Show an order."`
	List    orderListCmd    `cmd:"" help:"List orders, newest first."`
	Find    orderFindCmd    `cmd:"" help:"Find orders by an id, a customer, a mail address, a name or a product."`
	Watch   orderWatchCmd   `cmd:"" help:"Follow an order's timeline live."`
	Pay     orderPayCmd     `cmd:"" help:"Pay an order in the sandbox, as the shopper's browser would. Refused against the real Stripe."`
	Try     orderTryCmd     `cmd:"" help:"Take one order of the sample products from the checkout to its delivery, paid in the sandbox."`
	Cancel  orderCancelCmd  `cmd:"" help:"Cancel an order that the carrier does not have yet: void its label, void or refund its payment, and release its stock."`
	Change  orderChangeCmd  `cmd:"" help:"Change the goods or the address of an order while no parcel is booked. More costs another payment; less is refunded or not charged."`
	Refund  orderRefundCmd  `cmd:"" help:"Refund an order: an amount, goods, the shipping fee, or everything that is left."`
	Book    orderBookCmd    `cmd:"" name:"book-payment" help:"Book a bank transfer or cash that came in for an order."`
	Return  orderReturnCmd  `cmd:"" help:"Goods that are sent back."`
	Parcel  orderParcelCmd  `cmd:"" help:"Make parcels, or void their labels."`
	Label   orderLabelCmd   `cmd:"" help:"Download the label of a parcel, to print it."`
	Resolve orderResolveCmd `cmd:"" help:"Decide about an order that is on hold or needs attention."`
	Bulk    orderBulkCmd    `cmd:"" help:"Cancel, refund, resolve or send a mail again for many orders at once."`

	ReturnInstructions orderInstructionsCmd `cmd:"" help:"Tell the shopper how to send an order back."`
}

type orderPlaceCmd struct {
	goods   `embed:""`
	Email   string  `default:"shopper@shop.example" help:"The address that gets the order's mail."`
	Name    string  `default:"Sam Shopper" help:"The name of the person who receives the parcel."`
	Street  string  `default:"1 Quay Street" help:"The street and number that the parcel goes to."`
	City    string  `default:"Harbourtown"`
	Payment string  `enum:"online,manual" default:"online" help:"How it is paid: online, or manual: in advance, by bank transfer or in cash."`
	Expect  decimal `help:"The total that the shopper saw, in major units, such as 31.00. The order is refused if it costs anything else."`
	Key     string  `name:"idempotency-key" help:"Makes repeating the command safe."`
}

func (p *orderPlaceCmd) Run(e *env, c *commands) error {
	r := order.Request{
		Customer: p.Customer, Email: p.Email, Currency: p.Currency, Lines: p.lines(),
		ShipTo:        order.Address{Name: p.Name, Line1: p.Street, City: p.City, PostalCode: p.PostalCode, Country: p.Country},
		DiscountCodes: p.Code, ShippingMethod: p.Shipping,
	}
	if p.Expect != "" {
		n, err := p.Expect.in(p.Currency, "--expect", "")
		if err != nil {
			return err
		}
		r.ExpectedTotal = &order.Money{Amount: n, Currency: p.Currency}
	}
	if p.Payment == string(order.PayManually) {
		r.Payment = order.PayManually
	}
	client, err := c.Order.client()
	if err != nil {
		return err
	}
	placed, err := client.Place(e.ctx, r, p.Key)
	if err != nil {
		return err
	}
	if c.Order.JSON {
		return json.NewEncoder(e.stdout).Encode(placed)
	}
	fmt.Fprintf(e.stdout, "%s  %s  %s\n", placed.ID, paintStatus(e.stdout, placed.Status), placed.Total)
	if placed.ClientSecret != "" {
		fmt.Fprintf(e.stdout, "client secret: %s\n", placed.ClientSecret)
	}
	return nil
}

type orderShowCmd struct {
	ID string `arg:"" help:"The order's id."`
}

func (s *orderShowCmd) Run(e *env, c *commands) error {
	return c.Order.send(e, func(client *shop.Client) (shop.Order, error) { return client.Order(e.ctx, order.ID(s.ID)) })
}

type orderListCmd struct {
	Status    []string `help:"Only orders in these statuses."`
	WaitingOn string   `default:"" enum:",payment,transfer,carrier,operator,payments,parcels,packing,mail" help:"Only orders that wait for payment (the shopper's), transfer (money in advance), carrier (the delivery), packing (a person who makes parcels), operator (a person who decides), or for a step that is tried again: payments, parcels or mail."`
	Customer  string   `help:"Only orders of this customer."`
	Returns   string   `default:"" enum:",expected,requested,approved,received" help:"Only orders with a return that is expected (a parcel came back), requested, approved or received."`
	From      string   `help:"Only orders placed on this day or at this time, or later: YYYY-MM-DD in UTC, or RFC 3339 such as 2026-03-01T09:00:00+01:00." placeholder:"TIME"`
	To        string   `help:"Only orders placed on this day or before it, or before this time; written like --from." placeholder:"TIME"`
	Limit     int      `default:"20" help:"How many, 1 to 100."`
	Cursor    string   `help:"The page to list, as the previous page named it."`
}

func (l *orderListCmd) Run(e *env, c *commands) error {
	q, err := l.query()
	if err != nil {
		return err
	}
	client, err := c.Order.client()
	if err != nil {
		return err
	}
	page, err := client.Orders(e.ctx, q)
	if err != nil {
		return err
	}
	if c.Order.JSON {
		return json.NewEncoder(e.stdout).Encode(page)
	}
	t := terminal.NewTable(e.stdout, "PLACED", "ORDER", "STATUS", "TOTAL", "WAITING FOR")
	for _, o := range page.Orders {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", o.PlacedAt.Format(time.RFC3339), o.ID, paintStatus(t, o.Status), o.Total, waitsFor(o))
	}
	return t.EndPage("--cursor", page.Next)
}

// query returns the API's parameters for the flags.
func (l *orderListCmd) query() (url.Values, error) {
	from, to, err := parsePeriod("--from", l.From, "--to", l.To)
	if err != nil {
		return nil, err
	}
	q := url.Values{"limit": {strconv.Itoa(l.Limit)}, "status": l.Status}
	for name, v := range map[string]string{"customerId": l.Customer, "waitingOn": l.WaitingOn, "returns": l.Returns, "cursor": l.Cursor} {
		if v != "" {
			q.Set(name, v)
		}
	}
	for name, at := range map[string]time.Time{"placedFrom": from, "placedTo": to} {
		if !at.IsZero() {
			q.Set(name, at.Format(time.RFC3339Nano))
		}
	}
	return q, nil
}

// waitsFor returns what an order waits for, as --waiting-on selects it: an order that
// needs attention or has an open case waits for an operator.
func waitsFor(o shop.Order) string {
	switch {
	case len(o.Attention) > 0 || len(o.Cases) > 0:
		return order.WaitOperator
	case o.Waiting == nil:
		return ""
	}
	return o.Waiting.On
}

type orderWatchCmd struct {
	ID string `arg:"" help:"The order's id."`
}

func (w *orderWatchCmd) Run(e *env, c *commands) error {
	client, err := c.Order.client()
	if err != nil {
		return err
	}
	err = client.Watch(e.ctx, order.ID(w.ID), eventPrinter(e.stdout, c.Order.JSON))
	if e.ctx.Err() != nil { // interrupted: the order itself goes on
		return nil
	}
	return err
}

// eventPrinter returns a function that prints an event of a timeline: as JSON, or
// as a line with the time, what happened and the id to search for.
func eventPrinter(w io.Writer, asJSON bool) func(shop.Event) error {
	return func(ev shop.Event) error {
		if asJSON {
			return json.NewEncoder(w).Encode(ev)
		}
		moved := string(ev.To)
		if ev.From != ev.To && ev.From != "" {
			moved = fmt.Sprintf("%s → %s", ev.From, ev.To)
		}
		ref := ev.Ref
		if ref == "" {
			ref = string(ev.OrderID)
		}
		_, err := fmt.Fprintf(w, "%s  %-20s %s %-44s %s\n", terminal.Paint(w, terminal.Grey, ev.At.Local().Format("15:04:05.000")), ev.Kind,
			terminal.Paint(w, statusStyles[string(ev.To)], fmt.Sprintf("%-32s", moved)), ev.Why, ref)
		return err
	}
}

type orderCancelCmd struct {
	ID     string `arg:"" help:"The order's id."`
	Reason string `default:"cancelled by the shop" help:"The reason, for operators."`
}

func (x *orderCancelCmd) Run(e *env, c *commands) error {
	return c.Order.send(e, func(client *shop.Client) (shop.Order, error) { return client.Cancel(e.ctx, order.ID(x.ID), x.Reason) })
}

type orderResolveCmd struct {
	ID     string `arg:"" help:"The order's id."`
	Choice string `arg:"" enum:"release,rebook,void,refund,keep" help:"The decision: one of the choices that 'purser order show' prints for the order."`
	Reason string `required:"" help:"The reason, for operators."`
}

func (x *orderResolveCmd) Run(e *env, c *commands) error {
	return c.Order.send(e, func(client *shop.Client) (shop.Order, error) {
		return client.Resolve(e.ctx, order.ID(x.ID), order.Choice(x.Choice), x.Reason)
	})
}

type orderInstructionsCmd struct {
	ID     string `arg:"" help:"The order's id."`
	Reason string `required:"" help:"The reason, which the ledger keeps."`
	Until  string `help:"The last day on which the order can be sent back, such as 2026-03-01. Default: in 30 days."`
	Link   string `help:"The address of the return label."`
	Key    string `name:"idempotency-key" help:"Makes repeating the command safe."`
}

func (x *orderInstructionsCmd) Run(e *env, c *commands) error {
	client, err := c.Order.client()
	if err != nil {
		return err
	}
	out, err := client.SendReturnInstructions(e.ctx, order.ID(x.ID), x.Reason, x.Until, x.Link, x.Key)
	if err != nil {
		return err
	}
	return printMailOutcome(e.stdout, out, c.Order.JSON)
}
