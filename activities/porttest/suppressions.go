package porttest

import (
	"strings"
	"testing"

	"purser/activities/mails"
	"purser/mail"
)

// SuppressionBench is the list of suppressed addresses under test.
type SuppressionBench struct {
	Suppressions mails.Suppressions
	// All blocks every mail to the address, as a hard bounce does; Marketing
	// only marketing, as a complaint and an unsubscribed shopper do.
	All, Marketing func(t *testing.T, email string)
}

// Suppressions checks a Suppressions. setup returns an empty one.
func Suppressions(t *testing.T, setup func(t *testing.T) SuppressionBench) {
	for name, check := range map[string]func(*testing.T, SuppressionBench){
		"BNC-1 a hard bounce blocks everything":                blocksAll,
		"EML-13 unsubscribing blocks marketing only":           blocksMarketing,
		"no other address is blocked":                          blocksNobodyElse,
		"the reason contains no address":                       hidesAddress,
		"a suppression of all mail outweighs one of marketing": blocksBoth,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t, setup(t))
		})
	}
}

func (b SuppressionBench) wantBlocked(t *testing.T, email string, transactional, marketing bool) {
	t.Helper()
	for s, want := range map[mail.Stream]bool{mail.Transactional: transactional, mail.Marketing: marketing} {
		if why, err := b.Suppressions.Blocked(t.Context(), email, s); err != nil || (why != "") != want {
			t.Errorf("%s to %s: %q %v, want blocked: %t", s, email, why, err, want)
		}
	}
}

func blocksAll(t *testing.T, b SuppressionBench) {
	b.All(t, "ada@example.com")
	b.wantBlocked(t, "ada@example.com", true, true)
}

func blocksMarketing(t *testing.T, b SuppressionBench) {
	b.Marketing(t, "ada@example.com")
	b.wantBlocked(t, "ada@example.com", false, true)
}

func blocksNobodyElse(t *testing.T, b SuppressionBench) {
	b.All(t, "ada@example.com")
	b.Marketing(t, "eve@example.com")
	for _, email := range []string{"bob@example.com", "ada@example.co", "aada@example.com"} {
		b.wantBlocked(t, email, false, false)
	}
}

func blocksBoth(t *testing.T, b SuppressionBench) {
	b.Marketing(t, "ada@example.com")
	b.All(t, "ada@example.com")
	b.wantBlocked(t, "ada@example.com", true, true)
}

func hidesAddress(t *testing.T, b SuppressionBench) {
	b.All(t, "ada@example.com")
	if why, err := b.Suppressions.Blocked(t.Context(), "ada@example.com", mail.Transactional); err != nil || strings.Contains(why, "ada") {
		t.Errorf("%q %v", why, err)
	}
}
