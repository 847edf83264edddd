package commands_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"purser/order"
)

// TestOrderList: the flags become the API's parameters, days are those of UTC, and
// what cannot be understood is refused before the API is asked.
func TestOrderList(t *testing.T) {
	asked := ""
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		q.Del("limit")
		asked = strings.ReplaceAll(q.Encode(), "%3A", ":")
		_, _ = io.WriteString(w, `{"orders":[]}`)
	}))
	defer s.Close()
	for _, tt := range []struct {
		name  string
		flags []string
		asked string
		says  string
	}{
		{name: "all"},
		{name: "one day", flags: []string{"--from=2026-03-01", "--to=2026-03-01"}, asked: "placedFrom=2026-03-01T00:00:00Z&placedTo=2026-03-02T00:00:00Z"},
		{name: "over the end of a month", flags: []string{"--to=2028-02-29"}, asked: "placedTo=2028-03-01T00:00:00Z"},
		{name: "times", flags: []string{"--from=2026-03-01T09:00:00+01:00", "--to=2026-03-01T09:00:00.5Z"}, asked: "placedFrom=2026-03-01T09:00:00%2B01:00&placedTo=2026-03-01T09:00:00.5Z"},
		{name: "a day to a time", flags: []string{"--from=2026-03-01", "--to=2026-03-01T00:00:01Z"}, asked: "placedFrom=2026-03-01T00:00:00Z&placedTo=2026-03-01T00:00:01Z"},
		{name: "a wait", flags: []string{"--waiting-on=operator", "--status=paid", "--status=shipped"}, asked: "status=paid&status=shipped&waitingOn=operator"},

		{name: "no such day", flags: []string{"--from=2026-02-29"}, says: `--from "2026-02-29": want a day such as 2026-03-01`},
		{name: "another order of the parts", flags: []string{"--to=01.03.2026"}, says: `--to "01.03.2026": want a day`},
		{name: "no time zone", flags: []string{"--from=2026-03-01T09:00:00"}, says: "or a time such as 2026-03-01T09:00:00Z"},
		{name: "a word", flags: []string{"--from=yesterday"}, says: `--from "yesterday"`},
		{name: "backwards", flags: []string{"--from=2026-03-02", "--to=2026-03-01"}, says: "--from 2026-03-02 is not before --to 2026-03-01"},
		{name: "nothing between", flags: []string{"--from=2026-03-01T01:00:00+01:00", "--to=2026-03-01T00:00:00Z"}, says: "is not before"},
		{name: "no such wait", flags: []string{"--waiting-on=nobody"}, says: "--waiting-on must be one of"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			asked = ""
			code, _, stderr := typed(t.Context(), append([]string{"order", "list", "--api-url=" + s.URL}, tt.flags...)...)
			if tt.says == "" && code != 0 || tt.says != "" && (code != 2 || !strings.Contains(stderr, tt.says)) || asked != tt.asked {
				t.Errorf("exit code %d, %q, asked %q; want %q, %q", code, stderr, asked, tt.says, tt.asked)
			}
		})
	}
	for _, on := range order.Waits() {
		if code, _, stderr := typed(t.Context(), "order", "list", "--waiting-on="+on, "--api-url="+s.URL); code != 0 || asked != "waitingOn="+on {
			t.Errorf("%s: exit code %d, %s, asked %q", on, code, stderr, asked)
		}
	}
}

// TestOrderListWaits: the list shows what --waiting-on selects.
func TestOrderListWaits(t *testing.T) {
	api := answering(t, http.StatusOK, "application/json", `{"orders":[
		{"id":"ord_1","status":"shipped","waiting":{"on":"carrier"}},
		{"id":"ord_2","status":"shipped","waiting":{"on":"carrier"},"attention":[{"about":"re_1","why":"it failed"}]},
		{"id":"ord_3","status":"cancelled","attention":[{"about":"re_1","why":"it failed"}]},
		{"id":"ord_4","status":"delivered"}]}`)
	_, out, stderr := typed(t.Context(), "order", "list", "--api-url="+api)
	for i, want := range []string{"carrier", "operator", "operator", ""} {
		lines := strings.Split(out, "\n")
		if len(lines) < 5 || !strings.HasSuffix(strings.TrimRight(lines[i+1], " "), strings.TrimRight("(minor)   "+want, " ")) {
			t.Errorf("order %d: want %q\n%s%s", i+1, want, out, stderr)
		}
	}
}
