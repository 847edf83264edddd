package mails_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/activities/porttest"
	"purser/mail"
	"purser/order"
	"purser/records"
	"purser/records/mails"
	"purser/records/recordstest"
)

// sendMail records a sent mail in the ledger and returns its id.
func sendMail(t *testing.T, s *records.Store, id order.ID, generation int, providerID string) string {
	t.Helper()
	m := porttest.MessageOf(id, order.MailShipped)
	m.Generation, m.ID = generation, order.Mail{OrderID: id, Notification: order.MailShipped, Generation: generation}.Key()
	if _, err := s.ClaimMail(t.Context(), m, "ses"); err != nil {
		t.Fatal(err)
	}
	if err := s.RecordMailOutcome(t.Context(), m, mail.Outcome{State: mail.StateSent, Receipt: mail.Receipt{Provider: "ses", ProviderID: providerID}}); err != nil {
		t.Fatal(err)
	}
	return m.ID
}

// feedback returns feedback from SES about a mail.
func feedback(providerID, to string, k mail.Kind, b mail.Bounce) mail.Feedback {
	return mail.Feedback{Provider: "ses", ProviderID: providerID, Recipient: to, Kind: k, Bounce: b, Diagnostic: "550 5.1.1", At: time.Now().UTC().Truncate(time.Microsecond)}
}

var inboxIDs atomic.Int64

// report records one event of feedback and returns whether it was fresh.
func report(t *testing.T, s *records.Store, list ...mail.Feedback) bool {
	t.Helper()
	return reportAs(t, s, inboxIDs.Add(1), list...)
}

func reportAs(t *testing.T, s *records.Store, inboxID int64, list ...mail.Feedback) bool {
	t.Helper()
	fresh, err := s.RecordFeedback(t.Context(), inboxID, list)
	if err != nil {
		t.Fatal(err)
	}
	return fresh
}

// wantBlocked checks which streams are blocked for an address.
func wantBlocked(t *testing.T, s *records.Store, email string, transactional, marketing bool) {
	t.Helper()
	for stream, want := range map[mail.Stream]bool{mail.Transactional: transactional, mail.Marketing: marketing} {
		why, err := s.Blocked(t.Context(), email, stream)
		if err != nil || (why != "") != want {
			t.Errorf("%s %s: blocked %q (%v), want %t", email, stream, why, err, want)
		}
	}
}

func TestFeedback(t *testing.T) {
	recordstest.OnBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		for name, check := range map[string]func(*testing.T, *records.Store){
			"BNC-1 F43 a hard bounce blocks all":            hardBounce,
			"BNC-2 F44 repeated soft bounces block":         softBounces,
			"BNC-3 F45 a complaint blocks marketing":        complaint,
			"BNC-5 each event acts once":                    actsOnce,
			"BNC-5 of many at once one acts":                actsOnceAtOnce,
			"BNC-6 F49 unsubscribing and back":              preferences,
			"EML-13 a list of its own":                      ownList,
			"BNC-1 operators":                               operators,
			"EML-9 figures and an order's mails":            figures,
			"EML-9 feedback before the ledger knows the id": early,
			"BNC-4 F46 standings and pausing":               pausing,
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				check(t, open(t))
			})
		}
	})
}

func hardBounce(t *testing.T, s *records.Store) {
	wantBlocked(t, s, "ada@example.com", false, false)
	report(t, s, feedback("m1", "ada@example.com", mail.Delivered, ""), feedback("m1", "bob@example.com", mail.Delayed, ""))
	wantBlocked(t, s, "ada@example.com", false, false)
	report(t, s, feedback("m2", "ada@example.com", mail.Bounced, mail.Permanent))
	wantBlocked(t, s, "ada@example.com", true, true)
	wantBlocked(t, s, "Ada <ADA@Example.com>", true, true)
	wantBlocked(t, s, "bob@example.com", false, false)
	wantBlocked(t, s, "not an address", true, true)
	got, err := s.SuppressionsOf(t.Context(), "ada@example.com")
	if err != nil || len(got) != 1 {
		t.Fatalf("%+v %v", got, err)
	}
	got[0].Since, got[0].InboxID = time.Time{}, min(got[0].InboxID, 1)
	want := mails.Suppression{
		Email: "ada@example.com", Scope: mail.ScopeAll, Reason: mail.BecauseBounced, Diagnostic: "550 5.1.1",
		Provider: "ses", InboxID: 1, Actor: "provider:ses",
	}
	if diff := cmp.Diff(want, got[0]); diff != "" {
		t.Error(diff)
	}
}

