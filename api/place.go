package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"purser/order"
)

// Orders sends messages to the orders' workflows. Every error is, or wraps,
// one of package order's, or the context's.
type Orders interface {
	// Place starts the order's workflow and answers the order and its client
	// secret as soon as the shopper can pay. Repeating it with the same id
	// and request answers the same; with another request it fails with
	// order.ErrOtherRequest, while the first is still being worked on it may
	// fail with order.ErrInFlight. When the context ends first, the order
	// goes on all the same.
	Place(ctx context.Context, id order.ID, r order.Request, actor, correlation string) (o order.Order, clientSecret string, err error)
	// Cancel undoes the order and answers it as undone. It fails with
	// order.ErrNotFound or order.ErrTooLate.
	Cancel(ctx context.Context, id order.ID, actor, reason, correlation string) (order.Order, error)
	// Release lets a held order go on. It fails with order.ErrNotFound or
	// order.ErrIllegalMove.
	Release(ctx context.Context, id order.ID, actor, reason, correlation string) (order.Order, error)
}

type placeInput struct {
	Key  string `header:"Idempotency-Key" maxLength:"255" pattern:"^[!-~]+$" doc:"Names this order in the caller's words, so that sending it again finds the same order instead of making a second one. Recommended."`
	Body order.Request
}

type placed struct {
	Order        order.Order `json:"order"`
	ClientSecret string      `json:"clientSecret,omitempty" doc:"Lets the shopper's browser pay this order. Missing from an answer 202: ask again with the same key."`
}

type placeOutput struct {
	Status     int
	Location   string `header:"Location"`
	ETag       string `header:"ETag"`
	RetryAfter string `header:"Retry-After"`
	Body       placed
}

// place opens an order. What can be refused without starting anything is
// refused first.
func (s *server) place(ctx context.Context, in *placeInput) (*placeOutput, error) {
	c := callOf(ctx)
	if err := in.Body.Validate(); err != nil {
		return nil, refused(err)
	}
	if c.customer != "" && c.customer != in.Body.Customer {
		return nil, problem(http.StatusForbidden, "forbidden", "customerId is not the customer of "+headerCustomer)
	}
	c.orderID = order.NewID()
	if in.Key != "" {
		c.orderID = order.IDForKey(c.principal.Name, in.Key)
		// The engine lets few callers wait for one order at a time; a crowd of
		// impatient ones is not worth its queue.
		if _, busy := s.placing.LoadOrStore(c.orderID, true); busy {
			return nil, problemOf(order.ErrInFlight)
		}
		defer s.placing.Delete(c.orderID)
	}
	leave, err := s.turn(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	if err := s.quote(ctx, in.Body); err != nil && !s.placedBefore(ctx, c.orderID, in.Key) {
		return nil, refused(err)
	}
	waited, cancel := context.WithTimeout(ctx, s.PlaceWithin)
	defer cancel()
	o, secret, err := s.Orders.Place(waited, c.orderID, in.Body, c.actor(), c.correlation)
	switch {
	case late(waited, err):
		return s.placeLater(ctx, c.orderID, in.Key, "timeout")
	case errors.Is(err, order.ErrBusy):
		return s.placeLater(ctx, c.orderID, in.Key, "busy")
	case errors.Is(err, order.ErrBelowMinimum): // since the quote, or the provider says so
		return nil, belowMinimum(in.Body.Currency)
	case err != nil:
		return nil, problemOf(err)
	}
	s.Appeared(o.ID)
	out := answerPlaced(o, secret)
	if secret == "" && o.Status == order.Placed {
		out.Status, out.RetryAfter = http.StatusAccepted, "1"
	}
	return out, nil
}

// quote prices the request from the catalogue as it is now, so that nothing
// is started for an order that cannot be. The workflow prices it again, and
// that price counts.
func (s *server) quote(ctx context.Context, r order.Request) error {
	skus := make([]string, len(r.Lines))
	for i, l := range r.Lines {
		skus[i] = l.SKU
	}
	offers, err := s.Records.Offers(ctx, skus)
	if err != nil {
		return fmt.Errorf("read offers: %w", err)
	}
	_, _, err = r.Price(offers)
	return err
}

// belowMinimum names the least that can be charged, where it is known.
func belowMinimum(currency string) *Problem {
	p := problemOf(order.ErrBelowMinimum)
	if least, ok := order.Minimum(currency); ok {
		p.Detail += ": the minimum is " + least.String()
	}
	return p
}

// placedBefore reports whether the key has its order already: that order
// stands, whatever became of price and stock since.
func (s *server) placedBefore(ctx context.Context, id order.ID, key string) bool {
	if key == "" {
		return false
	}
	_, err := s.Records.Order(ctx, id)
	return err == nil
}

// late reports whether a call ended because our patience did, and not the
// caller's. One of which it is not known whether it was taken is not late: it
// may never be carried out.
func late(waited context.Context, err error) bool {
	return err != nil && !errors.Is(err, order.ErrBusy) && (errors.Is(err, context.DeadlineExceeded) || errors.Is(waited.Err(), context.DeadlineExceeded))
}

// placeLater answers an order that is on its way, but cannot be paid yet
// (PERF-2). If not even the record knows it, nobody can tell whether it was
// placed. The same key finds out; without one, sending it again could make a
// second order, and so nothing invites to that.
func (s *server) placeLater(ctx context.Context, id order.ID, key, code string) (*placeOutput, error) {
	o, err := s.Records.Order(ctx, id)
	switch {
	case errors.Is(err, order.ErrNotFound) && key != "":
		return nil, problem(http.StatusServiceUnavailable, code, "the order could not be placed in time; send it again with the same Idempotency-Key").retry(2 * time.Second)
	case errors.Is(err, order.ErrNotFound):
		return nil, problem(http.StatusServiceUnavailable, code, "the order could not be placed in time, but may have been opened all the same: look for /v1/orders/"+string(id)+" or list the orders before sending it again, which would make another one")
	}
	if err != nil {
		return nil, problemOf(err)
	}
	s.Appeared(id)
	out := answerPlaced(o, "")
	out.Status, out.RetryAfter = http.StatusAccepted, "1"
	return out, nil
}

func answerPlaced(o order.Order, secret string) *placeOutput {
	return &placeOutput{
		Status: http.StatusCreated, Location: "/v1/orders/" + string(o.ID), ETag: etag(o),
		Body: placed{Order: o, ClientSecret: secret},
	}
}

// etag changes exactly when the order does: it is the order's version and,
// where that stays when the end of a wait is put off, that end. A version that
// was lost and told anew differs by its fence.
func etag(o order.Order) string {
	tag := strconv.FormatInt(o.Version, 10)
	if o.Fence > 0 {
		tag += "-" + strconv.FormatInt(o.Fence, 10)
	}
	if o.Waiting != nil && !o.Waiting.Until.IsZero() {
		tag += "." + strconv.FormatInt(o.Waiting.Until.UnixMilli(), 10)
	}
	return strconv.Quote(tag)
}
