package commands_test

import (
	"net/http"
	"strings"
	"testing"
)

// TestColour: a pipe gets no colours unless --color asks for them, and colours do not
// move the columns.
func TestColour(t *testing.T) {
	api := answering(t, http.StatusOK, "application/json",
		`{"orders":[{"id":"ord_1","status":"on_hold","total":{"amount":1450,"currency":"EUR"}},{"id":"ord_2","status":"placed","total":{"amount":100,"currency":"EUR"}}]}`)
	refusing := answering(t, http.StatusConflict, "application/problem+json", `{"status":409,"code":"too_late","detail":"the order is delivered"}`)
	const plain = `PLACED                ORDER  STATUS   TOTAL      WAITING FOR
0001-01-01T00:00:00Z  ord_1  on_hold  14.50 EUR  
0001-01-01T00:00:00Z  ord_2  placed   1.00 EUR   
`
	painted := strings.NewReplacer("PLACED                ORDER  STATUS   TOTAL      WAITING FOR", "\x1b[1mPLACED                ORDER  STATUS   TOTAL      WAITING FOR\x1b[0m",
		"on_hold", "\x1b[31mon_hold\x1b[0m").Replace(plain)
	for _, tt := range []struct {
		name, flag, noColor string
		out, complaint      string
	}{
		{name: "by default", out: plain, complaint: "purser: "},
		{name: "auto", flag: "--color=auto", out: plain, complaint: "purser: "},
		{name: "never", flag: "--color=never", out: plain, complaint: "purser: "},
		{name: "always", flag: "--color=always", out: painted, complaint: "\x1b[31mpurser:\x1b[0m "},
		{name: "always, although NO_COLOR is set", flag: "--color=always", noColor: "1", out: painted, complaint: "\x1b[31mpurser:\x1b[0m "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("NO_COLOR", tt.noColor)
			args := func(a ...string) []string {
				if tt.flag != "" {
					a = append(a, tt.flag)
				}
				return a
			}
			if code, out, stderr := typed(t.Context(), args("order", "list", "--api-url="+api)...); code != 0 || out != tt.out {
				t.Errorf("exit code %d, %s\n%q, want\n%q", code, stderr, out, tt.out)
			}
			if _, out, _ := typed(t.Context(), args("order", "list", "--json", "--api-url="+api)...); strings.Contains(out, "\x1b") {
				t.Errorf("JSON has colours: %q", out)
			}
			if code, _, stderr := typed(t.Context(), args("order", "cancel", "ord_1", "--api-url="+refusing)...); code != 1 || stderr != tt.complaint+"the order is delivered (409 too_late)\n" {
				t.Errorf("exit code %d, %q", code, stderr)
			}
		})
	}
	if code, _, stderr := typed(t.Context(), "order", "list", "--color=sometimes"); code != 2 || !strings.Contains(stderr, "--color") {
		t.Errorf("exit code %d, %q", code, stderr)
	}
}
