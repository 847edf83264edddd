package fake

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"purser/catalog"
	"purser/order"
	"purser/pricing"
)

// Record keeps orders, their events and the stock in memory. The zero value
// is ready. Set the hooks before it is used.
type Record struct {
	// Before is called before each OpenOrder, SaveOrder and RecordedShipments. If it
	// fails, the call returns its error and writes nothing.
	Before func(op string, id order.ID) error
	// After is called after the write. If it fails, the call returns its error
	// although the write is done.
	After func(op string, id order.ID) error
	// Now returns the time for Offers and Product; default time.Now.
	Now func() time.Time

	mu       sync.Mutex
	products map[string]*stocked
	orders   map[order.ID]*opened
	owners   map[string]order.ID // by the provider's and our ids of payments and parcels
}

// stocked is a product with its reservations.
type stocked struct {
	catalog.Product
	shipped int64
	set     map[order.ID]*reservation
}

// reservation is one order's reservation of one product.
type reservation struct {
	quantity int64
	shipped  int64 // of the quantity
	// restocked are the pieces that are for sale again.
	restocked int64
	until     time.Time // zero: kept
	over      bool      // released or expired: the goods are for sale again
}

// open returns how many pieces have neither left nor been restocked.
func (r reservation) open() int64 { return r.quantity - max(r.shipped, r.restocked) }

// away returns how many pieces have left and not come back.
func (r reservation) away() int64 { return max(r.shipped-r.restocked, 0) }

// opened is an order with its timeline.
type opened struct {
	run      string
	first    order.Order
	now      order.Order
	fence    int64
	snapshot order.Snapshot
	events   []order.Event
	attempts []string
	refunds  map[string]order.Refund   // also those of lost attempts
	parcels  map[string]order.Shipment // as refunds
}

// PutProducts adds or replaces products.
func (f *Record) PutProducts(_ context.Context, products []catalog.Product) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.products == nil {
		f.products = make(map[string]*stocked)
	}
	for _, p := range products {
		if err := p.Validate(); err != nil {
			return err
		}
		if was := f.products[p.SKU]; was != nil {
			was.Product = p
			continue
		}
		f.products[p.SKU] = &stocked{Product: p, set: make(map[order.ID]*reservation)}
	}
	return nil
}

// Offers returns the current offers of these products.
func (f *Record) Offers(_ context.Context, skus []string) (map[string]order.Offer, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.offers(skus, f.clock()), nil
}

func (f *Record) clock() time.Time {
	if f.Now != nil {
		return f.Now()
	}
	return time.Now()
}

func (f *Record) offers(skus []string, now time.Time) map[string]order.Offer {
	offers := make(map[string]order.Offer)
	for _, sku := range skus {
		if p := f.products[sku]; p != nil {
			offers[sku] = order.Offer{SKU: sku, Name: p.Name, Price: order.Money{Amount: p.Price, Currency: p.Currency}, Available: p.available(now), Goods: p.Goods}
		}
	}
	return offers
}

// available returns the stock that is on hand and not reserved at a time.
func (p *stocked) available(now time.Time) int64 {
	n := p.OnHand
	for _, r := range p.set {
		if !r.over && (r.until.IsZero() || r.until.After(now)) {
			n -= r.open()
		}
	}
	return n
}

// Product returns a product with its stock.
func (f *Record) Product(_ context.Context, sku string) (catalog.Stocked, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.products[sku]
	if p == nil {
		return catalog.Stocked{}, fmt.Errorf("%w: %s", catalog.ErrNotFound, sku)
	}
	return catalog.Stocked{Product: p.Product, Available: p.available(f.clock())}, nil
}

// Stocked returns these products with their stock, by SKU.
func (f *Record) Stocked(ctx context.Context, skus []string) (map[string]catalog.Stocked, error) {
	found := make(map[string]catalog.Stocked, len(skus))
	for _, sku := range skus {
		if p, err := f.Product(ctx, sku); err == nil {
			found[sku] = p
		}
	}
	return found, nil
}

// Shipped returns how many pieces of a product were shipped.
func (f *Record) Shipped(sku string) int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	if p := f.products[sku]; p != nil {
		return p.shipped
	}
	return 0
}

// OpenOrder prices the request, reserves the stock and writes the order.
func (f *Record) OpenOrder(_ context.Context, o order.Opening) (order.Order, error) {
	if f.Before != nil {
		if err := f.Before("OpenOrder", o.ID); err != nil {
			return order.Order{}, err
		}
	}
	was, err := f.open(o)
	if err == nil && f.After != nil {
		err = f.After("OpenOrder", o.ID)
	}
	if err != nil {
		return order.Order{}, err
	}
	return was, nil
}

