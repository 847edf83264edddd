package process

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestBalance: the servers get the requests in turn; a server that is down costs its
// turns, and the other one gets no more than its own.
func TestBalance(t *testing.T) {
	var servers []*httptest.Server
	var addresses []string
	for _, name := range []string{"first", "second"} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, name) }))
		t.Cleanup(s.Close)
		servers, addresses = append(servers, s), append(addresses, s.Listener.Addr().String())
	}
	b, err := balance(addresses)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.close() })
	ask := func() string {
		resp, err := http.Post(b.url+"/v1/orders", "application/json", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		said, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != http.StatusOK {
			return resp.Status
		}
		return string(said)
	}
	count := func() map[string]int {
		got := map[string]int{}
		for range 6 {
			got[ask()]++
		}
		return got
	}
	if got := count(); got["first"] != 3 || got["second"] != 3 {
		t.Errorf("both up: %v", got)
	}
	servers[0].Close()
	if got := count(); got["502 Bad Gateway"] != 3 || got["second"] != 3 {
		t.Errorf("one down: %v", got)
	}
}
