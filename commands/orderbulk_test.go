package commands_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"purser/api/apitest"
	"purser/commands"
	"purser/order"
)

// bulkShop returns an API, and a function that types a command on many orders.
func bulkShop(t *testing.T) (*apitest.Shop, func(ctx context.Context, args ...string) (code int, stdout, stderr string)) {
	t.Helper()
	s := apitest.New(t)
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return s, func(ctx context.Context, args ...string) (int, string, string) {
		return typed(ctx, append(append([]string{"order", "bulk"}, args...), "--api-url="+server.URL, "--key="+apitest.OperatorKey)...)
	}
}

// interrupter interrupts a command as soon as it says what follows the bulk.
type interrupter struct {
	bytes.Buffer
	interrupt context.CancelFunc
}

func (w *interrupter) Write(p []byte) (int, error) {
	n, err := w.Buffer.Write(p)
	if strings.Contains(w.String(), "follows it again") {
		w.interrupt()
	}
	return n, err
}

// bulkInterrupted types a command on many orders, and interrupts it when the bulk runs.
func bulkInterrupted(t *testing.T, s *apitest.Shop, args ...string) (code int, stderr string) {
	t.Helper()
	server := httptest.NewServer(s)
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	printed := interrupter{interrupt: cancel}
	code = commands.Run(ctx, append(append([]string{"order", "bulk"}, args...), "--api-url="+server.URL, "--key="+apitest.OperatorKey), &bytes.Buffer{}, &printed)
	return code, printed.String()
}

// TestOrderBulk (RES-15): many orders are selected by their ids, a file or a filter, and
// what became of each is listed.
func TestOrderBulk(t *testing.T) {
	t.Parallel()
	s, bulk := bulkShop(t)
	a, b := s.Place(t, "cus_1"), s.Place(t, "cus_2")
	file := filepath.Join(t.TempDir(), "ids")
	if err := os.WriteFile(file, []byte("# recalled\n"+string(b.ID)+"\n\nord_nobody\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, stderr := bulk(t.Context(), "cancel", "--customer=cus_1", "--reason=recalled", "--dry-run")
	if code != 0 || !strings.Contains(out, string(a.ID)+"  possible  the order is placed\n") || !strings.Contains(out, "1 orders, 1 possible") {
		t.Errorf("dry run: exit code %d, %s%s", code, out, stderr)
	}
	code, out, stderr = bulk(t.Context(), "cancel", string(a.ID), "--file="+file, "--reason=recalled")
	if code != 1 || !strings.Contains(stderr, "1 of 3 orders did not take it") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	for _, want := range []string{string(a.ID) + "  done     the order is cancelling\n", string(b.ID) + "  done     the order is cancelling\n", " refused  no such order\n", " done: 3 orders, 2 done, 1 refused\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("want %q in\n%s", want, out)
		}
	}
	if s.Recorded(t, a.ID).Status != order.Cancelling {
		t.Errorf("the order is %s", s.Recorded(t, a.ID).Status)
	}
	if code, out, stderr := bulk(t.Context(), "list", "--limit=1"); code != 0 || !strings.Contains(out, "cancel  done   3 orders, 2 done, 1 refused  key:ops  recalled\n") || !strings.Contains(out, "more: --cursor ") {
		t.Errorf("exit code %d, %s%s", code, out, stderr)
	}
	code, out, _ = bulk(t.Context(), "resolve", "release", string(a.ID), "--reason=go on", "--json")
	var got struct {
		order.Bulk
		Orders []order.BulkOrder
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil || code != 1 || got.Counts.Refused != 1 || len(got.Orders) != 1 || got.Choice != order.ChooseRelease {
		t.Errorf("exit code %d, %s, %v", code, out, err)
	}
}

// TestOrderBulk_interrupted: a bulk goes on without its command, and another command
// follows it, or the same one with its key.
func TestOrderBulk_interrupted(t *testing.T) {
	t.Parallel()
	s, bulk := bulkShop(t)
	s.Bulks.Wait = true
	s.Place(t, "cus_1")
	args := []string{"cancel", "--customer=cus_1", "--reason=recalled", "--idempotency-key=k"}
	code, stderr := bulkInterrupted(t, s, args...)
	id, _, _ := strings.Cut(stderr, ":")
	if code != 1 || !strings.HasPrefix(id, "bulk_") || !strings.Contains(stderr, "interrupted: the bulk goes on without the command, 'purser order bulk show "+id+"' follows it") {
		t.Fatalf("exit code %d, %s", code, stderr)
	}
	if err := s.Bulks.Work(t.Context(), order.Bulk{ID: id, BulkRequest: order.BulkRequest{Action: order.BulkCancel, Reason: "recalled"}}, 0); err != nil {
		t.Fatal(err)
	}
	for _, again := range [][]string{{"show", id}, args} {
		if code, out, stderr := bulk(t.Context(), again...); code != 0 || !strings.Contains(out, id+" done: 1 orders, 1 done") {
			t.Errorf("%q: exit code %d, %s%s", again, code, out, stderr)
		}
	}
}

// TestOrderBulk_stop: a bulk that is stopped says which orders it left.
func TestOrderBulk_stop(t *testing.T) {
	t.Parallel()
	s, bulk := bulkShop(t)
	s.Bulks.Wait = true
	s.Place(t, "cus_1")
	_, stderr := bulkInterrupted(t, s, "refund", "--all", "--customer=cus_1", "--reason=recalled")
	id, _, _ := strings.Cut(stderr, ":")
	code, out, stderr := bulk(t.Context(), "stop", id, "--reason=enough")
	if code != 0 || !strings.Contains(out, id+" stopped: 1 orders, 1 due\n") {
		t.Errorf("exit code %d, %s%s", code, out, stderr)
	}
}

// TestOrderBulk_refusals: a command that cannot be meant sends nothing, or prints the
// API's reason.
func TestOrderBulk_refusals(t *testing.T) {
	t.Parallel()
	s, bulk := bulkShop(t)
	for _, tt := range []struct {
		args []string
		code int
		says string
	}{
		{args: []string{"cancel", "--reason=r"}, code: 2, says: "say which orders"},
		{args: []string{"cancel", "ord_1"}, code: 2, says: "--reason"},
		{args: []string{"cancel", "ord_1", "--customer=cus_1", "--reason=r"}, code: 2, says: "not both"},
		{args: []string{"cancel", "--from=tomorrow", "--reason=r"}, code: 2, says: "--from"},
		{args: []string{"cancel", "--file=missing", "--reason=r"}, code: 1, says: "missing"},
		{args: []string{"refund", "ord_1", "--reason=r"}, code: 2, says: "--all"},
		{args: []string{"resolve", "maybe", "ord_1", "--reason=r"}, code: 2, says: "release"},
		{args: []string{"cancel", "--customer=nobody", "--reason=r"}, code: 1, says: "the selection has no order (422 empty_selection)"},
		{args: []string{"show", "bulk_none"}, code: 1, says: "no such bulk (404 not_found)"},
	} {
		if code, out, stderr := bulk(t.Context(), tt.args...); code != tt.code || out != "" || !strings.Contains(stderr, tt.says) {
			t.Errorf("%q: exit code %d, %s%s, want %d %s", tt.args, code, out, stderr, tt.code, tt.says)
		}
	}
	if len(s.Bulks.Started) > 0 {
		t.Errorf("started %q", s.Bulks.Started)
	}
}
