package commands_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestHealthCommand: purser health exits with 0 if the role is ready, and otherwise
// with one line that says what is not.
func TestHealthCommand(t *testing.T) {
	server := func(status int, body string) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/readyz" {
				t.Errorf("it asks %s", r.URL.Path)
			}
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}))
		t.Cleanup(s.Close)
		return s.URL
	}
	ready := server(200, `{"status":"ok"}`)
	unready := server(503, `{"code":"not_ready","detail":"not ready: engine pollers"}`)
	for _, tt := range []struct {
		name   string
		listen string
		args   []string
		code   int
		stdout string
		stderr string // its beginning
	}{
		{name: "ready", args: []string{"--url=" + ready}, stdout: "ready\n"},
		{name: "ready, a slash at the end", args: []string{"--url=" + ready + "/"}, stdout: "ready\n"},
		{name: "by the environment", listen: strings.TrimPrefix(ready, "http://"), stdout: "ready\n"},
		{name: "all addresses", listen: strings.Replace(strings.TrimPrefix(ready, "http://"), "127.0.0.1", "0.0.0.0", 1), stdout: "ready\n"},
		{name: "all addresses of both kinds", listen: strings.Replace(strings.TrimPrefix(ready, "http://"), "127.0.0.1", "", 1), stdout: "ready\n"},
		{name: "not ready", args: []string{"--url=" + unready}, code: 1, stderr: "purser: not ready: engine pollers\n"},
		{name: "a proxy's page", args: []string{"--url=" + server(502, "<html>")}, code: 1, stderr: "purser: not ready: 502 Bad Gateway\n"},
		{name: "nothing listens", args: []string{"--url=http://127.0.0.1:1"}, code: 1, stderr: "purser: not ready: Get \"http://127.0.0.1:1/readyz\": dial tcp 127.0.0.1:1: connect: connection refused\n"},
		{name: "no URL", args: []string{"--url=127.0.0.1:8080"}, code: 2, stderr: "purser: --url \"127.0.0.1:8080\": want http://host:port\n"},
		{name: "a port that is not known", listen: "127.0.0.1:0", code: 2, stderr: "purser: PURSER_LISTEN \"127.0.0.1:0\": want host:port"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.listen != "" {
				t.Setenv("PURSER_LISTEN", tt.listen)
			}
			code, stdout, stderr := typed(t.Context(), append([]string{"health"}, tt.args...)...)
			if code != tt.code || stdout != tt.stdout || !strings.HasPrefix(stderr, tt.stderr) || strings.Count(stdout+stderr, "\n") != 1 {
				t.Errorf("exit code %d, %q, %q", code, stdout, stderr)
			}
		})
	}
}

// TestListenDefaults: each role listens on a port of its own, so that all of them can
// run on one machine.
func TestListenDefaults(t *testing.T) {
	for command, want := range map[string]string{"api": "127.0.0.1:8080", "up": "127.0.0.1:8080", "worker": "127.0.0.1:8081", "sandbox": "127.0.0.1:8090", "health": "127.0.0.1:8080"} {
		if _, help, _ := typed(t.Context(), command, "--help"); !strings.Contains(strings.Join(strings.Fields(help), " "), `--listen="`+want+`"`) {
			t.Errorf("%s does not listen on %s:\n%s", command, want, help)
		}
	}
}
