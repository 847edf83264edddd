package mail_test

import (
	"strings"
	"testing"

	"purser/mail"
)

// TestJudge proves BNC-4, F46 and N8: marketing pauses before the provider's
// limits are reached.
func TestJudge(t *testing.T) {
	for _, tt := range []struct {
		name                      string
		sent, bounced, complained int64
		with                      mail.Tolerance
		stop                      string
	}{
		{name: "nothing sent", with: mail.Tolerance{}},
		{name: "few", sent: 499, bounced: 400, complained: 400, with: mail.Tolerance{}},
		{name: "clean", sent: 10_000, with: mail.Tolerance{}},
		{name: "3.99 % bounces", sent: 10_000, bounced: 399, with: mail.Tolerance{}},
		{name: "4 % bounces", sent: 10_000, bounced: 400, with: mail.Tolerance{}, stop: "4.000 %"},
		{name: "0.07 % complaints", sent: 10_000, complained: 7, with: mail.Tolerance{}},
		{name: "0.08 % complaints", sent: 10_000, complained: 8, with: mail.Tolerance{}, stop: "0.080 %"},
		{name: "one complaint of few", sent: 500, complained: 1, with: mail.Tolerance{}},
		{name: "two", sent: 500, complained: 2, with: mail.Tolerance{}, stop: "0.400 %"},
		{name: "a smaller share", sent: 10_000, bounced: 100, with: mail.Tolerance{Share: 20}, stop: "20 %"},
		{name: "another provider's limits", sent: 10_000, bounced: 200, with: mail.Tolerance{Bounces: 20_000}, stop: "2.000 %"},
	} {
		why := tt.with.Judge(mail.Standing{Provider: "ses", Sent: tt.sent, Bounced: tt.bounced, Complained: tt.complained})
		if (why == "") != (tt.stop == "") || !strings.Contains(why, tt.stop) {
			t.Errorf("%s: %q, want %q", tt.name, why, tt.stop)
		}
	}
}
