package mails_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"purser/mail"
	"purser/records"
	"purser/records/campaigns"
	"purser/records/recordstest"
)

// unknownTo records a campaign's mail to a recipient as handed over without a
// response.
func unknownTo(t *testing.T, s *records.Store, campaign, address string) string {
	t.Helper()
	id := mail.MessageID(campaign, mail.Recipient{Address: address})
	m := mail.Message{ID: id, About: mail.CampaignWorkflowID(campaign), Generation: 1, Stream: mail.Marketing, Template: "campaign", To: []mail.Address{{Email: address}}}
	_, err := s.ClaimMail(t.Context(), m, "ses")
	if err == nil {
		err = s.RecordMailOutcome(t.Context(), m, mail.Outcome{State: mail.StateUnknown})
	}
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// sentTo opens a campaign whose recipients all have unknown outcomes in the
// ledger, and returns the feedback that proves that they were sent.
func sentTo(t *testing.T, s *records.Store, campaign string, people int) (proof []mail.Feedback) {
	t.Helper()
	var all []mail.Recipient
	for i := range people {
		all = append(all, mail.Recipient{Address: fmt.Sprintf("r%d@example.com", i+1)})
	}
	err := s.CreateCampaign(t.Context(), mail.Campaign{ID: campaign}, "key:test")
	if err == nil {
		_, err = s.AddRecipients(t.Context(), campaign, mail.CampaignDraft, all, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range all {
		f := feedback(fmt.Sprint(campaign, "-", i+1), r.Address, mail.Delivered, "")
		f.MessageID = unknownTo(t, s, campaign, r.Address)
		proof = append(proof, f)
	}
	return proof
}

func recordAs(t *testing.T, s *records.Store, campaign string, st mail.State, numbers ...int64) {
	t.Helper()
	var all []mail.Recipient
	for _, n := range numbers {
		all = append(all, mail.Recipient{N: n, State: st})
	}
	if err := s.RecordRecipients(t.Context(), campaign, all); err != nil {
		t.Error(err)
	}
}

// TestUnknownRecipientProven (EML-7, BNC-5) checks that a provider's report
// resolves a mail of unknown outcome in the ledger and in its campaign, which
// agree, at any time and however often.
func TestUnknownRecipientProven(t *testing.T) {
	recordstest.OnBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		s := open(t)
		proof := sentTo(t, s, "spring-26", 7)
		recordAs(t, s, "spring-26", mail.StateUnknown, 1, 2, 3, 4, 5)
		recordAs(t, s, "spring-26", mail.StateRejected, 6)
		proof[1].Kind, proof[1].Bounce = mail.Bounced, mail.Permanent
		proof[2].Recipient = "the-mailbox-of-r3@example.com" // an alias
		proof[3].Kind = mail.Refused                         // proves nothing
		stranger := feedback("x", "r5@example.com", mail.Delivered, "")
		stranger.MessageID = mail.MessageID("spring-26", mail.Recipient{Address: "nobody@example.com"})
		list := append(slices.Delete(slices.Clone(proof), 4, 5), stranger)
		for range 2 {
			report(t, s, list...)
		}
		recordAs(t, s, "spring-26", mail.StateUnknown, 7) // its sender comes later than its provider
		want := map[int64]mail.State{1: mail.StateSent, 2: mail.StateSent, 3: mail.StateSent, 4: mail.StateUnknown, 5: mail.StateUnknown, 6: mail.StateSent, 7: mail.StateSent}
		all, err := s.Recipients(t.Context(), "spring-26", campaigns.RecipientFilter{})
		if err != nil || len(all) != len(want) {
			t.Fatal(all, err)
		}
		for _, r := range all {
			e, err := s.Mail(t.Context(), mail.MessageID("spring-26", r))
			if err != nil || r.State != want[r.N] || e.State != want[r.N] {
				t.Errorf("recipient %d is %s %q, its mail %s, %v; want %s", r.N, r.State, r.Why, e.State, err, want[r.N])
			}
		}
		if r := all[1]; r.Why != "ses reports: bounced" || r.Message != "spring-26-2" {
			t.Errorf("%+v", r)
		}
		c, err := s.Campaign(t.Context(), "spring-26")
		if diff := cmp.Diff(mail.CampaignCounts{Total: 7, Sent: 5, Unknown: 2}, c.Counts); err != nil || diff != "" {
			t.Error(err, diff)
		}
	})
}

// TestProvenWhileRecording checks that with senders and providers reporting at
// once, in any order, a proven outcome stays and is counted once.
func TestProvenWhileRecording(t *testing.T) {
	recordstest.OnBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		s := open(t)
		const people = 60
		proof := sentTo(t, s, "c", people)
		slices.Reverse(proof)
		var all sync.WaitGroup
		for part := range 6 {
			all.Go(func() {
				var numbers []int64
				for n := range int64(10) {
					numbers = append(numbers, int64(part)*10+n+1)
				}
				recordAs(t, s, "c", mail.StateUnknown, numbers...)
			})
			all.Go(func() {
				if _, err := s.RecordFeedback(t.Context(), inboxIDs.Add(1), proof[part*10:part*10+10]); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		c, err := s.Campaign(t.Context(), "c")
		if diff := cmp.Diff(mail.CampaignCounts{Total: people, Sent: people}, c.Counts); err != nil || diff != "" {
			t.Error(err, diff)
		}
	})
}
