package ledger

import (
	"context"
	"errors"
	"slices"
	"time"

	"purser/activities"
	"purser/ledger"
	"purser/order"
)

const (
	// checkPage is how many orders are compared at once.
	checkPage = 100
	// mostInDoubt is how many orders in doubt a check collects before it leaves the
	// rest to the next check. If there are more, something is wrong with all of them.
	mostInDoubt = 1_000
	// lookBack is how old an order may be that a full check asks the provider about.
	// An older order is checked when a settlement or an event is about it.
	lookBack = 30 * 24 * time.Hour
)

// CheckRequest is the input of CheckLedger.
type CheckRequest struct {
	Full bool      `json:"full,omitempty"` // also orders that have no new entries
	Now  time.Time `json:"now"`
}

// Checked is the result of CheckLedger.
type Checked struct {
	Orders int `json:"orders"` // that were compared
	// InDoubt are the orders that differ, or that differed before. A change may have
	// been under way.
	InDoubt []order.ID `json:"inDoubt,omitempty"`
}

// CheckLedger compares the ledger with the record and the payment provider: orders
// with new entries and, for a full check, all orders that do not balance and those of
// the last month. It writes no differences.
func (a *Activities) CheckLedger(ctx context.Context, r CheckRequest) (Checked, error) {
	defer activities.Beat(ctx)()
	c := check{steps: a, doubted: map[order.ID]bool{}}
	err := c.run(ctx, r)
	return c.result, activities.Failure(err)
}

// check is one pass over the orders.
type check struct {
	steps   *Activities
	result  Checked
	doubted map[order.ID]bool
}

func (c *check) run(ctx context.Context, r CheckRequest) error {
	differing := func(after order.ID) ([]order.ID, error) {
		return c.steps.Differences.OrdersThatDiffer(ctx, after, checkPage)
	}
	err := eachPage(differing, func(ids []order.ID) error { return c.doubt(ids...) })
	if err == nil && r.Full {
		var ids []order.ID
		if ids, err = c.steps.Candidates.UnbalancedOrders(ctx, mostInDoubt); err == nil {
			err = c.doubt(ids...)
		}
	}
	if err == nil {
		err = c.unchecked(ctx)
	}
	if err == nil && r.Full {
		latest := func(after order.ID) ([]order.ID, error) {
			return c.steps.Candidates.LatestOrders(ctx, r.Now.Add(-lookBack), after, checkPage)
		}
		err = eachPage(latest, func(ids []order.ID) error { return c.look(ctx, ids) })
	}
	if errors.Is(err, errEnough) {
		logger(ctx).Error("too many orders differ; the rest is left to the next check", "orders", len(c.result.InDoubt))
		return nil
	}
	return err
}

// errEnough ends a check that has found too many orders.
var errEnough = errors.New("too many orders in doubt")

func (c *check) doubt(ids ...order.ID) error {
	for _, id := range ids {
		if c.doubted[id] {
			continue
		}
		if len(c.result.InDoubt) == mostInDoubt {
			return errEnough
		}
		c.doubted[id] = true
		c.result.InDoubt = append(c.result.InDoubt, id)
	}
	return nil
}

func eachPage(read func(after order.ID) ([]order.ID, error), do func([]order.ID) error) error {
	for after := order.ID(""); ; {
		ids, err := read(after)
		if err != nil || len(ids) == 0 {
			return err
		}
		if err := do(ids); err != nil {
			return err
		}
		after = ids[len(ids)-1]
	}
}

// unchecked looks at the orders with new entries. Those in doubt count as checked only
// once their differences are written.
func (c *check) unchecked(ctx context.Context) error {
	for {
		ids, err := c.steps.Candidates.UncheckedOrders(ctx, checkPage+len(c.doubted))
		if err != nil {
			return err
		}
		ids = slices.DeleteFunc(ids, func(id order.ID) bool { return c.doubted[id] })
		if len(ids) == 0 {
			return nil
		}
		if err := c.look(ctx, ids[:min(len(ids), checkPage)]); err != nil {
			return err
		}
	}
}

// look compares orders, with what the provider lists of them.
func (c *check) look(ctx context.Context, ids []order.ID) error {
	books, err := c.steps.Books.Books(ctx, ids)
	if err != nil {
		return err
	}
	var asked []ledger.Asked
	for _, b := range books {
		asked = append(asked, ledger.ToAsk(b.Order)...)
	}
	totals, err := c.steps.Payments.Totals(ctx, asked)
	if err != nil {
		return err
	}
	agreed := map[order.ID]int64{}
	for _, b := range books {
		c.result.Orders++
		missing := slices.ContainsFunc(ledger.ToAsk(b.Order), func(a ledger.Asked) bool { return totals[a.Ref].Ref == "" })
		if !missing && len(ledger.Compare(b, totals)) == 0 {
			agreed[b.Order.ID] = b.LastEntry
			continue
		}
		if err := c.doubt(b.Order.ID); err != nil {
			return err
		}
	}
	return c.steps.Books.MarkChecked(ctx, agreed)
}

// ConfirmRequest is the input of ConfirmDifferences.
type ConfirmRequest struct {
	Orders []order.ID `json:"orders"`
}

// Confirmed is the result of ConfirmDifferences.
type Confirmed struct {
	Orders int `json:"orders"` // that still differ
}

// ConfirmDifferences compares orders again, asks the provider about each of their
// payments, and writes what differs. A difference that is gone is resolved.
func (a *Activities) ConfirmDifferences(ctx context.Context, r ConfirmRequest) (Confirmed, error) {
	defer activities.Beat(ctx)()
	var done Confirmed
	for ids := range slices.Chunk(r.Orders, checkPage) {
		n, err := a.confirm(ctx, ids)
		if err != nil {
			return done, activities.Failure(err)
		}
		done.Orders += n
	}
	return done, nil
}

func (a *Activities) confirm(ctx context.Context, ids []order.ID) (differ int, err error) {
	books, err := a.Books.Books(ctx, ids)
	if err != nil {
		return 0, err
	}
	var found []ledger.Difference
	checked := map[order.ID]int64{}
	for _, b := range books {
		totals, err := a.totals(ctx, b.Order)
		if err != nil {
			return 0, err
		}
		its := ledger.Compare(b, totals)
		if len(its) > 0 {
			differ++
		}
		found = append(found, its...)
		checked[b.Order.ID] = b.LastEntry
	}
	if err := a.Differences.RecordDifferences(ctx, ids, found); err != nil {
		return 0, err
	}
	return differ, a.Books.MarkChecked(ctx, checked)
}

// totals asks the provider about each payment of an order. A payment that it does not
// know has no amounts.
func (a *Activities) totals(ctx context.Context, o order.Order) (map[string]ledger.Totals, error) {
	totals := map[string]ledger.Totals{}
	for _, p := range ledger.ToAsk(o) {
		has, err := a.Payments.Total(ctx, p.Ref)
		if errors.Is(err, order.ErrNoSuch) {
			has, err = ledger.Totals{Ref: p.Ref, Currency: o.Total.Currency}, nil
		}
		if err != nil {
			return nil, err
		}
		totals[p.Ref] = has
	}
	return totals, nil
}
