package ses

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"
	"github.com/aws/smithy-go"
)

// sdk returns Amazon's own client of the stand-in.
func sdk(t *testing.T, s *Server, key, secret string, spoil func(*http.Request)) *sesv2.Client {
	t.Helper()
	srv := httptest.NewServer(http.StripPrefix("/ses", s.Handler()))
	t.Cleanup(srv.Close)
	return sesv2.New(sesv2.Options{
		Region: "eu-central-1", BaseEndpoint: aws.String(srv.URL + "/ses"), Retryer: aws.NopRetryer{},
		Credentials: credentials.NewStaticCredentialsProvider(key, secret, ""),
		HTTPClient: &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			if spoil != nil {
				spoil(r)
			}
			return http.DefaultTransport.RoundTrip(r)
		})},
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func testEmail(to ...string) *sesv2.SendEmailInput {
	return &sesv2.SendEmailInput{
		FromEmailAddress: aws.String("Shop <shop@shop.example>"), Destination: &types.Destination{ToAddresses: to},
		Content: &types.EmailContent{Simple: &types.Message{
			Subject: &types.Content{Data: aws.String("Hello")}, Body: &types.Body{Text: &types.Content{Data: aws.String("ä text"), Charset: aws.String("UTF-8")}},
		}},
	}
}

func codeOf(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// TestSignatures checks that requests signed by Amazon's own client are accepted,
// and that no others are.
func TestSignatures(t *testing.T) {
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	for _, tt := range []struct {
		name, key, secret string
		spoil             func(*http.Request)
		code              string
	}{
		{name: "good", key: "AK", secret: "s3cret"},
		{name: "another secret", key: "AK", secret: "other", code: "InvalidSignatureException"},
		{name: "another key", key: "AK2", secret: "s3cret", code: "UnrecognizedClientException"},
		{name: "another path", key: "AK", secret: "s3cret", spoil: func(r *http.Request) { r.URL.Path = strings.Replace(r.URL.Path, "outbound", "out-bound", 1) }, code: "InvalidSignatureException"},
		{name: "a query added", key: "AK", secret: "s3cret", spoil: func(r *http.Request) { r.URL.RawQuery = "x=1" }, code: "InvalidSignatureException"},
		{name: "another body", key: "AK", secret: "s3cret", spoil: func(r *http.Request) {
			r.Body, r.ContentLength = http.NoBody, 0
		}, code: "InvalidSignatureException"},
		{name: "an old date", key: "AK", secret: "s3cret", spoil: header("X-Amz-Date", "20200101T000000Z"), code: "InvalidSignatureException"},
		{name: "another type", key: "AK", secret: "s3cret", spoil: header("Content-Type", "text/plain"), code: "InvalidSignatureException"},
		{name: "unsigned", key: "AK", secret: "s3cret", spoil: func(r *http.Request) { r.Header.Del("Authorization") }, code: "MissingAuthenticationTokenException"},
		{name: "half a signature", key: "AK", secret: "s3cret", spoil: header("Authorization", "AWS4-HMAC-SHA256 Credential=AK/20200101/x/ses/aws4_request"), code: "InvalidSignatureException"},
	} {
		s := build(t, "", Config{AccessKey: "AK", SecretKey: "s3cret"})
		_, err := sdk(t, s, tt.key, tt.secret, tt.spoil).SendEmail(t.Context(), testEmail("ada@example.com"))
		if codeOf(err) != tt.code || (err == nil) != (tt.code == "") {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.code)
		}
		if n := s.Figures().Mails; (n == 1) != (tt.code == "") {
			t.Errorf("%s: %d mails", tt.name, n)
		}
	}
}

// TestIdentities proves EML-12: only verified senders may send, and
// GetEmailIdentity reports them.
func TestIdentities(t *testing.T) {
	s := build(t, "", Config{AccessKey: "AK", SecretKey: "s3cret", Identities: []string{"shop.example", "help@other.example"}})
	c := sdk(t, s, "AK", "s3cret", nil)
	for id, kind := range map[string]types.IdentityType{"shop.example": types.IdentityTypeDomain, "help@other.example": types.IdentityTypeEmailAddress} {
		out, err := c.GetEmailIdentity(t.Context(), &sesv2.GetEmailIdentityInput{EmailIdentity: aws.String(id)})
		if err != nil || out.IdentityType != kind || !out.VerifiedForSendingStatus || out.DkimAttributes.Status != types.DkimStatusSuccess {
			t.Errorf("%s: %+v %v", id, out, err)
		}
	}
	var missing *types.NotFoundException
	if _, err := c.GetEmailIdentity(t.Context(), &sesv2.GetEmailIdentityInput{EmailIdentity: aws.String("evil.example")}); !errors.As(err, &missing) {
		t.Errorf("unknown identity: %v", err)
	}
	foreign := testEmail("ada@example.com")
	foreign.FromEmailAddress = aws.String("shop@evil.example")
	if _, err := c.SendEmail(t.Context(), foreign); codeOf(err) != "MessageRejected" {
		t.Errorf("a sender that is not verified: %v", err)
	}
	if _, err := c.SendEmail(t.Context(), testEmail("ada@example.com")); err != nil {
		t.Errorf("a verified sender: %v", err)
	}
}

// TestRecipientsCount proves EML-5, EML-6, F39 and F40: the limits count
// recipients, not messages, in any second, not in the clock's seconds.
func TestRecipientsCount(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, int(900*time.Millisecond), time.UTC)
	s := build(t, "", Config{PerSecond: 14, PerDay: 40, Now: func() time.Time { return now }})
	c := sdk(t, s, "AK", "s3cret", nil)
	send := func(n int) string {
		to := make([]string, n)
		for i := range to {
			to[i] = "ada@example.com"
		}
		_, err := c.SendEmail(context.Background(), testEmail(to...))
		return codeOf(err)
	}
	for _, step := range []struct {
		after time.Duration
		n     int
		code  string
	}{
		{n: 10},
		{n: 5, code: "TooManyRequestsException"},
		{n: 4},
		{n: 1, code: "TooManyRequestsException"},
		{after: 200 * time.Millisecond, n: 1, code: "TooManyRequestsException"}, // the clock's next second, but within one second of the first
		{after: 799 * time.Millisecond, n: 1, code: "TooManyRequestsException"},
		{after: time.Millisecond, n: 14},
		{after: time.Second, n: 13, code: "LimitExceededException"},
		{n: 12},
		{after: time.Second, n: 1, code: "LimitExceededException"},
		{after: 24 * time.Hour, n: 14},
	} {
		now = now.Add(step.after)
		if code := send(step.n); code != step.code {
			t.Fatalf("%+v: %q", step, code)
		}
	}
	if f := s.Figures(); f.PeakPerSecond != 14 || f.Throttled != 4 || f.Mails != 5 || f.LastDay != 14 {
		t.Errorf("%+v", f)
	}
	out, err := c.GetAccount(t.Context(), &sesv2.GetAccountInput{})
	if err != nil || out.SendQuota.Max24HourSend != 40 || out.SendQuota.MaxSendRate != 14 || out.SendQuota.SentLast24Hours != 14 {
		t.Errorf("%+v %v", out, err)
	}
}
