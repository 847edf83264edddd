package orders_test

import (
	"testing"

	"purser/activities/porttest"
	"purser/mail"
	"purser/order"
	"purser/records"
	"purser/records/recordstest"
)

func TestWatch(t *testing.T) {
	recordstest.OnBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		s := recordstest.Shop(t, open)
		o, other := recordstest.PlaceOrder(t, s, "c-1", recordstest.Noon), recordstest.PlaceOrder(t, s, "c-1", recordstest.Noon)
		changed, stop := s.Watch(o.ID)
		wantWake := func(want bool) {
			t.Helper()
			select {
			case <-changed:
				if !want {
					t.Error("woken for nothing")
				}
			default: // a write wakes before it returns
				if want {
					t.Error("not woken")
				}
			}
		}
		c := recordstest.Next(o, order.AwaitingPayment, order.StockStays)
		for _, c := range []order.Change{c, recordstest.Next(c.Order, order.Authorized, order.StockStays)} {
			if err := s.SaveOrder(t.Context(), c); err != nil {
				t.Fatal(err)
			}
		}
		wantWake(true) // two writes, one wake-up
		if err := s.SaveOrder(t.Context(), recordstest.Next(other, order.AwaitingPayment, order.StockStays)); err != nil {
			t.Fatal(err)
		}
		wantWake(false)
		m := porttest.MessageOf(o.ID, order.MailConfirmation)
		if _, err := s.ClaimMail(t.Context(), m, "ses"); err != nil {
			t.Fatal(err)
		}
		wantWake(false)
		sent := mail.Outcome{State: mail.StateSent, Receipt: mail.Receipt{Provider: "ses", ProviderID: "msg-1"}}
		if err := s.RecordMailOutcome(t.Context(), m, sent); err != nil {
			t.Fatal(err)
		}
		wantWake(true)
		stop()
		stop()
		if err := s.RecordMailOutcome(t.Context(), m, sent); err != nil {
			t.Fatal(err)
		}
		wantWake(false)
		mails, err := s.Mails(t.Context(), string(o.ID))
		if err != nil || len(mails) != 1 || mails[0].State != mail.StateSent || mails[0].ProviderID != "msg-1" || mails[0].Attempts != 1 || mails[0].ResolvedAt.IsZero() {
			t.Errorf("mails: got %+v %v", mails, err)
		}
	})
}
