package stripe

import (
	"encoding/json"
	"maps"
	"strconv"
	"time"
)

// step is one complete change of the stand-in's state: objects, events and the
// response stored under the idempotency key. It is one document of the journal,
// so a crash leaves all of it or nothing. Objects are never changed in place; a
// step holds new versions of them.
type step struct {
	Intent  *Intent  `json:"intent,omitempty"`
	Account string   `json:"account,omitempty"`
	Charge  *Charge  `json:"charge,omitempty"`
	Refund  *Refund  `json:"refund,omitempty"`
	Dispute *Dispute `json:"dispute,omitempty"`
	// Released says that Refund only released an authorization.
	Released bool `json:"released,omitempty"`
	// Captures says that the step captured an amount; Due is when the bank decides on a
	// debit that is processing.
	Captures bool       `json:"captures,omitempty"`
	Due      *time.Time `json:"due,omitempty"`
	Events   []*Event   `json:"events,omitempty"`
	Answer   *stored    `json:"answer,omitempty"`

	Payout  *Payout               `json:"payout,omitempty"`
	Balance []*BalanceTransaction `json:"balance,omitempty"`
}

// txn builds a step. s.mu must be held.
type txn struct {
	step
	s       *Server
	now     time.Time
	request *eventRequest
}

func (s *Server) begin(account string) *txn {
	return &txn{s: s, now: s.conf.Now(), step: step{Account: account}, request: &eventRequest{}}
}

// intent returns the step's copy of an intent, which may be changed.
func (t *txn) intent(in *Intent) *Intent {
	if t.Intent == nil || t.Intent.ID != in.ID {
		c := *in
		c.Metadata = maps.Clone(in.Metadata)
		t.Intent = &c
		if t.Account == "" {
			t.Account = t.s.accounts[in.ID]
		}
	}
	return t.Intent
}

// charge returns the step's copy of a charge, which may be changed.
func (t *txn) charge(id string) *Charge {
	if t.Charge == nil || t.Charge.ID != id {
		c := *t.s.charges.by[id]
		t.Charge = &c
	}
	return t.Charge
}

// emit adds an event with the object in its current state.
func (t *txn) emit(typ string, object any) {
	snapshot, err := json.Marshal(object)
	if err != nil {
		panic(err) // our own plain structs
	}
	e := &Event{ID: newID("evt_3"), Type: typ, Created: t.now.Unix()}
	doc := eventDoc{
		ID: e.ID, Object: "event", Account: t.Account, APIVersion: APIVersion, Created: e.Created,
		PendingWebhooks: 1, Request: t.request, Type: typ,
	}
	doc.Data.Object = snapshot
	if e.Body, err = json.Marshal(doc); err != nil {
		panic(err)
	}
	t.Events = append(t.Events, e)
}

func (t *txn) empty() bool {
	return t.Intent == nil && t.Refund == nil && t.Charge == nil && t.Dispute == nil && len(t.Events) == 0 && t.Answer == nil
}

// commit writes the step to the journal, applies it to the state, and sends its
// events.
func (s *Server) commit(t *txn) error {
	if t.empty() {
		return nil
	}
	t.balanceStep()
	if err := s.conf.Journal.Put("step", strconv.Itoa(s.steps+1), t.step); err != nil {
		return err
	}
	s.steps++
	s.apply(t.step)
	for _, e := range t.Events {
		if err := s.webhooks.Send(e.ID, e.Type, e.Body); err != nil {
			// The event can still be listed, like one that Stripe failed to deliver.
			s.conf.Log.Error("stripe sandbox: webhook not accepted", "event", e.ID, "error", err)
		}
	}
	return nil
}

// apply applies a written step to the state.
func (s *Server) apply(st step) {
	if st.Intent != nil {
		s.intents.put(st.Intent)
		s.index.add(st.Intent, s.conf.Now(), s.searchLag())
		if st.Account != "" {
			s.accounts[st.Intent.ID] = st.Account
		}
		if st.Captures {
			s.captures[st.Intent.ID]++
		}
		if st.Due != nil {
			s.due[st.Intent.ID] = *st.Due
		} else if st.Intent.Status != processing {
			delete(s.due, st.Intent.ID)
		}
	}
	if st.Charge != nil {
		s.charges.put(st.Charge)
	}
	if st.Refund != nil {
		s.refunds.put(st.Refund)
		if st.Released {
			s.released[st.Refund.ID] = true
		}
	}
	if st.Dispute != nil {
		s.disputes.put(st.Dispute)
	}
	if st.Payout != nil {
		s.payouts.put(st.Payout)
	}
	for _, b := range st.Balance {
		s.balance.put(b)
	}
	for _, e := range st.Events {
		s.events.put(e)
	}
	if a := st.Answer; a != nil && s.conf.Now().Sub(a.At) < keepKeys {
		s.keys[a.Key] = a
	}
}
