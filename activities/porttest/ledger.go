package porttest

import (
	"context"
	"sync"
	"testing"
	"time"

	"purser/activities/mails"
	"purser/mail"
	"purser/order"
)

// Ledger checks a MailLedger. open returns an empty one.
func Ledger(t *testing.T, open func(t *testing.T) mails.MailLedger) {
	for name, check := range map[string]func(*testing.T, mails.MailLedger){
		"EML-1 one of many claimers sends the mail":   oneSends,
		"EML-1 a mail that was sent stays sent":       sentStays,
		"EML-1 the outcome is recorded":               recordsOutcome,
		"EML-1 an outcome does not change":            resolvedStays,
		"EML-1 each notification is one mail":         separateNotifications,
		"a mail that was not claimed gets no outcome": resolvesOnlyClaimed,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t, open(t))
		})
	}
}

func oneSends(t *testing.T, l mails.MailLedger) {
	m := newMessage(order.MailConfirmation)
	for round := range 3 { // after each round, the mail is certainly not sent
		var mu sync.Mutex
		got := make(map[mail.State]int)
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				before, err := l.ClaimMail(t.Context(), m, "ses")
				if err != nil {
					t.Errorf("claim: %v", err)
				}
				mu.Lock()
				defer mu.Unlock()
				got[before.State]++
			})
		}
		all.Wait()
		if got[mail.StateDue] != 1 || got[mail.StateSending] != 7 {
			t.Fatalf("round %d: 8 claimers got %v, want one due and seven sending", round, got)
		}
		resolve(t, l, m, mail.StateDue, "")
	}
}

func sentStays(t *testing.T, l mails.MailLedger) {
	m := newMessage(order.MailShipped)
	wantClaim(t, l, m, mail.StateDue, "")
	resolve(t, l, m, mail.StateSent, "msg-1")
	resolve(t, l, m, mail.StateUnknown, "") // a slower attempt reports late
	wantClaim(t, l, m, mail.StateSent, "msg-1")
	if o, err := l.FindMail(t.Context(), m.ID); err != nil || o.Receipt.Provider != "smtp" || len(o.Receipt.Skipped) != 1 || o.Receipt.Skipped[0].Provider != "ses" {
		t.Errorf("receipt: %+v %v", o, err)
	}
}

func recordsOutcome(t *testing.T, l mails.MailLedger) {
	for _, s := range []mail.State{mail.StateUnknown, mail.StateRejected, mail.StateSuppressed} {
		m := newMessage(order.MailCancelled)
		wantClaim(t, l, m, mail.StateDue, "")
		wantClaim(t, l, m, mail.StateSending, "")
		resolve(t, l, m, s, "")
		wantClaim(t, l, m, s, "")
	}
}

// resolvedStays checks the report of a sender that had timed out: it does not
// change the recorded outcome, unless it reports that the mail was sent.
func resolvedStays(t *testing.T, l mails.MailLedger) {
	for _, s := range []mail.State{mail.StateUnknown, mail.StateRejected, mail.StateSuppressed} {
		m := newMessage(order.MailDelivered)
		wantClaim(t, l, m, mail.StateDue, "")
		resolve(t, l, m, s, "")
		for _, late := range []mail.State{mail.StateDue, mail.StateUnknown, mail.StateRejected} {
			resolve(t, l, m, late, "")
			wantClaim(t, l, m, s, "")
		}
		resolve(t, l, m, mail.StateSent, "msg-1")
		wantClaim(t, l, m, mail.StateSent, "msg-1")
	}
}

func separateNotifications(t *testing.T, l mails.MailLedger) {
	id := order.NewID()
	again := order.Mail{OrderID: id, Notification: order.MailDelivered, Generation: 2}.Key()
	for _, key := range []string{MessageOf(id, order.MailConfirmation).ID, MessageOf(id, order.MailDelivered).ID, again} {
		m := MessageOf(id, order.MailDelivered)
		m.ID = key
		wantClaim(t, l, m, mail.StateDue, "")
	}
}

func resolvesOnlyClaimed(t *testing.T, l mails.MailLedger) {
	if err := l.RecordMailOutcome(t.Context(), newMessage(order.MailExpired), mail.Outcome{State: mail.StateSent}); err == nil {
		t.Error("the outcome of a mail that nobody claimed was recorded")
	}
}

func newMessage(m order.Notification) mail.Message { return MessageOf(order.NewID(), m) }

func wantClaim(t *testing.T, l mails.MailLedger, m mail.Message, want mail.State, wantID string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	found, err := l.FindMail(ctx, m.ID)
	if err != nil || found.State != want || found.Receipt.ProviderID != wantID {
		t.Fatalf("find: got %+v %v, want %q %q", found, err, want, wantID)
	}
	before, err := l.ClaimMail(ctx, m, "ses")
	if err != nil || before.State != want || before.Receipt.ProviderID != wantID {
		t.Fatalf("claim: got %+v %v, want %q %q", before, err, want, wantID)
	}
}

func resolve(t *testing.T, l mails.MailLedger, m mail.Message, s mail.State, id string) {
	t.Helper()
	o := mail.Outcome{State: s, Receipt: mail.Receipt{Provider: "smtp", ProviderID: id, Skipped: []mail.PassedOver{{Provider: "ses", Why: "down"}}}, Why: "why"}
	if err := l.RecordMailOutcome(t.Context(), m, o); err != nil {
		t.Fatalf("record %s: %v", s, err)
	}
}
