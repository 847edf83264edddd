package api_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"purser/api"
	"purser/api/apitest"
	"purser/inbox"
	"purser/order"
	"purser/records"
)

// forgetful is a source whose webhooks are genuine and mean nothing.
type forgetful struct{}

func (forgetful) Verify(http.Header, []byte, time.Time) error { return nil }

func (forgetful) Parse([]byte) (order.Delivery, error) {
	return order.Delivery{}, errors.New("not an event")
}

// TestStalledBody (WHK-16, API-2): a body that stops coming is given up within five
// seconds of its last byte, whether or not the address reads it. A slow one that keeps
// coming is taken.
func TestStalledBody(t *testing.T) {
	t.Parallel()
	s := apitest.New(t, func(c *api.Config, store *records.Store) {
		c.Webhooks = &inbox.Handler{Sources: map[string]inbox.Source{"stripe": forgetful{}}, Keeper: store}
	})
	srv := apitest.Serve(t, s)
	dial := func(t *testing.T, line, key, framing string) net.Conn {
		t.Helper()
		conn, err := net.Dial("tcp", srv.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
		auth := ""
		if key != "" {
			auth = "Authorization: Bearer " + key + "\r\n"
		}
		fmt.Fprintf(conn, "%s HTTP/1.1\r\nHost: shop\r\n%sContent-Type: application/json\r\n%s\r\n\r\n", line, auth, framing)
		return conn
	}
	for name, c := range map[string]struct {
		line, key, framing, begin string
		status                    int
	}{
		"an order":                      {line: "POST /v1/orders", key: apitest.ShopKey, framing: "Content-Length: 100", begin: `{"customer":`, status: 408},
		"an order, chunked":             {line: "POST /v1/orders", key: apitest.ShopKey, framing: "Transfer-Encoding: chunked", begin: "5\r\n{\"cus", status: 408},
		"products":                      {line: "PUT /v1/products", key: apitest.OperatorKey, framing: "Content-Length: 100", begin: `{`, status: 408},
		"not a byte":                    {line: "POST /v1/orders", key: apitest.ShopKey, framing: "Content-Length: 100", status: 408},
		"a webhook":                     {line: "POST /webhooks/stripe", framing: "Content-Length: 100", begin: `{"id":`, status: 408},
		"a webhook, chunked":            {line: "POST /webhooks/stripe", framing: "Transfer-Encoding: chunked", begin: "5\r\n{\"id\"", status: 408},
		"that waits to be asked for it": {line: "POST /nowhere", framing: "Content-Length: 100\r\nExpect: 100-continue", status: 404},
		"without a key":                 {line: "POST /v1/orders", framing: "Content-Length: 100", begin: `{`, status: 401},
		"where nobody reads":            {line: "GET /livez", framing: "Content-Length: 100", begin: `{`, status: 200},
		"at no address":                 {line: "POST /nowhere", framing: "Content-Length: 100", begin: `{`, status: 404},
		"at no such provider":           {line: "POST /webhooks/nobody", framing: "Content-Length: 100", begin: `{`, status: 404},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := dial(t, c.line, c.key, c.framing)
			_, _ = io.WriteString(conn, c.begin)
			last := time.Now()
			res, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(res.Body)
			if took := time.Since(last); err != nil || res.StatusCode != c.status || took > 5*time.Second {
				t.Errorf("%v after %s: %d %.300q, want %d", err, took, res.StatusCode, got, c.status)
			}
			if c.status == http.StatusRequestTimeout && !strings.Contains(string(got), `"code":"timeout"`) {
				t.Errorf("got %.600q", got)
			}
		})
	}
	for name, c := range map[string]struct{ line, key, status string }{
		"a slow order":   {line: "POST /v1/orders", key: apitest.ShopKey, status: "422"}, // it is read to its end
		"a slow webhook": {line: "POST /webhooks/stripe", status: "400"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const body = `{"nothing":1}`
			conn := dial(t, c.line, c.key, fmt.Sprintf("Content-Length: %d\r\nConnection: close", len(body)))
			pace := time.NewTicker(500 * time.Millisecond)
			defer pace.Stop()
			for i := range body {
				<-pace.C
				if _, err := io.WriteString(conn, body[i:i+1]); err != nil {
					t.Fatal(err)
				}
			}
			if got, err := io.ReadAll(conn); err != nil || !strings.HasPrefix(string(got), "HTTP/1.1 "+c.status) {
				t.Errorf("%v %.300q, want %s", err, got, c.status)
			}
		})
	}
}
