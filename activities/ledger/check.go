package ledger

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"purser/activities"
	"purser/ledger"
	"purser/order"
)

const (
	// checkPage is how many orders are compared at once.
	checkPage = 100
	// entryPage is how many new entries, or orders that do not balance, are read at
	// once.
	entryPage = 1_000
	// lookBack is how old an order or a settlement may be that a full check asks the
	// provider about. An older order is checked when a settlement or an event is about
	// it.
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
	// InDoubt says that something differs, or differed before. A change may have been
	// under way.
	InDoubt bool `json:"inDoubt,omitempty"`
	// At is when it ended: its doubts began before.
	At time.Time `json:"at"`
}

// StepFailure is the input of RecordFailure.
type StepFailure struct {
	About ledger.Doubt `json:"about"` // ledger.Import or ledger.Comparison
	Why   string       `json:"why"`
}

// RecordFailure records that settlements cannot be imported, or orders not compared, so
// that a person is asked. The next time that it works resolves it.
func (a *Activities) RecordFailure(ctx context.Context, f StepFailure) error {
	why := "the provider's balance transactions cannot be imported: "
	if f.About == ledger.Comparison() {
		why = "the orders cannot be compared with the provider: "
	}
	return activities.Failure(a.Differences.RecordDifferences(ctx, []ledger.Doubt{f.About}, []ledger.Difference{{
		Party: f.About.Party, Source: f.About.Source, Account: ledger.Balance, Why: why + f.Why,
	}}))
}

// CheckLedger compares the ledger with the record and the payment provider: orders
// with new entries and, for a full check, all orders and settlements that do not
// balance and the orders of the last month. It writes no differences, but notes what
// is in doubt.
//
// A try that was cut off goes on with the orders of the last month that come after those
// that it has looked at.
func (a *Activities) CheckLedger(ctx context.Context, r CheckRequest) (Checked, error) {
	c := check{steps: a, now: clock(r.Now), after: activities.LastBeat(ctx)}
	c.reach(c.after)
	defer activities.BeatAt(ctx, func() string { return *c.place.Load() })()
	err := c.run(ctx, r.Full)
	if err == nil { // whatever has kept it from working is gone
		err = a.Differences.RecordDifferences(ctx, []ledger.Doubt{ledger.Comparison()}, nil)
	}
	c.result.At = c.now()
	return c.result, activities.Failure(err)
}

// check is one pass over the orders.
type check struct {
	steps  *Activities
	now    func() time.Time
	result Checked
	after  string // the last order of the last month that an earlier try has looked at
	place  atomic.Pointer[string]
	// reversed are the refunds and disputes of the orders of the last month; nil: they
	// are not compared.
	reversed map[string]ledger.Reversed
}

// reach notes for a later try that an order, and those before it, were looked at.
func (c *check) reach(last string) { c.place.Store(&last) }

func (c *check) run(ctx context.Context, full bool) error {
	if full {
		if err := c.unbalanced(ctx); err != nil {
			return err
		}
	}
	var latest error
	if full {
		latest = c.latest(ctx)
	}
	if err := errors.Join(latest, c.unchecked(ctx)); err != nil { // those that latest has not looked at
		return err
	}
	doubts, err := c.steps.Doubts.Doubts(ctx, c.now().Add(lookBack), ledger.Doubt{}, 1)
	if err != nil {
		return err
	}
	open, err := c.steps.Doubts.Differing(ctx, ledger.Doubt{}, 1)
	c.result.InDoubt = len(doubts)+len(open) > 0
	return err
}

// eachPage calls do with page after page, until there are none.
func eachPage[T any](read func(after T) ([]T, error), do func([]T) error) error {
	for after := *new(T); ; {
		page, err := read(after)
		if err != nil || len(page) == 0 {
			return err
		}
		if err := do(page); err != nil {
			return err
		}
		after = page[len(page)-1]
	}
}

// unbalanced notes the orders and settlements that do not balance.
func (c *check) unbalanced(ctx context.Context) error {
	err := eachPage(func(after order.ID) ([]order.ID, error) {
		return c.steps.Candidates.UnbalancedOrders(ctx, after, entryPage)
	}, func(ids []order.ID) error { return c.doubt(ctx, ids) })
	if err != nil {
		return err
	}
	return eachPage(func(after ledger.Doubt) ([]ledger.Doubt, error) {
		return c.steps.Settlements.UnbalancedSettlements(ctx, after, entryPage)
	}, func(all []ledger.Doubt) error { return c.steps.Doubts.AddDoubts(ctx, all, c.now()) })
}

