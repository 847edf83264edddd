package smtp_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"purser/activities/mails"
	"purser/activities/porttest"
	"purser/mail"
	"purser/order"
	"purser/providers/smtp"
	standin "purser/sandbox/smtp"
)

var _ mails.Mailer = (*smtp.Mailer)(nil)

// certificate is a certificate for 127.0.0.1 with its issuer.
func certificate(t *testing.T) (server, client *tls.Config) {
	t.Helper()
	s := httptest.NewTLSServer(nil)
	t.Cleanup(s.Close)
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	return &tls.Config{Certificates: s.TLS.Certificates}, &tls.Config{RootCAs: pool}
}

// relay runs a sandbox and returns the adapter's settings for it.
func relay(t *testing.T, c standin.Config) (*standin.Server, smtp.Config) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := standin.New(c)
	s.Start(l)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("relay: %v", err)
		}
	})
	return s, smtp.Config{
		From: "Mugs & More <orders@shop.example>", Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port,
		User: c.User, Password: c.Password, TLS: smtp.None, Timeout: 5 * time.Second,
	}
}

func mailer(t *testing.T, c smtp.Config) *smtp.Mailer {
	t.Helper()
	m, err := smtp.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// counts returns the relay's own counts, by our id (EML-9).
func counts(s *standin.Server) map[string]int {
	all := map[string]int{}
	for id, n := range s.Counts() {
		all[mail.FromWireID(id)] += n
	}
	return all
}

func TestConformance(t *testing.T) {
	for name, way := range map[string]smtp.Security{"without TLS": smtp.None, "STARTTLS": smtp.StartTLS, "TLS": smtp.TLS} {
		t.Run(name, func(t *testing.T) {
			porttest.Mailer(t, func(t *testing.T) porttest.MailBench {
				var at standin.Config
				at.User, at.Password = "shop", "s3cret"
				var trust *tls.Config
				if way != smtp.None {
					at.TLS, trust = certificate(t)
					at.Implicit = way == smtp.TLS
				}
				s, c := relay(t, at)
				c.TLS, c.TLSConfig = way, trust
				return porttest.MailBench{
					Mailer: mailer(t, c),
					Counts: func() map[string]int { return counts(s) },
					FailNext: func(_ *testing.T, kind error) {
						s.AddFault(map[error]standin.Fault{
							order.ErrUnknownOutcome: {At: standin.AfterEnd, Times: 1},
							order.ErrThrottled:      {At: standin.RcptTo, Code: 450, Enhanced: [3]int{4, 2, 1}, Times: 1},
							order.ErrRejected:       {At: standin.BeforeEnd, Code: 554, Enhanced: [3]int{5, 6, 0}, Times: 1},
							order.ErrDenied:         {At: standin.MailFrom, Code: 530, Enhanced: [3]int{5, 7, 0}, Times: 1},
						}[kind])
					},
				}
			})
		})
	}
}

// TestFaults (EML-4, F39, F42, RES-1) checks at each moment what a refusal, a
// throttle or a hang-up of the relay means.
func TestFaults(t *testing.T) {
	for _, tt := range []struct {
		name  string
		fault standin.Fault
		want  error
		code  string
		sent  int
	}{
		{name: "closing at hello", fault: standin.Fault{At: standin.Hello, Code: 421, Enhanced: [3]int{4, 3, 2}}, want: order.ErrUnavailable, code: "421 4.3.2"},
		{name: "too many connections", fault: standin.Fault{At: standin.Hello, Code: 421, Enhanced: [3]int{4, 7, 0}}, want: order.ErrThrottled, code: "421 4.7.0"},
		{name: "service denied", fault: standin.Fault{At: standin.Hello, Code: 554, Enhanced: [3]int{5, 3, 2}}, want: order.ErrDenied, code: "554 5.3.2"},
		{name: "disconnected at hello", fault: standin.Fault{At: standin.Hello}, want: order.ErrUnavailable, code: "lost_before_the_end"},
		{name: "wrong password", fault: standin.Fault{At: standin.Auth, Code: 535, Enhanced: [3]int{5, 7, 8}}, want: order.ErrDenied, code: "535 5.7.8"},
		{name: "login unavailable", fault: standin.Fault{At: standin.Auth, Code: 454, Enhanced: [3]int{4, 3, 0}}, want: order.ErrUnavailable, code: "454 4.3.0"},
		{name: "the sender is not allowed", fault: standin.Fault{At: standin.MailFrom, Code: 550, Enhanced: [3]int{5, 7, 1}}, want: order.ErrDenied, code: "550 5.7.1"},
		{name: "too long", fault: standin.Fault{At: standin.MailFrom, Code: 552, Enhanced: [3]int{5, 3, 4}}, want: order.ErrRejected, code: "552 5.3.4"},
		{name: "rate exceeded", fault: standin.Fault{At: standin.MailFrom, Code: 454, Enhanced: [3]int{4, 7, 1}}, want: order.ErrThrottled, code: "454 4.7.1"},
		{name: "busy", fault: standin.Fault{At: standin.RcptTo, Code: 450, Enhanced: [3]int{4, 2, 1}}, want: order.ErrThrottled, code: "450 4.2.1"},
		{name: "an error of the relay", fault: standin.Fault{At: standin.RcptTo, Code: 451, Enhanced: [3]int{4, 3, 0}}, want: order.ErrUnavailable, code: "451 4.3.0"},
		{name: "no such mailbox", fault: standin.Fault{At: standin.RcptTo, Code: 550, Enhanced: [3]int{5, 1, 1}}, want: order.ErrRejected, code: "550 5.1.1"},
		{name: "disconnected at the recipient", fault: standin.Fault{At: standin.RcptTo}, want: order.ErrUnavailable, code: "lost_before_the_end"},
		{name: "refused content", fault: standin.Fault{At: standin.BeforeEnd, Code: 554, Enhanced: [3]int{5, 6, 0}}, want: order.ErrRejected, code: "554 5.6.0"},
		{name: "refused temporarily at the end", fault: standin.Fault{At: standin.BeforeEnd, Code: 451, Enhanced: [3]int{4, 3, 0}}, want: order.ErrUnavailable, code: "451 4.3.0"},
		{name: "disconnected before accepting", fault: standin.Fault{At: standin.BeforeEnd}, want: order.ErrUnknownOutcome, code: "no_answer"},
		{name: "accepted with an unknown code", fault: standin.Fault{At: standin.AfterEnd, Code: 251, Enhanced: [3]int{2, 1, 5}}, want: order.ErrUnknownOutcome, code: "no_answer", sent: 1},
		{name: "disconnected after accepting", fault: standin.Fault{At: standin.AfterEnd}, want: order.ErrUnknownOutcome, code: "no_answer", sent: 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, c := relay(t, standin.Config{User: "shop", Password: "s3cret"})
			s.AddFault(tt.fault)
			m := porttest.MessageOf(order.NewID(), order.MailShipped)
			_, err := mailer(t, c).SendMail(t.Context(), m)
			var p *order.ProviderError
			if !errors.As(err, &p) || p.Kind != tt.want || p.Code != tt.code {
				t.Fatalf("got %v, want %v: %s", err, tt.want, tt.code)
			}
			if n := counts(s)[m.ID]; n != tt.sent {
				t.Errorf("%d accepted, want %d", n, tt.sent)
			}
		})
	}
}

