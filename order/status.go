package order

// Status is an order's state.
type Status string

// The states of an order, in the sequence of a successful one.
const (
	Placed          Status = "placed"           // durable, priced, stock reserved; the shopper cannot pay yet
	AwaitingPayment Status = "awaiting_payment" // the shopper can pay
	Authorized      Status = "authorized"       // the money is held, not captured, or the order is free
	Paid            Status = "paid"             // parcel booked, money captured
	Shipped         Status = "shipped"          // the carrier has the parcel
	Delivered       Status = "delivered"        // complete

	OnHold     Status = "on_hold"    // an operator must decide; Reason says why
	Cancelling Status = "cancelling" // the steps taken are being compensated
	Cancelled  Status = "cancelled"  // compensated, on request or because it could not be fulfilled
	Expired    Status = "expired"    // not paid in time; compensated
	Refused    Status = "refused"    // never opened: sold out or not for sale
	Returned   Status = "returned"   // the carrier brought the parcel back, and a person has ended the order
)

// next lists the legal moves. A closed order stays closed, save that the carrier
// may bring a delivered parcel back: then a person decides about it.
var next = map[Status][]Status{
	"":              {Placed, Refused},
	Placed:          {AwaitingPayment, Authorized, OnHold, Cancelling},    // Authorized: it costs nothing
	AwaitingPayment: {Authorized, Paid, Shipped, OnHold, Cancelling},      // Paid, Shipped: after a hold has lapsed
	Authorized:      {AwaitingPayment, Paid, Shipped, OnHold, Cancelling}, // back, if an event was not true or a hold lapses
	OnHold:          {AwaitingPayment, Authorized, Paid, Shipped, Delivered, Returned, Cancelling},
	Paid:            {Shipped, Delivered, OnHold, Cancelling},
	Shipped:         {Delivered, OnHold},
	Cancelling:      {Cancelled, Expired, Returned, OnHold},
	Delivered:       {OnHold},
}

// CanBecome reports whether an order may move from s to t.
func (s Status) CanBecome(t Status) bool {
	for _, n := range next[s] {
		if n == t {
			return true
		}
	}
	return false
}

// Final reports whether the order has ended.
func (s Status) Final() bool {
	switch s {
	case Delivered, Cancelled, Expired, Refused, Returned:
		return true
	}
	return false
}

// Complete reports whether the order ended as the shopper wished.
func (s Status) Complete() bool { return s == Delivered }

// Statuses lists every status, for filters and documentation.
func Statuses() []Status {
	return []Status{Placed, AwaitingPayment, Authorized, Paid, Shipped, Delivered, OnHold, Cancelling, Cancelled, Expired, Refused, Returned}
}

// ParcelStatus is a parcel's state at the carrier.
type ParcelStatus string

// The states of a parcel.
const (
	ParcelBooked         ParcelStatus = "booked"
	ParcelReady          ParcelStatus = "ready" // the shopper can collect it
	ParcelInTransit      ParcelStatus = "in_transit"
	ParcelOutForDelivery ParcelStatus = "out_for_delivery"
	ParcelDelivered      ParcelStatus = "delivered"
	ParcelException      ParcelStatus = "exception" // delayed, damaged, address problem
	ParcelReturned       ParcelStatus = "returned"
	ParcelVoided         ParcelStatus = "voided"
	ParcelUnknown        ParcelStatus = "unknown"
)

// parcelRank orders the states of a parcel, so that a late scan cannot set it
// back.
var parcelRank = map[ParcelStatus]int{
	"": 0, ParcelBooked: 1, ParcelReady: 1, ParcelException: 1, ParcelInTransit: 2, ParcelOutForDelivery: 3,
	ParcelDelivered: 4, ParcelReturned: 5, ParcelVoided: 5,
}

// ParseParcelStatus maps a carrier's status; it returns ParcelUnknown for a
// status that is not known.
func ParseParcelStatus(s string) ParcelStatus {
	st := ParcelStatus(s)
	if _, ok := parcelRank[st]; ok && s != "" {
		return st
	}
	return ParcelUnknown
}

// HandedOver reports whether the carrier has, or has had, the parcel.
func (s ParcelStatus) HandedOver() bool {
	switch s {
	case ParcelInTransit, ParcelOutForDelivery, ParcelDelivered, ParcelReturned:
		return true
	}
	return false
}

// Overtakes reports whether s is further along than t.
func (s ParcelStatus) Overtakes(t ParcelStatus) bool { return parcelRank[s] > parcelRank[t] }

// What an order waits for, as Waiting.On says it and as operators list orders by it.
const (
	WaitPayment  = "payment"  // the shopper's payment
	WaitTransfer = "transfer" // money that is paid in advance, which a person books
	WaitCarrier  = "carrier"  // the delivery of a parcel
	WaitOperator = "operator" // a person's decision
	WaitPayments = "payments" // the payment provider, which does not do what it is asked
	WaitParcels  = "parcels"  // the carrier, which does not do what it is asked
	WaitPacking  = "packing"  // a person, who puts the goods into parcels
	WaitMail     = "mail"     // the mail providers, which do not take a mail
)

// Waits lists everything that an order may wait for.
func Waits() []string {
	return []string{WaitPayment, WaitTransfer, WaitCarrier, WaitOperator, WaitPayments, WaitParcels, WaitPacking, WaitMail}
}

// WaitsFor returns what the order waits for, and "" if it waits for nothing. An order
// that needs attention or has an open case waits for a person, whatever else it waits for.
func (o Order) WaitsFor() string {
	switch {
	case len(o.Attention) > 0 || len(o.Cases) > 0:
		return WaitOperator
	case o.Waiting == nil || o.Status.Final():
		return ""
	}
	return o.Waiting.On
}
