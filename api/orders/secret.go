package orders

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"purser/api/httpkit"
	"purser/order"
)

type secretInput struct {
	ID string `path:"id" maxLength:"64" doc:"The order's id" example:"ord_0123456789abcdefghjkmnpqrs"`
}

type secretOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         struct {
		ClientSecret string `json:"clientSecret" doc:"The payment's client secret, with which the shopper's browser pays this order"`
		ReturnURL    string `json:"returnUrl,omitempty" doc:"The address to confirm the payment with, to which banks send the shopper back. Missing if none is configured"`
	}
}

// clientSecret returns the secret with which the shopper pays an order that somebody else
// has placed: the shop's own checkout has it from place-order.
func (s *Service) clientSecret(ctx context.Context, in *secretInput) (*secretOutput, error) {
	o, err := httpkit.VisibleOrder(ctx, s.Records, in.ID)
	if err != nil {
		return nil, err
	}
	waited, cancel := context.WithTimeout(ctx, s.server.PlaceWithin)
	defer cancel()
	o, secret, err := s.Workflows.ClientSecret(waited, o.ID)
	switch {
	case httpkit.TimedOut(waited, err):
		return nil, httpkit.ProblemOf(order.ErrInFlight)
	case err != nil:
		return nil, httpkit.ProblemOf(err)
	case secret == "" || o.Status.Final():
		return nil, detailed(&order.Refusal{Kind: order.ErrIllegalMove, Text: "the order is " + string(o.Status) + ": there is nothing to pay online"})
	}
	out := &secretOutput{CacheControl: "no-store"}
	out.Body.ClientSecret, out.Body.ReturnURL = secret, s.returnURL(o.ID)
	return out, nil
}

// registerSecret declares the operation on the secret of an order's payment.
func (s *Service) registerSecret(server *httpkit.Server, write []httpkit.Role) {
	httpkit.Register(server, huma.Operation{
		OperationID: "get-client-secret", Method: http.MethodGet, Path: "/v1/orders/{id}/client-secret", Tags: []string{"orders"},
		Summary:     "Read the secret to pay an order with",
		Description: "Returns the client secret with which the shopper's browser pays an order: one that goods were exchanged for and that costs more than they are worth, whose shopper comes from the mail about the difference, or one whose shopper comes back. 409 wrong_state if there is nothing to pay online; 409 in_flight while the payment is being created.",
	}, write, s.clientSecret)
}
