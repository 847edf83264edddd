package ses_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/activities/mails"
	"purser/activities/porttest"
	"purser/mail"
	"purser/order"
	"purser/providers/ses"
	"purser/sandbox/faults"
	standin "purser/sandbox/ses"
)

var _ mails.Mailer = (*ses.Mailer)(nil)

// bench connects the adapter over HTTP with the sandbox.
type bench struct {
	mailer *ses.Mailer
	ses    *standin.Server
	faults *faults.Control
}

func newMailer(t *testing.T, endpoint string, with func(*ses.Config)) *ses.Mailer {
	t.Helper()
	c := ses.Config{
		From: "Mugs & More <orders@shop.example>", ReplyTo: "help@shop.example",
		Region: "eu-central-1", AccessKey: "AKIATEST", SecretKey: "secret-key", Endpoint: endpoint,
		Environment: "test", Timeout: 5 * time.Second,
	}
	if with != nil {
		with(&c)
	}
	m, err := ses.New(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func build(t *testing.T, c standin.Config) bench { return buildWith(t, c, nil) }

func buildWith(t *testing.T, c standin.Config, with func(*ses.Config)) bench {
	t.Helper()
	b := bench{faults: faults.New(1)}
	c.Faults = b.faults
	c.AccessKey, c.SecretKey = "AKIATEST", "secret-key"
	var err error
	if b.ses, err = standin.New(c); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(b.ses.Handler())
	t.Cleanup(srv.Close)
	b.mailer = newMailer(t, srv.URL, with)
	return b
}

func TestConformance(t *testing.T) {
	porttest.Mailer(t, func(t *testing.T) porttest.MailBench {
		b := build(t, standin.Config{})
		return porttest.MailBench{
			Mailer: b.mailer,
			Counts: func() map[string]int {
				counts := map[string]int{}
				for _, a := range b.ses.Accepted() {
					counts[mail.FromWireTag(a.Tags["message"])]++
				}
				return counts
			},
			FailNext: func(t *testing.T, kind error) {
				f := faults.Fault{Times: 1, Do: faults.Status}
				switch kind {
				case order.ErrUnknownOutcome:
					f.Do, f.When = faults.Reset, faults.After
				case order.ErrThrottled:
					f.Status = 429
				case order.ErrRejected:
					f.Status = 400
				case order.ErrDenied:
					f.Status = 403
				}
				if err := b.faults.Add(f); err != nil {
					t.Fatal(err)
				}
			},
		}
	})
}

// TestFaults (EML-4, F39, F42, F75, F78, F79) checks that throttled, rejected,
// denied, certainly not sent and perhaps sent are distinguished, and that
// nothing is tried twice.
func TestFaults(t *testing.T) {
	for _, tt := range []struct {
		name  string
		fault faults.Fault
		want  error
		sent  int
	}{
		{name: "reset before", fault: faults.Fault{Do: faults.Reset}, want: order.ErrUnknownOutcome},
		{name: "reset after", fault: faults.Fault{Do: faults.Reset, When: faults.After}, want: order.ErrUnknownOutcome, sent: 1},
		{name: "timeout after", fault: faults.Fault{Do: faults.Timeout, When: faults.After}, want: order.ErrUnknownOutcome, sent: 1},
		{name: "malformed after", fault: faults.Fault{Do: faults.Malformed, When: faults.After}, want: order.ErrUnknownOutcome, sent: 1},
		{name: "500 after", fault: faults.Fault{Do: faults.Status, When: faults.After}, want: order.ErrUnknownOutcome, sent: 1},
		{name: "503", fault: faults.Fault{Do: faults.Status, Status: 503}, want: order.ErrUnknownOutcome},
		{name: "429", fault: faults.Fault{Do: faults.Status, Status: 429, RetryAfter: 3 * time.Second}, want: order.ErrThrottled},
		{name: "rejected", fault: faults.Fault{Do: faults.Status, Status: 400}, want: order.ErrRejected},
		{name: "denied", fault: faults.Fault{Do: faults.Status, Status: 403}, want: order.ErrDenied},
		{name: "not from SES", fault: faults.Fault{Do: faults.Status, Status: 404}, want: order.ErrDenied},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := build(t, standin.Config{})
			if err := b.faults.Add(tt.fault); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			m := porttest.MessageOf(order.NewID(), order.MailShipped)
			_, err := b.mailer.SendMail(ctx, m)
			var p *order.ProviderError
			if !errors.As(err, &p) || p.Kind != tt.want {
				t.Fatalf("got %v, want kind %v", err, tt.want)
			}
			if p.RetryAfter != tt.fault.RetryAfter {
				t.Errorf("retry after %s, want %s", p.RetryAfter, tt.fault.RetryAfter)
			}
			if n := b.ses.Counts()[standin.Subject{Order: m.About, Notification: "shipped"}]; n != tt.sent {
				t.Errorf("%d sent, want %d", n, tt.sent)
			}
			if n := b.faults.List().Faults[0].Struck; n != 1 {
				t.Errorf("%d attempts, want 1", n)
			}
			if strings.Contains(err.Error(), m.To[0].Email) || strings.Contains(err.Error(), m.To[0].Name) {
				t.Errorf("the error reveals too much: %v", err)
			}
		})
	}
}

