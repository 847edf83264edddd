package fake

import (
	"context"
	"fmt"
	"time"

	"purser/order"
)

// SaveOrder writes a change.
func (f *Record) SaveOrder(_ context.Context, c order.Change) error {
	if f.Before != nil {
		if err := f.Before("SaveOrder", c.Order.ID); err != nil {
			return err
		}
	}
	err := f.save(c)
	if err == nil && f.After != nil {
		err = f.After("SaveOrder", c.Order.ID)
	}
	return err
}

func (f *Record) save(c order.Change) error {
	if err := c.Check(); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	o := f.orders[c.Order.ID]
	if o == nil {
		o = new(opened)
	}
	switch {
	case o.now.Fence > c.Order.Fence:
		return nil
	case o.now.Fence == c.Order.Fence && (o.now.Version > c.Order.Version || o.now.Version == c.Order.Version && len(c.Events) > 0):
		return nil
	case o.now.Version < c.After(), c.Order.Version == 0:
		return fmt.Errorf("%w: %s is at %d, the change follows %d", order.ErrVersionConflict, c.Order.ID, o.now.Version, c.After())
	}
	if err := f.move(c); err != nil {
		return err
	}
	o.now = c.Order
	o.events = append(o.events[:c.After()], c.Events...)
	if c.Attempt != "" {
		o.attempts = append(o.attempts, c.Attempt)
	}
	if f.orders == nil {
		f.orders = make(map[order.ID]*opened)
	}
	f.orders[c.Order.ID] = o
	return nil
}

// move applies the change's stock move to all of the order's reservations, or to
// none.
func (f *Record) move(c order.Change) error {
	id, now := c.Order.ID, c.Order.UpdatedAt
	if c.Stock == order.StockKeep || c.Stock == order.StockShip {
		for _, p := range f.products {
			if r := p.set[id]; r != nil && r.released() && p.available(now) < r.quantity {
				return fmt.Errorf("%w: %q", order.ErrOutOfStock, p.SKU)
			}
		}
	}
	for _, p := range f.products {
		r := p.set[id]
		if r == nil {
			continue
		}
		if r.released() && (c.Stock == order.StockKeep || c.Stock == order.StockShip) {
			p.take(id, r.quantity, now, time.Time{})
			r = p.set[id]
		}
		p.move(r, c.Stock)
	}
	return nil
}

// move changes a reservation, or reverts the shipping of a lost attempt.
func (p *stocked) move(r *reservation, move order.StockMove) {
	switch {
	case move == order.StockRelease && r.shipped:
		r.shipped = false
		p.OnHand += r.quantity
		p.shipped -= r.quantity
	case move == order.StockRelease:
		r.over = true
	case r.over: // shipped before
	case move == order.StockKeep:
		r.until = time.Time{}
	case move == order.StockShip:
		r.over, r.shipped = true, true
		p.OnHand -= r.quantity
		p.shipped += r.quantity
	}
}
