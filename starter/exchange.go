package starter

import (
	"context"
	"errors"

	"go.temporal.io/sdk/temporal"

	"purser/order"
	"purser/workflows"
	"purser/workflows/orders"
)

// PlaceExchange places the order that the goods of a return are exchanged for, with the
// terms of the shop; the shopper, whom nobody asks at a checkout, has days to pay the
// difference. decided is what was decided about its price. A repeated request returns the
// same order. It fails as Place does, and with order.ErrClosed if the order's workflow was
// terminated before it had opened the order.
func (c *Client) PlaceExchange(ctx context.Context, r order.ExchangeRequest, decided *order.Pricing) (order.Order, error) {
	terms := c.Terms
	terms.PayWithin = order.ExchangePayWithin
	o, _, err := c.place(ctx, orders.Placement{
		ID: r.ID, Request: r.Request, Hash: r.Of.Hash(), Actor: workflows.ActorPurser, Correlation: r.Correlation, Terms: terms,
		Extensions: c.Extensions, Pricing: decided, ExchangeOf: &r.Of,
	})
	var terminated *temporal.TerminatedError
	if errors.As(err, &terminated) {
		return o, &order.Refusal{Kind: order.ErrClosed, Text: "its workflow was terminated before the order was opened"}
	}
	return o, err
}

// ExchangeRuns reports whether the workflow of an order runs.
func (c *Client) ExchangeRuns(ctx context.Context, id order.ID) (bool, error) {
	runs, err := c.runs(ctx, id.WorkflowID())
	return runs, translate("ask for the exchange", id, err)
}

// ReturnCredit has an order take credit back that it had given to another one, and refund
// it. A repeated request moves nothing more. It fails with order.ErrNotFound, and with
// order.ErrNotRefundable if the order has not given so much.
func (c *Client) ReturnCredit(ctx context.Context, id order.ID, r order.CreditReturn) error {
	_, err := send(ctx, c, orders.TakeCredit, "return credit", id, "", orders.TakeCreditRequest{CreditReturn: r, Sender: sender(workflows.ActorPurser, r.Reason, "")})
	return err
}

// ClientSecret returns the secret with which the shopper's browser pays an order, which Place
// returned, or which belongs to an order that goods were exchanged for; it is empty if there
// is nothing to pay online. It fails with order.ErrNotFound or order.ErrInFlight.
func (c *Client) ClientSecret(ctx context.Context, id order.ID) (order.Order, string, error) {
	hash, err := c.Record.RequestHash(ctx, id)
	if err != nil {
		return order.Order{}, "", err
	}
	h, err := c.Temporal.UpdateWorkflow(ctx, placeUpdate(id, hash))
	return c.placed(ctx, id, hash, h, err)
}
