package mails

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"purser/api/httpkit"
	"purser/order"
)

type returnInput struct {
	ID   string `path:"id" maxLength:"64" doc:"The order's id" example:"ord_0123456789abcdefghjkmnpqrs"`
	Key  string `header:"Idempotency-Key" maxLength:"255" pattern:"^[!-~]+$" doc:"A name that the caller chooses for this request, so that repeating it sends nothing more. Recommended."`
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"200" doc:"The reason, which is recorded in the mail log; no personal data"`
		Until  string `json:"until,omitempty" format:"date" doc:"The last day on which the shopper can return the order, in UTC. Default: in 30 days"`
		Link   string `json:"link,omitempty" maxLength:"900" doc:"The address of the return label. Default: the mail offers no label"`
	}
}

// sendReturnInstructions sends the shopper instructions to return the order. The
// shop requests it, because no event of an order says that its shopper wants to
// return it.
func (s *Service) sendReturnInstructions(ctx context.Context, in *returnInput) (*resendOutput, error) {
	if err := httpkit.CheckReason(in.Body.Reason); err != nil {
		return nil, err
	}
	until, err := s.lastDay(in.Body.Until)
	if err != nil {
		return nil, err
	}
	if u, err := url.Parse(in.Body.Link); in.Body.Link != "" && (err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "") {
		return nil, httpkit.NewProblem(http.StatusUnprocessableEntity, "invalid", "link: want an http or https address")
	}
	o, err := httpkit.VisibleOrder(ctx, s.Orders, in.ID)
	if err != nil {
		return nil, err
	}
	if o.Status != order.Shipped && o.Status != order.Delivered {
		return nil, httpkit.NewProblem(http.StatusConflict, "wrong_state", fmt.Sprintf("the order cannot be returned: it is %s", o.Status))
	}
	if in.Key == "" {
		in.Key = rand.Text()
	}
	return s.resend(ctx, order.Resend{
		OrderID: o.ID, Notification: order.MailReturnInstructions, Key: callersKey(ctx, in.Key), Actor: httpkit.CallOf(ctx).Actor(), Why: in.Body.Reason,
		Until: until, Link: in.Body.Link,
	})
}

// lastDay returns the end of a day that is today or later, or the zero time for an
// empty text.
func (s *Service) lastDay(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	day, err := time.Parse(time.DateOnly, text)
	last := day.Add(24*time.Hour - time.Second)
	if now := s.server.Now(); err != nil || last.Before(now) || last.After(now.AddDate(2, 0, 0)) {
		return time.Time{}, httpkit.NewProblem(http.StatusUnprocessableEntity, "invalid", "until: want a day within two years, such as 2026-03-01")
	}
	return last, nil
}
