package bulks

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"purser/api/httpkit"
	"purser/order"
	"purser/records/bulks"
	"purser/records/sqldb"
)

// usualLimit is how many orders a filter may select if the request does not say.
const usualLimit = 1_000

type startInput struct {
	Key  string `header:"Idempotency-Key" maxLength:"255" pattern:"^[!-~]+$" doc:"A name that the caller chooses for this bulk, so that a repeated request returns the same bulk. Recommended."`
	Body startBody
}

// startBody is a request with its selection.
type startBody struct {
	order.BulkRequest
	IDs    []string    `json:"ids,omitempty" maxItems:"5000" doc:"The orders' ids; an id that appears twice counts once"`
	Filter *bulkFilter `json:"filter,omitempty" doc:"Selects orders instead of ids; want at least one restriction"`
	Limit  int         `json:"limit,omitempty" minimum:"1" maximum:"20000" doc:"The most orders that the filter may select. Default 1000"`
}

// bulkFilter selects orders as the list of orders does.
type bulkFilter struct {
	Status     []order.Status `json:"status,omitempty" maxItems:"12" enum:"placed,awaiting_payment,authorized,paid,shipped,delivered,on_hold,cancelling,cancelled,expired,refused,returned" doc:"Only orders with one of these statuses"`
	Customer   string         `json:"customerId,omitempty" maxLength:"64" doc:"Only this customer's orders"`
	WaitsFor   string         `json:"waitingOn,omitempty" enum:"payment,transfer,carrier,operator,payments,parcels,packing,mail" doc:"Only orders that wait for this"`
	PlacedFrom time.Time      `json:"placedFrom,omitzero" doc:"Placed at this time or later"`
	PlacedTo   time.Time      `json:"placedTo,omitzero" doc:"Placed before this time"`
}

func (f bulkFilter) filter() order.Filter {
	return order.Filter{Status: f.Status, Customer: f.Customer, WaitsFor: f.WaitsFor, PlacedFrom: f.PlacedFrom, PlacedTo: f.PlacedTo, Limit: sqldb.MaxPage}
}

type bulkOutput struct {
	Status int
	Body   order.Bulk
}

// start opens a bulk and starts its workflow. A request that is repeated joins the bulk
// that the first has opened, with the orders that were selected then.
func (s *Service) start(ctx context.Context, in *startInput) (*bulkOutput, error) {
	if err := in.Body.check(); err != nil {
		return nil, httpkit.RequestProblem(err)
	}
	c := httpkit.CallOf(ctx)
	b := order.Bulk{ID: order.BulkIDForKey(c.Actor(), cmp.Or(in.Key, rand.Text())), BulkRequest: in.Body.BulkRequest, Actor: c.Actor(), Customer: c.Customer}
	hash, err := order.BulkHash(b.BulkRequest, []any{in.Body.IDs, in.Body.Filter, in.Body.Limit, b.Customer})
	if err != nil {
		return nil, err
	}
	switch was, err := s.Records.JoinBulk(ctx, b.ID, hash); {
	case err == nil:
		b = was
	case !errors.Is(err, order.ErrNoBulk):
		return nil, err
	default:
		ids, err := s.selected(ctx, in.Body, b.Customer)
		if err != nil {
			return nil, err
		}
		if b, err = s.Records.OpenBulk(ctx, b, hash, ids); err != nil {
			return nil, err
		}
	}
	if !b.State.Final() {
		if err := s.Workflows.StartBulk(ctx, b); err != nil {
			return nil, err
		}
	}
	return &bulkOutput{Status: http.StatusAccepted, Body: b}, nil
}

// check checks everything that can be checked without the orders.
func (b startBody) check() error {
	if err := b.Validate(); err != nil {
		return err
	}
	f := b.Filter
	switch {
	case (f == nil) == (b.IDs == nil):
		return fmt.Errorf("%w: want ids or filter", order.ErrInvalid)
	case f == nil && b.Limit > 0:
		return fmt.Errorf("%w: limit: it is for a filter", order.ErrInvalid)
	case f == nil:
		return nil
	case len(f.Status) == 0 && f.Customer == "" && f.WaitsFor == "" && f.PlacedFrom.IsZero() && f.PlacedTo.IsZero():
		return fmt.Errorf("%w: filter: want at least one restriction", order.ErrInvalid)
	case !f.PlacedFrom.IsZero() && !f.PlacedTo.IsZero() && !f.PlacedFrom.Before(f.PlacedTo):
		return fmt.Errorf("%w: filter.placedTo: want a time after placedFrom", order.ErrInvalid)
	}
	return nil
}

// selected returns the orders that a request selects, each once. customer, if it is not
// empty, is the only one whose orders a filter finds.
func (s *Service) selected(ctx context.Context, b startBody, customer string) ([]order.ID, error) {
	if b.Filter == nil {
		return distinct(b.IDs)
	}
	f := b.Filter.filter()
	if customer != "" && f.Customer != "" && f.Customer != customer {
		return nil, order.ErrBulkEmpty // as if the other customer had none
	}
	f.Customer = cmp.Or(customer, f.Customer)
	most := cmp.Or(b.Limit, usualLimit)
	var ids []order.ID
	for {
		page, err := s.Records.Orders(ctx, f)
		if err != nil {
			return nil, err
		}
		for _, o := range page.Orders {
			ids = append(ids, o.ID)
		}
		switch f.Cursor = page.Next; {
		case len(ids) > most:
			return nil, &order.Refusal{Kind: order.ErrBulkTooBig, Text: fmt.Sprintf("the filter selects more than %d orders: restrict it, or raise limit", most)}
		case f.Cursor == "" && len(ids) == 0:
			return nil, order.ErrBulkEmpty
		case f.Cursor == "":
			return ids, nil
		}
	}
}

