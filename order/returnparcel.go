package order

import (
	"regexp"
	"strconv"
	"time"
)

var parcelReturnID = regexp.MustCompile(`^parcel-[0-9]+$`)

// ParcelReturnID returns the ID of the return of the parcel with a number. No caller can
// use it for another return.
func ParcelReturnID(number int) string { return "parcel-" + strconv.Itoa(number) }

// ExpectReturn returns the return of a parcel that came back. It reports false if there is
// one already, or there is nothing to expect: all of its goods are in other returns, or
// another parcel has replaced it.
func (o Order) ExpectReturn(s Shipment, by, why string, now time.Time) (Return, bool) {
	id := ParcelReturnID(s.Number)
	if s.Replaced || s.Method == NoParcel || o.ReturnByID(id) != nil {
		return Return{}, false
	}
	back := Return{ID: id, Parcel: s.Number, Number: len(o.Returns) + 1, RequestedAt: now, RequestedBy: by, Reason: why}
	for _, l := range s.Lines {
		if n := min(l.Quantity, o.inNoReturn(l.SKU)); n > 0 {
			back.Lines = append(back.Lines, ReturnLine{SKU: l.SKU, Quantity: n})
		}
	}
	return back.Enter(ReturnExpected, now), len(back.Lines) > 0
}

// inNoReturn returns how many pieces of a product have reached the shopper or come back,
// and are in no return.
func (o Order) inNoReturn(sku string) int64 {
	n := o.inParcels(sku, func(s ParcelStatus) bool { return s == ParcelDelivered || s == ParcelReturned })
	for _, r := range o.Returns {
		n -= r.pieces(sku)
	}
	return n
}

// inParcels returns how many pieces of a product are in parcels in some states that no
// other has replaced.
func (o Order) inParcels(sku string, in func(ParcelStatus) bool) (n int64) {
	for _, s := range o.Shipments {
		if s.Replaced || !in(s.Status) {
			continue
		}
		for _, l := range s.Lines {
			if l.SKU == sku {
				n += l.Quantity
			}
		}
	}
	return n
}

// inParcelReturns returns how many pieces of a product came back in their parcels, by the
// returns of these.
func (o Order) inParcelReturns(sku string) (n int64) {
	for _, r := range o.Returns {
		for _, l := range r.Lines {
			if r.Parcel > 0 && r.Status != ReturnCancelled && !r.Settled && l.SKU == sku {
				n += l.Quantity
			}
		}
	}
	return n
}

// owedForParcels returns how many of the pieces of a product that came back in their
// parcels can still be refunded. What was refunded without a return, and had been sent, was
// refunded because of them: the shopper does not have them.
func (o Order) owedForParcels(sku string) int64 {
	owed := o.inParcelReturns(sku)
	for _, r := range o.Refunds {
		for _, l := range r.Lines {
			if l.SKU == sku && parcelReturnID.MatchString(r.ReturnID) && r.Status.Counts() {
				owed -= l.Quantity
			}
		}
	}
	for _, r := range o.Returns {
		for _, l := range r.Lines {
			if l.SKU == sku && r.Parcel > 0 {
				owed -= l.Kept
			}
		}
	}
	pieces, _, _ := o.RefundedOf(sku)
	back, _ := o.ReturnedOf(sku)
	otherwise := pieces - back
	for _, l := range o.Lines {
		if l.SKU == sku {
			otherwise -= max(l.Quantity-o.inParcels(sku, ParcelStatus.HandedOver), 0) // these were not sent
		}
	}
	return max(owed-max(otherwise, 0), 0)
}
