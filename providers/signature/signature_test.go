package signature_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"purser/providers/signature"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func sign(secret string, at time.Time, body string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "%d.%s", at.Unix(), body)
	return fmt.Sprintf("t=%d,v1=%s", at.Unix(), hex.EncodeToString(mac.Sum(nil)))
}

// TestCheck (WHK-1, WHK-2, WHK-17, F51, F95) checks which signatures are
// accepted.
func TestCheck(t *testing.T) {
	const body = `{"id": "evt_1"}`
	good := sign("current", now, body)
	for _, tt := range []struct {
		name, header, body string
		secrets            []string
		ok                 bool
	}{
		{name: "good", header: good, body: body, secrets: []string{"current"}, ok: true},
		{name: "made with the previous secret", header: sign("previous", now, body), body: body, secrets: []string{"current", "previous"}, ok: true},
		{name: "one of two signatures", header: good + ",v1=" + strings.Repeat("00", 32), body: body, secrets: []string{"current"}, ok: true},
		{name: "with an unknown scheme", header: "v0=abc," + good, body: body, secrets: []string{"current"}, ok: true},
		{name: "299 s old", header: sign("current", now.Add(-299*time.Second), body), body: body, secrets: []string{"current"}, ok: true},
		{name: "301 s old", header: sign("current", now.Add(-301*time.Second), body), body: body, secrets: []string{"current"}},
		{name: "301 s in the future", header: sign("current", now.Add(301*time.Second), body), body: body, secrets: []string{"current"}},
		{name: "another secret", header: sign("other", now, body), body: body, secrets: []string{"current", "previous"}},
		{name: "another body", header: good, body: body + " ", secrets: []string{"current"}},
		{name: "another time", header: strings.Replace(good, fmt.Sprint(now.Unix()), fmt.Sprint(now.Unix()+1), 1), body: body, secrets: []string{"current"}},
		{name: "no time", header: strings.Replace(good, "t=", "t=x", 1), body: body, secrets: []string{"current"}},
		{name: "no header", body: body, secrets: []string{"current"}},
		{name: "no secret", header: sign("", now, body), body: body, secrets: []string{""}},
		{name: "no secrets", header: good, body: body},
		{name: "cut off", header: good[:len(good)-2], body: body, secrets: []string{"current"}},
		{name: "not hexadecimal", header: "t=1,v1=zz", body: body, secrets: []string{"current"}},
		{name: "a time out of range", header: "t=9223372036854775807,v1=00", body: body, secrets: []string{"current"}},
		{name: "too long", header: good + strings.Repeat(",v1=00", 1000), body: body, secrets: []string{"current"}},
	} {
		h := http.Header{"Some-Signature": {tt.header}}
		if err := signature.Check(h, "Some-Signature", []byte(tt.body), tt.secrets, now); (err == nil) != tt.ok {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

func FuzzCheck(f *testing.F) {
	f.Add("t=1772366400,v1=00", []byte("{}"))
	f.Fuzz(func(t *testing.T, header string, body []byte) {
		h := http.Header{"Some-Signature": {header}}
		if err := signature.Check(h, "Some-Signature", body, []string{"c29tZSBzZWNyZXQ"}, now); err == nil {
			t.Fatalf("accepted %q", header)
		}
	})
}

// TestSign: a signed request passes the check, and only with its secret and body.
func TestSign(t *testing.T) {
	for _, c := range []struct {
		name, secret, body string
		good               bool
	}{
		{name: "as it is", secret: "current", body: "{}", good: true},
		{name: "another secret", secret: "other", body: "{}"},
		{name: "another body", secret: "current", body: "{ }"},
	} {
		h := http.Header{}
		h.Set("Purser-Signature", signature.Sign([]byte("{}"), "current", now))
		if err := signature.Check(h, "Purser-Signature", []byte(c.body), []string{c.secret}, now); (err == nil) != c.good {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
