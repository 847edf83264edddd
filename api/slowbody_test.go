package api_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"purser/api"
	"purser/api/apitest"
	"purser/api/mails"
	"purser/inbox"
	"purser/mail"
	"purser/records"
)

// TestSlowBody proves WHK-16 and API-2: at every address, a caller who
// announces a body and never sends it gets a response and is cut off, so that
// nobody can hold a connection for ever.
func TestSlowBody(t *testing.T) {
	t.Parallel()
	token := apitest.Links().Token(mail.Subscription{Email: "ada@example.com", List: mail.Campaigns})
	s := apitest.New(t, func(c *api.Config, store *records.Store) {
		c.Mails = &mails.Service{Orders: store, Records: store, Links: apitest.Links(), Latest: 1000}
		c.Webhooks = &inbox.Handler{}
		c.WriteWithin = 200 * time.Millisecond
	})
	srv := apitest.Serve(t, s)
	for line, status := range map[string]string{
		"POST /nowhere":         "404",
		"POST /v1/orders":       "401",
		"GET /livez":            "200",
		"GET /docs":             "200",
		"POST /webhooks/nobody": "404",
		"POST " + mail.UnsubscribePath + "made-up":   "400",
		"POST " + mail.UnsubscribePath + token:       "200", // the link is enough
		"POST " + mail.PreferencesPath + token:       "408",
		"DELETE " + mail.PreferencesPath + "made-up": "405",
	} {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			conn, err := net.Dial("tcp", srv.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
			fmt.Fprintf(conn, "%s HTTP/1.1\r\nHost: shop\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\nx", line)
			got, err := io.ReadAll(conn)
			if err != nil || !strings.HasPrefix(string(got), "HTTP/1.1 "+status) {
				t.Errorf("%v %.200q, want %s and then the end", err, got, status)
			}
		})
	}
}

// hangingPreferences is a record in which writing a preference does not return.
type hangingPreferences struct {
	*records.Store
	*hang
}

func (w hangingPreferences) Prefer(context.Context, mail.Subscription, []mail.Scope) (bool, error) {
	w.block()
	return false, nil
}

// TestFlood_of_readers proves WHK-16 and BNC-6: every recipient of a mail has a
// valid link; however often they follow it, shops and operators are served.
func TestFlood_of_readers(t *testing.T) {
	t.Parallel()
	w := newHang(t)
	s := apitest.New(t, func(c *api.Config, store *records.Store) {
		c.Mails = &mails.Service{Orders: store, Records: hangingPreferences{Store: store, hang: w}, Links: apitest.Links(), Latest: 1000}
		c.Limits.Rest, c.PlaceWait = 4, 20*time.Millisecond
	})
	leave := mail.UnsubscribePath + apitest.Links().Token(mail.Subscription{Email: "ada@example.com", List: mail.Campaigns})
	w.flood(s, 3, "POST", leave, "", "")
	responses := make(chan *apitest.Answer, 1)
	w.all.Go(func() { responses <- s.Ask("POST", leave, "", "") })
	select {
	case a := <-responses:
		if a.Status != http.StatusTooManyRequests || a.Header.Get("Retry-After") == "" {
			t.Errorf("the fourth request: %d %v", a.Status, a.Header)
		}
	case <-w.entered:
		t.Error("the fourth request was admitted")
	}
	for target, key := range map[string]string{"/v1/orders": apitest.OperatorKey, "/v1/mail/open": apitest.OperatorKey} {
		if a := s.Ask("GET", target, key, ""); a.Status != http.StatusOK {
			t.Errorf("%s during the flood: %d %s", target, a.Status, a.Body)
		}
	}
}
