package orders

import (
	"context"
	"errors"

	"purser/activities"
	"purser/order"
)

// BookParcel books the parcel, or finds the one booked before.
func (a *Activities) BookParcel(ctx context.Context, r order.ParcelRequest) (order.Parcel, error) {
	p, err := a.Carrier.BookParcel(ctx, r)
	return p, activities.Failure(err)
}

// ParcelRef identifies a parcel by our reference.
type ParcelRef struct {
	Reference string `json:"reference"`
}

// TrackParcel asks the carrier for a parcel's state.
func (a *Activities) TrackParcel(ctx context.Context, r ParcelRef) (order.Parcel, error) {
	p, err := a.Carrier.TrackParcel(ctx, r.Reference)
	return p, activities.Failure(err)
}

// VoidLabelRequest is the input of VoidParcel.
type VoidLabelRequest struct {
	Booked bool                `json:"booked"` // false: the booking was tried, its outcome is unknown
	Asked  order.ParcelRequest `json:"asked"`  // the request that booked it, or may have booked it
}

// VoidParcel cancels a parcel that was booked, or may have been. In doubt it
// books the parcel under its reference first, so that a booking still in flight
// finds a void parcel instead of making a live one.
func (a *Activities) VoidParcel(ctx context.Context, r VoidLabelRequest) error {
	if !r.Booked {
		_, err := a.Carrier.BookParcel(ctx, r.Asked)
		if errors.Is(err, order.ErrRejected) { // the carrier rejects the booking itself: there is no parcel
			return nil
		}
		if err != nil {
			return activities.Failure(err)
		}
	}
	return activities.Failure(a.Carrier.VoidParcel(ctx, r.Asked.Reference))
}

// Shipments are parcels of an order.
type Shipments struct {
	Shipments []order.Shipment `json:"shipments"`
}

// RecallShipments reads the parcels of an order that the record knows as perhaps booked,
// which the order may have forgotten: a worker may die between booking a parcel and the
// workflow's knowing it, and a workflow may be reset.
func (a *Activities) RecallShipments(ctx context.Context, id order.ID) (Shipments, error) {
	all, err := a.Orders.RecordedShipments(ctx, id)
	return Shipments{all}, activities.Failure(err)
}