func (c *check) doubt(ctx context.Context, ids []order.ID) error {
	if len(ids) == 0 {
		return nil
	}
	all := make([]ledger.Doubt, len(ids))
	for i, id := range ids {
		all[i] = ledger.Doubt{OrderID: id}
	}
	return c.steps.Doubts.AddDoubts(ctx, all, c.now())
}

// unchecked looks at the orders with new entries.
func (c *check) unchecked(ctx context.Context) error {
	for after := int64(0); ; {
		ids, next, err := c.steps.Candidates.UncheckedOrders(ctx, after, entryPage)
		if err != nil || next == 0 {
			return err
		}
		for page := range slices.Chunk(ids, checkPage) {
			if err := c.look(ctx, page); err != nil {
				return err
			}
		}
		after = next
	}
}

// latest looks at the orders of the last month, and at their refunds and disputes.
func (c *check) latest(ctx context.Context) (err error) {
	since := c.now().Add(-lookBack)
	if c.reversed, err = c.steps.Payments.Reversals(ctx, since.Add(-overlap)); err != nil {
		return err
	}
	defer func() { c.reversed = nil }() // they are not those of older orders
	return eachPage(func(after order.ID) ([]order.ID, error) {
		return c.steps.Candidates.LatestOrders(ctx, since, cmp.Or(after, order.ID(c.after)), checkPage)
	}, func(ids []order.ID) error {
		err := c.look(ctx, ids)
		if err == nil {
			c.reach(string(ids[len(ids)-1]))
		}
		return err
	})
}

// look compares orders, with what the provider lists of them. Those in doubt are noted
// before they count as checked.
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
	if err != nil && !errors.Is(err, order.ErrRejected) { // a payment that it refuses to show is asked for alone
		return err
	}
	var doubtful []order.ID
	looked := map[order.ID]int64{}
	for _, b := range books {
		c.result.Orders++
		looked[b.Order.ID] = b.LastEntry
		if !c.known(b.Order, totals) || len(ledger.Compare(b, totals)) > 0 {
			doubtful = append(doubtful, b.Order.ID)
		}
	}
	if err := c.doubt(ctx, doubtful); err != nil {
		return err
	}
	return c.steps.Books.MarkChecked(ctx, looked)
}

// known reports whether the totals of all payments of an order are known, and agree
// with the refunds and disputes themselves.
func (c *check) known(o order.Order, totals map[string]ledger.Totals) bool {
	return !slices.ContainsFunc(ledger.ToAsk(o), func(p ledger.Asked) bool {
		has, ok := totals[p.Ref]
		reversed := c.reversed[p.Ref]
		return !ok || c.reversed != nil && (reversed.Disputed || reversed.Refunded != has.Refunded)
	})
}

// mostOpen is how much that differs already a check after a while looks at again. A
// full check looks at all of it.
const mostOpen = 500

// ConfirmRequest is the input of ConfirmDifferences.
type ConfirmRequest struct {
	Full bool `json:"full,omitempty"` // all that differs already
	// Since is when a doubt must have begun, or before, to count: a later one belongs to
	// another check, which has not waited long enough yet.
	Since time.Time `json:"since"`
}

// Confirmed is the result of ConfirmDifferences.
type Confirmed struct {
	Orders      int `json:"orders"`      // that differ
	Differences int `json:"differences"` // that are open
}

// ConfirmDifferences compares what is in doubt again, and what differed before, asks
// the provider about each payment and settlement, and writes what differs. A
// difference that is gone is resolved.
func (a *Activities) ConfirmDifferences(ctx context.Context, r ConfirmRequest) (done Confirmed, err error) {
	defer activities.Beat(ctx)()
	// What has failed is resolved when it works again.
	confirmed := map[ledger.Doubt]bool{ledger.Import(): true, ledger.Comparison(): true}
	confirm := func(all []ledger.Doubt) error {
		all = slices.DeleteFunc(slices.Clone(all), func(d ledger.Doubt) bool { return confirmed[d] })
		for _, d := range all {
			confirmed[d] = true
		}
		return a.confirm(ctx, all, r.Since)
	}
	err = eachPage(func(after ledger.Doubt) ([]ledger.Doubt, error) {
		return a.Doubts.Doubts(ctx, r.Since, after, checkPage)
	}, confirm)
	looked := 0
	if err == nil {
		err = eachPage(func(after ledger.Doubt) ([]ledger.Doubt, error) {
			if !r.Full && looked >= mostOpen {
				return nil, nil
			}
			looked += checkPage
			return a.Doubts.Differing(ctx, after, checkPage)
		}, confirm)
	}
	if err == nil {
		done.Differences, done.Orders, err = a.Differences.CountDifferences(ctx)
	}
	return done, activities.Failure(err)
}

