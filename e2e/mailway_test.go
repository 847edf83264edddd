package e2e_test

import (
	"net"
	"strings"
	"testing"
	"time"

	words "purser/mail"
	"purser/order"
	"purser/sandbox/faults"
	"purser/sandbox/smtp"
)

// mailCommand runs a mail command and returns its output.
func (s *stack) mailCommand(args ...string) string {
	s.t.Helper()
	code, stdout, stderr := run(s.t, []string{"PURSER_DATA=" + s.dir}, append([]string{"mail"}, args...)...)
	if code != 0 {
		s.t.Fatalf("mail %v: exit code %d: %s", args, code, stderr)
	}
	return stdout
}

// served returns the provider that took each of an order's mails, and checks that
// no other provider took it too.
func (s *stack) served(id order.ID, relays ...*smtp.Server) (by []string) {
	s.t.Helper()
	mails, err := s.shop.Mails(within(s.t), id)
	if err != nil || len(mails) != 3 {
		s.t.Fatalf("%d mails, %v", len(mails), err)
	}
	for _, m := range mails {
		n := 0
		for _, r := range relays {
			for wire, count := range r.Counts() {
				if words.FromWireID(wire) == m.ID {
					n += count
				}
			}
		}
		if n != 1 || m.State != words.StateSent {
			s.t.Errorf("%s is %s, and was taken %d times", m.ID, m.State, n)
		}
		by = append(by, m.Provider)
	}
	return by
}

// TestMailFailover (EML-3, RES-6, F47): when the first relay dies, the second takes
// the mail, and the timeline says which one did and why; when the first is back,
// it takes the mail again. Each mail is taken once.
func TestMailFailover(t *testing.T) {
	t.Parallel()
	listen := func(at string) net.Listener {
		l, err := net.Listen("tcp", at)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	start := func(l net.Listener) *smtp.Server {
		r := smtp.New(smtp.Config{})
		r.Start(l)
		return r
	}
	listener := listen("127.0.0.1:0")
	at := listener.Addr().String()
	first, second := start(listener), listen("127.0.0.1:0")
	backup := start(second)
	t.Cleanup(func() { _ = backup.Close() })
	s := newStack(t, []string{
		"PURSER_MAIL_PROVIDERS=main,backup",
		"SMTP_URLS=main=smtp://" + at + "?tls=none&rate=1000;backup=smtp://" + second.Addr().String() + "?tls=none&rate=1000",
	})
	buy := func() order.ID {
		t.Helper()
		o, err := s.buy(within(t), wish("mug-blue", 1, "EUR"), "")
		if err != nil || o.Status != order.Delivered {
			t.Fatalf("%s: %v", o.Status, err)
		}
		return o.ID
	}
	if by := s.served(buy(), first, backup); strings.Join(by, " ") != "main main main" {
		t.Errorf("both relays run: served by %v", by)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	id := buy()
	if by := s.served(id, first, backup); strings.Join(by, " ") != "backup backup backup" {
		t.Errorf("the first relay is down: served by %v", by)
	}
	if out := s.mailCommand("ledger", string(id)); strings.Count(out, "[main: provider unavailable: no_connection]") == 0 {
		t.Errorf("the ledger does not say why:\n%s", out)
	}
	if out := s.mailCommand("providers"); !strings.Contains(out, "main") || !strings.Contains(out, "open") || !strings.Contains(out, "no_connection") {
		t.Errorf("the providers command does not show the state of the first relay:\n%s", out)
	}
	event := false
	for _, e := range s.follow(t, id) {
		event = event || e.Kind == order.MailSent && strings.Contains(e.Why, "by backup: main: ")
	}
	if !event {
		t.Error("the timeline does not say which relay took the mail and why")
	}
	back := start(listen(at))
	t.Cleanup(func() { _ = back.Close() })
	for deadline := time.Now().Add(testTimeout / 4); ; {
		by := s.served(buy(), first, back, backup)
		if by[len(by)-1] == "main" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the first relay is back: served by %v", by)
		}
	}
}

// TestUnknownMail (EML-1, IDEM-8, F50): a mail whose response was lost is not sent
// again automatically while its provider may still report about it. An operator's
// decision sends it once, however often it is repeated; the provider's report resolves
// the outcome.
func TestUnknownMail(t *testing.T) {
	t.Parallel()
	s := newStack(t, nil, "--sandbox-mail-pace=10ms")
	lose := faults.Fault{Provider: "ses", Match: "POST /v2/email/outbound-emails", Do: faults.Reset, When: faults.After, Times: 1}
	s.misbehave(t, faults.Rules{Faults: []faults.Fault{lose}, Webhooks: []faults.WebhookFault{{Provider: "ses", Do: "drop"}}})
	o, err := s.buy(within(t), wish("mug-blue", 1, "EUR"), "")
	if err != nil {
		t.Fatal(err)
	}
	taken := func() (n int) {
		for _, m := range s.notifications(o.ID) {
			if m == "confirmation" {
				n++
			}
		}
		return n
	}
	if out := s.mailCommand("unknown"); !strings.Contains(out, string(o.ID)+":mail-confirmation:1") || taken() != 1 {
		t.Errorf("taken %d times; the unknown mails are:\n%s", taken(), out)
	}
	known := false
	for _, e := range s.follow(t, o.ID) {
		known = known || e.Kind == order.MailUnknown && strings.HasPrefix(e.Why, "confirmation by ses: ")
	}
	if !known {
		t.Error("the timeline does not say that the outcome is unknown")
	}
	for range 2 {
		if out := s.mailCommand("resend", string(o.ID), "confirmation", "--reason=the shopper has nothing", "--idempotency-key=call-1"); !strings.HasPrefix(out, "sent by ses") {
			t.Errorf("resend: %s", out)
		}
	}
	if taken() != 2 {
		t.Errorf("taken %d times after one decision", taken())
	}
	if out := s.mailCommand("ledger", string(o.ID)); !strings.Contains(out, "mail-confirmation:2") || !strings.Contains(out, "[asked by key:local-operator: the shopper has nothing]") {
		t.Errorf("ledger:\n%s", out)
	}
	s.behave(t)
	s.misbehave(t, faults.Rules{Faults: []faults.Fault{lose}})
	o, err = s.buy(within(t), wish("mug-blue", 1, "EUR"), "")
	if err != nil {
		t.Fatal(err)
	}
	s.awaitFeedback(o.ID, words.Delivered, 3)
	mails, err := s.shop.Mails(within(t), o.ID)
	if err != nil || len(mails) != 3 || mails[0].State != words.StateSent || !strings.HasPrefix(mails[0].Why, "ses reports: ") || taken() != 1 {
		t.Errorf("resolved by the provider's report: %+v %v", mails, err)
	}
}
