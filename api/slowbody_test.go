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
	"purser/inbox"
	"purser/mail"
	"purser/records"
)

// TestSlowBody (WHK-16, API-2): a stranger who announces a body and never sends
// it is answered and cut off, whatever it was sent to: nobody holds a connection
// for ever.
func TestSlowBody(t *testing.T) {
	t.Parallel()
	token := links.Token(mail.Subscription{Email: "ada@example.com", List: mail.Campaigns})
	s := setUp(t, func(c *api.Config) {
		c.Mail = &api.MailDesk{Records: c.Records.(*records.Store), Links: links, Latest: 1000}
		c.Webhooks = &inbox.Handler{}
		c.WriteWithin = 200 * time.Millisecond
	})
	srv := serve(t, s)
	for line, status := range map[string]string{
		"POST /nowhere":         "404",
		"POST /v1/orders":       "401",
		"GET /livez":            "200",
		"GET /docs":             "200",
		"POST /webhooks/nobody": "404",
		"POST " + mail.UnsubscribePath + "made-up":   "400",
		"POST " + mail.UnsubscribePath + token:       "200", // the link says it all
		"POST " + mail.PreferencesPath + token:       "400",
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
				t.Errorf("%v %.200q, want %s and the end", err, got, status)
			}
		})
	}
}

// stuckWishes is a record that does not take what readers of mail want.
type stuckWishes struct {
	*records.Store
	*swamp
}

func (w stuckWishes) Prefer(context.Context, mail.Subscription, []mail.Scope) (bool, error) {
	w.wade()
	return false, nil
}

// TestFlood_of_readers (WHK-16, BNC-6): whoever has had a mail has a link that
// holds; however often they follow it, shops and operators are served.
func TestFlood_of_readers(t *testing.T) {
	t.Parallel()
	w := newSwamp(t)
	s := setUp(t, func(c *api.Config) {
		c.Mail = &api.MailDesk{Records: stuckWishes{c.Records.(*records.Store), w}, Links: links, Latest: 1000}
		c.Limits.Rest, c.TurnWithin = 4, 20*time.Millisecond
	})
	leave := mail.UnsubscribePath + links.Token(mail.Subscription{Email: "ada@example.com", List: mail.Campaigns})
	w.flood(s, 3, "POST", leave, "", "")
	answers := make(chan *answer, 1)
	w.all.Go(func() { answers <- s.ask("POST", leave, "", "") })
	select {
	case a := <-answers:
		if a.status != http.StatusTooManyRequests || a.header.Get("Retry-After") == "" {
			t.Errorf("a fourth: %d %v", a.status, a.header)
		}
	case <-w.entered:
		t.Error("a fourth got in")
	}
	for target, key := range map[string]string{"/v1/orders": operatorKey, "/v1/mail/open": operatorKey} {
		if a := s.ask("GET", target, key, ""); a.status != http.StatusOK {
			t.Errorf("%s meanwhile: %d %s", target, a.status, a.body)
		}
	}
}
