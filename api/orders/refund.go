package orders

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"purser/api/httpkit"
	"purser/catalog"
	"purser/order"
)

type refundInput struct {
	ID   string `path:"id" maxLength:"64" doc:"The order's id" example:"ord_0123456789abcdefghjkmnpqrs"`
	Body RefundRequest
}

// RefundRequest asks for a refund.
type RefundRequest struct {
	ID       string       `json:"id" minLength:"1" maxLength:"64" pattern:"^[A-Za-z0-9_-]+$" doc:"Your id of the refund. A request that is repeated under its id refunds nothing more" example:"rf-1"`
	Amount   *order.Money `json:"amount,omitempty" doc:"An amount in minor currency units, not tied to goods"`
	Lines    []RefundItem `json:"lines,omitempty" maxItems:"100" doc:"Goods: what the shopper paid for them is refunded, with tax and after discounts"`
	Shipping int64        `json:"shipping,omitempty" minimum:"0" doc:"A part of the shipping fee or all of it, with its tax, in minor currency units"`
	All      bool         `json:"all,omitempty" doc:"Everything that is left"`
	Reason   string       `json:"reason" minLength:"1" maxLength:"200" doc:"The reason, which is recorded in the order's events; no personal data"`
	PaidOut  string       `json:"paidOut,omitempty" maxLength:"200" doc:"The proof of a refund that a person has paid out, such as the reference of a bank transfer: it is only recorded. Missing: the payment's provider makes the refund"`
}

// RefundItem asks for pieces of a line to be refunded.
type RefundItem struct {
	SKU      string `json:"sku" doc:"The product"`
	Quantity int64  `json:"quantity" minimum:"1" doc:"The number of pieces"`
	Restock  bool   `json:"restock,omitempty" doc:"The pieces are back, or never left, and are for sale again"`
}

// request returns the request as the workflow takes it.
func (r RefundRequest) request() order.RefundRequest {
	ask := order.RefundRequest{ID: r.ID, Shipping: r.Shipping, All: r.All, Reason: r.Reason, PaidOut: r.PaidOut}
	if r.Amount != nil {
		ask.Amount = *r.Amount
	}
	for _, l := range r.Lines {
		l.SKU = catalog.CleanSKU(l.SKU)
		ask.Lines = append(ask.Lines, order.RefundItem(l))
	}
	return ask
}

// refund refunds money of an order and returns the order. The status is 202 while the
// payment's provider has not responded. A request that the order does not list in time
// is busy: it may still be refused, as the second of two that are too much together.
func (s *Service) refund(ctx context.Context, in *refundInput) (*orderOutput, error) {
	ask := in.Body.request()
	if in.Body.Amount != nil && ask.Amount == (order.Money{}) {
		ask.Amount.Currency = "none" // so that it is refused, and not taken for a missing amount
	}
	if err := ask.Validate(); err != nil {
		return nil, detailed(err)
	}
	o, late, err := s.steer(ctx, in.ID, ask.Reason, func(ctx context.Context, id order.ID, c *httpkit.Call) (order.Order, error) {
		return s.Workflows.Refund(ctx, id, ask, c.Actor(), c.Correlation)
	})
	if err != nil {
		return nil, detailed(err)
	}
	taken := false
	for _, r := range o.Refunds {
		if r.Asked == ask.Hash() {
			taken, late = true, late || r.Status == order.RefundRequested
		}
	}
	switch {
	case late && !taken:
		return nil, perhapsNot()
	case late:
		return newOrderOutput(http.StatusAccepted, o), nil
	}
	return newOrderOutput(http.StatusOK, o), nil
}

// perhapsNot returns the problem of a request that was perhaps not accepted.
func perhapsNot() error {
	return httpkit.NewProblem(http.StatusServiceUnavailable, "busy", "the request was perhaps not accepted: send it again").RetryAfter(time.Second)
}

// detailed returns the problem of a refused request with the reason, which holds
// amounts, quantities and product keys only.
func detailed(err error) error {
	for _, kind := range []error{order.ErrInvalid, order.ErrNotRefundable, order.ErrOtherRequest, order.ErrIllegalMove, order.ErrNotReturnable, order.ErrNotShipped, order.ErrReturnTooLate, order.ErrNoReturn, order.ErrNotSendable, order.ErrNoParcel, order.ErrChangeTooLate, order.ErrNotChangeable} {
		if errors.Is(err, kind) {
			p := httpkit.ProblemOf(err)
			p.Detail = strings.TrimPrefix(err.Error(), order.ErrInvalid.Error()+": ")
			return p
		}
	}
	return err
}
