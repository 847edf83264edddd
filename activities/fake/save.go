package fake

import (
	"context"
	"fmt"
	"slices"
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
	if err := f.move(c, o.now); err != nil {
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
		if was := o.parcels[p.Reference]; p.Status == "" { // a lost attempt has perhaps booked it
			p.LabelID, p.Tracking, p.Carrier, p.Status = was.LabelID, was.Tracking, was.Carrier, was.Status
		}
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
// none. was is the order before, which a lost attempt may have written.
func (f *Record) move(c order.Change, was order.Order) error {
	id, now, replaces := c.Order.ID, c.Order.UpdatedAt, was.Version > c.After()
	goods := c.Order.Reserved()
	resizes := was.Version > 0 && (replaces || !slices.Equal(goods, was.Reserved()) || !c.Stock.Until.IsZero())
	if resizes {
		if err := f.canResize(id, goods, now); err != nil {
			return err
		}
	}
	wants := c.Stock.Action == order.StockKeep || c.Stock.Action == order.StockShip
	for _, p := range f.products {
		if r := p.set[id]; wants && r != nil && r.over && p.available(now) < r.quantity {
			return fmt.Errorf("%w: %q", order.ErrOutOfStock, p.SKU)
		}
	}
	if resizes {
		f.resize(id, goods, now)
	}
	for sku, p := range f.products {
		r := p.set[id]
		if r == nil {
			continue
		}
		if until := c.Stock.Until; !until.IsZero() && !r.until.IsZero() {
			r.until, r.over = until, false
			p.lapse(id, now)
		}
		if r.over && wants {
			p.take(id, r.quantity, now, time.Time{})
			r = p.set[id]
		}
		p.become(r, c.Stock, sku, replaces, now)
	}
	return nil
}

// canResize fails with order.ErrOutOfStock if there are too few pieces for an order to
// reserve these goods.
func (f *Record) canResize(id order.ID, goods []order.LineQuantity, now time.Time) error {
	for _, g := range goods {
		p, has := f.products[g.SKU], int64(0)
		if p != nil && p.set[id].holds(now) {
			has = p.set[id].quantity
		}
		if p == nil || g.Quantity > has && p.available(now) < g.Quantity-has {
			return fmt.Errorf("%w: %q", order.ErrOutOfStock, g.SKU)
		}
	}
	return nil
}

// holds reports whether the reservation keeps goods from others.
func (r *reservation) holds(now time.Time) bool {
	return r != nil && !r.over && (r.until.IsZero() || r.until.After(now))
}

// resize makes the order reserve these goods. What it did not have before is reserved for
// as long as the rest.
func (f *Record) resize(id order.ID, goods []order.LineQuantity, now time.Time) {
	var until time.Time
	for _, p := range f.products {
		if r := p.set[id]; r != nil {
			until = r.until
		}
	}
	for sku, p := range f.products {
		want, r := sumOf(goods, sku), p.set[id]
		switch {
		case r == nil && want > 0:
			p.take(id, want, now, until)
		case r != nil && want != r.quantity:
			was := *r
			r.over = r.over && want < r.quantity
			r.quantity, r.shipped, r.restocked = want, min(r.shipped, want), min(r.restocked, want)
			p.OnHand -= r.away() - was.away()
			p.shipped += r.away() - was.away()
			if want == 0 {
				delete(p.set, id)
			}
			p.lapse(id, now)
		}
	}
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
