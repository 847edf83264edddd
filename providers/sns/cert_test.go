package sns_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"purser/order"
	"purser/providers/sns"
)

// TestForeignAddresses (WHK-18, F51) checks that no message makes us call a
// host other than SNS.
func TestForeignAddresses(t *testing.T) {
	for _, address := range []string{
		"", "file:///etc/passwd", "http://sns.eu-central-1.amazonaws.com/a.pem", "https://169.254.169.254/a.pem", "http://127.0.0.1/a.pem",
		"https://sns.eu-central-1.amazonaws.com.evil.example/a.pem", "https://evil.example/sns.eu-central-1.amazonaws.com/a.pem",
		"https://sns.eu-central-1.amazonaws.com@evil.example/a.pem", "https://evil.example#sns.eu-central-1.amazonaws.com/a.pem",
		"https://sns.eu-central-1.amazonaws.com:8443/a.pem", "https://sns.eu-central-1.amazonaws.com/a/b.pem", "https://sns.eu-central-1.amazonaws.com/../a.pem",
		"https://sns.eu-central-1.amazonaws.com/a.pem?x=1", "https://sns.eu-central-1.amazonaws.com/a.pem#x", "https://sns.eu-central-1.amazonaws.com/a.txt",
		"https://sns.eu-central-1.amazonaws.com/%2e%2e/a.pem", "https://s3.amazonaws.com/a.pem", "https://sns.evil.amazonaws.com.cn.example/a.pem",
		"https://xsns.eu-central-1.amazonaws.com/a.pem", "https://sns.eu-central-1.amazonaws.com\\@evil.example/a.pem", "HTTPS://sns.eu-central-1.amazonaws.com/a.pem",
		"https://sns.eu_central-1.amazonaws.com/a.pem", "//sns.eu-central-1.amazonaws.com/a.pem", "https://sns.eu-central-1.amazonaws.com/a.pem\n",
	} {
		w := amazon()
		err := build(t, w).Verify(nil, []byte(notice("x").with("SigningCertURL", address).signedBy(t, pki().leaf)), now)
		if !errors.Is(err, sns.ErrSignature) {
			t.Errorf("certificate at %q: %v", address, err)
		}
		if w.count() != 0 {
			t.Errorf("certificate at %q: asked %v", address, w.asked)
		}
	}
	const query = "Action=ConfirmSubscription&TopicArn=" + topic + "&Token=2336412f37"
	for _, address := range []string{
		"", "file:///etc/passwd", "http://169.254.169.254/latest/meta-data/", "http://127.0.0.1:8080/v1/orders",
		"https://sns.eu-central-1.amazonaws.com.evil.example/?" + query, "https://evil.example/?" + query, "http://sns.eu-central-1.amazonaws.com/?" + query,
		"https://sns.eu-central-1.amazonaws.com/x?" + query, "https://sns.eu-central-1.amazonaws.com/", "https://sns.eu-central-1.amazonaws.com/?Action=Publish&TopicArn=" + topic + "&Token=2336412f37",
		"https://sns.eu-central-1.amazonaws.com/?" + query + "&Action=Publish&x=1", "https://sns.eu-central-1.amazonaws.com/?" + strings.Replace(query, "ses-events", "other", 1),
		"https://sns.eu-central-1.amazonaws.com/?" + strings.Replace(query, "2336412f37", "1", 1), "https://evil.example/?x=https://sns.eu-central-1.amazonaws.com/?" + query,
	} {
		w := amazon()
		s := build(t, w)
		d, err := s.Parse([]byte(question().with("SubscribeURL", address).json(t)))
		if err != nil || d.Problem == "" || d.Mail != nil {
			t.Errorf("subscribe at %q: %+v, %v; want it parked", address, d, err)
		}
		if !strings.Contains(address, "Action") {
			if err := s.Confirm(t.Context(), address); address != "https://sns.eu-central-1.amazonaws.com/" && !errors.Is(err, order.ErrRejected) {
				t.Errorf("confirm at %q: %v", address, err)
			}
		}
		if w.count() > 0 && address != "https://sns.eu-central-1.amazonaws.com/" {
			t.Errorf("subscribe at %q: asked %v", address, w.asked)
		}
	}
}

