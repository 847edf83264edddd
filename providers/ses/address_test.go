package ses_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"purser/activities/porttest"
	"purser/mail"
	"purser/order"
	"purser/providers/ses"
	"purser/sandbox/faults"
	standin "purser/sandbox/ses"
)

// recorded returns a mailer and the recipients of the requests that it has made.
func recorded(t *testing.T) (*ses.Mailer, func() []string) {
	t.Helper()
	s, err := standin.New(standin.Config{AccessKey: "AKIATEST", SecretKey: "secret-key"})
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var to []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body bytes.Buffer
		var in struct {
			Destination struct{ ToAddresses []string }
		}
		if err := json.NewDecoder(io.TeeReader(r.Body, &body)).Decode(&in); err != nil {
			t.Error(err)
		}
		mu.Lock()
		to = append(to, in.Destination.ToAddresses...)
		mu.Unlock()
		r.Body = io.NopCloser(&body)
		s.Handler().ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	return newMailer(t, srv.URL, nil), func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(to)
	}
}

// TestAddresses proves EML-11: SES gets an address in quotes where its dots
// require them, and is not called for one that it cannot send to.
func TestAddresses(t *testing.T) {
	for _, tt := range []struct {
		name, from, to string
		want           string // as SES gets it; "": SES is not called
	}{
		{name: "plain", to: "ada@example.com", want: "ada@example.com"},
		{name: "two dots", to: "aaa..bbb@docomo.example", want: `"aaa..bbb"@docomo.example`},
		{name: "a dot at the end", to: "ccc.@docomo.example", want: `"ccc."@docomo.example`},
		{name: "a domain in Chinese", to: "ada@xn--fsqu00a.example", want: "ada@xn--fsqu00a.example"},
		{name: "not ASCII", to: "用户@xn--fsqu00a.example"},
		{name: "one letter that is not ASCII", to: "josé@example.com"},
		{name: "a sender that is not ASCII", from: "лавка@shop.example", to: "ada@example.com"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			mailer, requests := recorded(t)
			m := porttest.MessageOf(order.NewID(), order.MailShipped)
			m.From.Email, m.To = tt.from, []mail.Address{{Email: tt.to}}
			if err := mailer.CanSend(m); (err == nil) != (tt.want != "") {
				t.Errorf("can send: %v", err)
			}
			_, err := mailer.SendMail(t.Context(), m)
			if tt.want == "" {
				if !errors.Is(err, mail.ErrUnreachable) || !errors.Is(err, order.ErrRejected) || strings.Contains(err.Error(), "@") || len(requests()) != 0 {
					t.Errorf("%v, sent %q", err, requests())
				}
				return
			}
			if to := requests(); err != nil || !slices.Equal(to, []string{tt.want}) {
				t.Errorf("%v, sent to %q, want %s", err, to, tt.want)
			}
		})
	}
}

// TestSenders (EML-11): a sender whose domain is not ASCII sends in the ASCII form of
// the domain; one that SES can never send from is refused at the start.
func TestSenders(t *testing.T) {
	for _, tt := range []struct {
		name, from, replyTo string
		refused             bool
	}{
		{name: "a domain with an umlaut", from: "Müller <bestellung@müller.example>"},
		{name: "a domain with an umlaut in capitals", from: "orders@MÜLLER.example"},
		{name: "a domain in Japanese", from: "orders@例え.example"},
		{name: "replies to a domain in Russian", from: "orders@shop.example", replyTo: "help@лавка.example"},
		{name: "not ASCII before the at sign", from: "jürgen@shop.example", refused: true},
		{name: "replies, not ASCII before the at sign", from: "orders@shop.example", replyTo: "лавка@shop.example", refused: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ses.New(t.Context(), ses.Config{From: tt.from, ReplyTo: tt.replyTo, Region: "eu-central-1", AccessKey: "AKIATEST", SecretKey: "secret-key"})
			if tt.refused {
				if err == nil || strings.Contains(err.Error(), "@") {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			s, err := standin.New(standin.Config{AccessKey: "AKIATEST", SecretKey: "secret-key"})
			if err != nil {
				t.Fatal(err)
			}
			srv := httptest.NewServer(s.Handler())
			t.Cleanup(srv.Close)
			mailer := newMailer(t, srv.URL, func(c *ses.Config) { c.From, c.ReplyTo = tt.from, tt.replyTo })
			m := porttest.MessageOf(order.NewID(), order.MailShipped)
			if _, err := mailer.SendMail(t.Context(), m); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestRefusedQuotes proves EML-11: if SES refuses an address in quotes, the mail
// is rejected for good, so that the order shows at once that it has no mail.
func TestRefusedQuotes(t *testing.T) {
	b := build(t, standin.Config{})
	if err := b.faults.Add(faults.Fault{Times: 1, Do: faults.Status, Status: 400}); err != nil {
		t.Fatal(err)
	}
	m := porttest.MessageOf(order.NewID(), order.MailShipped)
	m.To = []mail.Address{{Email: "aaa..bbb@docomo.example"}}
	if _, err := b.mailer.SendMail(t.Context(), m); !errors.Is(err, order.ErrRejected) || errors.Is(err, mail.ErrUnreachable) {
		t.Errorf("%v", err)
	}
}

var _ interface{ CanSend(mail.Message) error } = (*ses.Mailer)(nil) // the mail router asks for it
