package e2e_test

import (
	"strings"
	"testing"
	"time"

	words "purser/mail"
	"purser/order"
	"purser/sandbox/faults"
	"purser/shop"
)

// awaitCopies waits until the ledger has two copies of an order's confirmation and
// the second was sent, and returns them.
func (s *stack) awaitCopies(id order.ID) (first, second shop.Mail) {
	s.t.Helper()
	for deadline := time.Now().Add(testTimeout / 2); ; {
		mails, err := s.shop.Mails(within(s.t), id)
		if err != nil {
			s.t.Fatal(err)
		}
		for _, m := range mails {
			if m.Template == string(order.MailConfirmation) && m.Generation == 1 {
				first = m
			} else if m.Template == string(order.MailConfirmation) {
				second = m
			}
		}
		if second.State == words.StateSent {
			return first, second
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("the mail is not sent once more: %+v", mails)
		}
		pause(s.t, 50*time.Millisecond)
	}
}

// TestUnknownMailLost (EML-14, IDEM-8, F50): SES hangs before or after it takes a
// confirmation. While it reports about later mails and not about this one, the mail is
// sent once more, also though its order has ended; a report that comes after that is
// recorded, and nothing more is sent.
func TestUnknownMailLost(t *testing.T) {
	t.Parallel()
	s := newStack(t, []string{"PURSER_MAIL_UNHEARD=never"}, "--mail-prove-within=3s", "--sandbox-mail-pace=10ms", "--place-timeout=1m")
	// taken returns the ids of the confirmations that SES took.
	taken := func(id order.ID) (ids []string) {
		for _, m := range s.mailsOf(id) {
			if m.Tags["milestone"] == string(order.MailConfirmation) {
				ids = append(ids, m.ID)
			}
		}
		return ids
	}
	for _, tt := range []struct {
		name  string
		when  faults.When
		taken int // in the end
	}{
		{name: "hangs before it takes the mail", when: faults.Before, taken: 1},
		{name: "hangs after it took the mail, and its report is lost", when: faults.After, taken: 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rules := faults.Rules{Faults: []faults.Fault{{
				Provider: "ses", Match: "POST /v2/email/outbound-emails", Do: faults.Timeout, When: tt.when, Delay: time.Second, Times: 1,
			}}}
			if tt.when == faults.After {
				rules.Webhooks = []faults.WebhookFault{{Provider: "ses", Do: "drop", Times: 1}}
			}
			s.misbehave(t, rules)
			o, err := s.buy(within(t), wish("mug-blue", 1, "EUR"), "")
			if err != nil || o.Status != order.Delivered {
				t.Fatalf("%s: %v", o.Status, err)
			}
			first, second := s.awaitCopies(o.ID)
			if first.State != words.StateResent || !strings.HasPrefix(first.Why, "handed over; no certain answer: ses: ") || first.Resent {
				t.Errorf("the first copy: %+v", first)
			}
			if !second.Resent || second.AskedBy != "purser" || !strings.Contains(second.AskedWhy, "ses reported about later mails and not about this one") {
				t.Errorf("the second copy: %+v", second)
			}
			if out := s.mailCommand("ledger", string(o.ID)); !strings.Contains(out, "resent_after_unknown") || !strings.Contains(out, "[resent after unknown]") {
				t.Errorf("ledger:\n%s", out)
			}
			if out := s.mailCommand("unknown"); strings.Contains(out, string(o.ID)) {
				t.Errorf("it is still unknown:\n%s", out)
			}
			ids := taken(o.ID)
			if len(ids) != tt.taken {
				t.Fatalf("SES took it %d times, want %d", len(ids), tt.taken)
			}
			s.mailed(o.ID, order.MailDelivered)
			all := len(s.mailsOf(o.ID)) // one about the shipment is not sent if the parcel arrived before it
			if tt.when == faults.Before {
				s.awaitFeedback(o.ID, words.Delivered, all) // the next report is about the next mail
				return
			}
			s.answer(ids[0], "deliver")
			s.awaitFeedback(o.ID, words.Delivered, all)
			if first, second = s.awaitCopies(o.ID); first.State != words.StateSent || first.Why != "ses reports: delivered" || second.State != words.StateSent {
				t.Errorf("after the late report: %+v, %+v", first, second)
			}
			if n := len(taken(o.ID)); n != tt.taken {
				t.Errorf("after the late report SES has %d", n)
			}
		})
	}
	stats, err := s.shop.MailStats(within(t), "", "")
	if err != nil || stats.Total.Resent != 2 {
		t.Errorf("counted %d as sent once more, %v", stats.Total.Resent, err)
	}
	if out := s.mailCommand("stats"); !strings.Contains(out, "RESENT") {
		t.Errorf("stats:\n%s", out)
	}
}
