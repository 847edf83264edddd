package mails_test

import (
	"encoding/json"
	"testing"
	"time"

	"purser/activities/porttest"
	"purser/api/apitest"
	"purser/mail"
	"purser/order"
)

// TestResentMails (EML-14): a mail that was sent once more because its outcome is
// unknown is shown with both copies, is counted apart and waits for no operator.
func TestResentMails(t *testing.T) {
	t.Parallel()
	s := mailShop(t)
	id := s.Place(t, "c").ID
	record := func(m mail.Message, st mail.State) {
		t.Helper()
		if before, err := s.Store.ClaimMail(t.Context(), m, "ses"); err != nil || before.State != mail.StateDue {
			t.Fatalf("%+v %v", before, err)
		}
		if err := s.Store.RecordMailOutcome(t.Context(), m, mail.Outcome{State: st, Receipt: mail.Receipt{Provider: "ses"}}); err != nil {
			t.Fatal(err)
		}
	}
	m := porttest.MessageOf(id, order.MailConfirmation)
	record(m, mail.StateUnknown)
	open := func() (n int) {
		t.Helper()
		var got struct{ Mails []struct{ ID string } }
		if err := json.Unmarshal(s.Ask("GET", "/v1/mail/open", apitest.OperatorKey, "").Body, &got); err != nil {
			t.Fatal(err)
		}
		return len(got.Mails)
	}
	if n := open(); n != 1 {
		t.Errorf("%d mails are unknown, want 1", n)
	}
	if n, err := s.Store.ResendUnknown(t.Context(), mail.Silence{Within: time.Microsecond, Twice: true}); n != 1 || err != nil {
		t.Fatalf("%d sent once more, %v", n, err)
	}
	m.ID, m.Generation = order.Mail{OrderID: id, Notification: order.MailConfirmation, Generation: 2}.Key(), 2
	record(m, mail.StateSent)
	var got struct {
		Mails []struct {
			Generation         int
			State, AskedBy     string
			ResentAfterUnknown *bool
		}
	}
	a := s.Ask("GET", "/v1/orders/"+string(id)+"/mails", apitest.ShopKey, "")
	if err := json.Unmarshal(a.Body, &got); err != nil || len(got.Mails) != 2 {
		t.Fatalf("%v: %s", err, a.Body)
	}
	first, second := got.Mails[0], got.Mails[1]
	if first.State != "resent_after_unknown" || first.ResentAfterUnknown == nil || *first.ResentAfterUnknown ||
		second.State != "sent" || second.ResentAfterUnknown == nil || !*second.ResentAfterUnknown || second.AskedBy != "purser" {
		t.Errorf("%s", a.Body)
	}
	if n := open(); n != 0 {
		t.Errorf("%d mails are unknown, want none", n)
	}
	var stats struct {
		Total struct{ Sent, ResentAfterUnknown int }
	}
	if err := json.Unmarshal(s.Ask("GET", "/v1/mail/stats", apitest.ViewerKey, "").Body, &stats); err != nil || stats.Total.Sent != 1 || stats.Total.ResentAfterUnknown != 1 {
		t.Errorf("stats %+v, %v", stats, err)
	}
}
