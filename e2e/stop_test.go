package e2e_test

import (
	"net"
	"strings"
	"testing"

	"purser/order"
	"purser/shop"
)

// TestStopAndGo stops the program with orders at every stage; after the next start
// each order continues where it was.
func TestStopAndGo(t *testing.T) {
	t.Parallel()
	s := newStack(t, nil, "--ask-after=1s", "--sandbox-pace=1s")
	var unpaid, paid, shipped []shop.Placed
	for range 3 {
		unpaid = append(unpaid, s.place(t, wish("mug-blue", 1, "EUR"), ""))
		paid = append(paid, s.place(t, wish("mug-blue", 1, "EUR"), ""))
		shipped = append(shipped, s.place(t, wish("mug-blue", 1, "EUR"), ""))
	}
	for _, p := range shipped {
		s.pay(t, p, "pm_card_visa")
	}
	s.until(t, shipped[0].ID, order.ParcelWasShipped)
	for _, p := range paid {
		s.pay(t, p, "pm_card_visa")
	}
	if code := s.interrupt(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if lines := complaints(s.log.String()); len(lines) > 0 {
		t.Errorf("while stopping, it prints %q", lines)
	}
	s.start()
	for _, p := range unpaid {
		s.pay(t, p, "pm_card_visa")
	}
	seen := ends{}
	for _, list := range [][]shop.Placed{unpaid, paid, shipped} {
		for _, p := range list {
			s.follow(t, p.ID)
			seen[p.ID] = order.Delivered
		}
	}
	s.audit(t, seen)
}

// TestSecondInstance: a second instance on the same data directory does not start,
// and does not harm the first.
func TestSecondInstance(t *testing.T) {
	t.Parallel()
	s := newStack(t, nil)
	code, _, stderr := run(t, nil, s.args...)
	if lines := complaints(stderr); code != 1 || len(lines) != 1 || !strings.Contains(lines[0], "already running on "+s.dir) {
		t.Errorf("exit code %d, %q", code, lines)
	}
	if o, err := s.buy(within(t), wish("mug-blue", 1, "EUR"), ""); err != nil || o.Status != order.Delivered {
		t.Errorf("the first one is harmed: %s, %v", o.Status, err)
	}
}

func TestTakenPort(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, port, _ := net.SplitHostPort(taken.Addr().String())
	for _, flag := range []string{"--listen=127.0.0.1:" + port, "--sandbox-port=" + port, "--temporal-port=" + port, "--ui-port=" + port} {
		t.Run(strings.SplitN(flag, "=", 2)[0], func(t *testing.T) {
			code, _, stderr := run(t, nil, append(append([]string{"up", "--data=" + t.TempDir()}, anyPort...), flag)...)
			lines := complaints(stderr)
			if code != 1 || len(lines) != 1 || !strings.Contains(stderr, port) {
				t.Errorf("exit code %d, %q", code, lines)
			}
			if n := strings.Count(strings.TrimSpace(stderr), "\n") + 1; n != 1 {
				t.Errorf("%d lines:\n%s", n, stderr)
			}
		})
	}
}

func TestBadUsage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		env  []string
		args []string
	}{
		{name: "unknown flag", args: []string{"up", "--nonsense"}},
		{name: "unknown command", args: []string{"fly"}},
		{name: "no command"},
		{name: "port that is not a number", args: []string{"up", "--temporal-port=seven"}},
		{name: "log level", args: []string{"up", "--log-level=loud"}},
		{name: "DATABASE_URL", env: []string{"DATABASE_URL=mysql://shop"}, args: []string{"up"}},
		{name: "Stripe without webhook secret", env: []string{"STRIPE_SECRET_KEY=sk_test_1234567890"}, args: []string{"up"}},
		{name: "carrier without key", env: []string{"CARRIER_URL=http://127.0.0.1:1"}, args: []string{"up"}},
		{name: "deadline of zero", env: []string{"PURSER_PAY_WITHIN=0s"}, args: []string{"up"}},
		{name: "value that is not a duration", env: []string{"PURSER_ASK_AFTER=soon"}, args: []string{"up"}},
		{name: "API keys", env: []string{"PURSER_API_KEYS=shop:admin:0123456789abcdef"}, args: []string{"up"}},
		{name: "vault key", env: []string{"PURSER_VAULT_KEY=short"}, args: []string{"up"}},
		{name: "secret in a missing file", env: []string{"CARRIER_KEY=file:/nowhere/carrier"}, args: []string{"up"}},
		{name: "order line", args: []string{"order", "place", "--line=mug-blue"}},
		{name: "demo with the real Stripe", env: []string{"STRIPE_SECRET_KEY=sk_test_1234567890", "STRIPE_WEBHOOK_SECRETS=whsec_1"}, args: []string{"demo"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			env := append([]string{"PURSER_DATA=" + t.TempDir(), "PURSER_LISTEN=127.0.0.1:0", "PURSER_SANDBOX_PORT=0", "PURSER_TEMPORAL_PORT=0", "PURSER_UI_PORT=-1"}, c.env...)
			code, stdout, stderr := run(t, env, c.args...)
			if code != 2 || stdout != "" {
				t.Errorf("exit code %d, stdout %q", code, stdout)
			}
			if strings.Count(stderr, "\n") != 0 || len(complaints(stderr+"\n")) != 1 {
				t.Errorf("want one line, got:\n%s", stderr)
			}
			if strings.Contains(stderr, "0123456789abcdef") || strings.Contains(stderr, "sk_test") {
				t.Errorf("it prints a secret: %s", stderr)
			}
		})
	}
}