func softBounces(t *testing.T, s *records.Store) {
	soft := func(n int, b mail.Bounce) {
		report(t, s, feedback(fmt.Sprint("m", n), "ada@example.com", mail.Bounced, b))
	}
	soft(1, mail.Transient)
	soft(1, mail.Transient)    // the same mail, reported twice
	soft(1, mail.Undetermined) // and once more in other words
	soft(2, mail.Undetermined)
	wantBlocked(t, s, "ada@example.com", false, false)
	old := feedback("m3", "ada@example.com", mail.Bounced, mail.Transient)
	old.At = time.Now().Add(-15 * 24 * time.Hour)
	report(t, s, old)
	wantBlocked(t, s, "ada@example.com", false, false)
	soft(4, mail.Transient)
	wantBlocked(t, s, "ada@example.com", true, true)
	if err := s.Unsuppress(t.Context(), "key:ops", "ada@example.com", mail.BecauseKeepsBounced, "has room again"); err != nil {
		t.Fatal(err)
	}
	soft(5, mail.Transient) // another chance is another chance
	soft(6, mail.Transient)
	wantBlocked(t, s, "ada@example.com", false, false)
	soft(7, mail.Transient)
	wantBlocked(t, s, "ada@example.com", true, true)
}

func complaint(t *testing.T, s *records.Store) {
	report(t, s, feedback("m1", "ada@example.com", mail.Complained, ""))
	wantBlocked(t, s, "ada@example.com", false, true)
	if why, err := s.BlockedList(t.Context(), "ada@example.com", mail.Reminders); err != nil || !strings.HasPrefix(why, "complained since ") {
		t.Errorf("%q %v", why, err)
	}
}

func actsOnce(t *testing.T, s *records.Store) {
	bounce := feedback("m1", "ada@example.com", mail.Bounced, mail.Permanent)
	if !reportAs(t, s, 7001, bounce) {
		t.Error("the first time is not fresh")
	}
	if err := s.Unsuppress(t.Context(), "key:ops", "ada@example.com", "", "a mistake"); err != nil {
		t.Fatal(err)
	}
	if reportAs(t, s, 7001, bounce) {
		t.Error("a redelivery is fresh")
	}
	reportAs(t, s, 7002, bounce) // SES says the same in its other shape
	wantBlocked(t, s, "ada@example.com", false, false)
}

func actsOnceAtOnce(t *testing.T, s *records.Store) {
	var fresh atomic.Int64
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			is, err := s.RecordFeedback(t.Context(), 7100, []mail.Feedback{feedback("m1", "ada@example.com", mail.Complained, "")})
			if err != nil {
				t.Error(err)
			}
			if is {
				fresh.Add(1)
			}
		})
	}
	all.Wait()
	if fresh.Load() != 1 {
		t.Errorf("%d acted", fresh.Load())
	}
}

func preferences(t *testing.T, s *records.Store) {
	sub := mail.Subscription{Email: "ada@example.com", List: mail.Campaigns, Message: "camp_1:1"}
	choose := func(want bool, leave ...mail.Scope) {
		t.Helper()
		if changed, err := s.Prefer(t.Context(), sub, leave); err != nil || changed != want {
			t.Errorf("leave %v: changed %t, %v", leave, changed, err)
		}
	}
	choose(false)
	choose(true, mail.ScopeMarketing)
	choose(false, mail.ScopeMarketing)
	wantBlocked(t, s, "ada@example.com", false, true)
	choose(true)
	wantBlocked(t, s, "ada@example.com", false, false)
	// A shopper cannot revert what a provider reported.
	report(t, s, feedback("m1", "ada@example.com", mail.Bounced, mail.Permanent))
	choose(true, mail.ScopeMarketing)
	choose(true)
	wantBlocked(t, s, "ada@example.com", true, true)
	log, err := s.MailAudit(t.Context(), "ada@example.com", 0)
	var actions []string
	for _, a := range log {
		actions = append(actions, a.Actor+" "+a.Action)
	}
	want := []string{"shopper subscribe", "shopper unsubscribe", "shopper subscribe", "shopper unsubscribe"}
	if diff := cmp.Diff(want, actions); diff != "" || err != nil {
		t.Errorf("audit: %v %s", err, diff)
	}
}

