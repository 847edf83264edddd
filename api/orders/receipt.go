package orders

import (
	"context"
	"net/http"
	"time"

	"purser/api/httpkit"
	"purser/order"
)

// PaymentReceipt is a sum that came in without a payment provider.
type PaymentReceipt struct {
	Reference string    `json:"reference" doc:"The reference of the sum, such as that of the bank statement"`
	Amount    int64     `json:"amount" doc:"The sum, in minor currency units"`
	At        time.Time `json:"at" doc:"When the money came in"`
}

type bookInput struct {
	ID   string `path:"id" maxLength:"64" doc:"The order's id" example:"ord_0123456789abcdefghjkmnpqrs"`
	Body struct {
		Amount    order.Money `json:"amount" doc:"The sum that came in, in minor currency units"`
		Reference string      `json:"reference" minLength:"1" maxLength:"200" doc:"Your reference of the sum, such as that of the bank statement. A sum is booked once per reference"`
		At        time.Time   `json:"at,omitempty" doc:"When the money came in. Default: now"`
		Reason    string      `json:"reason" minLength:"1" maxLength:"200" doc:"A note, which is recorded in the order's events; no personal data"`
	}
}

// book books a sum that came in without a payment provider, and returns the order. The
// status is 202 if the result is not known yet.
func (s *Service) book(ctx context.Context, in *bookInput) (*orderOutput, error) {
	r := order.Receipt{Reference: in.Body.Reference, Amount: in.Body.Amount.Amount, At: in.Body.At}
	o, late, err := s.steer(ctx, in.ID, in.Body.Reason, func(ctx context.Context, id order.ID, c *httpkit.Call) (order.Order, error) {
		return s.Workflows.BookPayment(ctx, id, r, in.Body.Amount.Currency, c.Actor(), in.Body.Reason, c.Correlation)
	})
	switch {
	case err != nil:
		return nil, detailed(err)
	case late:
		return newOrderOutput(http.StatusAccepted, o), nil
	}
	return newOrderOutput(http.StatusOK, o), nil
}
