package order

import "time"

// Shipment is one parcel of an order.
type Shipment struct {
	Number    int            `json:"number"`            // 1, 2 … within the order
	Lines     []LineQuantity `json:"lines"`             // what is in it
	Reference string         `json:"reference"`         // ours, the same at every attempt to book it
	LabelID   string         `json:"labelId,omitempty"` // the carrier's; empty until it is booked
	Tracking  string         `json:"tracking,omitempty"`
	Carrier   string         `json:"carrier,omitempty"`
	Status    ParcelStatus   `json:"status,omitempty"`
	// Replaced marks a parcel instead of which another one was booked.
	Replaced bool `json:"replaced,omitempty"`
	// Replaces is the reference of the parcel instead of which this one is booked.
	Replaces string `json:"replaces,omitempty"`
	// Kept marks a returned parcel about which a person has decided that the order
	// ends with it.
	Kept bool `json:"kept,omitempty"`
	// MovedAt is when the carrier last reported a change.
	MovedAt time.Time `json:"movedAt,omitzero"`
	// OverdueAt is when an operator is told that the parcel does not move; zero if
	// nobody is.
	OverdueAt time.Time `json:"overdueAt,omitzero"`
	// Missing says that the carrier did not know the parcel when it was last asked.
	Missing bool `json:"missing,omitempty"`
}

// LineQuantity is a quantity of one product of an order.
type LineQuantity struct {
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"`
}
