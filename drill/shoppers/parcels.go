package shoppers

import (
	"context"
	"fmt"
	"sync"

	"purser/order"
	"purser/shop"
)

// severalParcels is a shopper whose order the operator packs: the label that the shop has
// booked is voided, if the carrier does not have the parcel yet, and the goods go out in
// parcels of the operator's, some of them without a label.
func severalParcels(ctx context.Context, v *visit) error {
	if err := v.buy(ctx, "pm_card_visa"); err != nil {
		return err
	}
	booked := func(o shop.Order) bool { return o.Shipment().LabelID != "" }
	o, err := v.until(ctx, booked)
	if err != nil {
		return err
	}
	for _, s := range o.Shipments {
		if s.LabelID != "" && !s.Replaced {
			if err := v.voidLabel(ctx, s.Number); err != nil {
				return err
			}
		}
	}
	return v.end(ctx)
}

// voidLabel has a label voided, unless the carrier has the parcel already.
func (v *visit) voidLabel(ctx context.Context, number int) error {
	err := retry(ctx, func() error {
		_, err := v.site.api().VoidLabel(ctx, v.placed.ID, number, "packed otherwise in a drill")
		return err
	})
	if refused(err) {
		return nil
	}
	return err
}

// pieceByPiece is how many parcels the operator makes, or tries to make, with one piece
// each. The next one has all that is left.
const pieceByPiece = 2

// pack makes a parcel of an order whose goods wait for one, sometimes twice at once: with
// a label, without the carrier's API, or to be collected.
func (v *visit) pack(ctx context.Context, o shop.Order) error {
	v.parcels++
	r := shop.ParcelRequest{ID: fmt.Sprintf("drill-%d", v.parcels), Reason: "packed in a drill"}
	switch v.random.IntN(3) {
	case 0:
		r.Method, r.Carrier, r.Tracking = string(order.ByHand), "Harbour Couriers", fmt.Sprintf("HC-%s-%d", v.key, v.parcels)
	case 1:
		r.Method = string(order.ByPickup)
	}
	if v.parcels <= pieceByPiece {
		r.Lines = []shop.ItemQuantity{{SKU: o.Lines[v.random.IntN(len(o.Lines))].SKU, Quantity: 1}}
	}
	errs := make([]error, 1+v.random.IntN(2))
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			errs[i] = retry(ctx, func() error {
				_, err := v.site.api().AddParcel(ctx, v.placed.ID, r)
				return err
			})
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil && !refused(err) { // nothing is left of the product, or the order has gone on
			return err
		}
	}
	return nil
}

// handOver marks a parcel without a label as delivered, or collected, and reports whether
// there was one.
func (v *visit) handOver(ctx context.Context, o shop.Order) (handed bool, err error) {
	for _, s := range o.Shipments {
		if s.Method == "" || s.Replaced || s.Status != order.ParcelInTransit && s.Status != order.ParcelReady {
			continue
		}
		err := retry(ctx, func() error {
			_, err := v.site.api().MarkParcel(ctx, v.placed.ID, s.Number, order.ParcelDelivered, "handed over in a drill")
			return err
		})
		if refused(err) {
			err = nil
		}
		return true, err
	}
	return false, nil
}
