package check

import (
	"slices"
	"testing"
)

// TestReady (DOC-1): an installation that is ready for customers has no problem and no
// warning; the same settings with one that is not are no longer ready.
func TestReady(t *testing.T) {
	w := newWorld(t)
	w.startAPI(t)
	report := Run(t.Context(), w.parsed(t, nil), w.options)
	for _, l := range report.Lines {
		if l.Status != OK {
			t.Errorf("%s %s: %s", l.Status, l.Name, l.Text())
		}
	}
	if !report.OK || !report.Live || report.Role != Fleet || len(report.Lines) < 20 {
		t.Errorf("got %+v", report)
	}
	report = Run(t.Context(), w.parsed(t, map[string]string{"api-keys": "", "stripe-key": "sk_test_1"}), w.options)
	if names := report.Problems(); report.OK || !slices.Equal(names, []string{"API keys", "Stripe"}) {
		t.Errorf("problems %q", names)
	}
}
