package mail_test

import (
	"strings"
	"testing"

	"purser/mail"
)

// TestJudge (BNC-4, F46, N8): marketing stops before the provider's limits do.
func TestJudge(t *testing.T) {
	for _, tt := range []struct {
		name                      string
		sent, bounced, complained int64
		with                      mail.Tolerance
		stop                      string
	}{
		{"nothing sent", 0, 0, 0, mail.Tolerance{}, ""},
		{"few", 499, 400, 400, mail.Tolerance{}, ""},
		{"clean", 10_000, 0, 0, mail.Tolerance{}, ""},
		{"3.99 % bounces", 10_000, 399, 0, mail.Tolerance{}, ""},
		{"4 % bounces", 10_000, 400, 0, mail.Tolerance{}, "4.000 %"},
		{"0.07 % complaints", 10_000, 0, 7, mail.Tolerance{}, ""},
		{"0.08 % complaints", 10_000, 0, 8, mail.Tolerance{}, "0.080 %"},
		{"one complaint of few", 500, 0, 1, mail.Tolerance{}, ""},
		{"two", 500, 0, 2, mail.Tolerance{}, "0.400 %"},
		{"a smaller share", 10_000, 100, 0, mail.Tolerance{Share: 20}, "20 %"},
		{"another provider's limits", 10_000, 200, 0, mail.Tolerance{Bounces: 20_000}, "2.000 %"},
	} {
		why := tt.with.Judge(mail.Standing{Provider: "ses", Sent: tt.sent, Bounced: tt.bounced, Complained: tt.complained})
		if (why == "") != (tt.stop == "") || !strings.Contains(why, tt.stop) {
			t.Errorf("%s: %q, want %q", tt.name, why, tt.stop)
		}
	}
}
