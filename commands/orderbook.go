package commands

import (
	"time"

	"purser/order"
)

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
