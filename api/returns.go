package api

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"purser/order"
)

func (s *server) returnRoutes(a huma.API, write []Role) {
	register(s, a, huma.Operation{
		OperationID: "send-return-instructions", Method: http.MethodPost, Path: "/v1/orders/{id}/return-instructions", Tags: []string{"orders"},
		Summary:     "Tell the shopper how to send an order back",
		Description: "Sends the mail return_instructions; what the shop says of itself names the address. Sending the request again with the same Idempotency-Key sends nothing more. 409 wrong_state for an order that is not with its shopper, or on the way there; 202 while the mail is still being sent.",
	}, write, s.sendReturnInstructions, http.StatusAccepted)
}

type returnInput struct {
	ID   string `path:"id" maxLength:"64" doc:"The order's id" example:"ord_0123456789abcdefghjkmnpqrs"`
	Key  string `header:"Idempotency-Key" maxLength:"255" pattern:"^[!-~]+$" doc:"Names this request, so that repeating it sends nothing more. Recommended."`
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"200" doc:"Why, for the ledger; nothing personal"`
		Until  string `json:"until,omitempty" format:"date" doc:"The last day on which the shopper can send it back, UTC. Default: in 30 days"`
		Link   string `json:"link,omitempty" maxLength:"900" doc:"Where the return label is; default: none is offered"`
	}
}

// sendReturnInstructions is a shop's decision: nothing in an order's life says
// that its shopper wants to send it back.
func (s *server) sendReturnInstructions(ctx context.Context, in *returnInput) (*resendOutput, error) {
	if err := order.CheckText("reason", in.Body.Reason, true, maxReason); err != nil {
		return nil, problem(http.StatusUnprocessableEntity, "invalid", "reason: want 1 to 200 characters of text")
	}
	until, err := s.lastDay(in.Body.Until)
	if err != nil {
		return nil, err
	}
	if u, err := url.Parse(in.Body.Link); in.Body.Link != "" && (err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "") {
		return nil, problem(http.StatusUnprocessableEntity, "invalid", "link: want an http or https address")
	}
	o, err := s.visible(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if o.Status != order.Shipped && o.Status != order.Delivered {
		return nil, problem(http.StatusConflict, "wrong_state", fmt.Sprintf("the order cannot be sent back: it is %s", o.Status))
	}
	if in.Key == "" {
		in.Key = rand.Text()
	}
	return s.resend(ctx, order.Resend{
		OrderID: o.ID, Milestone: order.MailReturnInstructions, Key: in.Key, Actor: callOf(ctx).actor(), Why: in.Body.Reason,
		Until: until, Link: in.Body.Link,
	})
}

// lastDay is the end of a day that is not over; "" is the zero time.
func (s *server) lastDay(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	day, err := time.Parse(time.DateOnly, text)
	last := day.Add(24*time.Hour - time.Second)
	if now := s.Now(); err != nil || last.Before(now) || last.After(now.AddDate(2, 0, 0)) {
		return time.Time{}, problem(http.StatusUnprocessableEntity, "invalid", "until: want a day within two years, such as 2026-03-01")
	}
	return last, nil
}
