package order

import "fmt"

// Check makes sure that a change is consistent: its events are about this order
// and consecutive, each is a legal move, and the last leads to the order's
// status. A change without events is always consistent.
func (c Change) Check() error {
	if len(c.Events) == 0 {
		return nil
	}
	for i, e := range c.Events {
		want := c.Order.Version - int64(len(c.Events)-1-i)
		switch {
		case e.OrderID != c.Order.ID:
			return fmt.Errorf("%w: event %d is about %q, the order is %q", ErrVersionConflict, e.Seq, e.OrderID, c.Order.ID)
		case e.Seq != want || e.Seq < 1:
			return fmt.Errorf("%w: event %d of a change to version %d, want %d", ErrVersionConflict, e.Seq, c.Order.Version, want)
		case e.From != e.To && !e.From.CanBecome(e.To):
			return fmt.Errorf("%w: from %q to %q", ErrIllegalMove, e.From, e.To)
		}
	}
	if last := c.Events[len(c.Events)-1]; last.To != "" && last.To != c.Order.Status {
		return fmt.Errorf("%w: the last event leads to %q, the order is %q", ErrIllegalMove, last.To, c.Order.Status)
	}
	return nil
}

// After returns the version that the record must have before the change.
func (c Change) After() int64 { return c.Order.Version - int64(len(c.Events)) }
