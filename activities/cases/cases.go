// Package cases has the activities of cases, the matters that a person decides, and the
// ports they need.
package cases

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"purser/activities"
	"purser/ledger"
	"purser/mail"
	"purser/order"
)

// Record is the SQL record of cases.
type Record interface {
	// OpenCase writes a case unless it is recorded already, and returns it as it is
	// recorded.
	OpenCase(ctx context.Context, c order.Case) (order.Case, error)
	// SaveCase writes a case. A write with the fence of the last one, or a lower one,
	// changes nothing, and neither does one that opens a case which is over: it comes from
	// a workflow that was reset to a time before the end. It fails with order.ErrNoCase.
	SaveCase(ctx context.Context, c order.Case, fence int64) error
	// Case returns a case; it fails with order.ErrNoCase.
	Case(ctx context.Context, id string) (order.Case, error)
	// Cases lists cases, the latest first.
	Cases(ctx context.Context, f order.CaseFilter) (order.CasePage, error)
}

// Orders reads the orders that cases are about.
type Orders interface {
	// Order returns an order; it fails with order.ErrNotFound.
	Order(ctx context.Context, id order.ID) (order.Order, error)
	Orders(ctx context.Context, f order.Filter) (order.Page, error)
}

// Matters reads what belongs to no order and needs a person.
type Matters interface {
	// DifferencesAfter lists the open differences of the ledger with a higher id, the
	// oldest first.
	DifferencesAfter(ctx context.Context, id int64, limit int) ([]ledger.Difference, error)
	// DifferenceOpen reports whether a difference is open.
	DifferenceOpen(ctx context.Context, id int64) (bool, error)
	// UndeliveredAfter lists the events with a higher id that so many attempts have not
	// delivered, the oldest first.
	UndeliveredAfter(ctx context.Context, id int64, attempts, limit int) ([]order.UndeliveredEvent, error)
	// UndeliveredOpen reports whether an event is still to be delivered.
	UndeliveredOpen(ctx context.Context, id int64) (bool, error)
}

// Workflows reaches the workflows of cases and of the orders that they are about. Every
// error is or wraps an error of package order or of the context.
type Workflows interface {
	// ResolveCase carries a decision out. It fails with an *order.ApprovalRefusal, or with
	// order.ErrIllegalMove if the order does not take it (any more).
	ResolveCase(ctx context.Context, r order.CaseRequest) error
	// StartCase starts the workflow of a case, unless it runs or has ended.
	StartCase(ctx context.Context, c order.Case) error
	// AttendCase lets a recorded case look again whether its matter is over, and starts
	// its workflow if none runs. It reports whether it has started it.
	AttendCase(ctx context.Context, id string) (started bool, err error)
}

// Activities are the steps of a case.
type Activities struct {
	Record    Record
	Orders    Orders
	Matters   Matters
	Workflows Workflows
	// ApproveAbove says when a decision about what belongs to no order needs a second
	// person. Each order decides about its own.
	ApproveAbove order.Approval
	// ToShop is the recipient of the mails about cases; without an address none is sent.
	ToShop mail.Address
}

// Opened is a case as the record has it, and whether a person must decide it still.
type Opened struct {
	Case order.Case `json:"case"`
	Open bool       `json:"open"`
}

// OpenCase writes a case, unless it is recorded already: then the recorded one goes on.
func (a *Activities) OpenCase(ctx context.Context, c order.Case) (o Opened, err error) {
	if c.Kind == "" { // the workflow was lost, and knows only the id
		o.Case, err = a.Record.Case(ctx, c.ID)
	} else {
		o.Case, err = a.Record.OpenCase(ctx, c)
	}
	if err == nil {
		o.Open, err = a.isOpen(ctx, o.Case)
	}
	return o, activities.Failure(err)
}

// Save is a write of a case.
type Save struct {
	Case  order.Case `json:"case"`
	Fence int64      `json:"fence"`
}

// SaveCase writes a case.
func (a *Activities) SaveCase(ctx context.Context, s Save) error {
	return activities.Failure(a.Record.SaveCase(ctx, s.Case, s.Fence))
}

// Looked is what the record says about a case: how it has ended before a reset, or whether
// its matter lasts.
type Looked struct {
	Open  bool        `json:"open,omitempty"`
	Ended *order.Case `json:"ended,omitempty"`
}

// LookAtMatter reports whether the matter of a case lasts, as the record has it.
func (a *Activities) LookAtMatter(ctx context.Context, c order.Case) (l Looked, err error) {
	recorded, err := a.Record.Case(ctx, c.ID)
	switch {
	case err == nil && recorded.Status.Over():
		return Looked{Ended: &recorded}, nil
	case err == nil || errors.Is(err, order.ErrNoCase):
		l.Open, err = a.isOpen(ctx, c)
	}
	return l, activities.Failure(err)
}

func (a *Activities) isOpen(ctx context.Context, c order.Case) (bool, error) {
	if c.Status.Over() {
		return false, nil
	}
	_, id, _ := strings.Cut(c.ID, "-")
	number, _ := strconv.ParseInt(id, 10, 64) // of a matter that belongs to no order
	switch c.Kind {
	case order.CaseDifference:
		return a.Matters.DifferenceOpen(ctx, number)
	case order.CaseUndelivered:
		return a.Matters.UndeliveredOpen(ctx, number)
	}
	o, err := a.Orders.Order(ctx, c.OrderID)
	if errors.Is(err, order.ErrNotFound) {
		return false, nil
	}
	return slices.ContainsFunc(o.Cases, func(r order.CaseRef) bool { return r.ID == c.ID }), err
}

// Resolved is what became of a decision: it was carried out, unless Refused says why it
// was not.
type Resolved struct {
	Refused       string `json:"refused,omitempty"`
	NeedsApproval bool   `json:"needsApproval,omitempty"`
	// Amount is the money that a decision which needs approval is about now.
	Amount order.Money `json:"amount,omitzero"`
}

// ResolveMatter carries a decision out. A refusal is a result: the case stays open.
func (a *Activities) ResolveMatter(ctx context.Context, r order.CaseRequest) (Resolved, error) {
	if !r.Kind.OfOrder() { // there is nothing to carry out: a person has dealt with it
		if r.Decision.ApprovedBy == "" && a.ApproveAbove.Needs(r.Decision.Choice, r.Amount) {
			return Resolved{NeedsApproval: true, Refused: order.ErrNeedsApproval.Error(), Amount: r.Amount}, nil
		}
		return Resolved{}, nil
	}
	err := a.Workflows.ResolveCase(ctx, r)
	var unapproved *order.ApprovalRefusal
	switch {
	case errors.As(err, &unapproved):
		return Resolved{Refused: err.Error(), NeedsApproval: true, Amount: unapproved.Amount}, nil
	case errors.Is(err, order.ErrIllegalMove), errors.Is(err, order.ErrNotFound):
		return Resolved{Refused: err.Error()}, nil
	}
	return Resolved{}, activities.Failure(err)
}
