package sns_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"purser/providers/sns"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const (
	topic   = "arn:aws:sns:eu-central-1:123456789012:ses-events"
	certURL = "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-0a1b2c.pem"
)

// issued is a certificate and its key.
type issued struct {
	cert *x509.Certificate
	key  *rsa.PrivateKey
}

var serial atomic.Int64

// issue makes a certificate; a nil issuer makes it self-signed.
func issue(t testing.TB, by *issued, with func(*x509.Certificate)) *issued {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(serial.Add(1)), NotBefore: now.Add(-time.Hour), NotAfter: now.Add(90 * 24 * time.Hour),
		Subject: pkix.Name{CommonName: fmt.Sprint("test ", serial.Load())}, BasicConstraintsValid: true,
	}
	with(c)
	parent, signer := c, key
	if by != nil {
		parent, signer = by.cert, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &issued{cert, key}
}

func authority(c *x509.Certificate) { c.IsCA, c.KeyUsage = true, x509.KeyUsageCertSign }

func forSNS(c *x509.Certificate) { c.DNSNames = []string{"sns.amazonaws.com"} }

// pki is made once, because generating keys is slow.
var pki = sync.OnceValue(func() (p struct{ root, middle, leaf, expired, foreign, unnamed, stranger *issued }) {
	t := new(testing.T)
	p.root = issue(t, nil, authority)
	p.middle = issue(t, p.root, authority)
	p.leaf = issue(t, p.middle, func(c *x509.Certificate) {
		forSNS(c)
		c.IssuingCertificateURL = []string{"http://crt.r2m01.amazontrust.com/r2m01.cer"}
	})
	p.expired = issue(t, p.root, func(c *x509.Certificate) { forSNS(c); c.NotAfter = now.Add(-time.Minute) })
	p.unnamed = issue(t, p.root, func(c *x509.Certificate) { c.DNSNames = []string{"shop.example"} })
	p.stranger = issue(t, nil, authority)
	p.foreign = issue(t, p.stranger, forSNS)
	return p
})

// web serves the addresses it knows and counts all requests.
type web struct {
	mu    sync.Mutex
	pages map[string]func() *http.Response
	asked []string
}

func (w *web) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = append(w.asked, r.URL.String())
	if p := w.pages[r.URL.String()]; p != nil {
		return p(), nil
	}
	return nil, errors.New("no such host")
}

func (w *web) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.asked)
}

func page(status int, body []byte, headers ...string) func() *http.Response {
	return func() *http.Response {
		h := http.Header{}
		for i := 0; i+1 < len(headers); i += 2 {
			h.Set(headers[i], headers[i+1])
		}
		return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(string(body)))}
	}
}

func pemOf(list ...*issued) (b []byte) {
	for _, c := range list {
		b = append(b, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.cert.Raw})...)
	}
	return b
}

// amazon serves as SNS's hosts do: the leaf alone, and its issuer elsewhere.
func amazon() *web {
	p := pki()
	return &web{pages: map[string]func() *http.Response{
		certURL: page(200, pemOf(p.leaf)),
		"http://crt.r2m01.amazontrust.com/r2m01.cer": page(200, p.middle.cert.Raw),
	}}
}

