package mailwebhook_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/mail"
	"purser/order"
	"purser/providers/mailwebhook"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func signature(secret string, at time.Time, body string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "%d.%s", at.Unix(), body)
	return fmt.Sprintf("t=%d,v1=%s", at.Unix(), hex.EncodeToString(mac.Sum(nil)))
}

// TestVerify (WHK-1, WHK-17, F51) checks the secrets and the header. The tests
// of providers/signature cover the rest of a signature.
func TestVerify(t *testing.T) {
	const body = `{"id":"evt_1"}`
	for secret, ok := range map[string]bool{"current": true, "previous": true, "other": false} {
		h := http.Header{"Purser-Signature": {signature(secret, now, body)}}
		err := mailwebhook.Source{Secrets: []string{"current", "previous"}}.Verify(h, []byte(body), now)
		if (err == nil) != ok || err != nil && !errors.Is(err, mailwebhook.ErrSignature) {
			t.Errorf("%s: %v", secret, err)
		}
	}
	if err := (mailwebhook.Source{Secrets: []string{"current"}}).Verify(http.Header{}, []byte(body), now); !errors.Is(err, mailwebhook.ErrSignature) {
		t.Errorf("no header: %v", err)
	}
}

const entry = `{"providerId":"m1","recipient":"Ada@Example.com","kind":"bounced","bounce":"permanent","diagnostic":"550\nunknown","at":"2026-03-01T12:00:00Z"}`

func event(entries string) string {
	return `{"id":"evt_1","provider":"mailgun","feedback":[` + entries + `]}`
}

// TestParse (BNC-5, EML-2) checks that only the form in the package comment is
// accepted.
func TestParse(t *testing.T) {
	d, err := mailwebhook.Source{}.Parse([]byte(event(entry)))
	want := order.Delivery{
		Provider: "mail", Account: "mailgun", EventID: "evt_1", Type: "mail.bounced", At: now, Ref: "m1",
		Mail: &mail.Report{Feedback: []mail.Feedback{{
			Provider: "mailgun", ProviderID: "m1", Recipient: "ada@example.com", Kind: mail.Bounced, Bounce: mail.Permanent, Diagnostic: "550 unknown", At: now,
		}}},
	}
	if diff := cmp.Diff(want, d); diff != "" || err != nil {
		t.Fatalf("%v %s", err, diff)
	}
	ours := strings.Replace(entry, `"providerId":"m1"`, `"messageId":"ord_1:mail-shipped:1"`, 1)
	if d, err := (mailwebhook.Source{}).Parse([]byte(event(ours))); err != nil || d.Mail.Feedback[0].ProviderID != "ord_1:mail-shipped:1" {
		t.Errorf("by our id: %+v %v", d, err)
	}
	inHeader := func(id, providerID string) string {
		return event(strings.Replace(entry, `"providerId":"m1"`, `"messageId":"`+id+`"`+providerID, 1))
	}
	// The id is written as in the mail's header: ours, or a foreign one.
	shipped := order.NewID()
	wire := "<" + mail.WireID(order.Mail{OrderID: shipped, Notification: order.MailShipped, Generation: 1}.Key()) + "@shop.example>"
	if d, err := (mailwebhook.Source{}).Parse([]byte(inHeader(wire, ""))); err != nil || d.OrderID != shipped || d.Mail.Feedback[0].MessageID != string(shipped)+":mail-shipped:1" {
		t.Errorf("by our Message-ID: %+v %v", d, err)
	}
	for _, foreign := range []string{"<CAF+x=1@mail.example>", "<20260301:12@mail.example>", "@", "<>"} {
		if d, err := (mailwebhook.Source{}).Parse([]byte(inHeader(foreign, `,"providerId":"m1"`))); err != nil || d.Mail.Feedback[0].MessageID != "" || d.Mail.Feedback[0].ProviderID != "m1" {
			t.Errorf("a foreign Message-ID %s: %+v %v", foreign, d, err)
		}
		if d, err := (mailwebhook.Source{}).Parse([]byte(inHeader(foreign, ""))); !errors.Is(err, mailwebhook.ErrMalformed) {
			t.Errorf("only a foreign Message-ID %s: %+v %v", foreign, d, err)
		}
	}
	for name, bad := range map[string]string{
		"not JSON": "x", "empty": "", "two": event(entry) + event(entry), "no entries": event(""), "too many": event(entry + strings.Repeat(","+entry, 1000)),
		"no id": strings.Replace(event(entry), "evt_1", "", 1), "an id of two lines": strings.Replace(event(entry), "evt_1", `a\nb`, 1),
		"no provider": strings.Replace(event(entry), "mailgun", "", 1), "an odd provider": strings.Replace(event(entry), "mailgun", "Mail Gun", 1),
		"another provider": event(strings.Replace(entry, `{`, `{"provider":"ses",`, 1)), "an unknown field": event(strings.Replace(entry, `{`, `{"x":1,`, 1)),
		"no mail": event(strings.Replace(entry, `"providerId":"m1",`, "", 1)), "no address": event(strings.Replace(entry, "Ada@Example.com", "Ada", 1)),
		"an unknown kind": event(strings.Replace(entry, `"bounced"`, `"vanished"`, 1)), "a bounce without its kind": event(strings.Replace(entry, `"permanent"`, `"dropped"`, 1)),
		"a delivery that bounced": event(strings.Replace(entry, `"bounced"`, `"delivered"`, 1)), "no time": event(strings.Replace(entry, "2026-03-01T12:00:00Z", "0001-01-01T00:00:00Z", 1)),
	} {
		if d, err := (mailwebhook.Source{}).Parse([]byte(bad)); !errors.Is(err, mailwebhook.ErrMalformed) {
			t.Errorf("%s: %+v %v", name, d, err)
		} else if strings.Contains(err.Error(), "xample") {
			t.Errorf("%s: the error contains an address: %v", name, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(event(entry)))
	f.Add([]byte(event(entry + "," + entry)))
	f.Fuzz(func(t *testing.T, body []byte) {
		d, err := mailwebhook.Source{}.Parse(body)
		if err != nil {
			if !errors.Is(err, mailwebhook.ErrMalformed) {
				t.Fatalf("unclassified: %v", err)
			}
			return
		}
		if d.EventID == "" || d.Mail == nil || d.Event != nil {
			t.Fatalf("%+v", d)
		}
		for _, fb := range d.Mail.Feedback {
			if again, err := mail.Normalise(fb.Recipient); err != nil || again != fb.Recipient || fb.ProviderID == "" || fb.Provider == "" {
				t.Fatalf("%+v", fb)
			}
		}
		if _, err := json.Marshal(d); err != nil {
			t.Fatal(err)
		}
	})
}
