package fake

import (
	"context"
	"encoding/json"
	"errors"
	"sync"

	"purser/order"
)

// Carrier takes parcels in memory. The zero value is ready. Set the hooks
// before it is used.
type Carrier struct {
	// Before is called before each call ("BookParcel", "TrackParcel",
	// "VoidParcel", "LabelFile" with the label's id). If it fails, the call returns its error and does nothing.
	Before func(op, reference string) error
	// After is called after the work is done. If it fails, the call returns its
	// error although the work is done.
	After func(op, reference string) error

	mu      sync.Mutex
	parcels map[string]*parcel
	made    map[string]int
}

type parcel struct {
	order.Parcel
	request string
	asked   order.ParcelRequest
	handed  bool // the carrier has, or has had, the parcel
}

// BookParcel books the parcel, or finds the one booked under the same
// reference. Country XX and postal code 00000 are rejected.
func (c *Carrier) BookParcel(_ context.Context, r order.ParcelRequest) (order.Parcel, error) {
	var booked order.Parcel
	err := c.do("BookParcel", r.Reference, func() error {
		if r.To.Country == "XX" || r.To.PostalCode == "00000" {
			return carrierError("BookParcel", order.ErrRejected)
		}
		if order.Weight(r.Lines) > 31_500 || r.MissingCustoms() != "" {
			return carrierError("BookParcel", order.ErrParcelUnfit)
		}
		body, err := json.Marshal(r) // unlike %+v, it has no addresses
		if err != nil {
			return err
		}
		request := string(body)
		p, ok := c.parcels[r.Reference]
		if ok && p.request != request {
			return carrierError("BookParcel", order.ErrState)
		}
		if !ok {
			p = &parcel{request: request, asked: r, Parcel: order.Parcel{
				Reference: r.Reference, LabelID: "lbl_" + r.Reference, Tracking: "TRACK-" + r.Reference,
				Carrier: "Fake Parcel", Status: order.ParcelBooked,
			}}
			c.parcels[r.Reference] = p
			c.made[r.Reference]++
		}
		booked = p.Parcel
		return nil
	})
	if err != nil {
		return order.Parcel{}, err
	}
	return booked, nil
}

// TrackParcel returns a parcel's state.
func (c *Carrier) TrackParcel(_ context.Context, reference string) (order.Parcel, error) {
	var found order.Parcel
	err := c.do("TrackParcel", reference, func() error {
		p, ok := c.parcels[reference]
		if !ok {
			return carrierError("TrackParcel", order.ErrNoSuch)
		}
		found = p.Parcel
		return nil
	})
	if err != nil {
		return order.Parcel{}, err
	}
	return found, nil
}

// VoidParcel cancels the label unless the parcel was handed over.
func (c *Carrier) VoidParcel(_ context.Context, reference string) error {
	return c.do("VoidParcel", reference, func() error {
		p, ok := c.parcels[reference]
		switch {
		case !ok || p.Status == order.ParcelVoided:
			return nil
		case p.handed || p.Status != order.ParcelBooked:
			return carrierError("VoidParcel", order.ErrState)
		}
		p.Status = order.ParcelVoided
		return nil
	})
}

// LabelFile returns a file that has the form of a label's.
func (c *Carrier) LabelFile(_ context.Context, labelID string, f order.LabelFormat) ([]byte, error) {
	var file []byte
	err := c.do("LabelFile", labelID, func() error {
		for _, p := range c.parcels {
			switch {
			case p.LabelID != labelID:
			case p.Status == order.ParcelVoided:
				return carrierError("LabelFile", order.ErrState)
			case f == order.LabelZPL:
				file = []byte("^XA^FD" + p.Tracking + "^FS^XZ")
			default:
				file = []byte("%PDF-1.4\n% " + p.Tracking + "\n%%EOF\n")
			}
		}
		if file == nil {
			return carrierError("LabelFile", order.ErrNoSuch)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return file, nil
}

// Scan sets a parcel's status and returns the event about it, as a webhook would
// deliver it.
func (c *Carrier) Scan(reference string, s order.ParcelStatus) (order.ShipmentEvent, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p, ok := c.parcels[reference]
	if !ok || p.Status == order.ParcelVoided {
		return order.ShipmentEvent{}, errors.New("no such live parcel")
	}
	p.Status = s
	p.handed = p.handed || s.HandedOver()
	return order.ShipmentEvent{Reference: reference, LabelID: p.LabelID, Tracking: p.Tracking, Status: s}, nil
}

// Appear has the label of a booking whose response was lost become visible, although
// another one was voided under its reference, and returns its id.
func (c *Carrier) Appear(reference string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.parcels[reference]
	p.LabelID, p.Status = "lbl_late_"+reference, order.ParcelBooked
	return p.LabelID
}

// Reinstate makes a voided label valid again, as a carrier's staff can.
func (c *Carrier) Reinstate(reference string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p, ok := c.parcels[reference]; ok && p.Status == order.ParcelVoided {
		p.Status = order.ParcelBooked
	}
}

// Parcels returns every parcel by its reference.
func (c *Carrier) Parcels() map[string]order.Parcel {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make(map[string]order.Parcel, len(c.parcels))
	for ref, p := range c.parcels {
		all[ref] = p.Parcel
	}
	return all
}

// Asked returns the request that booked a parcel.
func (c *Carrier) Asked(reference string) order.ParcelRequest {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p, ok := c.parcels[reference]; ok {
		return p.asked
	}
	return order.ParcelRequest{}
}

// Counts returns how many labels were made under each reference.
func (c *Carrier) Counts() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	counts := make(map[string]int, len(c.made))
	for ref, n := range c.made {
		counts[ref] = n
	}
	return counts
}

func (c *Carrier) do(op, reference string, work func() error) error {
	if c.Before != nil {
		if err := c.Before(op, reference); err != nil {
			return err
		}
	}
	if err := c.locked(work); err != nil {
		return err
	}
	if c.After != nil {
		return c.After(op, reference)
	}
	return nil
}

func (c *Carrier) locked(work func() error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.parcels == nil {
		c.parcels, c.made = make(map[string]*parcel), make(map[string]int)
	}
	return work()
}

func carrierError(op string, kind error) error {
	return &order.ProviderError{Provider: "carrier", Op: op, Kind: kind}
}
