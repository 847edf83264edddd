package order_test

import (
	"errors"
	"strings"
	"testing"

	"purser/order"
)

// SEC-7: what is not text does not travel on into mails, labels and logs.
func TestCheckText(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, text string
		ok         bool
	}{
		{"plain", "Jane Doe", true},
		{"accents and scripts", "Zoë Łuczak 山田 مریم", true},
		{"Persian non-joiner", "می\u200cخواهم", true},
		{"Sinhala joiner", "ක්\u200dෂ", true},
		{"as long as may be", strings.Repeat("é", 20), true},
		{"too long", strings.Repeat("é", 21), false},
		{"blank", " \t", false},
		{"newline", "a\nb", false},
		{"zero byte", "a\x00b", false},
		{"C1 control", "a\u0085b", false},
		{"right-to-left override", "a\u202eb", false},
		{"isolate", "a\u2066b", false},
		{"zero-width space mark", "a\ufeffb", false},
		{"soft hyphen", "a\u00adb", false},
		{"tag", "a\U000e0041b", false},
		{"line separator", "a\u2028b", false},
		{"paragraph separator", "a\u2029b", false},
		{"broken UTF-8", "a\xffb", false},
	} {
		err := order.CheckText("name", tc.text, true, 20)
		if (err == nil) != tc.ok || err != nil && !errors.Is(err, order.ErrInvalid) {
			t.Errorf("%s: got %v, want ok %t", tc.name, err, tc.ok)
		}
	}
	if err := order.CheckText("line2", "", false, 20); err != nil {
		t.Errorf("left out: %v", err)
	}
}
