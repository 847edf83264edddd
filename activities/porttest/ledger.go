package porttest

import (
	"context"
	"sync"
	"testing"
	"time"

	"purser/activities"
	"purser/order"
)

// Ledger checks a MailLedger. open makes an empty one.
func Ledger(t *testing.T, open func(t *testing.T) activities.MailLedger) {
	for name, check := range map[string]func(*testing.T, activities.MailLedger){
		"EML-1 one of many claimers sends":  oneSends,
		"EML-1 a mail sent stays sent":      sentStays,
		"EML-1 how it ended is remembered":  remembersEnd,
		"EML-1 each milestone is one mail":  milestonesApart,
		"a mail not claimed is not settled": settlesOnlyClaimed,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t, open(t))
		})
	}
}

func oneSends(t *testing.T, l activities.MailLedger) {
	m := letter(order.MailConfirmation)
	for round := range 3 { // after each, the mail is certainly not sent
		var mu sync.Mutex
		got := make(map[order.MailState]int)
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				before, _, err := l.ClaimMail(t.Context(), m)
				if err != nil {
					t.Errorf("claim: %v", err)
				}
				mu.Lock()
				defer mu.Unlock()
				got[before]++
			})
		}
		all.Wait()
		if got[activities.MailDue] != 1 || got[activities.MailSending] != 7 {
			t.Fatalf("round %d: 8 claimers saw %v, want one due and seven sending", round, got)
		}
		settle(t, l, m, activities.MailDue, "")
	}
}

func sentStays(t *testing.T, l activities.MailLedger) {
	m := letter(order.MailShipped)
	wantClaim(t, l, m, activities.MailDue, "")
	settle(t, l, m, activities.MailSent, "msg-1")
	settle(t, l, m, activities.MailUnknown, "") // a late, slower attempt
	wantClaim(t, l, m, activities.MailSent, "msg-1")
}

func remembersEnd(t *testing.T, l activities.MailLedger) {
	for _, s := range []order.MailState{activities.MailUnknown, activities.MailRejected} {
		m := letter(order.MailCancelled)
		wantClaim(t, l, m, activities.MailDue, "")
		wantClaim(t, l, m, activities.MailSending, "")
		settle(t, l, m, s, "")
		wantClaim(t, l, m, s, "")
	}
}

func milestonesApart(t *testing.T, l activities.MailLedger) {
	a := letter(order.MailConfirmation)
	b := a
	b.Milestone = order.MailDelivered
	c := a
	c.Generation++
	for _, m := range []order.Mail{a, b, c} {
		wantClaim(t, l, m, activities.MailDue, "")
	}
}

func settlesOnlyClaimed(t *testing.T, l activities.MailLedger) {
	if err := l.SettleMail(t.Context(), letter(order.MailExpired), activities.MailSent, "msg-1", ""); err == nil {
		t.Error("a mail that nobody claimed was settled")
	}
}

func letter(m order.Milestone) order.Mail {
	return order.Mail{OrderID: order.NewID(), Milestone: m, Generation: 1, To: "ada@example.com"}
}

func wantClaim(t *testing.T, l activities.MailLedger, m order.Mail, want order.MailState, wantID string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	before, id, err := l.ClaimMail(ctx, m)
	if err != nil || before != want || id != wantID {
		t.Fatalf("claim: got %q %q %v, want %q %q", before, id, err, want, wantID)
	}
}

func settle(t *testing.T, l activities.MailLedger, m order.Mail, s order.MailState, id string) {
	t.Helper()
	if err := l.SettleMail(t.Context(), m, s, id, "why"); err != nil {
		t.Fatalf("settle as %s: %v", s, err)
	}
}
