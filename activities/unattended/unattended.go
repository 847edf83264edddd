// Package unattended has the activity that finds orders that need a workflow and that no
// workflow attends, because theirs was terminated or is lost, and the ports it needs.
package unattended

import (
	"context"
	"fmt"
	"slices"
	"time"

	"purser/activities"
	"purser/order"
)

// pageSize is how many orders one step looks at.
const pageSize = 100

// Orders lists orders from the record.
type Orders interface {
	Orders(ctx context.Context, f order.Filter) (order.Page, error)
}

// Attendant starts the aftercare of an order.
type Attendant interface {
	// Attend starts the aftercare of an order of which no workflow runs, and reports
	// whether it has.
	Attend(ctx context.Context, id order.ID) (started bool, err error)
}

// Activities has the activity.
type Activities struct {
	Orders    Orders
	Attendant Attendant
}

// Page says which orders are looked at.
type Page struct {
	Cursor string `json:"cursor,omitempty"` // empty: the first page
	// Ended asks for the orders that have ended with a refund to be made, instead of those
	// that are open.
	Ended bool `json:"ended,omitempty"`
	// Before leaves out the orders that have changed at this time or later: their
	// workflow may just be starting.
	Before time.Time `json:"before"`
}

// Attended is what was done about the orders of a page.
type Attended struct {
	Next    string     `json:"next,omitempty"` // the next page's cursor; empty: it was the last
	Open    int        `json:"open"`           // orders looked at: open, or with a refund to be made
	Resumed []order.ID `json:"resumed,omitempty"`
	Failed  int        `json:"failed,omitempty"` // orders of which it is not known whether a workflow runs
}

// AttendOrders starts the aftercare of each order of a page that has no workflow.
func (a *Activities) AttendOrders(ctx context.Context, p Page) (done Attended, err error) {
	wanted := slices.DeleteFunc(order.Statuses(), func(s order.Status) bool { return s.Final() != p.Ended })
	page, err := a.Orders.Orders(ctx, order.Filter{Status: wanted, Unfinished: p.Ended, Limit: pageSize, Cursor: p.Cursor})
	if err != nil {
		return done, activities.Failure(err)
	}
	done.Next = page.Next
	for _, o := range page.Orders {
		if !o.UpdatedAt.Before(p.Before) {
			continue
		}
		done.Open++
		started, e := a.Attendant.Attend(ctx, o.ID)
		switch {
		case e != nil: // the others are looked at all the same
			err = fmt.Errorf("%s: %w", o.ID, e)
			done.Failed++
		case started:
			done.Resumed = append(done.Resumed, o.ID)
		}
	}
	if done.Failed < done.Open { // the next night looks again
		err = nil
	}
	return done, activities.Failure(err)
}
