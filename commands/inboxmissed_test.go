package commands_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestInboxMissed (WHK-20): the command waits until the search is over, and fails if
// events are gone or cannot be read.
func TestInboxMissed(t *testing.T) {
	const since = `"since":"2026-03-01T00:00:00Z","until":"2026-03-02T00:00:00Z"`
	for _, tt := range []struct {
		name      string
		responses []string
		flags     []string
		code      int
		says      string
	}{
		{name: "found", responses: []string{`{"done":true,` + since + `,"listed":7,"found":2}`}, says: "7 events listed since 2026-03-01T00:00:00Z, 2 had not come\n"},
		{name: "long", responses: []string{`{"done":false}`, `{"done":true,` + since + `,"listed":1,"found":1}`}, says: "1 had not come"},
		{name: "no order", responses: []string{`{"done":true,"listed":0,"found":0}`}, says: "no order yet"},
		{name: "for programs", flags: []string{"--json"}, responses: []string{`{"done":true,` + since + `,"listed":7,"found":2}`}, says: `"found":2`},
		{name: "gone", responses: []string{`{"done":true,` + since + `,"gone":"2026-01-01T00:00:00Z","listed":7,"found":2}`}, code: 1, says: "events from 2026-01-01T00:00:00Z to 2026-03-01T00:00:00Z are not in Stripe's list any more"},
		{name: "unreadable", responses: []string{`{"done":true,` + since + `,"listed":7,"found":2,"unreadable":3}`}, code: 1, says: "3 events could not be read"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodPost || r.URL.Path != "/v1/inbox/missed" || len(tt.responses) == 0 {
					t.Errorf("%s %s", r.Method, r.URL)
				}
				_, _ = io.WriteString(w, tt.responses[0])
				tt.responses = tt.responses[1:]
			}))
			defer s.Close()
			code, stdout, stderr := typed(t.Context(), append([]string{"inbox", "missed", "--api-url=" + s.URL}, tt.flags...)...)
			if code != tt.code || !strings.Contains(stdout+stderr, tt.says) || len(tt.responses) > 0 {
				t.Errorf("exit code %d, %q, %q", code, stdout, stderr)
			}
		})
	}
}
