package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"purser/order"
	orderrecords "purser/records/orders"
	"purser/records/sqldb"
)

type orderOutput struct {
	Status     int
	ETag       string `header:"ETag"`
	RetryAfter string `header:"Retry-After"`
	Body       *order.Order
}

// visible reads an order as the caller may see it. An id that is malformed,
// unknown or another customer's gets the very same answer.
func (s *server) visible(ctx context.Context, raw string) (order.Order, error) {
	id, err := order.ParseID(raw)
	if err != nil {
		return order.Order{}, order.ErrNotFound
	}
	c := callOf(ctx)
	c.orderID = id
	o, err := s.Records.Order(ctx, id)
	if err != nil {
		return order.Order{}, err
	}
	if c.customer != "" && o.Customer != c.customer {
		return order.Order{}, order.ErrNotFound
	}
	return o, nil
}

type getInput struct {
	ID          string `path:"id" maxLength:"64" doc:"The order's id" example:"ord_0123456789abcdefghjkmnpqrs"`
	IfNoneMatch string `header:"If-None-Match" maxLength:"1024" doc:"Answers 304 without a body if the order still has this ETag"`
}

func (s *server) get(ctx context.Context, in *getInput) (*orderOutput, error) {
	o, err := s.visible(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	tag := etag(o)
	if matches(in.IfNoneMatch, tag) {
		return &orderOutput{Status: http.StatusNotModified, ETag: tag}, nil
	}
	return &orderOutput{Status: http.StatusOK, ETag: tag, Body: &o}, nil
}

// matches compares weakly, as RFC 9110 has it for If-None-Match.
func matches(header, tag string) bool {
	for _, t := range strings.Split(header, ",") {
		t = strings.TrimPrefix(strings.TrimSpace(t), "W/")
		if t == "*" || t == tag {
			return true
		}
	}
	return false
}

type listInput struct {
	Status     []order.Status `query:"status,explode" maxItems:"12" enum:"placed,awaiting_payment,authorized,paid,shipped,delivered,on_hold,cancelling,cancelled,expired,refused,returned" doc:"Only orders in one of these states; may be repeated"`
	Customer   string         `query:"customerId" maxLength:"64" doc:"Only this customer's orders"`
	PlacedFrom time.Time      `query:"placedFrom" doc:"Placed at this time or later"`
	PlacedTo   time.Time      `query:"placedTo" doc:"Placed before this time"`
	Limit      int            `query:"limit" minimum:"1" maximum:"100" default:"50" doc:"How many at the most"`
	Cursor     string         `query:"cursor" maxLength:"200" doc:"nextCursor of the page before"`
}

type orderPage struct {
	Orders     []order.Order `json:"orders"`
	NextCursor string        `json:"nextCursor,omitempty" doc:"Missing on the last page"`
}

type listOutput struct{ Body orderPage }

// list answers newest first.
func (s *server) list(ctx context.Context, in *listInput) (*listOutput, error) {
	slices.Sort(in.Status) // a status that stands twice counts once
	f := orderrecords.Filter{
		Status: slices.Compact(in.Status), Customer: in.Customer,
		PlacedFrom: in.PlacedFrom, PlacedTo: in.PlacedTo, Limit: in.Limit, Cursor: in.Cursor,
	}
	if scope := callOf(ctx).customer; scope != "" {
		if f.Customer != "" && f.Customer != scope {
			return &listOutput{orderPage{Orders: []order.Order{}}}, nil // as if the other customer had none
		}
		f.Customer = scope
	}
	page, err := s.Records.Orders(ctx, f)
	if errors.Is(err, sqldb.ErrCursor) {
		return nil, problem(http.StatusUnprocessableEntity, "invalid", "cursor: want the nextCursor of the page before")
	}
	if err != nil {
		return nil, err
	}
	return &listOutput{orderPage{Orders: append([]order.Order{}, page.Orders...), NextCursor: page.Next}}, nil
}

type stateInput struct {
	ID   string `path:"id" maxLength:"64" doc:"The order's id" example:"ord_0123456789abcdefghjkmnpqrs"`
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"200" doc:"Why, for the order's story; nothing personal"`
	}
}

// cancel undoes an order, if that is still possible, and answers it as
// undone, or with 202 while the undoing goes on.
func (s *server) cancel(ctx context.Context, in *stateInput) (*orderOutput, error) {
	return s.steer(ctx, in, s.Orders.Cancel)
}

// release lets a held order go on.
func (s *server) release(ctx context.Context, in *stateInput) (*orderOutput, error) {
	return s.steer(ctx, in, s.Orders.Release)
}

// maxReason is as long as a reason may be: it goes into the order's history.
const maxReason = 200

type message func(ctx context.Context, id order.ID, actor, reason, correlation string) (order.Order, error)

func (s *server) steer(ctx context.Context, in *stateInput, send message) (*orderOutput, error) {
	if err := order.CheckText("reason", in.Body.Reason, true, maxReason); err != nil {
		return nil, problem(http.StatusUnprocessableEntity, "invalid", "reason: want 1 to 200 characters of text")
	}
	o, err := s.visible(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	c := callOf(ctx)
	waited, stop := context.WithTimeout(ctx, s.SteerWithin)
	defer stop()
	done, err := send(waited, o.ID, c.actor(), in.Body.Reason, c.correlation)
	switch {
	case late(waited, err):
		if o, err = s.Records.Order(ctx, o.ID); err != nil {
			return nil, err
		}
		return &orderOutput{Status: http.StatusAccepted, ETag: etag(o), RetryAfter: "1", Body: &o}, nil
	case err != nil:
		return nil, err
	}
	return &orderOutput{Status: http.StatusOK, ETag: etag(done), Body: &done}, nil
}
