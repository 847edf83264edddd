package stripe

import (
	"fmt"
	"time"
)

// answerWithin is how long a shop has to respond to a dispute; banks differ.
const answerWithin = 9 * 24 * time.Hour

// dispute opens a dispute over a captured charge, if the card is one of Stripe's
// cards for disputes.
func (t *txn) dispute(in *Intent, ch *Charge) {
	card, _ := findCard(*in.PaymentMethod)
	if card.dispute == "" {
		return
	}
	status := "needs_response"
	if card.inquiry {
		status = "warning_needs_response" // the payment can still be refunded
	} else {
		ch.Disputed = true
	}
	t.Dispute = &Dispute{
		ID: newID("dp_3"), Object: "dispute", Amount: ch.AmountCaptured, Charge: ch.ID, Created: t.now.Unix(), Currency: ch.Currency,
		EvidenceDetails: &EvidenceDetails{DueBy: t.now.Add(answerWithin).Unix()}, Metadata: map[string]string{},
		PaymentIntent: in.ID, Reason: card.dispute, Status: status,
	}
	t.emit("charge.dispute.created", t.Dispute)
}

func (s *Server) getDispute(c *call) (any, *Error) {
	id := c.r.PathValue("dispute")
	if d, ok := s.disputes.by[id]; ok {
		return d, nil
	}
	return nil, missing("dispute", "dispute", id)
}

// MoveDispute gives a dispute another of Stripe's statuses, as the bank does.
func (s *Server) MoveDispute(id, status string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, ok := s.disputes.by[id]
	if !ok {
		return fmt.Errorf("stripe sandbox: no dispute %q", id)
	}
	t := s.begin(s.accounts[old.PaymentIntent])
	moved := *old
	moved.Status, t.Dispute = status, &moved
	event := "charge.dispute.updated"
	switch status {
	case "won", "lost", "warning_closed":
		event = "charge.dispute.closed"
	}
	t.emit(event, t.Dispute)
	return s.commit(t)
}

// expandedDispute is a dispute that has its charge, with the charge's intent,
// instead of the charge's id.
type expandedDispute struct {
	*Dispute
	Charge expandedCharge `json:"charge"`
}

type expandedCharge struct {
	*Charge
	PaymentIntent *Intent `json:"payment_intent"`
}
