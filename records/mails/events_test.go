package mails_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/activities/porttest"
	"purser/mail"
	"purser/order"
	"purser/records"
	"purser/records/recordstest"
)

// TestMailEvents (BNC-5, EML-9) checks that feedback about an order's mail
// becomes an event of that order, by either id of the mail, and that no other
// feedback does.
func TestMailEvents(t *testing.T) {
	recordstest.OnBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		s, id := open(t), order.NewID()
		ours := sendMail(t, s, id, 1, "p1")
		campaigns := porttest.MessageOf(id, order.MailDelivered)
		campaigns.ID, campaigns.About = "camp_1:7", "camp_1"
		if _, err := s.ClaimMail(t.Context(), campaigns, "ses"); err != nil {
			t.Fatal(err)
		}
		at := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
		said := func(providerID, messageID string, k mail.Kind, b mail.Bounce) mail.Feedback {
			return mail.Feedback{Provider: "ses", ProviderID: providerID, MessageID: messageID, Recipient: "ada@example.com", Kind: k, Bounce: b, At: at}
		}
		fresh := func(name string, k mail.Kind, b mail.Bounce) order.ProviderEvent {
			return order.ProviderEvent{ID: "mail:ses:" + name, Type: "mail." + string(k), At: at, OrderID: id, Mail: &order.MailTrouble{
				Notification: order.MailShipped, Kind: k, Bounce: b, Provider: "ses", ProviderID: "p1", At: at,
			}}
		}
		for range 2 { // said again, it is the same
			got, err := s.MailEvents(t.Context(), []mail.Feedback{
				said("p1", "", mail.Bounced, mail.Permanent), said("p1", ours, mail.Complained, ""),
				said("p1", ours, mail.Delivered, ""), said("p1", ours, mail.Delayed, ""), // no trouble
				said("p2", campaigns.ID, mail.Bounced, mail.Permanent), // a campaign's
				said("p9", "", mail.Bounced, mail.Permanent), said("p9", "ord_x:mail-shipped:1", mail.Complained, ""),
			})
			want := []order.ProviderEvent{fresh("p1:bounced:permanent", mail.Bounced, mail.Permanent), fresh("p1:complained:", mail.Complained, "")}
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		}
	})
}
