package e2e_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"purser/order"
	"purser/shop"
)

// TestCommands runs the order and inbox commands against a stack.
func TestCommands(t *testing.T) {
	t.Parallel()
	s := newStack(t, nil, "--sandbox-pace=300ms")
	s.sameVersion(t)
	cmd := func(args ...string) (int, string, string) {
		t.Helper()
		return run(t, []string{"PURSER_DATA=" + s.dir}, append([]string{"order"}, args...)...)
	}
	ok := func(into any, args ...string) string {
		t.Helper()
		code, stdout, stderr := cmd(args...)
		if code != 0 {
			t.Fatalf("order %v: exit code %d: %s", args, code, stderr)
		}
		if into != nil {
			if err := json.Unmarshal([]byte(stdout), into); err != nil {
				t.Fatalf("order %v: %v in %s", args, err, stdout)
			}
		}
		return stdout
	}
	refused := func(says string, args ...string) {
		t.Helper()
		code, _, stderr := cmd(args...)
		if lines := complaints(stderr); code != 1 || len(lines) != 1 || !strings.Contains(stderr, says) {
			t.Errorf("order %v: exit code %d: %s", args, code, stderr)
		}
	}

	var p shop.Placed
	ok(&p, "--json", "place", "--line=mug-blue=2", "--line=tea-assam=1", "--idempotency-key=shell-1")
	if p.Total.Amount != 3790 || p.ClientSecret == "" {
		t.Errorf("placed: %+v", p)
	}
	if out := ok(nil, "place", "--line=mug-blue=2", "--line=tea-assam=1", "--idempotency-key=shell-1"); !strings.HasPrefix(out, string(p.ID)+"  awaiting_payment  37.90 EUR\n") {
		t.Errorf("place again: %s", out)
	}
	refused("idempotency_key_reused", "place", "--line=mug-blue=3", "--idempotency-key=shell-1")
	refused("unknown_sku", "place", "--line=nothing=1")

	var o shop.Order
	ok(&o, "--json", "show", string(p.ID))
	if o.ID != p.ID || o.Status != order.AwaitingPayment {
		t.Errorf("show: %+v", o)
	}
	if out := ok(nil, "show", string(p.ID)); !strings.Contains(out, "waiting for") || !strings.Contains(out, "then") {
		t.Errorf("show does not say what the order waits for:\n%s", out)
	}
	refused("not_found", "show", "ord_00000000000000000000000000")

	s.pay(t, p, "pm_card_visa")
	var timeline []order.Kind
	for line := range strings.Lines(ok(nil, "--json", "watch", string(p.ID))) {
		var e shop.Event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		timeline = append(timeline, e.Kind)
	}
	if len(plain(timeline)) != len(goodTimeline) {
		t.Errorf("watch: %v", timeline)
	}
	if out := ok(nil, "watch", string(p.ID)); !strings.Contains(out, "shipped → delivered") {
		t.Errorf("watch:\n%s", out)
	}
	refused("too_late", "cancel", string(p.ID))

	var second shop.Placed
	ok(&second, "--json", "place", "--line=mug-blue=1", "--customer=cust_two")
	ok(&o, "--json", "cancel", string(second.ID), "--reason=no longer wanted")
	if o.Status != order.Cancelled || o.Reason != "no longer wanted" {
		t.Errorf("cancel: %s, %s", o.Status, o.Reason)
	}
	refused("the order is cancelled", "resolve", string(second.ID), "release", "--reason=go on")

	var page struct {
		Orders []shop.Order `json:"orders"`
		Next   string       `json:"nextCursor"`
	}
	ok(&page, "--json", "list", "--limit=1")
	if len(page.Orders) != 1 || page.Orders[0].ID != second.ID || page.Next == "" {
		t.Errorf("list: %+v", page)
	}
	if out := ok(nil, "list", "--limit=1"); !strings.Contains(out, "more: --cursor ") {
		t.Errorf("list does not name the next page:\n%s", out)
	}
	if out := ok(nil, "list", "--limit=1", "--cursor="+page.Next); !strings.Contains(out, string(p.ID)) {
		t.Errorf("second page:\n%s", out)
	}
	if out := ok(nil, "list", "--status=cancelled"); !strings.Contains(out, string(second.ID)) || strings.Contains(out, string(p.ID)) {
		t.Errorf("list --status:\n%s", out)
	}

	inbox(t, s, p.ID)
	s.interrupt()
	refused("no running stack", "list")
}

// inbox lists the events of a delivered order, and has one delivered again
// (REC-8).
func inbox(t *testing.T, s *stack, id order.ID) {
	t.Helper()
	cmd := func(args ...string) (int, string, string) {
		t.Helper()
		return run(t, []string{"PURSER_DATA=" + s.dir}, append([]string{"inbox"}, args...)...)
	}
	var page shop.Reports
	code, out, complaint := cmd("--json", "list", "--order="+string(id), "--state=delivered")
	if err := json.Unmarshal([]byte(out), &page); code != 0 || err != nil || len(page.Items) == 0 {
		t.Fatalf("inbox list: exit code %d: %s%s (%v)", code, out, complaint, err)
	}
	n := fmt.Sprint(page.Items[0].ID)
	if code, out, complaint := cmd("again", n); code != 0 || !strings.HasPrefix(out, n+"  received") || !strings.Contains(out, "sent again by key:local-operator") {
		t.Errorf("inbox again: exit code %d: %s%s", code, out, complaint)
	}
	if code, _, complaint := cmd("again", "999999"); code != 1 || !strings.Contains(complaint, "not_found") {
		t.Errorf("inbox again of an unknown event: exit code %d: %s", code, complaint)
	}
}
