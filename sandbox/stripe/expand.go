package stripe

// expand replaces ids in a response by the objects that the request asks for with
// its parameter "expand" (https://docs.stripe.com/api/expanding_objects).
func (c *call) expand(v any) (any, *Error) {
	for _, name := range c.form.all("expand") {
		in, isIntent := v.(*Intent)
		d, isDispute := v.(*Dispute)
		b, isBalance := v.(*BalanceTransaction)
		listed, isList := v.(list)
		switch {
		case name == "latest_charge" && isIntent:
			v = expandedIntent{in, c.chargeOf(in)}
		case name == "data.charge" && isList && c.r.URL.Path == "/v1/refunds":
			for i, r := range listed.Data {
				refund := r.(*Refund)
				listed.Data[i] = expandedRefund{refund, c.s.charges.by[refund.Charge]}
			}
		case name == "charge.payment_intent" && isDispute:
			ch := c.s.charges.by[d.Charge]
			v = expandedDispute{d, expandedCharge{ch, c.s.intents.by[ch.PaymentIntent]}}
		case name == "data.latest_charge" && isList && c.r.URL.Path == "/v1/payment_intents":
			for i, v := range listed.Data {
				intent := v.(*Intent)
				listed.Data[i] = expandedIntent{intent, c.chargeOf(intent)}
			}
		case name == "data.source" && isList && c.r.URL.Path == "/v1/balance_transactions":
			for i, v := range listed.Data {
				listed.Data[i] = c.expandSource(v.(*BalanceTransaction))
			}
		case name == "source" && isBalance:
			v = c.expandSource(b)
		default:
			return nil, invalid("", "expand", "This property cannot be expanded ("+name+").")
		}
	}
	return v, nil
}

// chargeOf returns the latest charge of an intent as it is after this request, or
// nil.
func (c *call) chargeOf(in *Intent) *Charge {
	switch {
	case in.LatestCharge == nil:
		return nil
	case c.Charge != nil && c.Charge.ID == *in.LatestCharge:
		return c.Charge
	}
	return c.s.charges.by[*in.LatestCharge]
}

// expandedIntent is an intent that has its charge instead of the charge's id.
type expandedIntent struct {
	*Intent
	LatestCharge *Charge `json:"latest_charge"`
}

// expandedRefund is a refund that has its charge instead of the charge's id.
type expandedRefund struct {
	*Refund
	Charge *Charge `json:"charge"`
}
