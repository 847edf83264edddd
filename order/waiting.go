package order

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
// that needs attention waits for a person, whatever else it waits for.
func (o Order) WaitsFor() string {
	switch {
	case len(o.Attention) > 0:
		return WaitOperator
	case o.Waiting == nil || o.Status.Final():
		return ""
	}
	return o.Waiting.On
}
