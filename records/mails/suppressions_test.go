package mails_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"purser/mail"
	"purser/records"
	"purser/records/mails"
	"purser/records/recordstest"
)

// TestUnsuppressReasons (BNC-1, BNC-3, BNC-6) checks that only the named reason
// is lifted. Without a name all reasons are lifted, except the reader's own
// choice.
func TestUnsuppressReasons(t *testing.T) {
	recordstest.OnBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		s, ctx := open(t), t.Context()
		const ada = "ada@example.com"
		reasons := func() (all []mail.Reason) {
			found, err := s.SuppressionsOf(ctx, ada)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range found {
				all = append(all, f.Reason)
			}
			slices.Sort(all)
			return all
		}
		suppressAll := func() {
			report(t, s, feedback(fmt.Sprint("m", inboxIDs.Load()), ada, mail.Bounced, mail.Permanent))
			report(t, s, feedback(fmt.Sprint("m", inboxIDs.Load()), ada, mail.Complained, ""))
			if _, err := s.Prefer(ctx, mail.Subscription{Email: ada}, []mail.Scope{mail.Campaigns}); err != nil {
				t.Fatal(err)
			}
			if err := s.Suppress(ctx, "key:ops", ada, mail.ScopeAll, "asked by phone"); err != nil {
				t.Fatal(err)
			}
		}
		suppressAll()
		if err := s.Unsuppress(ctx, "key:ops", ada, "", "repaired"); err != nil {
			t.Fatal(err)
		}
		if got := reasons(); !slices.Equal(got, []mail.Reason{mail.BecauseComplained, mail.BecauseUnsubscribed}) {
			t.Errorf("without a reason it left %v", got)
		}
		if err := s.Unsuppress(ctx, "key:ops", ada, "", "again"); !errors.Is(err, mails.ErrNotSuppressed) {
			t.Errorf("nothing left but the reader's will: %v", err)
		}
		suppressAll()
		left := reasons()
		for _, r := range []mail.Reason{mail.BecauseComplained, mail.BecauseOperator, mail.BecauseUnsubscribed, mail.BecauseBounced} {
			if err := s.Unsuppress(ctx, "key:ops", ada, r, "named"); err != nil {
				t.Errorf("%s: %v", r, err)
			}
			left = slices.DeleteFunc(left, func(l mail.Reason) bool { return l == r })
			if got := reasons(); !slices.Equal(got, left) {
				t.Errorf("after %s: %v, want %v", r, got, left)
			}
		}
	})
}
