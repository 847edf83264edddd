//go:build !lean

package starter_test

import (
	"errors"
	"strings"
	"testing"

	"purser/activities/porttest"
	"purser/mail"
	"purser/order"
)

// TestResendTriedAgain (EML-1, IDEM-2): an operator's request to send a mail again fails
// while the first mail is being sent; repeated later under the same key, it is carried
// out once.
func TestResendTriedAgain(t *testing.T) {
	b := newBulk(t)
	m := porttest.MessageOf(order.NewID(), order.MailShipped)
	if _, err := b.ledger.ClaimMail(t.Context(), m, "ses"); err != nil { // the first mail is being sent
		t.Fatal(err)
	}
	id, _, _ := strings.Cut(m.ID, ":")
	r := order.Resend{OrderID: order.ID(id), Notification: order.MailShipped, Key: "call-1", Actor: "key:ops", Why: "never arrived"}
	for range 2 {
		if _, err := b.starter.ResendMail(t.Context(), r); !errors.Is(err, order.ErrMailing) {
			t.Fatalf("while it is being sent: %v", err)
		}
	}
	if err := b.ledger.RecordMailOutcome(t.Context(), m, mail.Outcome{State: mail.StateUnknown}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if out, err := b.starter.ResendMail(t.Context(), r); err != nil || out.State != mail.StateSent {
			t.Errorf("after that: %+v %v", out, err)
		}
	}
	if n := b.sent.Load(); n != 1 {
		t.Errorf("it went out %d times", n)
	}
}
