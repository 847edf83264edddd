package orders

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"purser/api/httpkit"
	"purser/catalog"
	"purser/order"
)

// Change is a change of an order that was asked for before its label.
type Change struct {
	ID      string                `json:"id" doc:"The id under which the change was asked for"`
	Status  order.AmendmentStatus `json:"status" doc:"pending (it waits for its payment, and the order goes on as it was), made, or dropped (it was not paid in time, or a parcel was booked or the order cancelled first)"`
	Amount  int64                 `json:"amount" doc:"How much more the shopper pays, or less if it is below zero, in minor currency units"`
	Until   time.Time             `json:"until,omitzero" doc:"Until when the shopper can pay for it. Missing if it needs no payment of its own"`
	Payment int                   `json:"payment,omitempty" doc:"The number of the payment that it waits or waited for. Missing if it needs none of its own"`
	Added   []ItemQuantity        `json:"added" nullable:"false" doc:"The pieces that it adds"`
	Removed []ItemQuantity        `json:"removed" nullable:"false" doc:"The pieces that it takes out"`
	ShipTo  *order.Address        `json:"shipTo,omitempty" doc:"The address that the goods are sent to afterwards. Missing if it stays"`
	At      time.Time             `json:"at" doc:"When it was asked for"`
	By      string                `json:"by" doc:"Who asked for it: key: and the name of an API key, or temporal-ui"`
	Reason  string                `json:"reason,omitempty" doc:"Why"`
	Why     string                `json:"why,omitempty" doc:"Why it was dropped. Missing if it was not"`
}

func changeView(a order.Amendment) Change {
	return Change{
		ID: a.ID, Status: a.Status, Amount: a.Amount, Until: a.Until, Payment: a.Payment,
		Added:   each(a.Added, func(l order.Line) ItemQuantity { return ItemQuantity{SKU: l.SKU, Quantity: l.Quantity} }),
		Removed: each(a.Removed, quantityView), ShipTo: a.ShipTo, At: a.At, By: a.By, Reason: a.Reason, Why: a.Why,
	}
}

type changeInput struct {
	ID   string `path:"id" maxLength:"64" doc:"The order's id" example:"ord_0123456789abcdefghjkmnpqrs"`
	Body ChangeRequest
}

// ChangeRequest asks for an order to be changed.
type ChangeRequest struct {
	ID     string         `json:"id" minLength:"1" maxLength:"57" pattern:"^[A-Za-z0-9_-]+$" doc:"Your id of the change. A request that is repeated under its id is the same change" example:"ch-1"`
	ShipTo *order.Address `json:"shipTo,omitempty" doc:"The address that the goods are sent to. Missing: it stays"`
	Lines  []ChangedLine  `json:"lines,omitempty" maxItems:"100" doc:"Products, with the quantities that the order has afterwards. Products that are not named stay as they are"`
	Reason string         `json:"reason" minLength:"1" maxLength:"200" doc:"The reason, which is recorded in the order's events; no personal data"`
}

// ChangedLine is the quantity of a product that an order has after a change.
type ChangedLine struct {
	SKU      string `json:"sku" doc:"The product"`
	Quantity int64  `json:"quantity" minimum:"0" doc:"The number of pieces that the order has afterwards; 0 takes the product out"`
}

type changeOutput struct {
	Status     int
	ETag       string `header:"ETag"`
	RetryAfter string `header:"Retry-After"`
	Body       placed
}

// change changes an order before its label, and returns it with the secret of the payment
// that the shopper is asked for. The status is 202 if the result is not known yet.
func (s *Service) change(ctx context.Context, in *changeInput) (*changeOutput, error) {
	ask := order.ChangeRequest{ID: in.Body.ID, ShipTo: in.Body.ShipTo, Reason: in.Body.Reason}
	for _, l := range in.Body.Lines {
		ask.Lines = append(ask.Lines, order.RequestLine{SKU: catalog.CleanSKU(l.SKU), Quantity: l.Quantity})
	}
	if err := ask.Validate(); err != nil {
		return nil, detailed(err)
	}
	secret := ""
	o, late, err := s.steer(ctx, in.ID, ask.Reason, func(ctx context.Context, id order.ID, c *httpkit.Call) (o order.Order, err error) {
		o, secret, err = s.Workflows.ChangeOrder(ctx, id, ask, c.Actor(), c.Correlation)
		return o, err
	})
	switch {
	case errors.Is(err, order.ErrPricing), errors.Is(err, order.ErrPricingDown): // what is wrong with the shop's endpoint is for the log
		p := httpkit.ProblemOf(err)
		return nil, httpkit.NewProblem(p.Status, p.Code, order.ErrPricingDown.Error()).WithCause(err)
	case err != nil:
		return nil, detailed(err)
	case late && o.ChangeByID(ask.ID) == nil:
		return nil, perhapsNot()
	}
	v := viewOf(o)
	out := &changeOutput{Status: http.StatusOK, ETag: etag(v), Body: s.payable(v, secret)}
	if late {
		out.Status, out.RetryAfter = http.StatusAccepted, "1"
	}
	return out, nil
}

// registerChange declares the change of an order.
func (s *Service) registerChange(server *httpkit.Server, write []httpkit.Role) {
	httpkit.Register(server, huma.Operation{
		OperationID: "change-order", Method: http.MethodPost, Path: "/v1/orders/{id}/changes", Tags: []string{"orders"},
		Summary:     "Change an order before its label",
		Description: "Changes the address and the quantities of an order while no parcel is booked, and returns the order. Before it is paid, the order costs what it costs then, and another payment asks for that: clientSecret is its secret. When it is paid, less is refunded or not charged; more is a payment of its own, for which clientSecret is returned and the shopper mailed, and the change is pending until it is paid (changes in the order says until when). It is dropped, and what was paid for it returned, if it is not paid in time, or if a parcel is booked or the order cancelled first. What is added costs what the catalogue says now, with taxes and without a shipping fee and codes; a product that the order has already at another price is refused (409 not_changeable), and so are an address with other taxes or another shipping fee, taking all goods out, and a second change while one is pending; the detail says what to do instead. 409 too_late once a parcel is booked; the detail says what is still possible. 409 wrong_state if the order is on hold or about to be cancelled. 409 out_of_stock, 422 unknown_sku and 422 amount_too_small as for a new order. Sending the request again with the same id is the same change, and returns the secret again while it can be paid; another request under that id is refused (422 idempotency_key_reused). 503 busy says that the request was perhaps not accepted: send it again with the same id.",
	}, write, s.change, http.StatusAccepted)
}
