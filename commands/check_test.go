package commands_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"purser/stack/check"
)

// TestCheckCommand: purser check prints a line for each part, or one JSON document, and
// its exit code says whether there is a problem.
func TestCheckCommand(t *testing.T) {
	base := []string{"check", "--data=" + t.TempDir(), "--listen=127.0.0.1:0", "--temporal-port=0", "--ui-port=0", "--sandbox-port=0"}
	for _, tt := range []struct {
		name   string
		args   []string
		code   int
		stdout string // a line
		stderr string // its beginning
	}{
		{name: "ready to try", stdout: "ok Stripe the sandbox plays Stripe\n"},
		{name: "not for customers", args: []string{"--live"}, code: 1, stdout: "problem public URL PURSER_PUBLIC_URL is not set: set it to the https address at which Stripe and shoppers reach the API\n", stderr: "purser: problems: API keys, public URL, Stripe, carrier, bucket, search, mail, sender\n"},
		{name: "not for a role of a fleet", args: []string{"--role=api", "--temporal-address=127.0.0.1:1"}, code: 1, stdout: "problem database DATABASE_URL is not set: set it to the Postgres that all roles share: a SQLite file serves one process alone\n", stderr: "purser: problems: vault key, database, Temporal, API keys, sandbox\n"},
		{name: "a wrong setting", args: []string{"--vault-key=1"}, code: 2, stderr: "purser: PURSER_VAULT_KEY: vault key: want 64 hexadecimal digits (see purser check --help)\n"},
		{name: "a wrong role", args: []string{"--role=shop"}, code: 2, stderr: "purser: --role must be one of"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, stdout, stderr := typed(t.Context(), append(slices.Clone(base), tt.args...)...)
			columns := func(s string) string { return strings.Join(strings.Fields(s), " ") + "\n" }
			found := tt.stdout == ""
			for line := range strings.Lines(stdout) {
				found = found || columns(line) == columns(tt.stdout)
			}
			if code != tt.code || !found || !strings.HasPrefix(stderr, tt.stderr) || (tt.stderr == "") != (stderr == "") {
				t.Errorf("exit code %d, %q, %q", code, stdout, stderr)
			}
		})
	}
	code, stdout, _ := typed(t.Context(), append(base, "--live", "--json")...)
	var r check.Report
	if err := json.Unmarshal([]byte(stdout), &r); err != nil || code != 1 || r.OK || !r.Live || r.Role != check.Up || !slices.Contains(r.Problems(), "Stripe") {
		t.Errorf("exit code %d, %v, %+v", code, err, r)
	}
}