func (f *Record) open(o order.Opening) (order.Order, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if was := f.orders[o.ID]; was != nil {
		if was.run != o.RunID {
			return order.Order{}, fmt.Errorf("%w: %s", order.ErrDuplicate, o.ID)
		}
		return clone(was.first), nil
	}
	var skus []string
	for _, l := range o.Request.Lines {
		skus = append(skus, l.SKU)
	}
	priced, err := pricing.Price(o.Request, f.offers(skus, o.Now), o.Pricing)
	if err != nil {
		return order.Order{}, err
	}
	placed := order.Order{
		ID: o.ID, Status: order.Placed, Version: 2,
		Customer: o.Request.Customer, Email: o.Request.Email, Locale: o.Request.Locale, ShipTo: o.Request.ShipTo,
		Lines: priced.Lines, Shipping: priced.Shipping, Total: priced.Total,
		PlacedAt: o.Now.UTC(), UpdatedAt: o.Now.UTC(), ExchangeOf: o.ExchangeOf,
	}
	if err := placed.CheckExchange(); err != nil {
		return order.Order{}, err
	}
	placed.Payments = placed.FirstPayments()
	for _, l := range priced.Lines {
		f.products[l.SKU].take(o.ID, l.Quantity, o.Now, o.HoldUntil)
	}
	e := order.Event{OrderID: o.ID, Seq: 1, At: placed.PlacedAt, Kind: order.OrderPlaced, To: order.Placed, Actor: o.Actor, Correlation: o.Correlation}
	r := e
	r.Seq, r.Kind, r.From = 2, order.StockReserved, order.Placed
	if f.orders == nil {
		f.orders = make(map[order.ID]*opened)
	}
	f.orders[o.ID] = &opened{run: o.RunID, first: placed, now: placed, events: []order.Event{e, r}}
	if !placed.Free() && !placed.PaidByCredit() {
		f.orders[o.ID].attempts = []string{"create"}
	}
	return clone(placed), nil
}

// take reserves pieces. The caller has checked that there are enough pieces.
func (p *stocked) take(id order.ID, quantity int64, now, until time.Time) {
	p.set[id] = &reservation{quantity: quantity, until: until}
	p.lapse(id, now)
}

// lapse ends expired reservations of other orders, oldest first, as far as that is
// necessary.
func (p *stocked) lapse(id order.ID, now time.Time) {
	var counted int64
	var expired []*reservation
	for other, r := range p.set {
		if r.over {
			continue
		}
		counted += r.open()
		if other != id && !r.until.IsZero() && !r.until.After(now) {
			expired = append(expired, r)
		}
	}
	slices.SortFunc(expired, func(a, b *reservation) int { return cmp.Compare(a.until.UnixNano(), b.until.UnixNano()) })
	for _, r := range expired {
		if counted <= p.OnHand {
			return
		}
		r.over = true
		counted -= r.quantity
	}
}

// Order returns the order as last recorded.
func (f *Record) Order(_ context.Context, id order.ID) (order.Order, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	o := f.orders[id]
	if o == nil {
		return order.Order{}, fmt.Errorf("%w: %s", order.ErrNotFound, id)
	}
	return clone(o.now), nil
}

// clone returns an order that shares no payment, shipment or refund with o.
func clone(o order.Order) order.Order {
	o.Payments, o.Shipments, o.Refunds = slices.Clone(o.Payments), slices.Clone(o.Shipments), slices.Clone(o.Refunds)
	o.Returns, o.Changes = order.CloneReturns(o.Returns), slices.Clone(o.Changes)
	return o
}

// Snapshot returns the state that was last written with the order.
func (f *Record) Snapshot(_ context.Context, id order.ID) (order.Snapshot, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	o := f.orders[id]
	if o == nil {
		return order.Snapshot{}, fmt.Errorf("%w: %s", order.ErrNotFound, id)
	}
	return o.snapshot, nil
}

// RecordedRefunds returns the refunds that were ever written for an order, by their ids.
func (f *Record) RecordedRefunds(_ context.Context, id order.ID) (all []order.Refund, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	o := f.orders[id]
	if o == nil {
		return nil, nil
	}
	for _, refundID := range slices.Sorted(maps.Keys(o.refunds)) {
		r := o.refunds[refundID]
		r.Key, r.Asked, r.Notified = "", "", "" // only the order's document has them
		all = append(all, r)
	}
	return all, nil
}

// RecordedShipments returns the parcels that were ever written for an order as perhaps
// booked, by their references.
func (f *Record) RecordedShipments(_ context.Context, id order.ID) (all []order.Shipment, err error) {
	if f.Before != nil {
		if err := f.Before("RecordedShipments", id); err != nil {
			return nil, err
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	o := f.orders[id]
	if o == nil {
		return nil, nil
	}
	for _, reference := range slices.Sorted(maps.Keys(o.parcels)) {
		if p := o.parcels[reference]; p.Status != "" {
			all = append(all, order.Shipment{
				Number: p.Number, Lines: p.Lines, Reference: p.Reference, LabelID: p.LabelID, Tracking: p.Tracking,
				Carrier: p.Carrier, Status: p.Status, Method: p.Method, Replaced: p.Replaced,
			})
		}
	}
	return all, nil
}

// Events lists up to limit of an order's events after number after; a limit
// of 0 means 50.
func (f *Record) Events(_ context.Context, id order.ID, after int64, limit int) ([]order.Event, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	o := f.orders[id]
	if o == nil || after >= int64(len(o.events)) {
		return nil, nil
	}
	if limit <= 0 {
		limit = 50
	}
	some := o.events[max(after, 0):]
	return slices.Clone(some[:min(limit, len(some))]), nil
}

// Attempts lists the money operations recorded before they were tried.
func (f *Record) Attempts(id order.ID) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if o := f.orders[id]; o != nil {
		return slices.Clone(o.attempts)
	}
	return nil
}