func ownList(t *testing.T, s *records.Store) {
	if _, err := s.Prefer(t.Context(), mail.Subscription{Email: "ada@example.com"}, []mail.Scope{mail.Reminders}); err != nil {
		t.Fatal(err)
	}
	wantBlocked(t, s, "ada@example.com", false, true) // of marketing whose list is not known
	for list, want := range map[mail.Scope]bool{mail.Reminders: true, mail.Campaigns: false} {
		if why, err := s.BlockedList(t.Context(), "ada@example.com", list); err != nil || (why != "") != want {
			t.Errorf("%s: %q %v", list, why, err)
		}
	}
}

func operators(t *testing.T, s *records.Store) {
	if err := s.Suppress(t.Context(), "key:ops", "eve@example.com", mail.ScopeMarketing, "asked by phone"); err != nil {
		t.Fatal(err)
	}
	wantBlocked(t, s, "eve@example.com", false, true)
	report(t, s, feedback("m1", "ada@example.com", mail.Bounced, mail.Permanent), feedback("m1", "bob@example.com", mail.Complained, ""))
	for name, tt := range map[string]struct {
		f    mails.SuppressionFilter
		want int
	}{
		"all": {mails.SuppressionFilter{}, 3}, "one address": {mails.SuppressionFilter{Email: "bob@example.com"}, 1},
		"one reason": {mails.SuppressionFilter{Reason: mail.BecauseBounced}, 1}, "a page": {mails.SuppressionFilter{Limit: 2}, 2}, "the next": {mails.SuppressionFilter{Limit: 2, Skip: 2}, 1},
	} {
		if got, err := s.Suppressions(t.Context(), tt.f); err != nil || len(got) != tt.want {
			t.Errorf("%s: %d %v, want %d", name, len(got), err, tt.want)
		}
	}
	if err := s.Unsuppress(t.Context(), "key:ops", "eve@example.com", "", "asked again"); err != nil {
		t.Error(err)
	}
	if err := s.Unsuppress(t.Context(), "key:ops", "eve@example.com", "", "once more"); !errors.Is(err, mails.ErrNotSuppressed) {
		t.Errorf("twice: %v", err)
	}
	if log, err := s.MailAudit(t.Context(), "", 10); err != nil || len(log) != 2 || log[0].Actor != "key:ops" || log[0].Detail != ": asked again" {
		t.Errorf("audit: %+v %v", log, err)
	}
}

