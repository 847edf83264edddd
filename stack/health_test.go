package stack

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"purser/api/httpkit"
)

// TestWorkerHealth (HLTH-2): a worker is alive while it starts, and ready only when it
// has started and all its parts work; it names those that do not, and says that it stops
// before anything of it does.
func TestWorkerHealth(t *testing.T) {
	s := newStack(parsed(t, "--log-level=error"))
	var err error
	if s.healthListener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	s.serveHealth()
	ask := func(path string, status int, says string) {
		t.Helper()
		resp, err := http.Get(s.HealthURL() + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != status || !strings.Contains(string(body), says) {
			t.Errorf("%s: %d %s, %v; want %d %s", path, resp.StatusCode, body, err, status, says)
		}
		want := "application/json"
		if status >= 400 {
			want = "application/problem+json"
		}
		if got := resp.Header.Get("Content-Type"); got != want {
			t.Errorf("%s: %s", path, got)
		}
	}
	ask("/livez", http.StatusOK, `{"status":"ok"}`)
	ask("/readyz", http.StatusServiceUnavailable, `"detail":"not ready: starting"`)
	ask("/v1/orders", http.StatusNotFound, `"code":"not_found"`)

	var engine, record error
	asked := make(chan struct{}, 1)
	s.onStop(func() { // a part of the worker stops
		ask("/readyz", http.StatusServiceUnavailable, `"detail":"not ready: stopping"`)
		ask("/livez", http.StatusOK, `{"status":"ok"}`)
		asked <- struct{}{}
	})
	s.setReady([]httpkit.Check{
		{Name: "record", Ask: func(context.Context) error { return record }},
		{Name: "engine", Ask: func(context.Context) error { return engine }},
		s.notStopping(),
	})
	ask("/readyz", http.StatusOK, `{"status":"ok"}`)
	engine, record = errors.New("dial 10.0.0.7: refused"), errors.New("no connection")
	ask("/readyz", http.StatusServiceUnavailable, `"detail":"not ready: record engine"`)
	engine, record = nil, nil
	s.Stop()
	if len(asked) != 1 {
		t.Error("it was not asked while it stopped")
	}
	if _, err := http.Get(s.HealthURL() + "/livez"); err == nil {
		t.Error("it still listens")
	}
}
