package audit

import (
	"fmt"
	"slices"
	"strings"
)

// goods is what an order has bought of a product, and what became of the pieces.
type goods struct {
	sku       string
	bought    int64
	cost      int64 // of all pieces, with tax and after discounts, in minor units
	released  int64 // pieces that were left out before the money was captured
	refunded  int64 // pieces that were left out, or refunded without a return
	putBack   int64 // of these, pieces that are for sale again
	restocked int64 // pieces that are for sale again, those that came back included
	out       int64 // pieces that went out, and that the carrier has not brought back
	back      int64 // of these, pieces that the shopper has sent back
	brought   int64 // pieces that the carrier has brought back
	resold    int64 // pieces that came back, and are for sale again
}

// goodsOf returns what an order has bought, and what became of it: by what the carrier has
// and, without its labels, by the record.
func (a *audit) goodsOf(o orderRow) (all []goods) {
	sent := a.sent(o)
	for _, l := range o.doc.Lines {
		g := goods{sku: l.SKU, bought: l.Quantity, cost: l.cost(), out: piecesOf(sent, l.SKU)}
		for _, r := range a.record.refunds[o.id] {
			for _, of := range r.lines {
				switch {
				case of.SKU != g.sku:
				case r.status == "released":
					g.released += of.Quantity
					g.refunded += of.Quantity
				case r.moves() && !r.ofReturn():
					g.refunded += of.Quantity
				}
				if of.SKU == g.sku && of.Restock { // also if the bank has refused the refund
					g.putBack += of.Quantity
				}
			}
		}
		for _, r := range o.doc.Returns {
			for _, of := range r.Lines {
				if of.SKU != g.sku {
					continue
				}
				if !strings.HasPrefix(r.ID, "parcel-") { // these did not go out, or the carrier has brought them back
					g.back += of.Received
				}
				if of.Restock {
					g.resold += of.Received - of.Damaged
				}
			}
		}
		for _, l := range a.byOrder[o.id] {
			if s, known := a.shipment(o.id, l.Reference); known && s.sends() && l.Status == "returned" {
				g.brought += piecesOf(l.goods(), g.sku)
			}
		}
		g.restocked = min(g.resold+g.putBack, g.bought)
		all = append(all, g)
	}
	return all
}

// unsent returns how many pieces neither went out nor were refunded or put back.
func (g goods) unsent() int64 {
	return max(g.bought-min(g.out, g.bought)-max(g.refunded, g.putBack), 0)
}

// absent returns how many pieces of a delivered order must have left the stock: all, but for
// those that are for sale again and those that it should have sent.
func (g goods) absent() int64 { return max(g.bought-g.unsent()-g.restocked, 0) }

// sent returns the goods in the parcels of an order that went out and that no other
// parcel replaced. A parcel that the record does not know, or does not send any more,
// counts as a double label.
func (a *audit) sent(o orderRow) (all []pieces) {
	counted := map[string]bool{}
	for _, l := range a.byOrder[o.id] {
		if s, known := a.shipment(o.id, l.Reference); known && s.sends() && l.wentOut() && !counted[l.Reference] {
			counted[l.Reference] = true
			all = append(all, l.goods()...)
		}
	}
	for _, p := range o.doc.Shipments {
		if p.Method != "" && !p.Replaced && (p.Status == "in_transit" || p.Status == "delivered") {
			all = append(all, p.Lines...)
		}
	}
	return all
}

// shipment returns what the record has of a parcel.
func (a *audit) shipment(id, reference string) (shipmentRow, bool) {
	all := a.shipments[id]
	i := slices.IndexFunc(all, func(s shipmentRow) bool { return s.reference == reference })
	if i < 0 {
		return shipmentRow{}, false
	}
	return all[i], true
}

// sends reports whether the record sends the parcel.
func (s shipmentRow) sends() bool { return !s.replaced && s.status != "voided" }

// countLabels counts the labels that were booked twice under one reference, and the
// parcels on their way that the record does not know, or does not send any more, unless a
// person has decided about them.
func (a *audit) countLabels(o orderRow) {
	references := map[string]int{}
	for _, l := range a.byOrder[o.id] {
		if references[l.Reference]++; references[l.Reference] == 2 {
			a.broke(DoubleLabels, l.Reference+" was booked twice")
		}
		s, known := a.shipment(o.id, l.Reference)
		switch {
		case !l.live():
		case !known:
			a.broke(DoubleLabels, fmt.Sprintf("%s has the parcel %s on its way, which the record does not know", o.id, l.Reference))
		case !s.sends() && !a.decidedAbout(o.id, l):
			a.broke(DoubleLabels, fmt.Sprintf("%s has the parcel %s on its way, and the record does not send it", o.id, l.Reference))
		}
	}
}

// decidedAbout reports whether a person has decided about a parcel: in a case about it, or
// about the order.
func (a *audit) decidedAbout(id string, l label) bool {
	if a.decided(id, "keep") || a.decided(id, "refund") || a.decided(id, "rebook") {
		return true
	}
	return slices.ContainsFunc(a.cases[id], func(c caseRow) bool { return c.choice != "" && (c.about == l.Reference || c.about == l.Tracking) })
}

// parcelsAtEnd says what is wrong with the parcels of an order that has ended, by what
// the carrier has: a delivered order's parcels were delivered, and no parcel of another
// one goes out, unless a person has decided so.
func (a *audit) parcelsAtEnd(o orderRow) (wrong []string) {
	arrived, live := map[string]bool{}, false
	for _, l := range a.byOrder[o.id] {
		live = live || l.live()
		arrived[l.Reference] = arrived[l.Reference] || l.Status == "delivered"
	}
	for _, p := range o.doc.Shipments {
		if p.Method != "" && p.Status == "delivered" && !p.Replaced {
			live, arrived[p.Reference] = true, true
		}
	}
	switch o.status {
	case "delivered":
		if a.decided(o.id, "keep") {
			return nil
		}
		if !live {
			wrong = append(wrong, "no parcel went out")
		}
		for _, s := range a.shipments[o.id] {
			if !s.replaced && !arrived[s.reference] {
				wrong = append(wrong, "the carrier has not delivered "+s.reference)
			}
		}
	case "cancelled", "expired", "refused":
		if live && !a.decided(o.id, "refund") && !a.decided(o.id, "keep") {
			wrong = append(wrong, "a parcel went out")
		}
	}
	return wrong
}
