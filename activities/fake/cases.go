package fake

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"

	"purser/order"
)

// Cases keeps cases in memory. The zero value is ready. Set the hook before it is used.
type Cases struct {
	// Before is called before each call that writes ("OpenCase", "SaveCase"). If it fails,
	// the call returns its error and writes nothing.
	Before func(op, id string) error

	mu  sync.Mutex
	all map[string]*recordedCase
}

type recordedCase struct {
	order.Case
	fence int64
}

// OpenCase writes a case unless it is recorded already, and returns it as it is recorded.
func (f *Cases) OpenCase(_ context.Context, c order.Case) (order.Case, error) {
	if f.Before != nil {
		if err := f.Before("OpenCase", c.ID); err != nil {
			return order.Case{}, err
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.all == nil {
		f.all = map[string]*recordedCase{}
	}
	if f.all[c.ID] == nil {
		f.all[c.ID] = &recordedCase{Case: c}
	}
	return f.all[c.ID].Case, nil
}

// SaveCase writes a case, unless the fence is not higher than that of the last write, or
// the case is over and the write opens it.
func (f *Cases) SaveCase(_ context.Context, c order.Case, fence int64) error {
	if f.Before != nil {
		if err := f.Before("SaveCase", c.ID); err != nil {
			return err
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	was := f.all[c.ID]
	if was == nil {
		return fmt.Errorf("%w: %q", order.ErrNoCase, c.ID)
	}
	if fence > was.fence && (c.Status.Over() || !was.Status.Over()) {
		f.all[c.ID] = &recordedCase{c, fence}
	}
	return nil
}

// Case returns a case.
func (f *Cases) Case(_ context.Context, id string) (order.Case, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if c := f.all[id]; c != nil {
		return c.Case, nil
	}
	return order.Case{}, fmt.Errorf("%w: %q", order.ErrNoCase, id)
}

// Cases lists cases, the latest first. The cursor is the id of the last case.
func (f *Cases) Cases(_ context.Context, filter order.CaseFilter) (p order.CasePage, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var found []order.Case
	for _, c := range f.all {
		if selects(filter, c.Case) {
			found = append(found, c.Case)
		}
	}
	slices.SortFunc(found, func(a, b order.Case) int { return cmp.Or(b.OpenedAt.Compare(a.OpenedAt), cmp.Compare(b.ID, a.ID)) })
	if filter.Cursor != "" {
		found = found[1+slices.IndexFunc(found, func(c order.Case) bool { return c.ID == filter.Cursor }):]
	}
	limit := cmp.Or(filter.Limit, 50)
	if len(found) > limit {
		found = found[:limit]
		p.Next = found[limit-1].ID
	}
	p.Cases = found
	return p, nil
}

func selects(f order.CaseFilter, c order.Case) bool {
	switch {
	case len(f.Status) > 0 && !slices.Contains(f.Status, c.Status),
		f.Kind != "" && f.Kind != c.Kind,
		f.OrderID != "" && f.OrderID != c.OrderID,
		f.Assignee != "" && f.Assignee != c.Assignee,
		!f.DueBy.IsZero() && (c.Status != order.CaseOpen || !c.DueAt.Before(f.DueBy)):
		return false
	}
	return true
}
