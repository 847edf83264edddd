package orders

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"purser/api/httpkit"
	"purser/order"
	"purser/records/sqldb"
)

type orderOutput struct {
	Status     int
	ETag       string `header:"ETag"`
	RetryAfter string `header:"Retry-After"`
	Body       *Order
}

// newOrderOutput returns the response with an order. A response that the caller
// should ask for again says when.
func newOrderOutput(status int, o order.Order) *orderOutput {
	v := viewOf(o)
	out := &orderOutput{Status: status, ETag: etag(v), Body: &v}
	if status == http.StatusAccepted {
		out.RetryAfter = "1"
	}
	return out
}

type getInput struct {
	ID          string `path:"id" maxLength:"64" doc:"The order's id" example:"ord_0123456789abcdefghjkmnpqrs"`
	IfNoneMatch string `header:"If-None-Match" maxLength:"1024" doc:"Returns 304 without a body if the order still has this ETag"`
}

func (s *Service) get(ctx context.Context, in *getInput) (*orderOutput, error) {
	o, err := httpkit.VisibleOrder(ctx, s.Records, in.ID)
	if err != nil {
		return nil, err
	}
	out := newOrderOutput(http.StatusOK, o)
	if httpkit.ETagMatches(in.IfNoneMatch, out.ETag) {
		return &orderOutput{Status: http.StatusNotModified, ETag: out.ETag}, nil
	}
	return out, nil
}

type listInput struct {
	Status     []order.Status     `query:"status,explode" maxItems:"12" enum:"placed,awaiting_payment,authorized,paid,shipped,delivered,on_hold,cancelling,cancelled,expired,refused,returned" doc:"Only orders with one of these statuses; may be repeated"`
	Customer   string             `query:"customerId" maxLength:"64" doc:"Only this customer's orders"`
	WaitsFor   string             `query:"waitingOn" enum:"payment,transfer,carrier,operator,payments,parcels,packing,mail" doc:"Only orders that wait for this: payment (the shopper's), transfer (money that is paid in advance, which a person books), carrier (the delivery), packing (a person, who puts the goods into parcels), operator (a person's decision; also orders that need attention or have an open case), or a step that is tried again: payments, parcels, mail"`
	Returns    order.ReturnStatus `query:"returns" enum:"expected,requested,approved,received" doc:"Only orders with a return in this status"`
	PlacedFrom time.Time          `query:"placedFrom" doc:"Placed at this time or later"`
	PlacedTo   time.Time          `query:"placedTo" doc:"Placed before this time"`
	Limit      int                `query:"limit" minimum:"1" maximum:"100" default:"50" doc:"The maximum number of orders"`
	Cursor     string             `query:"cursor" maxLength:"200" doc:"nextCursor of the previous page"`
}

type orderPage struct {
	Orders     []Order `json:"orders" nullable:"false"`
	NextCursor string  `json:"nextCursor,omitempty" doc:"Missing on the last page"`
}

type listOutput struct{ Body orderPage }

// list returns the newest orders first.
func (s *Service) list(ctx context.Context, in *listInput) (*listOutput, error) {
	if !in.PlacedFrom.IsZero() && !in.PlacedTo.IsZero() && !in.PlacedFrom.Before(in.PlacedTo) {
		return nil, httpkit.NewProblem(http.StatusUnprocessableEntity, "invalid", "placedTo: want a time after placedFrom")
	}
	slices.Sort(in.Status) // a status given twice counts once
	f := order.Filter{
		Status: slices.Compact(in.Status), Customer: in.Customer, WaitsFor: in.WaitsFor, Returns: in.Returns,
		PlacedFrom: in.PlacedFrom, PlacedTo: in.PlacedTo, Limit: in.Limit, Cursor: in.Cursor,
	}
	if scope := httpkit.CallOf(ctx).Customer; scope != "" {
		if f.Customer != "" && f.Customer != scope {
			return &listOutput{orderPage{Orders: []Order{}}}, nil // as if the other customer had none
		}
		f.Customer = scope
	}
	page, err := s.Records.Orders(ctx, f)
	if errors.Is(err, sqldb.ErrCursor) {
		return nil, httpkit.NewProblem(http.StatusUnprocessableEntity, "invalid", "cursor: want the nextCursor of the previous page")
	}
	if err != nil {
		return nil, err
	}
	return &listOutput{orderPage{Orders: each(page.Orders, viewOf), NextCursor: page.Next}}, nil
}
