package mails_test

import (
	"fmt"
	"testing"

	"purser/mail"
	"purser/records"
	"purser/records/mails"
	"purser/records/recordstest"
)

// TestSpellings (BNC-1, BNC-6) checks that a suppression applies to every
// spelling of its address, whichever of them it was made, found and lifted with.
func TestSpellings(t *testing.T) {
	spellings := map[string][]string{
		"ada@xn--bcher-kva.example": {"ada@xn--bcher-kva.example", "ada@bücher.example", "Ada@BÜCHER.example", "ada@bu\u0308cher.example"},
		"a..b@docomo.example":       {"a..b@docomo.example", `"a..b"@docomo.example`},
		"jos\u00e9@example.com":     {"jos\u00e9@example.com", "jose\u0301@example.com"},
	}
	recordstest.OnBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		s, ctx := open(t), t.Context()
		number := 0
		check := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		for canonical, all := range spellings {
			for i, made := range all {
				for how, suppress := range map[string]func(){
					"an operator": func() { check(s.Suppress(ctx, "key:ops", made, mail.ScopeAll, "asked")) },
					"a bounce":    func() { report(t, s, feedback(fmt.Sprint("b", number), made, mail.Bounced, mail.Permanent)) },
					"three soft bounces": func() {
						for n := range 3 { // each spelled in another way
							report(t, s, feedback(fmt.Sprint("s", number, n), all[(i+n)%len(all)], mail.Bounced, mail.Transient))
						}
					},
				} {
					number++
					suppress()
					for _, asked := range all {
						if why, err := s.Blocked(ctx, asked, mail.Transactional); err != nil || why == "" {
							t.Errorf("%s suppressed %q: %q is not blocked, %v", how, made, asked, err)
						}
						of, err := s.SuppressionsOf(ctx, asked)
						if err != nil || len(of) != 1 || of[0].Email != canonical {
							t.Errorf("%s suppressed %q: of %q there are %+v, %v", how, made, asked, of, err)
						}
						listed, err := s.Suppressions(ctx, mails.SuppressionFilter{Email: asked})
						if err != nil || len(listed) != 1 || listed[0].Email != canonical {
							t.Errorf("%s suppressed %q: the list for %q is %+v, %v", how, made, asked, listed, err)
						}
					}
					check(s.Unsuppress(ctx, "key:ops", all[len(all)-1-i], "", "repaired"))
					if why, err := s.Blocked(ctx, made, mail.Transactional); err != nil || why != "" {
						t.Errorf("%q is still blocked: %q, %v", made, why, err)
					}
				}
				_, err := s.Prefer(ctx, mail.Subscription{Email: made}, []mail.Scope{mail.Campaigns})
				check(err)
				for _, asked := range all {
					if why, err := s.BlockedList(ctx, asked, mail.Campaigns); err != nil || why == "" {
						t.Errorf("%q has unsubscribed: %q is not blocked, %v", made, asked, err)
					}
				}
				changed, err := s.Prefer(ctx, mail.Subscription{Email: all[len(all)-1-i]}, nil)
				check(err)
				if why, err := s.BlockedList(ctx, made, mail.Campaigns); err != nil || why != "" || !changed {
					t.Errorf("%q has subscribed again: %q, %v", made, why, err)
				}
			}
		}
		if why, err := s.Blocked(ctx, "ada@buecher.example", mail.Transactional); err != nil || why != "" {
			t.Errorf("another domain: %q, %v", why, err)
		}
	})
}
