package commands_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
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

// file writes a file and returns its path.
func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file.json")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
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
		{name: "settings of the search that are no JSON", args: []string{"search", "settings", "--set=" + file(t, "{"), "--api-url=" + refusing}, code: 2, says: "want the settings of the search as JSON"},
		{name: "settings of the search with a field that there is not", args: []string{"search", "settings", "--set=" + file(t, `{"synonym":[]}`), "--api-url=" + refusing}, code: 2, says: "unknown field \"synonym\""},
		{name: "two settings of the search", args: []string{"search", "settings", "--set=" + file(t, "{}{}"), "--api-url=" + refusing}, code: 2, says: "more than one JSON value"},
		{name: "no file of settings", args: []string{"search", "settings", "--set=/never", "--api-url=" + refusing}, code: 1, says: "/never: no such file"},
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

// TestSearchCommands: words are searched for without the name of a command, a value
// may have a comma, and the settings that were printed can be set again.
func TestSearchCommands(t *testing.T) {
	var got []string
	version := int64(7)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = append(got, strings.TrimSpace(strings.Join([]string{r.Method, r.URL.String(), r.Header.Get("If-Match"), string(body)}, " ")))
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/v1/search" {
			_, _ = w.Write([]byte(`{"hits":[],"total":3,"page":1,"facets":{"brand":{"a, b":2},"tags":{"x":1}},"cutFacets":["tags"]}`))
			return
		}
		_, _ = fmt.Fprintf(w, `{"synonyms":[["mug","cup"]],"fields":["name"],"version":%d,"applied":true}`, version)
	}))
	t.Cleanup(s.Close)
	for _, tt := range []struct {
		args        []string
		sends, says string
	}{
		{args: []string{"search", "tea", "mug"}, sends: "GET /v1/search?page=1&perPage=20&q=tea+mug", says: "tags:  x 1  and others that are not listed\n"},
		{args: []string{"search", "products", "settings"}, sends: "GET /v1/search?page=1&perPage=20&q=settings", says: "brand:  a, b 2\n"},
		{args: []string{"search", "--brand=a, b", "--brand", `c\`, "--tag=x,y"}, sends: "GET /v1/search?brand=a%2C+b&brand=c%5C&page=1&perPage=20&tag=x%2Cy", says: "3 found"},
		{args: []string{"search", "settings"}, sends: "GET /v1/search/settings", says: `"version": 7`},
		{
			args:  []string{"search", "settings", "--set=" + file(t, `{"stopWords":["the"]}`)},
			sends: `PUT /v1/search/settings  {"stopWords":["the"]}`, says: `"applied": true`,
		},
		{
			args:  []string{"search", "settings", "--set=" + file(t, `{"synonyms":[["mug","cup"]],"version":7,"applied":true,"changedBy":"key:ops"}`)},
			sends: `PUT /v1/search/settings "7" {"synonyms":[["mug","cup"]]}`, says: `"mug"`,
		},
	} {
		got = nil
		code, stdout, stderr := typed(t.Context(), append(tt.args, "--api-url="+s.URL)...)
		if code != 0 || len(got) != 1 || got[0] != tt.sends || !strings.Contains(stdout, tt.says) {
			t.Errorf("%q: %d %s; sent %q, want %q; printed %q, want %q", tt.args, code, stderr, got, tt.sends, stdout, tt.says)
		}
	}
}