func build(t testing.TB, w *web) *sns.Source {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(pki().root.cert)
	s, err := sns.New(sns.Config{
		Topics: []string{topic}, Roots: roots, Client: &http.Client{Transport: w}, Now: func() time.Time { return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// note is a message as SNS writes it.
type note map[string]string

func notice(message string) note {
	return note{
		"Type": "Notification", "MessageId": "11111111-2222-3333-4444-555555555555", "TopicArn": topic, "Message": message,
		"Timestamp": "2026-03-01T11:59:00.000Z", "SignatureVersion": "1", "SigningCertURL": certURL,
	}
}

func question() note {
	n := notice("You have chosen to subscribe")
	n["Type"], n["Token"] = "SubscriptionConfirmation", "2336412f37"
	n["SubscribeURL"] = "https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=" + topic + "&Token=2336412f37"
	return n
}

func (n note) with(pairs ...string) note {
	m := note{}
	for k, v := range n {
		m[k] = v
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return m
}

// canonical is written from Amazon's description, not from the adapter.
func (n note) canonical() string {
	names := []string{"Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"}
	if n["Type"] == "Notification" {
		names = []string{"Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"}
	}
	var b strings.Builder
	for _, name := range names {
		if v, ok := n[name]; ok {
			b.WriteString(name + "\n" + v + "\n")
		}
	}
	return b.String()
}

// signedBy returns the body with its signature.
func (n note) signedBy(t testing.TB, by *issued) string {
	t.Helper()
	var signature []byte
	var err error
	if n["SignatureVersion"] == "2" {
		sum := sha256.Sum256([]byte(n.canonical()))
		signature, err = rsa.SignPKCS1v15(nil, by.key, crypto.SHA256, sum[:])
	} else {
		sum := sha1.Sum([]byte(n.canonical()))
		signature, err = rsa.SignPKCS1v15(nil, by.key, crypto.SHA1, sum[:])
	}
	if err != nil {
		t.Fatal(err)
	}
	return n.with("Signature", base64.StdEncoding.EncodeToString(signature)).json(t)
}

func (n note) json(t testing.TB) string {
	t.Helper()
	b, err := json.Marshal(n)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestVerify (WHK-1, WHK-2, WHK-18, F51) checks which messages are accepted.
func TestVerify(t *testing.T) {
	leaf := pki().leaf
	good := notice(`{"eventType":"Send"}`)
	sign := func(n note) string { return n.signedBy(t, leaf) }
	for _, tt := range []struct {
		name, body string
		ok         bool
	}{
		{name: "version 1", body: sign(good), ok: true},
		{name: "version 2", body: sign(good.with("SignatureVersion", "2")), ok: true},
		{name: "with a subject", body: sign(good.with("Subject", "Amazon SES")), ok: true},
		{name: "a message of several lines", body: sign(notice("one\ntwo\nMessageId\nthree")), ok: true},
		{name: "subscription", body: sign(question()), ok: true},
		{name: "end of a subscription", body: sign(question().with("Type", "UnsubscribeConfirmation")), ok: true},
		{name: "an hour old", body: sign(good.with("Timestamp", "2026-03-01T11:00:00.000Z")), ok: true},

		{name: "another message", body: strings.Replace(sign(good), "Send", "Sent", 1)},
		{name: "another id", body: strings.Replace(sign(good), "1111", "1112", 1)},
		{name: "a subject added", body: strings.Replace(sign(good), `"Type"`, `"Subject":"x","Type"`, 1)},
		{name: "another topic", body: sign(good.with("TopicArn", topic+"2"))},
		{name: "another address to subscribe at", body: strings.Replace(sign(question()), "Action=ConfirmSubscription", "Action=Unsubscribe", 1)},
		{name: "a day old", body: sign(good.with("Timestamp", "2026-02-28T12:00:00.000Z"))},
		{name: "a day in the future", body: sign(good.with("Timestamp", "2026-03-02T12:00:00.000Z"))},
		{name: "no time", body: sign(good.with("Timestamp", ""))},
		{name: "version 3", body: sign(good.with("SignatureVersion", "3"))},
		{name: "version 2 signed as 1", body: strings.Replace(sign(good), `"SignatureVersion":"1"`, `"SignatureVersion":"2"`, 1)},
		{name: "unsigned", body: good.json(t)},
		{name: "an empty signature", body: good.with("Signature", "").json(t)},
		{name: "not base64", body: good.with("Signature", "%%%").json(t)},
		{name: "another type", body: sign(good.with("Type", "Invitation"))},
		{name: "an id of two lines", body: sign(good.with("MessageId", "1\nTimestamp\n2"))},
		{name: "a subject of two lines", body: sign(good.with("Subject", "1\nTimestamp\n2"))},
		{name: "a confirmation without its fields", body: sign(good.with("Type", "SubscriptionConfirmation"))},
		{name: "not JSON", body: "Message=x"},
		{name: "empty"},
		{name: "huge", body: `{"Message":"` + strings.Repeat("x", 600<<10) + `"}`},
	} {
		err := build(t, amazon()).Verify(nil, []byte(tt.body), now)
		if (err == nil) != tt.ok || err != nil && !errors.Is(err, sns.ErrSignature) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	none, err := sns.New(sns.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if err := none.Verify(nil, []byte(sign(good)), now); !errors.Is(err, sns.ErrSignature) {
		t.Errorf("without topics: %v", err)
	}
}
