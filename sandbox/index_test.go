package sandbox

import (
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"purser/sandbox/faults"
	"purser/sandbox/stripe"
)

// TestIndex opens the sandbox's page: it names each stand-in that runs, each link on
// it leads somewhere, and each way to pay stands on it.
func TestIndex(t *testing.T) {
	s, srv := build(t, t.TempDir())
	if err := s.Faults.Add(faults.Fault{Provider: "carrier", Do: faults.Slow}); err != nil {
		t.Fatal(err)
	}
	code, raw := call(t, http.MethodGet, srv.URL+"/", "", "")
	shown := html.UnescapeString(raw)
	if code != http.StatusOK || !strings.Contains(shown, "there are 1.") || !strings.Contains(shown, "168h0m0s") {
		t.Fatalf("%d %s", code, shown)
	}
	for _, want := range []string{"stripe", "carrier", "ses", "search"} {
		if !strings.Contains(shown, "<td>"+want+"<td>") {
			t.Errorf("the page does not name the stand-in %q", want)
		}
	}
	if strings.Contains(shown, "<td>s3<td>") {
		t.Error("the page names a stand-in that does not run")
	}
	links := regexp.MustCompile(`href="(/[^"]*)"`).FindAllStringSubmatch(shown, -1)
	if len(links) < 8 {
		t.Errorf("%d links", len(links))
	}
	for _, l := range links {
		if code, body := call(t, http.MethodGet, srv.URL+l[1], "", ""); code != http.StatusOK || body == "" {
			t.Errorf("%s: %d", l[1], code)
		}
	}
	for _, m := range stripe.TestMethods {
		if !strings.Contains(shown, "<td>"+m.Name+"<td class=\"number\">"+m.Number+"<td><code>"+m.Method+"</code>") {
			t.Errorf("the page does not name %s", m.Name)
		}
	}
	for _, example := range regexp.MustCompile(`-d '(\{.*\})'`).FindAllStringSubmatch(shown, -1) {
		if code, body := call(t, http.MethodPost, srv.URL+"/sandbox/faults", "", example[1]); code != http.StatusCreated {
			t.Errorf("the example %s: %d %s", example[1], code, body)
		}
	}
	if n := len(s.Faults.List().Faults); n != 3 {
		t.Errorf("%d rules after the examples, want 3", n)
	}
}
