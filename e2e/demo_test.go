package e2e_test

import (
	"bufio"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"purser/order"
	"purser/shop"
)

// goodTimeline is the timeline of an order without problems, except for events
// whose place depends on timing. They come last.
var goodTimeline = []order.Kind{
	order.OrderPlaced, order.StockReserved, order.PaymentReady, order.PaymentWasAuthorized, order.ParcelWasBooked,
	order.PaymentWasCaptured, order.ParcelWasShipped, order.ParcelArrived, order.MailSent, order.MailSent, order.MailSent,
}

// plain leaves out the provider's confirmation, which may arrive at any time, and moves the
// mails to the end, which are sent beside what else happens.
func plain(ks []order.Kind) []order.Kind {
	ks = slices.DeleteFunc(slices.Clone(ks), func(k order.Kind) bool { return k == order.PaymentConfirmed })
	slices.SortStableFunc(ks, func(a, b order.Kind) int {
		switch mail := order.MailSent; {
		case a != mail && b == mail:
			return -1
		case a == mail && b != mail:
			return 1
		}
		return 0
	})
	return ks
}

// demo returns the arguments of the demo command with the carrier's reports half a
// second apart: closer together, they overtake each other on a busy machine, and
// the timeline changes.
func demo(t *testing.T, flags ...string) []string {
	return append(append([]string{"demo", "--once", "--json", "--sandbox-pace=500ms", "--data=" + t.TempDir()}, anyPort...), flags...)
}

func TestDemo(t *testing.T) {
	t.Parallel()
	onOneEngine(t, func(t *testing.T, env []string) {
		code, stdout, stderr := run(t, env, demo(t)...)
		if code != 0 {
			t.Fatalf("exit code %d", code)
		}
		if !strings.Contains(stderr, "ready after ") {
			t.Error("it does not print when it was ready")
		}
		var timeline []shop.Event
		for lines := bufio.NewScanner(strings.NewReader(stdout)); lines.Scan(); {
			var e shop.Event
			if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
				t.Fatalf("not a JSON line: %s", lines.Text())
			}
			timeline = append(timeline, e)
		}
		if diff := cmp.Diff(goodTimeline, plain(kinds(timeline))); diff != "" {
			t.Errorf("the timeline (-want +got):\n%s", diff)
		}
		for i, e := range timeline {
			if e.Seq != int64(i+1) || e.At.IsZero() || e.OrderID != timeline[0].OrderID {
				t.Errorf("line %d: %+v", i+1, e)
			}
		}
	})
}

func TestDemoSaysWhyNot(t *testing.T) {
	t.Parallel()
	onOneEngine(t, func(t *testing.T, env []string) {
		code, _, stderr := run(t, env, demo(t, "--card=pm_card_chargeDeclined")...)
		if code != 1 {
			t.Errorf("exit code %d, want 1", code)
		}
		if lines := complaints(stderr); len(lines) != 1 || !strings.Contains(lines[0], "declined") {
			t.Errorf("want one line with the reason, got %q", lines)
		}
	})
}

// complaints returns the lines in which the program reports an error.
func complaints(stderr string) (lines []string) {
	for line := range strings.Lines(stderr) {
		if strings.HasPrefix(line, "purser: ") {
			lines = append(lines, line)
		}
	}
	return lines
}

// TestDemoWithoutCard: a card that does not exist is reported at once, without
// waiting for a timeline that never comes.
func TestDemoWithoutCard(t *testing.T) {
	t.Parallel()
	code, _, stderr := run(t, nil, demo(t, "--card=pm_card_nonsense")...)
	if lines := complaints(stderr); code != 1 || len(lines) != 1 || !strings.Contains(lines[0], "pm_card_nonsense") {
		t.Errorf("exit code %d, %q", code, lines)
	}
}
