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
	case o.fence > c.Fence:
		return nil
	case o.fence == c.Fence && (o.now.Version > c.Order.Version || o.now.Version == c.Order.Version && len(c.Events) > 0):
		return nil
	case o.now.Version < c.After(), c.Order.Version == 0:
		return fmt.Errorf("%w: %s is at %d, the change follows %d", order.ErrVersionConflict, c.Order.ID, o.now.Version, c.After())
	}
	ids := outsideIDs(c.Order)
	for _, name := range ids {
		if owner, ok := f.owners[name]; ok && owner != c.Order.ID {
			return fmt.Errorf("%w: %s", order.ErrTaken, name)
		}
	}
	if err := f.move(c, o.now.Version > c.After()); err != nil {
		return err
	}
	if f.owners == nil {
		f.owners = make(map[string]order.ID)
	}
	for _, name := range ids {
		f.owners[name] = c.Order.ID
	}
	o.now, o.fence, o.snapshot = clone(c.Order), c.Fence, c.Snapshot
	o.events = append(o.events[:c.After()], c.Events...)
	if o.refunds == nil {
		o.refunds, o.parcels = make(map[string]order.Refund), make(map[string]order.Shipment)
	}
	for _, r := range c.Order.Refunds {
		o.refunds[r.ID] = r
	}
	for _, p := range c.Order.Shipments {
		o.parcels[p.Reference] = p
	}
	if c.Attempt != "" {
		o.attempts = append(o.attempts, c.Attempt)
	}
	if f.orders == nil {
		f.orders = make(map[order.ID]*opened)
	}
	f.orders[c.Order.ID] = o
	return nil
}

// outsideIDs lists the ids of the order's payments and parcels, which belong to
// one order only.
func outsideIDs(o order.Order) (ids []string) {
	add := func(kind, id string) {
		if id != "" {
			ids = append(ids, kind+" "+id)
		}
	}
	for _, p := range o.Payments {
		add("payment at "+p.Provider, p.Reference)
	}
	for _, s := range o.Shipments {
		add("parcel", s.Reference)
		add("label", s.LabelID)
	}
	return ids
}

// move applies the change's stock move to all of the order's reservations, or to
// none. replaces says that the change replaces what a lost attempt wrote.
func (f *Record) move(c order.Change, replaces bool) error {
	id, now := c.Order.ID, c.Order.UpdatedAt
	wants := c.Stock.Action == order.StockKeep || c.Stock.Action == order.StockShip
	for _, p := range f.products {
		if r := p.set[id]; wants && r != nil && r.over && p.available(now) < r.quantity {
			return fmt.Errorf("%w: %q", order.ErrOutOfStock, p.SKU)
		}
	}
	for sku, p := range f.products {
		r := p.set[id]
		if r == nil {
			continue
		}
		if r.over && wants {
			p.take(id, r.quantity, now, time.Time{})
			r = p.set[id]
		}
		p.become(r, c.Stock, sku, replaces, now)
	}
	return nil
}

// shippedOf returns how many pieces of a product's reservation have left if all the
// goods that have left are these; without lines, everything has.
func shippedOf(lines []order.LineQuantity, sku string, quantity int64) (n int64) {
	if len(lines) == 0 {
		return quantity
	}
	return min(sumOf(lines, sku), quantity)
}

func sumOf(lines []order.LineQuantity, sku string) (n int64) {
	for _, l := range lines {
		if l.SKU == sku {
			n += l.Quantity
		}
	}
	return n
}

// become changes a reservation and the counters of its product as a move says. What a
// lost attempt shipped beyond that comes back, and what it restocked is taken again,
// unless another order has it.
func (p *stocked) become(r *reservation, move order.StockMove, sku string, replaces bool, now time.Time) {
	was := *r
	switch move.Action {
	case order.StockKeep:
		r.until = time.Time{}
	case order.StockShip:
		r.until, r.shipped = time.Time{}, shippedOf(move.Lines, sku, r.quantity)
	case order.StockRelease:
		r.over, r.shipped = true, min(sumOf(move.Lines, sku), r.quantity)
	}
	if move.Action == order.StockStays && len(move.Restocked) == 0 && !replaces {
		return
	}
	most := r.quantity
	if r.over || !r.until.IsZero() {
		most = r.shipped
	}
	r.restocked = min(sumOf(move.Restocked, sku), most)
	p.OnHand -= r.away() - was.away()
	p.shipped += r.away() - was.away()
	if p.available(now) < 0 && r.restocked < was.restocked {
		away := r.away()
		r.restocked = min(was.restocked, most)
		p.OnHand -= r.away() - away
		p.shipped += r.away() - away
	}
}
