package e2e_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	words "purser/mail"
	"purser/order"
	"purser/shop"
)

// mailed waits until the sandbox has the mail of an order's notification, and
// returns it.
func (s *stack) mailed(id order.ID, m order.Notification) mail {
	s.t.Helper()
	for deadline := time.Now().Add(testTimeout / 4); ; {
		for _, l := range s.mailsOf(id) {
			if l.Tags["milestone"] == string(m) {
				return l
			}
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("no %s among %v", m, s.notifications(id))
		}
		pause(s.t, 20*time.Millisecond)
	}
}

// awaitEvent waits for an event in an order's timeline, also after the order has
// ended.
func (s *stack) awaitEvent(id order.ID, k order.Kind) shop.Event {
	s.t.Helper()
	return s.awaitEventAbout(id, k, "")
}

// awaitEventAbout waits for an event whose text begins with why.
func (s *stack) awaitEventAbout(id order.ID, k order.Kind, why string) shop.Event {
	s.t.Helper()
	for deadline := time.Now().Add(testTimeout / 4); ; {
		timeline := s.timeline(id)
		for _, e := range timeline {
			if e.Kind == k && strings.HasPrefix(e.Why, why) {
				return e
			}
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("no %s %s in %v", k, why, kinds(timeline))
		}
		pause(s.t, 20*time.Millisecond)
	}
}

// TestOrderMails (EML-1, EML-11, PAY-11, REF-4, REF-6, BNC-5): the real stack sends
// each mail that an order's timeline calls for, once; and the timeline shows what
// became of it.
func TestOrderMails(t *testing.T) {
	t.Parallel()
	s := newStack(t, []string{"PURSER_SHOP_MAIL=Office <office@shop.example>"}, "--ask-after=1s", "--sandbox-mail-pace=10ms")
	p := s.place(t, wish("mug-blue", 1, "EUR"), "")
	if _, err := s.shopper.Pay(within(t), p.ClientSecret, "pm_card_chargeDeclinedInsufficientFunds"); err == nil {
		t.Fatal("the card was taken")
	}
	if text := s.text(s.mailed(p.ID, order.MailPaymentProblem)); !strings.Contains(text, "insufficient funds") {
		t.Errorf("the payment problem:\n%s", text)
	}
	s.pay(t, p, "pm_card_visa")
	s.follow(t, p.ID)

	q := s.place(t, wish("mug-blue", 1, "EUR"), "")
	s.pay(t, q, "pm_card_createDispute")
	s.follow(t, q.ID)
	dispute := s.mailed(q.ID, order.MailDispute)
	if text := s.text(dispute); !slices.Equal(dispute.To, []string{"office@shop.example"}) || !strings.Contains(text, "fraudulent") || !strings.Contains(text, "Deadline:") {
		t.Errorf("the dispute went to %v:\n%s", dispute.To, text)
	}
	s.awaitEvent(q.ID, order.PaymentDisputed)

	a := send(t, http.MethodPost, s.at.Sandbox+"/stripe/v1/refunds", "sk_test_sandbox",
		strings.NewReader("amount=450&payment_intent="+s.order(t, p.ID).Payment().Reference), "Content-Type", "application/x-www-form-urlencoded")
	if a.status != http.StatusOK {
		t.Fatalf("refund: %d %s", a.status, a.body)
	}
	if text := s.text(s.mailed(p.ID, order.MailRefunded)); !strings.Contains(text, "€4.50") {
		t.Errorf("the refund:\n%s", text)
	}
	if e := s.awaitEvent(p.ID, order.PaymentRefunded); e.Why != "4.50 EUR refunded" {
		t.Errorf("%+v", e)
	}

	cmd := []string{"order", "return-instructions", string(p.ID), "--reason=does not like it", "--idempotency-key=call-1"}
	for range 2 {
		if code, out, complaint := run(t, []string{"PURSER_DATA=" + s.dir}, cmd...); code != 0 || !strings.HasPrefix(out, "sent by ses") {
			t.Errorf("return instructions: %d %s%s", code, out, complaint)
		}
	}
	s.mailed(p.ID, order.MailReturnInstructions)

	for range 2 {
		s.answer(s.mailed(p.ID, order.MailConfirmation).ID, "complain")
	}
	s.answer(s.mailed(p.ID, order.MailDelivered).ID, "bounce")
	if e := s.awaitEvent(p.ID, order.MailBounced); !strings.HasPrefix(e.Why, "delivered by ses: permanent") || e.Actor != "ses" {
		t.Errorf("%+v", e)
	}
	s.awaitEvent(p.ID, order.MailComplained)
	s.awaitIdle()
	want := []string{"confirmation", "delivered", "payment_problem", "refunded", "return_instructions", "shipped"}
	got := s.notifications(p.ID)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("mails %v, want %v", got, want)
	}
	o := s.order(t, p.ID)
	if o.Status != order.Delivered || len(o.Refunds) != 1 || len(s.order(t, q.ID).Disputes) != 1 || len(o.MailTrouble) != 2 || o.MailTrouble[0].Kind == words.Delivered {
		t.Errorf("in the end: %+v", o)
	}
	_, out, _ := run(t, []string{"PURSER_DATA=" + s.dir}, "order", "show", string(p.ID))
	_, more, _ := run(t, []string{"PURSER_DATA=" + s.dir}, "order", "show", string(q.ID))
	out += more
	for _, says := range []string{"refund ", "dispute ", "delivered bounced permanent", "confirmation complained"} {
		if !strings.Contains(out, says) {
			t.Errorf("show does not say %q:\n%s", says, out)
		}
	}
}
