package commands_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestCaseCommands (REC-7): cases are listed, shown with the command for each choice, and
// decided; a proposal says that another person must approve it.
func TestCaseCommands(t *testing.T) {
	t.Parallel()
	const found = `{"id":"ord_1-x","kind":"hold_payment","orderId":"ord_1","why":"the amounts differ","record":"29.00 EUR","provider":"2.90 EUR",
		"amount":{"amount":2900,"currency":"EUR"},"choices":["release","void"],"status":"open","openedAt":"2026-03-02T10:00:00Z","dueAt":"2026-03-03T10:00:00Z",
		"notes":[{"at":"2026-03-02T11:00:00Z","who":"key:bo","text":"called"}]%s}`
	var got []string
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = append(got, r.Method+" "+r.URL.RequestURI()+" "+string(body))
		w.Header().Set("Content-Type", "application/json")
		switch {
		case r.URL.Path == "/v1/cases":
			fmt.Fprintf(w, `{"cases":[`+found+`],"nextCursor":"next"}`, "")
		case strings.HasSuffix(r.URL.Path, "/decide"):
			w.WriteHeader(http.StatusAccepted)
			fmt.Fprintf(w, found, `,"proposal":{"choice":"void","who":"key:ada","why":"a mistake","at":"2026-03-02T12:00:00Z"}`)
		default:
			fmt.Fprintf(w, found, "")
		}
	}))
	t.Cleanup(api.Close)
	for _, tt := range []struct {
		args []string
		sent string
		says []string
	}{
		{[]string{"list", "--overdue", "--kind=hold_payment"}, "GET /v1/cases?kind=hold_payment&limit=20&overdue=true&status=open ", []string{"ord_1-x", "29.00 EUR", "--cursor next"}},
		{[]string{"list", "--status=all", "--json"}, "GET /v1/cases?limit=20 ", []string{`"nextCursor":"next"`}},
		{[]string{"show", "ord_1-x"}, "GET /v1/cases/ord_1-x ", []string{"2.90 EUR", "key:bo: called", `purser case decide ord_1-x void --reason=""`, "a person is reminded"}},
		{[]string{"take", "ord_1-x"}, "POST /v1/cases/ord_1-x/take {}", []string{"ord_1-x"}},
		{[]string{"take", "ord_1-x", "--assignee=ada"}, `POST /v1/cases/ord_1-x/take {"assignee":"ada"}`, nil},
		{[]string{"note", "ord_1-x", "called"}, `POST /v1/cases/ord_1-x/note {"text":"called"}`, nil},
		{[]string{"decide", "ord_1-x", "void", "--reason=a mistake"}, `POST /v1/cases/ord_1-x/decide {"choice":"void","reason":"a mistake"}`, []string{"void by key:ada: a mistake; another person must approve it"}},
	} {
		got = nil
		code, out, stderr := typed(t.Context(), append(append([]string{"case"}, tt.args...), "--api-url="+api.URL)...)
		if code != 0 || strings.Join(got, ", ") != tt.sent {
			t.Errorf("%v: exit code %d, sent %q: %s", tt.args, code, got, stderr)
		}
		for _, part := range tt.says {
			if !strings.Contains(out, part) {
				t.Errorf("%v: %q is not in %s", tt.args, part, out)
			}
		}
	}
}
