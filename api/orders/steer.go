package orders

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"purser/api/httpkit"
	"purser/order"
)

type cancelInput struct {
	ID   string `path:"id" maxLength:"64" doc:"The order's id" example:"ord_0123456789abcdefghjkmnpqrs"`
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"200" doc:"The reason, which is recorded in the order's events; no personal data"`
	}
}

// cancel cancels an order, if that is still possible, and returns it.
func (s *Service) cancel(ctx context.Context, in *cancelInput) (*orderOutput, error) {
	o, _, err := s.steer(ctx, in.ID, in.Body.Reason, func(ctx context.Context, id order.ID, c *httpkit.Call) (order.Order, error) {
		return s.Workflows.Cancel(ctx, id, c.Actor(), in.Body.Reason, c.Correlation)
	})
	switch {
	case errors.Is(err, order.ErrTooLate), errors.Is(err, order.ErrClosed):
		now, readErr := s.Records.Order(ctx, o.ID)
		switch {
		case readErr != nil:
			return nil, readErr
		case now.Status == order.Cancelled, now.Status == order.Expired:
			return newOrderOutput(http.StatusOK, now), nil
		}
		return nil, tooLate(now)
	case err != nil:
		return nil, err
	}
	return cancelled(o)
}

// cancelled returns the response to a cancellation after which the order is o. It
// depends on the order alone: a message whose result did not arrive in time may
// have been lost, so it does not prove that the order is being cancelled.
func cancelled(o order.Order) (*orderOutput, error) {
	switch o.Status {
	case order.Cancelled, order.Expired:
		return newOrderOutput(http.StatusOK, o), nil
	case order.Cancelling:
		return newOrderOutput(http.StatusAccepted, o), nil
	case order.OnHold:
		if h := o.Hold; h != nil && (h.Kind == order.HoldVoid || h.Kind == order.HoldRefund) {
			return newOrderOutput(http.StatusAccepted, o), nil
		}
	case order.Shipped, order.Delivered, order.Returned, order.Refused:
		return nil, tooLate(o)
	}
	return nil, perhapsNot()
}

// tooLate returns the problem of an order that cannot be cancelled any more. Its
// detail says what the order is.
func tooLate(o order.Order) *httpkit.Problem {
	p := httpkit.ProblemOf(order.ErrTooLate)
	p.Detail += ": the order is " + string(o.Status)
	if !o.Status.Final() && o.Status != order.Shipped && o.HandedOver() {
		p.Detail += ", and the carrier has a parcel of it"
	}
	return p
}

type resolveInput struct {
	ID   string `path:"id" maxLength:"64" doc:"The order's id" example:"ord_0123456789abcdefghjkmnpqrs"`
	Body struct {
		Choice order.Choice `json:"choice" enum:"release,rebook,void,refund,keep" doc:"The decision: one of the choices of the order's hold"`
		Reason string       `json:"reason" minLength:"1" maxLength:"200" doc:"The reason, which is recorded in the order's events; no personal data"`
	}
}

// resolve takes a person's decision about an order that is on hold or needs
// attention, and returns the order. The status is 202 if the result is not known
// yet.
func (s *Service) resolve(ctx context.Context, in *resolveInput) (*orderOutput, error) {
	o, late, err := s.steer(ctx, in.ID, in.Body.Reason, func(ctx context.Context, id order.ID, c *httpkit.Call) (order.Order, error) {
		return s.Workflows.Resolve(ctx, id, in.Body.Choice, c.Actor(), in.Body.Reason, c.Correlation)
	})
	switch {
	case errors.Is(err, order.ErrIllegalMove):
		now, readErr := s.Records.Order(ctx, o.ID)
		if readErr != nil {
			return nil, readErr
		}
		return nil, wrongState(now, err)
	case err != nil:
		return nil, err
	case late:
		return newOrderOutput(http.StatusAccepted, o), nil
	}
	return newOrderOutput(http.StatusOK, o), nil
}

// wrongState returns the problem of a decision that the order does not take. Its
// detail names the order's status and the choices that it takes: in the words of its
// workflow, if refused has them, because the record may be behind.
func wrongState(o order.Order, refused error) *httpkit.Problem {
	p := httpkit.ProblemOf(refused)
	if p.Detail != order.ErrIllegalMove.Error() {
		return p
	}
	p.Detail = "the order is " + string(o.Status)
	switch {
	case o.Hold != nil:
		p.Detail += ", and its hold (" + string(o.Hold.Kind) + ") takes " + list(o.Hold.Choices)
	case len(o.Attention) > 0:
		p.Detail += ", and what needs attention takes " + list([]order.Choice{order.ChooseRelease, order.ChooseKeep})
	default:
		p.Detail += ": it is not on hold, so there is nothing to decide"
	}
	return p
}

// list returns the choices as words: "release, void or keep".
func list(choices []order.Choice) string {
	var words strings.Builder
	for i, c := range choices {
		switch {
		case i > 0 && i == len(choices)-1:
			words.WriteString(" or ")
		case i > 0:
			words.WriteString(", ")
		}
		words.WriteString(string(c))
	}
	return words.String()
}

// message sends one of the messages of Workflows in the name of a call.
type message func(ctx context.Context, id order.ID, c *httpkit.Call) (order.Order, error)

// steer sends a message to the workflow of an order that the caller may see, and
// returns the order as the workflow returned it. If the result does not arrive in
// time, late is set and the order is as the record has it. If the message fails,
// the order is as it was before.
func (s *Service) steer(ctx context.Context, id, reason string, send message) (o order.Order, late bool, err error) {
	if err := httpkit.CheckReason(reason); err != nil {
		return order.Order{}, false, err
	}
	if o, err = httpkit.VisibleOrder(ctx, s.Records, id); err != nil {
		return order.Order{}, false, err
	}
	waited, stop := context.WithTimeout(ctx, s.server.SteerWithin)
	defer stop()
	done, err := send(waited, o.ID, httpkit.CallOf(ctx))
	switch {
	case httpkit.TimedOut(waited, err):
		o, err = s.Records.Order(ctx, o.ID)
		return o, true, err
	case err != nil:
		return o, false, err
	}
	return done, false, nil
}