// TestNotTrusted (RES-2, SEC-4) checks that passwords and mails are not sent
// where they may be read; a person decides whether to retry.
func TestNotTrusted(t *testing.T) {
	cert, _ := certificate(t)
	for name, setup := range map[string]func() (*standin.Server, smtp.Config){
		"no STARTTLS": func() (*standin.Server, smtp.Config) {
			s, c := relay(t, standin.Config{User: "shop", Password: "s3cret"})
			c.TLS = smtp.StartTLS
			return s, c
		},
		"an untrusted certificate": func() (*standin.Server, smtp.Config) {
			s, c := relay(t, standin.Config{User: "shop", Password: "s3cret", TLS: cert})
			c.TLS = smtp.StartTLS
			return s, c
		},
		"no login": func() (*standin.Server, smtp.Config) {
			s, c := relay(t, standin.Config{})
			c.User, c.Password = "shop", "s3cret"
			return s, c
		},
		"another password": func() (*standin.Server, smtp.Config) {
			s, c := relay(t, standin.Config{User: "shop", Password: "s3cret"})
			c.Password = "guess"
			return s, c
		},
	} {
		s, c := setup()
		_, err := mailer(t, c).SendMail(t.Context(), porttest.MessageOf(order.NewID(), order.MailShipped))
		if !errors.Is(err, order.ErrDenied) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", name, err)
		}
		if n := len(s.Mails()); n != 0 {
			t.Errorf("%s: %d mails", name, n)
		}
	}
}

