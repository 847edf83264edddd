package stripe

import (
	"encoding/json"
	"slices"
	"strconv"
)

func (s *Server) createRefund(c *call) (any, *Error) {
	f := &c.form
	in, e := c.paid()
	if e != nil {
		return nil, e
	}
	amount, present, e := f.number("amount")
	if e != nil {
		return nil, e
	}
	reason, e := f.choice("reason", "", "duplicate", "fraudulent", "requested_by_customer")
	if e != nil {
		return nil, e
	}
	metadata := map[string]string{}
	if e := f.metadata(metadata); e != nil {
		return nil, e
	}
	if in.AmountReceived == 0 {
		return nil, unexpected(in, "This PaymentIntent ("+in.ID+") does not have a successful charge to refund.")
	}
	ch := c.charge(*in.LatestCharge)
	if ch.Disputed {
		e := invalid("charge_disputed", "", "Charge "+ch.ID+" has been charged back; cannot issue a refund.")
		e.executed = true
		return nil, e
	}
	left := ch.Amount - ch.AmountRefunded
	if !ch.Captured { // the rest is still held
		left = ch.AmountCaptured - ch.AmountRefunded
	}
	if !present {
		amount = left
	}
	if e := refundable(amount, left, in.Currency); e != nil {
		return nil, e
	}
	ch.AmountRefunded += amount
	ch.Refunded = ch.AmountRefunded == ch.Amount
	c.Refund = &Refund{
		ID: newID("re_3"), Object: "refund", Amount: amount, Charge: ch.ID, Created: c.now.Unix(), Currency: in.Currency,
		Metadata: metadata, PaymentIntent: in.ID, Status: succeeded,
	}
	if reason != "" {
		c.Refund.Reason = &reason
	}
	c.emit("charge.refunded", ch)
	answered := *c.Refund
	switch card, _ := findCard(*in.PaymentMethod); card.refund {
	case "":
	case pending:
		answered.Status = pending
		c.emit("charge.refund.updated", c.Refund)
	default:
		// At Stripe the refund fails some time later; here right after the response.
		why := "expired_or_canceled_card"
		c.Refund.Status, c.Refund.FailureReason = card.refund, &why
		ch.AmountRefunded, ch.Refunded = ch.AmountRefunded-amount, false // the money returns to the shop
		c.emit("charge.refund.updated", c.Refund)
	}
	return &answered, nil
}

// paid returns the intent that a refund names, by its own id or by its charge's.
func (c *call) paid() (*Intent, *Error) {
	id, charge := c.form.text("payment_intent"), c.form.text("charge")
	if e := c.form.exclusive("payment_intent", "charge"); e != nil {
		return nil, e
	}
	if ch, ok := c.s.charges.by[charge]; ok && id == "" {
		id = ch.PaymentIntent
	}
	if id == "" && charge == "" {
		return nil, invalid("parameter_missing", "", "One of the following params should be provided for this request: payment_intent or charge.")
	}
	in, ok := c.s.intents.by[id]
	if !ok {
		return nil, missing("payment_intent", "payment_intent", id)
	}
	return in, nil
}

func refundable(amount, left int64, currency string) *Error {
	var e *Error
	switch {
	case left == 0:
		e = invalid("charge_already_refunded", "", "The charge has already been refunded.")
	case amount < 1:
		return invalid("parameter_invalid_integer", "amount", "This value must be greater than or equal to 1.")
	case amount > left:
		e = invalid("", "amount", "Refund amount ("+strconv.FormatInt(amount, 10)+") is greater than unrefunded amount on charge ("+strconv.FormatInt(left, 10)+").")
	default:
		return whole(amount, currency)
	}
	e.executed = true
	return e
}

func (s *Server) getRefund(c *call) (any, *Error) {
	id := c.r.PathValue("refund")
	if re, ok := s.refunds.by[id]; ok {
		return re, nil
	}
	return nil, missing("refund", "refund", id)
}

func (s *Server) listRefunds(c *call) (any, *Error) {
	intent, charge := c.form.text("payment_intent"), c.form.text("charge")
	if e := c.known(intent, charge); e != nil {
		return nil, e
	}
	return page(c, &s.refunds, func(r *Refund) int64 { return r.Created }, func(r *Refund) bool {
		return (intent == "" || r.PaymentIntent == intent) && (charge == "" || r.Charge == charge)
	}, func(r *Refund) any { return r })
}

