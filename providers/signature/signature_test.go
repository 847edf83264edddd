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

// TestCheck (WHK-1, WHK-2, WHK-17, F51, F95).
func TestCheck(t *testing.T) {
	const body = `{"id": "evt_1"}`
	good := sign("current", now, body)
	for _, tt := range []struct {
		name, header, body string
		secrets            []string
		ok                 bool
	}{
		{"good", good, body, []string{"current"}, true},
		{"made with the previous secret", sign("previous", now, body), body, []string{"current", "previous"}, true},
		{"one of two signatures", good + ",v1=" + strings.Repeat("00", 32), body, []string{"current"}, true},
		{"unknown schemes are passed over", "v0=abc," + good, body, []string{"current"}, true},
		{"299 s old", sign("current", now.Add(-299*time.Second), body), body, []string{"current"}, true},
		{"301 s old", sign("current", now.Add(-301*time.Second), body), body, []string{"current"}, false},
		{"301 s in the future", sign("current", now.Add(301*time.Second), body), body, []string{"current"}, false},
		{"another secret", sign("other", now, body), body, []string{"current", "previous"}, false},
		{"another body", good, body + " ", []string{"current"}, false},
		{"a moved time", strings.Replace(good, fmt.Sprint(now.Unix()), fmt.Sprint(now.Unix()+1), 1), body, []string{"current"}, false},
		{"no time", strings.Replace(good, "t=", "t=x", 1), body, []string{"current"}, false},
		{"no header", "", body, []string{"current"}, false},
		{"no secret", sign("", now, body), body, []string{""}, false},
		{"no secrets", good, body, nil, false},
		{"cut off", good[:len(good)-2], body, []string{"current"}, false},
		{"not hexadecimal", "t=1,v1=zz", body, []string{"current"}, false},
		{"a time beyond time", "t=9223372036854775807,v1=00", body, []string{"current"}, false},
		{"too long", good + strings.Repeat(",v1=00", 1000), body, []string{"current"}, false},
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