// TestCertainlyNotSent covers a relay that is down and a caller that cancelled
// before.
func TestCertainlyNotSent(t *testing.T) {
	_, c := relay(t, standin.Config{})
	gone := c
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone.Port = l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, tt := range []struct {
		name string
		conf smtp.Config
		ctx  context.Context
	}{{name: "unreachable relay", conf: gone, ctx: t.Context()}, {name: "cancelled before the call", conf: c, ctx: cancelled}} {
		m := mailer(t, tt.conf)
		if _, err := m.SendMail(tt.ctx, porttest.MessageOf(order.NewID(), order.MailShipped)); !errors.Is(err, order.ErrUnavailable) {
			t.Errorf("%s: %v", tt.name, err)
		}
		if err := m.Ping(tt.ctx); !errors.Is(err, order.ErrUnavailable) {
			t.Errorf("%s: ping: %v", tt.name, err)
		}
	}
}

// TestSilentRelay (RES-5) checks that a silent relay does not prolong the call.
func TestSilentRelay(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // it accepts connections and never greets
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	m := mailer(t, smtp.Config{From: "a@shop.example", Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, TLS: smtp.None, Timeout: 50 * time.Millisecond})
	if _, err := m.SendMail(t.Context(), porttest.MessageOf(order.NewID(), order.MailShipped)); !errors.Is(err, order.ErrUnavailable) {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	slow := mailer(t, smtp.Config{From: "a@shop.example", Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, TLS: smtp.None})
	if err := slow.Ping(ctx); !errors.Is(err, order.ErrUnavailable) {
		t.Errorf("%v", err)
	}
}

func TestPing(t *testing.T) {
	s, c := relay(t, standin.Config{User: "shop", Password: "s3cret"})
	if err := mailer(t, c).Ping(t.Context()); err != nil {
		t.Error(err)
	}
	if len(s.Mails()) != 0 {
		t.Error("a ping sent mail")
	}
}

// TestParse checks relay URLs, and that no error contains a password.
func TestParse(t *testing.T) {
	for url, want := range map[string]smtp.Config{
		"smtp://u:p%40ss@relay.example":                  {Host: "relay.example", Port: 587, User: "u", Password: "p@ss", TLS: smtp.StartTLS},
		"smtps://u:p@relay.example?rate=14&perday=50000": {Host: "relay.example", Port: 465, User: "u", Password: "p", TLS: smtp.TLS, Rate: 14, PerDay: 50_000},
		"smtp://127.0.0.1:1025?tls=none":                 {Host: "127.0.0.1", Port: 1025, TLS: smtp.None},
		"smtp://relay.example:2525":                      {Host: "relay.example", Port: 2525, TLS: smtp.StartTLS},
		"smtp://mail:1025?tls=none":                      {Host: "mail", Port: 1025, TLS: smtp.None},
		"smtp://u:s3cret@relay.example:25?tls=none":      {},
		"smtp://u:s3cret@10.0.0.1:25?tls=none":           {},
		"smtp://u:s3cret@[fd00::1]:25?tls=none":          {},
		"smtp://u:s3cret@134744072:25?tls=none":          {},
		"smtp://u:s3cret@relay.example?tls=maybe":        {},
		"smtp://u:s3cret@relay.example?rate=NaN":         {},
		"smtp://u:s3cret@relay.example?rate=-1":          {},
		"smtp://u:s3cret@relay.example?perday=many":      {},
		"smtp://u:s3cret@relay.example?colour=red":       {},
		"smtp://u:s3cret@relay.example:99999":            {},
		"smtp://u:s3cret@:25":                            {},
		"https://u:s3cret@relay.example":                 {},
		"smtp://u:s3cret@relay.example:port/%zz":         {},
	} {
		got, err := smtp.Parse("smtp", "a@shop.example", url)
		if (err == nil) != (want.Host != "") {
			t.Errorf("%s: %v", url, err)
			continue
		}
		if err != nil {
			if strings.Contains(err.Error(), "s3cret") {
				t.Errorf("%s: the error contains the password: %v", url, err)
			}
			continue
		}
		want.Name, want.From = "smtp", "a@shop.example"
		if got != want {
			t.Errorf("%s: %+v, want %+v", url, got, want)
		}
		if l, err := mailer(t, got).Limits(t.Context()); err != nil || l.Rate <= 0 || !l.Enabled {
			t.Errorf("%s: limits %+v %v", url, l, err)
		}
	}
}