// TestCertificates (WHK-18) checks the certificate's subject and issuer.
func TestCertificates(t *testing.T) {
	p := pki()
	for _, tt := range []struct {
		name  string
		at    func() *http.Response
		by    *issued
		want  error // nil: trusted
		asked int
	}{
		{name: "Amazon's, without its issuer", at: page(200, pemOf(p.leaf)), by: p.leaf, asked: 2},
		{name: "with its issuer", at: page(200, pemOf(p.leaf, p.middle)), by: p.leaf, asked: 1},
		{name: "expired", at: page(200, pemOf(p.expired)), by: p.expired, want: sns.ErrSignature, asked: 1},
		{name: "of another authority", at: page(200, pemOf(p.foreign, p.stranger)), by: p.foreign, want: sns.ErrSignature, asked: 1},
		{name: "for another host", at: page(200, pemOf(p.unnamed)), by: p.unnamed, want: sns.ErrSignature, asked: 1},
		{name: "another key", at: page(200, pemOf(p.leaf, p.middle)), by: p.foreign, want: sns.ErrSignature, asked: 1},
		{name: "a redirect", at: page(302, nil, "Location", "http://169.254.169.254/"), by: p.leaf, want: sns.ErrSignature, asked: 1},
		{name: "not found", at: page(404, nil), by: p.leaf, want: sns.ErrSignature, asked: 1},
		{name: "no certificate", at: page(200, []byte("hello")), by: p.leaf, want: sns.ErrSignature, asked: 1},
		{name: "a broken certificate", at: page(200, []byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")), by: p.leaf, want: sns.ErrSignature, asked: 1},
		{name: "too long", at: page(200, []byte(strings.Repeat("-", 1<<20))), by: p.leaf, want: sns.ErrSignature, asked: 1},
		{name: "SNS is down", at: page(503, nil), by: p.leaf, want: order.ErrUnavailable, asked: 1},
	} {
		w := amazon()
		w.pages[certURL] = tt.at
		s := build(t, w)
		body := []byte(notice("x").signedBy(t, tt.by))
		if err := s.Verify(nil, body, now); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
		if w.count() != tt.asked {
			t.Errorf("%s: asked %v", tt.name, w.asked)
		}
		if _ = s.Verify(nil, body, now); tt.want == nil && w.count() != tt.asked {
			t.Errorf("%s: a known certificate is fetched again", tt.name)
		}
	}
	gone := &web{}
	if err := build(t, gone).Verify(nil, []byte(notice("x").signedBy(t, p.leaf)), now); !errors.Is(err, order.ErrUnavailable) {
		t.Errorf("no network: %v; SNS must send it again", err)
	}
}

func TestConfirm(t *testing.T) {
	address := question()["SubscribeURL"]
	for _, tt := range []struct {
		name string
		at   func() *http.Response
		want error
	}{
		{name: "confirmed", at: page(200, []byte("<ConfirmSubscriptionResponse/>"))},
		{name: "too late", at: page(404, nil), want: order.ErrRejected},
		{name: "a redirect", at: page(302, nil, "Location", "http://169.254.169.254/"), want: order.ErrRejected},
		{name: "SNS is down", at: page(500, nil), want: order.ErrUnavailable},
	} {
		w := amazon()
		w.pages[address] = tt.at
		s := build(t, w)
		d, err := s.Parse([]byte(question().signedBy(t, pki().leaf)))
		if err != nil || d.Mail == nil || d.Mail.Confirm != address || d.Problem != "" {
			t.Fatalf("%+v %v", d, err)
		}
		if w.count() != 0 {
			t.Fatal("it was confirmed before it was stored")
		}
		if err := s.Confirm(t.Context(), d.Mail.Confirm); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
		if w.count() != 1 {
			t.Errorf("%s: asked %v", tt.name, w.asked)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for name, c := range map[string]sns.Config{
		"not a topic":          {Topics: []string{"*"}},
		"http elsewhere":       {Origin: "http://sns.example/"},
		"no slash":             {Origin: "https://sns.example"},
		"with a query":         {Origin: "https://sns.example/?x="},
		"not loopback by name": {Origin: "http://localhost.evil.example/"},
	} {
		if _, err := sns.New(c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	for _, origin := range []string{"https://sns.example/", "http://127.0.0.1:8090/ses/sns/", "http://[::1]:1/"} {
		if _, err := sns.New(sns.Config{Origin: origin}); err != nil {
			t.Errorf("%s: %v", origin, err)
		}
	}
}
