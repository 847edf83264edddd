package orders_test

import (
	"context"
	"slices"
	"strings"

	"purser/order"
)

// keptGoods checks that there is at most one label, which is valid if the order was
// fulfilled, and that the stock adds up.
func (c *checks) keptGoods(o order.Order) {
	c.Helper()
	valid := 0
	replaced := map[string]bool{}
	for _, s := range o.Shipments {
		replaced[s.Reference] = s.Replaced
	}
	for ref, p := range c.carrier.Parcels() {
		if strings.Contains(ref, "-back-") {
			c.keptReturnLabel(o, ref, p)
			continue
		}
		back := p.Status == order.ParcelReturned && !fulfilled(o.Status) // while the order was being cancelled
		if p.Status != order.ParcelVoided && !back && !replaced[ref] {
			valid++
		}
		if n := c.carrier.Counts()[ref]; n != 1 {
			c.Errorf("IDEM-8 SHP-1: %d labels under %s", n, ref)
		}
	}
	want := 0
	if fulfilled(o.Status) {
		want = c.labelsDue(o)
	}
	if valid != want {
		c.Errorf("%d labels are valid, want %d", valid, want)
	}
	for _, l := range c.goods(o) {
		_, again := o.ReturnedOf(l.SKU)
		shipped := piecesIn(o.DeliveredWithoutParcel(), l.SKU) + cameBack(o, l.SKU) - again
		if fulfilled(o.Status) {
			shipped = l.Quantity - piecesIn(o.Restocked(), l.SKU)
			if o.Status == order.Returned && c.state().Abort != nil { // what never left is for sale again
				for _, sent := range o.WithoutReleased().Lines {
					if sent.SKU == l.SKU {
						shipped -= max(sent.Quantity-handedOver(o, l.SKU)-restockedByRefunds(o, l.SKU), 0)
					}
				}
			}
		}
		offers, _ := c.record.Offers(context.Background(), []string{l.SKU})
		if left, got := offers[l.SKU].Available, c.record.Shipped(l.SKU); got != shipped || left != onHand-shipped {
			c.Errorf("of %d %s, %d were shipped and %d are left; want %d and %d", onHand, l.SKU, got, left, shipped, onHand-shipped)
		}
	}
}

// keptReturnLabel checks the label of a return: there is one, and it is not valid if nothing
// is sent back with it.
func (c *checks) keptReturnLabel(o order.Order, ref string, p order.Parcel) {
	c.Helper()
	if n := c.carrier.Counts()[ref]; n != 1 {
		c.Errorf("REF-9: %d labels under %s", n, ref)
	}
	i := slices.IndexFunc(o.Returns, func(r order.Return) bool { return r.Label.Reference == ref })
	if i < 0 {
		c.Errorf("REF-9: no return has the label %s", ref)
		return
	}
	r := o.Returns[i]
	if over := r.Status == order.ReturnCancelled || r.Status == order.ReturnExpired; over && p.Status == order.ParcelBooked && r.Label.Status != order.ReturnLabelLeft {
		c.Errorf("REF-9: the return %s is %s, and its label %s", r.ID, r.Status, p.Status)
	}
}

// goods returns the goods that the order has, and those that it had or was to have, of which
// there are none.
func (c *checks) goods(o order.Order) []order.LineQuantity {
	var all []order.LineQuantity
	add := func(sku string, n int64) {
		i := slices.IndexFunc(all, func(l order.LineQuantity) bool { return l.SKU == sku })
		if i < 0 {
			all = append(all, order.LineQuantity{SKU: sku})
			i = len(all) - 1
		}
		all[i].Quantity += n
	}
	for _, l := range c.placement.Request.Lines {
		if o.Opened == nil {
			add(l.SKU, l.Quantity)
		} else {
			add(l.SKU, 0)
		}
	}
	for _, l := range o.Lines {
		if o.Opened != nil {
			add(l.SKU, l.Quantity)
		}
	}
	for _, a := range o.Changes {
		for _, l := range a.Added {
			add(l.SKU, 0)
		}
	}
	return all
}

// handedOver returns how many pieces of a product are in parcels that have left, those
// included that came back.
func handedOver(o order.Order, sku string) (n int64) {
	for _, s := range o.Shipments {
		if s.Status.HandedOver() {
			n += piecesIn(s.Lines, sku)
		}
	}
	return n
}

// cameBack returns how many pieces of a product came back in parcels, without those that
// went into another parcel.
func cameBack(o order.Order, sku string) (n int64) {
	for _, s := range o.Shipments {
		switch {
		case s.Status != order.ParcelReturned:
		case !s.Replaced:
			n += piecesIn(s.Lines, sku)
		default:
			n += piecesBackOf(o, s, sku)
		}
	}
	return n
}

// piecesBackOf returns how many pieces of a product are in the return of a parcel.
func piecesBackOf(o order.Order, s order.Shipment, sku string) (n int64) {
	for _, r := range o.Returns {
		if r.Parcel == s.Number && r.Status != order.ReturnCancelled {
			n += piecesIn(r.Goods(), sku)
		}
	}
	return n
}

func restockedByRefunds(o order.Order, sku string) (n int64) {
	for _, r := range o.Refunds {
		for _, l := range r.Lines {
			if r.Status != order.RefundReleased && l.SKU == sku && l.Restock {
				n += l.Quantity
			}
		}
	}
	return n
}

func piecesIn(lines []order.LineQuantity, sku string) (n int64) {
	for _, l := range lines {
		if l.SKU == sku {
			n += l.Quantity
		}
	}
	return n
}

// labelsDue returns how many valid labels a fulfilled order has: one, or one for each
// parcel if a person has made them. No goods are in two parcels.
func (c *checks) labelsDue(o order.Order) int {
	c.Helper()
	due, packed, pieces := 0, false, map[string]int64{}
	for _, s := range o.Shipments {
		packed = packed || s.Key != "" || s.VoidBy != ""
		if s.Booked() && !s.Replaced {
			if s.LabelID != "" && (o.Status != order.Returned || s.Status != order.ParcelVoided) { // an order that is ended voids the others
				due++
			}
			for _, l := range s.Lines {
				pieces[l.SKU] += l.Quantity
			}
		}
	}
	for _, l := range o.Lines {
		if pieces[l.SKU] > l.Quantity {
			c.Errorf("SHP-6: %d of %d %s are in parcels", pieces[l.SKU], l.Quantity, l.SKU)
		}
	}
	kept := slices.ContainsFunc(o.Lines, func(l order.Line) bool {
		n, _, _ := o.RefundedOf(l.SKU)
		return l.NeedsParcel() && n < l.Quantity
	})
	switch {
	case !slices.ContainsFunc(o.WithoutReleased().Lines, order.Line.NeedsParcel):
		return 0
	case !kept: // they were refunded before or after they were sent
		return due
	case !packed && c.placement.Terms.ParcelWeight == 0 && c.placement.Terms.ParcelPieces == 0:
		return 1
	}
	return due
}