// TestRefusals checks the sandbox's own refusals, which match those of SES.
func TestRefusals(t *testing.T) {
	shipped := porttest.MessageOf(order.NewID(), order.MailShipped)
	rejected := shipped
	rejected.To = []mail.Address{{Email: "ada@rejected.example"}}
	for _, tt := range []struct {
		name   string
		ses    standin.Config
		config func(*ses.Config)
		mail   mail.Message
		want   error
		code   string
		wait   time.Duration
	}{
		{name: "F42 message rejected", ses: standin.Config{}, mail: rejected, want: order.ErrRejected, code: "MessageRejected"},
		{name: "F39 rate", ses: standin.Config{PerSecond: 1}, mail: shipped, want: order.ErrThrottled, code: "TooManyRequestsException"},
		{name: "quota", ses: standin.Config{PerDay: 1}, mail: shipped, want: order.ErrThrottled, code: "LimitExceededException", wait: 10 * time.Minute},
		{name: "no content", ses: standin.Config{}, mail: mail.Message{}, want: order.ErrRejected, code: "cannot_be_written"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := build(t, tt.ses)
			if tt.want == order.ErrThrottled {
				if _, err := b.mailer.SendMail(t.Context(), shipped); err != nil { // the only one that the limit allows
					t.Fatal(err)
				}
			}
			_, err := b.mailer.SendMail(t.Context(), tt.mail)
			var p *order.ProviderError
			if !errors.As(err, &p) || p.Kind != tt.want || p.Code != tt.code || p.RetryAfter != tt.wait {
				t.Errorf("got %+v, want %v %s %s", err, tt.want, tt.code, tt.wait)
			}
		})
	}
}

func TestCertainlyNotSent(t *testing.T) {
	b := build(t, standin.Config{})
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	shipped := porttest.MessageOf(order.NewID(), order.MailShipped)
	for _, tt := range []struct {
		name   string
		mailer *ses.Mailer
		ctx    context.Context
		want   error
	}{
		{name: "unreachable server", mailer: newMailer(t, gone.URL, nil), ctx: t.Context(), want: order.ErrUnavailable},
		{name: "cancelled before the call", mailer: b.mailer, ctx: cancelled, want: order.ErrUnavailable},
	} {
		if _, err := tt.mailer.SendMail(tt.ctx, shipped); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
}

func TestWrongKey(t *testing.T) {
	s, err := standin.New(standin.Config{AccessKey: "AKIAOTHER"})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(s.Handler())
	defer srv.Close()
	_, err = newMailer(t, srv.URL, nil).SendMail(t.Context(), porttest.MessageOf(order.NewID(), order.MailShipped))
	if !errors.Is(err, order.ErrDenied) {
		t.Errorf("got %v, want ErrDenied", err)
	}
}

// TestMessage proves EML-9, EML-10 and EML-12: the message that arrives has the
// form of mail/mime, and its tags name the mail and the order.
func TestMessage(t *testing.T) {
	b := build(t, standin.Config{})
	m := porttest.MessageOf("ord_0123456789abcdefghjkmnpqrs", order.MailShipped)
	m.Tags["message"], m.Tags["note"] = "forged", "a\r\nb: ü"
	id, err := b.mailer.SendMail(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	b.ses.Mailbox().ServeHTTP(w, httptest.NewRequest("GET", "/"+id+"/raw", nil))
	for _, want := range []string{
		"From: \"Mugs & More\" <orders@shop.example>", "Reply-To: <help@shop.example>",
		"<ord_0123456789abcdefghjkmnpqrs.mail-shipped.1@shop.example>",
	} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("lacks %q:\n%s", want, w.Body)
		}
	}
	arrived := b.ses.Accepted()
	want := map[string]string{
		"message": "ord_5F0123456789abcdefghjkmnpqrs_3Amail-shipped_3A1", "stream": "transactional", "template": "shipped", "environment": "test",
		"order": "ord_0123456789abcdefghjkmnpqrs", "milestone": "shipped", "generation": "1", "note": "a__b___",
	}
	if diff := cmp.Diff(want, arrived[0].Tags); diff != "" || arrived[0].ID != id || arrived[0].Recipients != 1 {
		t.Errorf("%+v %s", arrived, diff)
	}
}