func figures(t *testing.T, s *records.Store) {
	id, other := order.NewID(), order.NewID()
	first := sendMail(t, s, id, 1, "p1")
	sendMail(t, s, id, 2, "p2")
	sendMail(t, s, other, 1, "p3")
	report(t, s, feedback("p1", "ada@example.com", mail.Delivered, ""), feedback("p2", "ada@example.com", mail.Bounced, mail.Permanent))
	named := feedback("x", "ada@example.com", mail.Complained, "")
	named.MessageID = first // reported under our own id for it
	report(t, s, named, feedback("p3", "ada@example.com", mail.Bounced, mail.Transient), feedback("p3", "ada@example.com", mail.Delayed, ""))
	report(t, s, feedback("unknown", "ada@example.com", mail.Delivered, ""))
	if _, err := s.Prefer(t.Context(), mail.Subscription{Email: "ada@example.com", Message: first}, []mail.Scope{mail.ScopeMarketing}); err != nil {
		t.Fatal(err)
	}
	got, err := s.MailStats(t.Context(), time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	var total mails.Figures // the day may change while we look
	for _, f := range got {
		total.Add(f)
		total.Provider, total.Template = f.Provider, f.Template
	}
	want := mails.Figures{Provider: "ses", Template: "shipped", Sent: 3, Delivered: 1, Delayed: 1, Bounced: 1, SoftBounced: 1, Complained: 1, Unsubscribed: 1}
	if diff := cmp.Diff(want, total); diff != "" {
		t.Error(diff)
	}
	if none, err := s.MailStats(t.Context(), time.Now().Add(time.Hour), time.Now().Add(2*time.Hour)); err != nil || len(none) != 0 {
		t.Errorf("of tomorrow: %+v %v", none, err)
	}
	list, err := s.FeedbackOf(t.Context(), id)
	if err != nil || len(list) != 4 {
		t.Fatalf("feedback: %+v %v", list, err)
	}
	for _, f := range list {
		if f.MessageID == "" || f.Times != 1 || f.RecordedAt.IsZero() {
			t.Errorf("feedback: %+v", f)
		}
	}
}

func early(t *testing.T, s *records.Store) {
	id := order.NewID()
	report(t, s, feedback("p9", "ada@example.com", mail.Bounced, mail.Permanent)) // SES bounces it before it has answered
	key := sendMail(t, s, id, 1, "p9")
	list, err := s.FeedbackOf(t.Context(), id)
	if err != nil || len(list) != 1 || list[0].MessageID != key {
		t.Errorf("%+v %v", list, err)
	}
	st, err := s.Standings(t.Context(), 100)
	if diff := cmp.Diff([]mail.Standing{{Provider: "ses", Sent: 1, Bounced: 1}}, st); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
}

func pausing(t *testing.T, s *records.Store) {
	id := order.NewID()
	for n := range 20 {
		sendMail(t, s, id, n, fmt.Sprint("p", n))
	}
	report(t, s, feedback("p1", "ada@example.com", mail.Bounced, mail.Permanent), feedback("p2", "ada@example.com", mail.Bounced, mail.Transient))
	report(t, s, feedback("p3", "ada@example.com", mail.Complained, ""), feedback("p3", "bob@example.com", mail.Complained, ""))
	want := func(sent, bounced, complained int64, latest int) {
		t.Helper()
		got, err := s.Standings(t.Context(), latest)
		if err != nil || len(got) != 1 || got[0] != (mail.Standing{Provider: "ses", Sent: sent, Bounced: bounced, Complained: complained}) {
			t.Errorf("latest %d: %+v %v", latest, got, err)
		}
	}
	want(20, 1, 1, 100)
	want(10, 0, 0, 10)
	paused := func(want string) {
		t.Helper()
		if why, err := s.MarketingPaused(t.Context()); err != nil || why != want {
			t.Errorf("paused %q %v, want %q", why, err, want)
		}
	}
	paused("")
	for _, first := range []bool{true, false} {
		if changed, err := s.PauseMarketing(t.Context(), "purser", "too many bounces"); err != nil || changed != first {
			t.Errorf("pause: %t %v", changed, err)
		}
	}
	paused("too many bounces")
	for _, first := range []bool{true, false} {
		if changed, err := s.ResumeMarketing(t.Context(), "key:ops", "list cleaned"); err != nil || changed != first {
			t.Errorf("resume: %t %v", changed, err)
		}
	}
	paused("")
	if got, err := s.Standings(t.Context(), 100); err != nil || len(got) != 0 {
		t.Errorf("after resuming: %+v %v, want a clean slate", got, err)
	}
	sendMail(t, s, id, 21, "p21")
	want(1, 0, 0, 100)
	if changed, err := s.PauseMarketing(t.Context(), "purser", "again"); err != nil || !changed {
		t.Errorf("pause again: %t %v", changed, err)
	}
	if p, err := s.MailPause(t.Context(), mail.Marketing); err != nil || !p.Paused || p.Resumed.IsZero() || p.Actor != "purser" {
		t.Errorf("%+v %v", p, err)
	}
}