// distinct returns the ids that callers listed, each once.
func distinct(all []string) ([]order.ID, error) {
	seen := map[string]bool{}
	var ids []order.ID
	for i, id := range all {
		if id = strings.TrimSpace(id); id == "" || len(id) > 64 {
			return nil, httpkit.NewProblem(http.StatusUnprocessableEntity, "invalid", fmt.Sprintf("ids[%d]: want an order's id", i))
		}
		if !seen[id] {
			seen[id], ids = true, append(ids, order.ID(id))
		}
	}
	if len(ids) == 0 {
		return nil, order.ErrBulkEmpty
	}
	return ids, nil
}

type listInput struct {
	Open   bool   `query:"open" doc:"Only bulks that have not ended"`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"50" doc:"The maximum number of bulks"`
	Cursor string `query:"cursor" maxLength:"200" doc:"nextCursor of the previous page"`
}

type listOutput struct {
	Body struct {
		Bulks      []order.Bulk `json:"bulks" nullable:"false"`
		NextCursor string       `json:"nextCursor,omitempty" doc:"Missing on the last page"`
	}
}

// list returns bulks, the latest first.
func (s *Service) list(ctx context.Context, in *listInput) (*listOutput, error) {
	found, err := s.Records.Bulks(ctx, bulks.ListFilter{Customer: httpkit.CallOf(ctx).Customer, Open: in.Open, Limit: in.Limit, Cursor: in.Cursor})
	if errors.Is(err, sqldb.ErrCursor) {
		return nil, httpkit.NewProblem(http.StatusUnprocessableEntity, "invalid", "cursor: want the nextCursor of the previous page")
	}
	out := &listOutput{}
	out.Body.Bulks, out.Body.NextCursor = append([]order.Bulk{}, found.Bulks...), found.Next
	return out, err
}

type idInput struct {
	ID string `path:"id" maxLength:"64" doc:"The bulk's id"`
}

func (s *Service) get(ctx context.Context, in *idInput) (*bulkOutput, error) {
	b, err := s.visible(ctx, in.ID)
	return &bulkOutput{Status: http.StatusOK, Body: b}, err
}

// visible returns a bulk that the caller may see.
func (s *Service) visible(ctx context.Context, id string) (order.Bulk, error) {
	b, err := s.Records.Bulk(ctx, id)
	if scope := httpkit.CallOf(ctx).Customer; err == nil && scope != "" && b.Customer != scope {
		err = order.ErrNoBulk
	}
	return b, err
}

type ordersInput struct {
	ID      string            `path:"id" maxLength:"64" doc:"The bulk's id"`
	Outcome order.BulkOutcome `query:"outcome" enum:"due,begun,done,accepted,possible,refused,failed" doc:"Only orders with this outcome"`
	After   int64             `query:"after" minimum:"0" doc:"Only orders after this number"`
	Limit   int               `query:"limit" minimum:"1" maximum:"500" default:"100" doc:"The maximum number of orders"`
}

type ordersOutput struct {
	Body struct {
		Orders    []order.BulkOrder `json:"orders" nullable:"false"`
		NextAfter int64             `json:"nextAfter,omitempty" doc:"The value of after for the next page; missing on the last page"`
	}
}

func (s *Service) orders(ctx context.Context, in *ordersInput) (*ordersOutput, error) {
	if _, err := s.visible(ctx, in.ID); err != nil {
		return nil, err
	}
	found, err := s.Records.BulkOrders(ctx, in.ID, bulks.Filter{Outcome: in.Outcome, After: in.After, Limit: in.Limit})
	out := &ordersOutput{}
	out.Body.Orders = append([]order.BulkOrder{}, found...)
	if len(found) == in.Limit {
		out.Body.NextAfter = found[len(found)-1].N
	}
	return out, err
}

type stopInput struct {
	ID   string `path:"id" maxLength:"64" doc:"The bulk's id"`
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"200" doc:"The reason; no personal data"`
	}
}

// stop lets a bulk begin no more orders. It writes the record, which the bulk reads
// before it begins the next orders, so that a bulk also stops while the engine is down.
func (s *Service) stop(ctx context.Context, in *stopInput) (*bulkOutput, error) {
	if err := httpkit.CheckReason(in.Body.Reason); err != nil {
		return nil, err
	}
	b, err := s.visible(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if b, err = s.Records.StopBulk(ctx, b.ID, httpkit.CallOf(ctx).Actor()+": "+in.Body.Reason); err != nil {
		return nil, err
	}
	switch b.State {
	case order.BulkDone:
		return nil, order.ErrBulkEnded
	case order.BulkStopping: // if its workflow is gone, it starts again, and ends the bulk
		if err := s.Workflows.StartBulk(ctx, b); err != nil {
			return nil, err
		}
	}
	return &bulkOutput{Status: http.StatusOK, Body: b}, nil
}
