package commands_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"purser/commands"
	"purser/version"
)

// typed runs a command and returns its exit code and what it printed.
func typed(ctx context.Context, args ...string) (code int, stdout, stderr string) {
	var out, complaint bytes.Buffer
	code = commands.Run(ctx, args, &out, &complaint)
	return code, out.String(), complaint.String()
}

// answering starts an API that responds to every request alike, and returns its
// URL.
func answering(t *testing.T, status int, contentType, body string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// TestComplaints: every error is printed as one line that says what to do, and the
// exit code tells a command that failed (1) from wrong usage (2).
func TestComplaints(t *testing.T) {
	proxy := answering(t, http.StatusBadGateway, "text/html", "<html>Bad gateway</html>")
	elsewhere := answering(t, http.StatusOK, "text/html", "<html>Welcome</html>")
	refusing := answering(t, http.StatusUnauthorized, "application/problem+json", `{"status":401,"code":"unauthorized","detail":"the API key is not known"}`)
	unsent := answering(t, http.StatusOK, "application/json", `{"state":"rejected","why":"no such mailbox"}`)
	t.Setenv("PURSER_DATA", t.TempDir())
	for _, tt := range []struct {
		name string
		args []string
		code int
		says string
	}{
		{name: "no command", code: 2, says: "see purser --help"},
		{name: "unknown command", args: []string{"fly"}, code: 2, says: "see purser --help"},
		{name: "a flag missing", args: []string{"order", "place"}, code: 2, says: "see purser order place --help"},
		{name: "an argument missing", args: []string{"order", "show"}, code: 2, says: "see purser order show --help"},
		{name: "not a number", args: []string{"product", "put", "mug", "--on-hand=x"}, code: 2, says: "see purser product put --help"},
		{name: "no running stack", args: []string{"order", "list"}, code: 1, says: "start 'purser up'"},
		{name: "not an address", args: []string{"order", "list", "--api-url=nonsense"}, code: 2, says: "want http://host"},
		{name: "no server at the address", args: []string{"order", "list", "--api-url=http://127.0.0.1:1"}, code: 1, says: "no response from the API at http://127.0.0.1:1: dial tcp"},
		{name: "a proxy's error", args: []string{"order", "list", "--api-url=" + proxy}, code: 1, says: "purser: 502 Bad Gateway\n"},
		{"not Purser", []string{"order", "list", "--api-url=" + elsewhere}, 1, "cannot read the response of the API at " + elsewhere},
		{name: "not Purser, with a list", args: []string{"mail", "campaign", "list", "--api-url=" + elsewhere}, code: 1, says: "cannot read the response"},
		{name: "a key that is not known", args: []string{"order", "list", "--key=x", "--api-url=" + refusing}, code: 1, says: "(401 unauthorized)"},
		{name: "a mail not sent", args: []string{"mail", "resend", "ord_1", "shipped", "--reason=x", "--json", "--api-url=" + unsent}, code: 1, says: "not sent: rejected: no such mailbox"},
		{name: "a campaign without words", args: []string{"mail", "campaign", "create", "spring"}, code: 2, says: "--words is missing"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, _, stderr := typed(t.Context(), tt.args...)
			if code != tt.code || !strings.Contains(stderr, tt.says) {
				t.Errorf("exit code %d, %q; want %d and %q", code, stderr, tt.code, tt.says)
			}
			if strings.Count(stderr, "\n") != 1 || !strings.HasPrefix(stderr, "purser: ") {
				t.Errorf("want one line, got %q", stderr)
			}
		})
	}
}

// TestInterruptedImport: a person who interrupts the command reads that the import
// goes on, and how to find it.
func TestInterruptedImport(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			interrupt() // Ctrl-C while the command reads the import's state
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"id":"imp_1","state":"reading"}`))
	}))
	defer s.Close()
	file := filepath.Join(t.TempDir(), "products.csv")
	if err := os.WriteFile(file, []byte("sku,name\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, _, stderr := typed(ctx, "product", "import", file, "--api-url="+s.URL)
	if code != 1 || !strings.Contains(stderr, "imp_1 goes on") {
		t.Errorf("exit code %d, %q", code, stderr)
	}
	if code, _, stderr := typed(ctx, "order", "list", "--api-url="+s.URL); code != 1 || stderr != "purser: interrupted\n" {
		t.Errorf("exit code %d, %q", code, stderr)
	}
}

// TestVersion: version, commit and Go version are one line, and a product's
// version can still be named.
func TestVersion(t *testing.T) {
	if code, _, stderr := typed(t.Context(), "product", "put", "mug", "--version=x"); code != 2 || !strings.Contains(stderr, "--version: expected") {
		t.Errorf("exit code %d, %q", code, stderr)
	}
	code, stdout, stderr := typed(t.Context(), "--version")
	if want := "purser " + version.String() + "\n"; code != 0 || stdout != want || stderr != "" {
		t.Errorf("exit code %d, %q, %q; want %q", code, stdout, stderr, want)
	}
}

// TestTables: a list has a heading, also if it is empty, and names the flag that
// asks for the next page.
func TestTables(t *testing.T) {
	none := answering(t, http.StatusOK, "application/json", `{"orders":[]}`)
	if _, out, _ := typed(t.Context(), "order", "list", "--api-url="+none); out != "PLACED  ORDER  STATUS  TOTAL  WAITING FOR\n" {
		t.Errorf("an empty list: %q", out)
	}
	some := answering(t, http.StatusOK, "application/json",
		`{"products":[{"sku":"mug","name":"Mug","price":1450,"currency":"EUR","onHand":3,"options":{}}],"nextAfter":"mug"}`)
	_, out, _ := typed(t.Context(), "product", "list", "--api-url="+some)
	if want := "SKU  NAME  PRICE      ON HAND  \nmug  Mug   14.50 EUR  3        \nmore: --after mug\n"; out != want {
		t.Errorf("got\n%swant\n%s", out, want)
	}
}

// TestSameOutputEachTime: a product's options are printed in a fixed order.
func TestSameOutputEachTime(t *testing.T) {
	api := answering(t, http.StatusOK, "application/json",
		`{"sku":"shirt","name":"Shirt","price":1,"currency":"EUR","options":{"size":"M","colour":"blue","cut":"slim","fit":"loose","length":"long"}}`)
	_, out, _ := typed(t.Context(), "product", "show", "shirt", "--api-url="+api)
	last := -1
	for _, name := range []string{"  colour", "  cut", "  fit", "  length", "  size"} {
		i := strings.Index(out, name)
		if i <= last {
			t.Errorf("%q is not where it belongs:\n%s", name, out)
		}
		last = i
	}
}