// TestAccount proves EML-6 and EML-12: the limits are the account's, and a
// sender is verified only when SES says so, not while the verification is
// pending.
func TestAccount(t *testing.T) {
	b := build(t, standin.Config{PerSecond: 14, PerDay: 50_000})
	if _, err := b.mailer.SendMail(t.Context(), porttest.MessageOf(order.NewID(), order.MailShipped)); err != nil {
		t.Fatal(err)
	}
	l, err := b.mailer.Limits(t.Context())
	if err != nil || l.Rate != 14 || l.PerDay != 50_000 || l.Sent != 1 || !l.Enabled || l.At.IsZero() {
		t.Errorf("%+v %v", l, err)
	}
	for _, tt := range []struct {
		name       string
		identities map[string]standin.Identity
		status     string
		ok         bool
	}{
		{name: "the address", identities: map[string]standin.Identity{"orders@shop.example": {Status: "SUCCESS", Verified: true}}, status: "SUCCESS", ok: true},
		{name: "its domain", identities: map[string]standin.Identity{"shop.example": {Status: "SUCCESS", Verified: true, DKIM: "SUCCESS"}}, status: "SUCCESS, DKIM SUCCESS", ok: true},
		{name: "pending", identities: map[string]standin.Identity{"shop.example": {Status: "PENDING", Verified: true, DKIM: "PENDING"}}, status: "PENDING, DKIM PENDING"},
		{name: "failed", identities: map[string]standin.Identity{"orders@shop.example": {Status: "FAILED"}}, status: "FAILED"},
		{name: "the address is pending, its domain is verified", identities: map[string]standin.Identity{
			"orders@shop.example": {Status: "PENDING"}, "shop.example": {Status: "SUCCESS", Verified: true},
		}, status: "SUCCESS", ok: true},
		{name: "unknown", identities: map[string]standin.Identity{}, status: "NOT_FOUND"},
	} {
		b.ses.SetIdentities(tt.identities)
		if status, ok, err := b.mailer.Verified(t.Context()); status != tt.status || ok != tt.ok || err != nil {
			t.Errorf("%s: %q %t %v, want %q %t", tt.name, status, ok, err, tt.status, tt.ok)
		}
		_, err := b.mailer.SendMail(t.Context(), porttest.MessageOf(order.NewID(), order.MailShipped))
		if (err == nil) != tt.ok || err != nil && !errors.Is(err, order.ErrDenied) {
			t.Errorf("%s: sending: %v", tt.name, err)
		}
	}
}

// TestAccountUnknown (EML-6) checks that without a response there is no limit
// and no verdict.
func TestAccountUnknown(t *testing.T) {
	b := build(t, standin.Config{})
	if err := b.faults.Add(faults.Fault{Do: faults.Status, Match: "GET"}); err != nil {
		t.Fatal(err)
	}
	if l, err := b.mailer.Limits(t.Context()); err == nil || l.Rate != 0 {
		t.Errorf("%+v %v", l, err)
	}
	if _, _, err := b.mailer.Verified(t.Context()); err == nil {
		t.Error("verified without a response")
	}
	if _, err := b.mailer.SendMail(t.Context(), porttest.MessageOf(order.NewID(), order.MailShipped)); err != nil {
		t.Errorf("the mail was stopped without a response about its sender: %v", err)
	}
}
