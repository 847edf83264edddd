package commands

import (
	"fmt"
	"time"

	"purser/order"
	"purser/shop"
)

type orderRefundCmd struct {
	OrderID  string     `arg:"" name:"id" help:"The order's id."`
	Amount   decimal    `help:"An amount in major units of the order's currency, such as 4.50." xor:"what" placeholder:"AMOUNT"`
	All      bool       `help:"Everything that is left." xor:"what"`
	Line     []piecesOf `sep:"none" help:"Goods, as SKU=quantity; repeatable. What the shopper paid for them is refunded; before the money is captured, it is not charged." placeholder:"SKU=N"`
	Restock  bool       `help:"The goods are back, or never left, and are for sale again."`
	Shipping string     `help:"A part of the shipping fee in major units, or 'all' for the rest of it." placeholder:"AMOUNT"`
	Reason   string     `required:"" help:"The reason, for operators."`
	PaidOut  string     `help:"The proof of a refund that a person has paid out already, such as the reference of a bank transfer. The payment's provider is not asked to refund it." placeholder:"PROOF"`
	Key      string     `name:"refund-id" help:"Your id of the refund, which makes repeating the command safe. Default: a new one." placeholder:"ID"`
}

func (x *orderRefundCmd) Run(e *env, c *commands) error {
	client, err := c.Order.client()
	if err != nil {
		return err
	}
	o, err := client.Order(e.ctx, order.ID(x.OrderID))
	if err != nil {
		return err
	}
	r, err := x.request(o)
	if err != nil {
		return err
	}
	if o, err = client.Refund(e.ctx, o.ID, r); err != nil {
		return err
	}
	return c.Order.print(e.stdout, o)
}

// request returns the request of the flags. An amount is in the order's currency.
func (x *orderRefundCmd) request(o shop.Order) (shop.RefundRequest, error) {
	r := shop.RefundRequest{ID: keyOr(x.Key, "rf"), All: x.All, Reason: x.Reason, PaidOut: x.PaidOut}
	if x.Amount != "" {
		n, err := x.Amount.in(o.Total.Currency, "--amount", "")
		if err != nil {
			return r, err
		}
		r.Amount = &order.Money{Amount: n, Currency: o.Total.Currency}
	}
	for _, l := range x.Line {
		r.Lines = append(r.Lines, shop.RefundItem{SKU: l.SKU, Quantity: l.Quantity, Restock: x.Restock})
	}
	switch {
	case x.Shipping == "all" && o.Shipping != nil:
		r.Shipping = o.Shipping.Total - o.Shipping.Refunded - o.Shipping.LeftOut
	case x.Shipping == "all":
		return r, usageError{fmt.Errorf("--shipping: the order has no shipping fee")}
	case x.Shipping != "":
		var fee decimal
		err := fee.UnmarshalText([]byte(x.Shipping))
		if err != nil {
			return r, usageError{fmt.Errorf("--shipping: %w", err)}
		}
		if r.Shipping, err = fee.in(o.Total.Currency, "--shipping", ""); err != nil {
			return r, err
		}
	}
	if !x.All && x.Amount == "" && len(r.Lines) == 0 && r.Shipping == 0 {
		return r, usageError{fmt.Errorf("say what is refunded: --amount, --line, --shipping or --all")}
	}
	return r, nil
}

type orderBookCmd struct {
	OrderID   string    `arg:"" name:"id" help:"The order's id."`
	Amount    decimal   `required:"" help:"The sum that came in, in major units of the order's currency, such as 14.50."`
	Reference string    `required:"" help:"Your reference of the sum, such as that of the bank statement. A sum is booked once per reference."`
	At        time.Time `help:"When the money came in, such as 2026-03-01T12:00:00Z. Default: now."`
	Reason    string    `default:"money came in" help:"A note for operators."`
}

func (x *orderBookCmd) Run(e *env, c *commands) error {
	client, err := c.Order.client()
	if err != nil {
		return err
	}
	o, err := client.Order(e.ctx, order.ID(x.OrderID))
	if err != nil {
		return err
	}
	n, err := x.Amount.in(o.Total.Currency, "--amount", "")
	if err != nil {
		return err
	}
	if o, err = client.BookPayment(e.ctx, o.ID, order.Money{Amount: n, Currency: o.Total.Currency}, x.Reference, x.At, x.Reason); err != nil {
		return err
	}
	return c.Order.print(e.stdout, o)
}
