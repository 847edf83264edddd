package ledger

import (
	"context"
	"errors"
	"net/http"
	"time"

	"purser/api/httpkit"
	"purser/ledger"
	"purser/order"
	ledgerrecords "purser/records/ledger"
)

type checkInput struct {
	Check string `query:"check" maxLength:"64" doc:"The check to wait for, from an earlier response. Default: the one that is running, or a new one"`
}

type checkOutput struct {
	Status int
	Body   struct {
		Done  bool   `json:"done"`
		Check string `json:"check" doc:"Names the check"`
		ledger.CheckResult
	}
}

// check compares the ledger, or joins a check that is already running.
func (s *Service) check(ctx context.Context, in *checkInput) (*checkOutput, error) {
	out := &checkOutput{}
	var err error
	out.Body.CheckResult, out.Status, err = httpkit.AcceptOrTimeout(ctx, func(ctx context.Context) (found ledger.CheckResult, err error) {
		found, out.Body.Check, err = s.Workflows.CheckLedger(ctx, in.Check)
		return found, err
	})
	out.Body.Done = out.Status == http.StatusOK
	return out, err
}

type differencesInput struct {
	OrderID  string `query:"orderId" maxLength:"64" doc:"Only differences of this order"`
	Resolved bool   `query:"resolved" doc:"Also differences that are gone"`
	Before   int64  `query:"before" minimum:"0" doc:"Only differences with a lower id"`
	Limit    int    `query:"limit" minimum:"1" maximum:"100" default:"50" doc:"The maximum number of differences"`
}

// difference is an amount that ledger, record and provider do not agree about.
type difference struct {
	ID         int64     `json:"id"`
	OrderID    order.ID  `json:"orderId" doc:"Empty for a settlement that belongs to no order"`
	Payment    int       `json:"payment" doc:"The payment's number within the order"`
	Ref        string    `json:"ref" doc:"The payment's reference at its provider"`
	Party      string    `json:"party" doc:"Who has the money"`
	Source     string    `json:"source,omitempty" doc:"The settlement that it is about; missing if it is about an order"`
	Account    string    `json:"account" doc:"The account that differs"`
	Currency   string    `json:"currency"`
	Record     int64     `json:"record" doc:"What the order says, in minor units"`
	Ledger     int64     `json:"ledger" doc:"What the entries add up to"`
	Row        *int64    `json:"row,omitempty" doc:"What the payment's row in the database has; missing if it has what the order says"`
	Provider   *int64    `json:"provider,omitempty" doc:"What the provider has; missing if it is not about the provider"`
	Why        string    `json:"why"`
	FoundAt    time.Time `json:"foundAt"`
	ReportedAt time.Time `json:"reportedAt,omitzero" doc:"When a person was asked"`
	ResolvedAt time.Time `json:"resolvedAt,omitzero" doc:"When a check found that it is gone"`
}

type differencesOutput struct {
	Body struct {
		Differences []difference `json:"differences" nullable:"false"`
		NextBefore  int64        `json:"nextBefore,omitempty" doc:"The value of before for the next page; missing on the last page"`
	}
}

func (s *Service) differences(ctx context.Context, in *differencesInput) (*differencesOutput, error) {
	found, err := s.Records.Differences(ctx, ledgerrecords.DifferenceFilter{
		OrderID: order.ID(in.OrderID), Resolved: in.Resolved, Before: in.Before, Limit: in.Limit,
	})
	if err != nil {
		return nil, err
	}
	out := &differencesOutput{}
	out.Body.Differences = make([]difference, 0, len(found))
	for _, d := range found {
		out.Body.Differences = append(out.Body.Differences, difference{
			ID: d.ID, OrderID: d.OrderID, Payment: d.Payment, Ref: d.Ref, Party: d.Party, Source: d.Source, Account: string(d.Account), Currency: d.Currency,
			Record: d.Record, Ledger: d.Ledger, Row: d.Row, Provider: d.Provider, Why: d.Why, FoundAt: d.FoundAt, ReportedAt: d.ReportedAt, ResolvedAt: d.ResolvedAt,
		})
	}
	if len(found) == in.Limit {
		out.Body.NextBefore = found[len(found)-1].ID
	}
	return out, nil
}

type periodInput struct {
	Period string `path:"period" maxLength:"7" doc:"The month" example:"2026-03"`
}

type period struct {
	Period   string    `json:"period"`
	ClosedAt time.Time `json:"closedAt"`
	ClosedBy string    `json:"closedBy"`
}

type periodOutput struct{ Body period }

func (s *Service) closePeriod(ctx context.Context, in *periodInput) (*periodOutput, error) {
	p, err := s.Records.ClosePeriod(ctx, in.Period, httpkit.CallOf(ctx).Actor())
	switch {
	case errors.Is(err, ledgerrecords.ErrNotOver):
		return nil, httpkit.NewProblem(http.StatusConflict, "wrong_state", err.Error())
	case errors.Is(err, ledgerrecords.ErrPeriod):
		return nil, httpkit.NewProblem(http.StatusUnprocessableEntity, "invalid", err.Error())
	}
	return &periodOutput{period{p.Name, p.ClosedAt, p.ClosedBy}}, err
}

type periodsOutput struct {
	Body struct {
		Periods []period `json:"periods" nullable:"false"`
	}
}

func (s *Service) periods(ctx context.Context, _ *struct{}) (*periodsOutput, error) {
	closed, err := s.Records.ClosedPeriods(ctx)
	out := &periodsOutput{}
	out.Body.Periods = make([]period, 0, len(closed))
	for _, p := range closed {
		out.Body.Periods = append(out.Body.Periods, period{p.Name, p.ClosedAt, p.ClosedBy})
	}
	return out, err
}