// known refuses a list that is limited to an object which does not exist.
func (c *call) known(intent, charge string) *Error {
	if _, ok := c.s.intents.by[intent]; !ok && intent != "" {
		return missing("payment_intent", "payment_intent", intent)
	}
	if _, ok := c.s.charges.by[charge]; !ok && charge != "" {
		return missing("charge", "charge", charge)
	}
	return nil
}

func (s *Server) getCharge(c *call) (any, *Error) {
	id := c.r.PathValue("charge")
	if ch, ok := s.charges.by[id]; ok {
		return ch, nil
	}
	return nil, missing("charge", "charge", id)
}

func (s *Server) listCharges(c *call) (any, *Error) {
	intent := c.form.text("payment_intent")
	if e := c.known(intent, ""); e != nil {
		return nil, e
	}
	return page(c, &s.charges, func(ch *Charge) int64 { return ch.Created },
		func(ch *Charge) bool { return intent == "" || ch.PaymentIntent == intent }, func(ch *Charge) any { return ch })
}

func (s *Server) getEvent(c *call) (any, *Error) {
	id := c.r.PathValue("event")
	if e, ok := s.events.by[id]; ok && e.Created >= c.now.Add(-keepEvents).Unix() {
		return s.shownEvent(e), nil
	}
	return nil, missing("id", "event", id)
}

// listEvents lists the events of the last 30 days, including those whose webhooks
// never arrived.
func (s *Server) listEvents(c *call) (any, *Error) {
	types := c.form.all("types")
	if t := c.form.text("type"); t != "" {
		types = append(types, t)
		if len(types) > 1 {
			return nil, invalid("parameters_exclusive", "type", "You may only specify one of these parameters: type, types.")
		}
	}
	if len(types) > maxTypes {
		return nil, invalid("", "types", "You can list at most "+strconv.Itoa(maxTypes)+" types of events.")
	}
	oldest := c.now.Add(-keepEvents).Unix()
	delivered, e := c.form.choice("delivery_success", "", "true", "false")
	if e != nil {
		return nil, e
	}
	return page(c, &s.events, func(e *Event) int64 { return e.Created }, func(e *Event) bool {
		return e.Created >= oldest && (len(types) == 0 || slices.Contains(types, e.Type)) && (delivered == "" || s.delivered[e.ID] == (delivered == "true"))
	}, s.shownEvent)
}

// shownEvent returns the event as it was sent, and whether its webhook is still
// pending.
func (s *Server) shownEvent(e *Event) any {
	if !s.delivered[e.ID] {
		return e.Body
	}
	var doc eventDoc
	if err := json.Unmarshal(e.Body, &doc); err != nil {
		return e.Body
	}
	doc.PendingWebhooks = 0
	return doc
}

// Count sums up the payments of one order, so that a test can detect work that
// was done twice.
type Count struct {
	Intents    int   `json:"intents"`
	Declined   int   `json:"declined"`
	Authorized int   `json:"authorized"` // charges that the bank approved
	Captured   int   `json:"captured"`   // charges that were captured
	Canceled   int   `json:"canceled"`   // intents that were canceled
	Refunds    int   `json:"refunds"`
	Taken      int64 `json:"taken"` // in Stripe's units
	Returned   int64 `json:"returned"`
}

// Counts returns the counts by the order_id in the intents' metadata.
func (s *Server) Counts() map[string]Count {
	s.mu.Lock()
	defer s.mu.Unlock()
	counts := map[string]Count{}
	add := func(intent string, change func(*Count)) {
		id := s.intents.by[intent].Metadata["order_id"]
		n := counts[id]
		change(&n)
		counts[id] = n
	}
	for _, in := range s.intents.all {
		add(in.ID, func(n *Count) {
			n.Intents++
			if in.Status == canceled {
				n.Canceled++
			}
		})
	}
	for _, ch := range s.charges.all {
		add(ch.PaymentIntent, func(n *Count) {
			switch {
			case ch.Captured:
				n.Authorized, n.Captured, n.Taken = n.Authorized+1, n.Captured+1, n.Taken+ch.AmountCaptured
			case ch.Paid:
				n.Authorized, n.Taken = n.Authorized+1, n.Taken+ch.AmountCaptured
			case ch.Status == pending: // a debit, on which the bank has not decided
			default:
				n.Declined++
			}
		})
	}
	for _, r := range s.refunds.all {
		if s.released[r.ID] {
			continue
		}
		add(r.PaymentIntent, func(n *Count) {
			if n.Refunds++; r.Status == succeeded {
				n.Returned += r.Amount
			}
		})
	}
	return counts
}
