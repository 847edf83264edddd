package ses_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"purser/activities"
	"purser/activities/porttest"
	"purser/letters"
	"purser/order"
	"purser/providers/ses"
	"purser/sandbox/hostile"
	standin "purser/sandbox/ses"
)

var _ activities.Mailer = (*ses.Mailer)(nil)

// bench connects the adapter over HTTP with the stand-in.
type bench struct {
	mailer *ses.Mailer
	ses    *standin.Server
	faults *hostile.Control
}

func newMailer(t *testing.T, endpoint string, with func(*ses.Config)) *ses.Mailer {
	t.Helper()
	w, err := letters.New(letters.Shop{Name: "Mugs & More"})
	if err != nil {
		t.Fatal(err)
	}
	c := ses.Config{
		Letters: w, From: "Mugs & More <orders@shop.example>", ReplyTo: "help@shop.example",
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

func build(t *testing.T, c standin.Config) bench {
	t.Helper()
	b := bench{faults: hostile.New(1)}
	c.Faults = b.faults
	c.AccessKey, c.SecretKey = "AKIATEST", "secret-key"
	var err error
	if b.ses, err = standin.New(c); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(b.ses.Handler())
	t.Cleanup(srv.Close)
	b.mailer = newMailer(t, srv.URL, nil)
	return b
}

func TestConformance(t *testing.T) {
	porttest.Mailer(t, func(t *testing.T) porttest.MailBench {
		b := build(t, standin.Config{})
		return porttest.MailBench{
			Mailer: b.mailer,
			Counts: func() map[string]int {
				counts := map[string]int{}
				for about, n := range b.ses.Counts() {
					counts[order.Mail{OrderID: order.ID(about.Order), Milestone: order.Milestone(about.Milestone)}.Key()] = n
				}
				return counts
			},
			FailNext: func(t *testing.T, kind error) {
				f := hostile.Fault{Times: 1, Do: hostile.Status}
				switch kind {
				case order.ErrUnknownOutcome:
					f.Do, f.When = hostile.Reset, hostile.After
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

// TestFaults (EML-4, F39, F42, F75, F78, F79): throttled, rejected, denied,
// certainly not sent and perhaps sent are told apart, and nothing is tried
// twice.
func TestFaults(t *testing.T) {
	for _, tt := range []struct {
		name  string
		fault hostile.Fault
		want  error
		sent  int
	}{
		{"reset before", hostile.Fault{Do: hostile.Reset}, order.ErrUnknownOutcome, 0},
		{"reset after", hostile.Fault{Do: hostile.Reset, When: hostile.After}, order.ErrUnknownOutcome, 1},
		{"timeout after", hostile.Fault{Do: hostile.Timeout, When: hostile.After}, order.ErrUnknownOutcome, 1},
		{"malformed after", hostile.Fault{Do: hostile.Malformed, When: hostile.After}, order.ErrUnknownOutcome, 1},
		{"500 after", hostile.Fault{Do: hostile.Status, When: hostile.After}, order.ErrUnknownOutcome, 1},
		{"503", hostile.Fault{Do: hostile.Status, Status: 503}, order.ErrUnknownOutcome, 0},
		{"429", hostile.Fault{Do: hostile.Status, Status: 429, RetryAfter: 3 * time.Second}, order.ErrThrottled, 0},
		{"rejected", hostile.Fault{Do: hostile.Status, Status: 400}, order.ErrRejected, 0},
		{"denied", hostile.Fault{Do: hostile.Status, Status: 403}, order.ErrDenied, 0},
		{"not SES at all", hostile.Fault{Do: hostile.Status, Status: 404}, order.ErrDenied, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := build(t, standin.Config{})
			if err := b.faults.Add(tt.fault); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			m := porttest.MailOf(order.NewID(), order.MailShipped)
			_, err := b.mailer.SendMail(ctx, m)
			var p *order.ProviderError
			if !errors.As(err, &p) || p.Kind != tt.want {
				t.Fatalf("got %v, want kind %v", err, tt.want)
			}
			if p.RetryAfter != tt.fault.RetryAfter {
				t.Errorf("retry after %s, want %s", p.RetryAfter, tt.fault.RetryAfter)
			}
			if n := b.ses.Counts()[standin.Subject{Order: string(m.OrderID), Milestone: "shipped"}]; n != tt.sent {
				t.Errorf("%d sent, want %d", n, tt.sent)
			}
			if n := b.faults.List().Faults[0].Struck; n != 1 {
				t.Errorf("%d attempts, want 1", n)
			}
			if strings.Contains(err.Error(), m.To) || strings.Contains(err.Error(), m.Name) {
				t.Errorf("the error tells too much: %v", err)
			}
		})
	}
}

// TestRefusals are the stand-in's own, as SES makes them.
func TestRefusals(t *testing.T) {
	mail := porttest.MailOf(order.NewID(), order.MailShipped)
	rejected := mail
	rejected.To = "ada@rejected.example"
	for _, tt := range []struct {
		name   string
		ses    standin.Config
		config func(*ses.Config)
		mail   order.Mail
		want   error
		code   string
		wait   time.Duration
	}{
		{"F42 message rejected", standin.Config{}, nil, rejected, order.ErrRejected, "MessageRejected", 0},
		{"F39 rate", standin.Config{PerSecond: 1}, nil, mail, order.ErrThrottled, "TooManyRequestsException", 0},
		{"quota", standin.Config{PerDay: 1}, nil, mail, order.ErrThrottled, "LimitExceededException", 10 * time.Minute},
		{"unknown milestone", standin.Config{}, nil, order.Mail{To: "a@b.example", Milestone: "birthday"}, order.ErrRejected, "cannot_be_written", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := build(t, tt.ses)
			if tt.want == order.ErrThrottled {
				if _, err := b.mailer.SendMail(t.Context(), mail); err != nil { // the one that is allowed
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
	mail := porttest.MailOf(order.NewID(), order.MailShipped)
	for _, tt := range []struct {
		name   string
		mailer *ses.Mailer
		ctx    context.Context
		want   error
	}{
		{"nobody there", newMailer(t, gone.URL, nil), t.Context(), order.ErrUnavailable},
		{"the caller gave up before", b.mailer, cancelled, order.ErrUnavailable},
	} {
		if _, err := tt.mailer.SendMail(tt.ctx, mail); !errors.Is(err, tt.want) {
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
	_, err = newMailer(t, srv.URL, nil).SendMail(t.Context(), porttest.MailOf(order.NewID(), order.MailShipped))
	if !errors.Is(err, order.ErrDenied) {
		t.Errorf("got %v, want ErrDenied", err)
	}
}

// TestMessage looks at the message that arrives (EML-10, EML-11, EML-12).
func TestMessage(t *testing.T) {
	b := build(t, standin.Config{})
	m := porttest.MailOf("ord_0123456789abcdefghjkmnpqrs", order.MailShipped)
	m.Name = "Eve\r\nBcc: everyone@example.com"
	id, err := b.mailer.SendMail(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	get := func(path string) string {
		w := httptest.NewRecorder()
		b.ses.Mailbox().ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		return w.Body.String()
	}
	raw := get("/" + id + "/raw")
	head, _, _ := strings.Cut(raw, "\r\n\r\n")
	for _, want := range []string{
		"From: \"Mugs & More\" <orders@shop.example>", "Reply-To: <help@shop.example>",
		"Auto-Submitted: auto-generated", "<ord_0123456789abcdefghjkmnpqrs.shipped.0@shop.example>",
		"multipart/alternative", "Subject: Your order from Mugs & More is on its way",
	} {
		if !strings.Contains(head, want) {
			t.Errorf("header lacks %q:\n%s", want, head)
		}
	}
	if strings.Contains(head, "\r\nBcc") {
		t.Errorf("a header was smuggled in:\n%s", head)
	}
	if text := get("/" + id + "/text"); !strings.Contains(text, "Tracking number: TRACK-1") {
		t.Errorf("text:\n%s", text)
	}
	if page := get("/" + id + "/html"); !strings.Contains(page, "<strong>TRACK-1</strong>") {
		t.Errorf("page:\n%s", page)
	}
	list := get("/messages.json?q=ord_0123456789abcdefghjkmnpqrs")
	for _, want := range []string{`"order":"ord_0123456789abcdefghjkmnpqrs"`, `"milestone":"shipped"`, `"generation":"0"`, `"environment":"test"`} {
		if !strings.Contains(list, want) {
			t.Errorf("tags lack %s: %s", want, list)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for name, c := range map[string]ses.Config{
		"no sender":  {Letters: &letters.Writer{}},
		"no letters": {From: "a@b.example"},
		"bad reply":  {Letters: &letters.Writer{}, From: "a@b.example", ReplyTo: "nobody"},
	} {
		if _, err := ses.New(t.Context(), c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