func (a *Activities) confirm(ctx context.Context, all []ledger.Doubt, now time.Time) error {
	var orders []order.ID
	var settlements []ledger.Doubt
	for _, d := range all {
		if d.Source == "" {
			orders = append(orders, d.OrderID)
		} else {
			settlements = append(settlements, d)
		}
	}
	if len(orders) > 0 {
		if err := a.confirmOrders(ctx, orders); err != nil {
			return err
		}
	}
	if len(settlements) == 0 {
		return nil
	}
	return a.confirmSettlements(ctx, settlements, now)
}

// confirmOrders compares orders again. One about which the provider cannot be asked stays
// in doubt, and the others are compared before confirmOrders fails.
func (a *Activities) confirmOrders(ctx context.Context, ids []order.ID) error {
	books, err := a.Books.Books(ctx, ids)
	if err != nil {
		return err
	}
	var found []ledger.Difference
	var failed error
	looked, checked := map[order.ID]int64{}, make([]ledger.Doubt, len(ids))
	for i, id := range ids {
		checked[i] = ledger.Doubt{OrderID: id}
	}
	for _, b := range books {
		totals, err := a.totals(ctx, b.Order)
		if err != nil {
			failed = cmp.Or(failed, err)
			checked = slices.DeleteFunc(checked, func(d ledger.Doubt) bool { return d.OrderID == b.Order.ID })
			continue
		}
		found = append(found, ledger.Compare(b, totals)...)
		looked[b.Order.ID] = b.LastEntry
	}
	if err := a.Differences.RecordDifferences(ctx, checked, found); err != nil {
		return err
	}
	return cmp.Or(a.Books.MarkChecked(ctx, looked), failed)
}

// totals asks the provider about each payment of an order. A payment that it does not
// know has no amounts, and one that it refuses to show has a problem.
func (a *Activities) totals(ctx context.Context, o order.Order) (map[string]ledger.Totals, error) {
	totals := map[string]ledger.Totals{}
	for _, p := range ledger.ToAsk(o) {
		has, err := a.Payments.Total(ctx, p.Ref)
		switch {
		case errors.Is(err, order.ErrNoSuch):
			has = ledger.Totals{Ref: p.Ref, Currency: o.Total.Currency}
		case errors.Is(err, order.ErrRejected):
			has = ledger.Totals{Ref: p.Ref, Problem: err.Error()}
		case err != nil:
			return nil, err
		}
		totals[p.Ref] = has
	}
	return totals, nil
}

// confirmSettlements asks the provider for each settlement, books it if it is not
// booked, and compares it.
func (a *Activities) confirmSettlements(ctx context.Context, all []ledger.Doubt, now time.Time) error {
	has := make([]*ledger.Settlement, len(all))
	for i, d := range all {
		s, err := a.Balance.Settlement(ctx, d.Source)
		switch {
		case errors.Is(err, order.ErrNoSuch):
			continue
		case errors.Is(err, order.ErrRejected):
			s = ledger.Settlement{ID: d.Source, Problem: err.Error()}
		case err != nil:
			return err
		}
		s.Party = cmp.Or(s.Party, d.Party)
		has[i] = &s
		if _, err := a.Settlements.AddSettlements(ctx, []ledger.Settlement{s}, now); err != nil {
			return err
		}
	}
	books, err := a.Settlements.SettlementBooks(ctx, all)
	if err != nil {
		return err
	}
	var found []ledger.Difference
	for i, b := range books {
		found = append(found, ledger.CompareSettlement(b, has[i])...)
	}
	return a.Differences.RecordDifferences(ctx, all, found)
}
