//go:build !lean

package starter_test

import (
	"errors"
	"testing"
	"time"

	"purser/mail"
	"purser/order"
)

// TestCampaignRetry (EML-7, EML-9): a recipient whose outcome is unknown gets the mail
// once more for each round that an operator begins, unless the provider has reported in
// the meantime that the mail arrived.
func TestCampaignRetry(t *testing.T) {
	b := newBulk(t)
	lost := map[string]bool{}
	count := b.mailer.Before
	b.mailer.Before = func(m mail.Message) error {
		if lost[m.ID] {
			return &order.ProviderError{Provider: "ses", Op: "send", Kind: order.ErrUnknownOutcome}
		}
		return count(m)
	}
	to := func(n string, generation int) string {
		return mail.MessageID("spring", mail.Recipient{Address: n + "@example.com", Generation: generation})
	}
	for _, id := range []string{to("r2", 1), to("r3", 1), to("r4", 1), to("r4", 2)} {
		lost[id] = true
	}
	c := b.draft("spring", 5)
	retry := func(round int, before time.Time) error {
		return b.starter.RetryCampaign(t.Context(), b.status(c), mail.Retry{Round: round, ResolvedBefore: before, Actor: "key:ops", Reason: "the provider broke down"})
	}
	soon := time.Now().Add(time.Hour)
	if err := retry(1, soon); !errors.Is(err, mail.ErrCampaignNotDone) {
		t.Errorf("retrying a draft: %v", err)
	}
	if err := b.starter.StartCampaign(t.Context(), b.status(c)); err != nil {
		t.Fatal(err)
	}
	if p := b.end(c); p.Counts.Sent != 2 || p.Counts.Unknown != 3 {
		t.Fatalf("%+v", p)
	}
	if err := retry(2, soon); !errors.Is(err, mail.ErrOtherRound) {
		t.Errorf("retrying a round to come: %v", err)
	}
	if err := retry(1, time.Now().Add(-time.Hour)); !errors.Is(err, mail.ErrNoneUnknown) {
		t.Errorf("retrying what has been unknown for a moment: %v", err)
	}
	b.end(c)
	if st := b.status(c); st.State != mail.CampaignDone || st.Round != 1 {
		t.Fatalf("after refusals: %+v", st)
	}
	// The provider's report about r2 has reached the ledger only.
	if err := b.ledger.RecordMailOutcome(t.Context(), mail.Message{ID: to("r2", 1)}, mail.Outcome{State: mail.StateSent, Receipt: mail.Receipt{ProviderID: "p2"}}); err != nil {
		t.Fatal(err)
	}
	first := b.status(c)
	for range 2 {
		if err := retry(1, soon); err != nil {
			t.Fatal(err)
		}
	}
	if p := b.end(c); p.State != mail.CampaignDone || p.Counts.Sent != 4 || p.Counts.Unknown != 1 {
		t.Errorf("after the retry: %+v", p)
	}
	// The same request again, by an operator who does not know that the round has begun.
	err := b.starter.RetryCampaign(t.Context(), first, mail.Retry{Round: 1, ResolvedBefore: soon, Actor: "key:ops", Reason: "?"})
	if err != nil && !errors.Is(err, mail.ErrCampaignNotDone) {
		t.Error(err)
	}
	b.end(c)
	sent := b.mailer.Counts()
	for id, want := range map[string]int{to("r1", 1): 1, to("r1", 2): 0, to("r2", 2): 0, to("r3", 2): 1, to("r5", 1): 1, to("r4", 3): 0} {
		if sent[id] != want {
			t.Errorf("%s was sent %d times, want %d", id, sent[id], want)
		}
	}
	if err := retry(2, soon); err != nil { // r4 once more
		t.Fatal(err)
	}
	if p := b.end(c); p.Counts.Sent != 5 || b.mailer.Counts()[to("r4", 3)] != 1 || b.status(c).Round != 3 {
		t.Errorf("after the second retry: %+v", p)
	}
	if err := retry(3, soon); !errors.Is(err, mail.ErrNoneUnknown) {
		t.Errorf("retrying when all is known: %v", err)
	}
}
