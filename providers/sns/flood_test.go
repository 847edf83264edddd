package sns_test

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"purser/order"
	"purser/providers/sns"
)

// flood is a source under attack, with its own clock.
type flood struct {
	*testing.T
	*web
	source *sns.Source
	keeper *memoryKeeper
	now    time.Time
	from   string // the source of forged messages; "": unknown
	forged int
}

// memoryKeeper is a keeper in memory that several processes share.
type memoryKeeper struct {
	kept map[string][]byte
	bad  error
	n    int // how often a certificate was stored
}

func (c *memoryKeeper) KeepCertificate(_ context.Context, address string, chain []byte) error {
	if c.bad == nil {
		c.kept[address] = chain
		c.n++
	}
	return c.bad
}

func (c *memoryKeeper) Certificates(context.Context) (map[string][]byte, error) { return c.kept, c.bad }

func newFlood(t *testing.T) *flood {
	f := &flood{T: t, web: amazon(), now: now, keeper: &memoryKeeper{kept: map[string][]byte{}}}
	f.restart()
	return f
}

// restart returns another process, or the same one later, with the same keeper.
func (f *flood) restart() {
	f.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(pki().root.cert)
	var err error
	f.source, err = sns.New(sns.Config{
		Topics: []string{topic}, Roots: roots, Client: &http.Client{Transport: f.web}, Keeper: f.keeper, Now: func() time.Time { return f.now },
	})
	if err != nil {
		f.Fatal(err)
	}
}

// at returns a current message with this certificate address.
func (f *flood) at(address string) []byte {
	return []byte(notice("x").with("SigningCertURL", address, "Timestamp", f.now.Format(time.RFC3339)).signedBy(f.T, pki().leaf))
}

func (f *flood) genuine() error { return f.source.Verify(nil, f.at(certURL), f.now) }

// genuineFrom returns a genuine message from an SNS address.
func (f *flood) genuineFrom(source string) error {
	return f.source.VerifyFrom(source, f.at(certURL), f.now)
}

// forge sends the given number of messages, each with its own address on a
// host. None of the addresses has a certificate.
func (f *flood) forge(host string, n int) {
	f.Helper()
	for range n {
		f.forged++
		address := fmt.Sprintf("https://%s/SimpleNotificationService-%032x.pem", host, f.forged)
		f.mu.Lock()
		f.pages[address] = page(404, nil)
		f.mu.Unlock()
		forged := notice("x").with("SigningCertURL", address, "Timestamp", f.now.Format(time.RFC3339), "Signature", "AAAA")
		switch err := f.source.VerifyFrom(f.from, []byte(forged.json(f.T)), f.now); {
		case err == nil:
			f.Fatal("a forged message was accepted")
		case !errors.Is(err, sns.ErrSignature) && !errors.Is(err, order.ErrUnavailable):
			f.Fatal(err)
		}
	}
}

const (
	home = "sns.eu-central-1.amazonaws.com" // of the topic's region
	away = "sns.us-east-1.amazonaws.com"
)

// TestFlood (WHK-16, F51) checks that forged certificate addresses never block
// genuine messages, and that few of them are fetched.
func TestFlood(t *testing.T) {
	f := newFlood(t)
	if err := f.genuine(); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		f.forge(home, 10)
		if err := f.genuine(); err != nil {
			t.Fatalf("after %d forged messages: %v", f.forged, err)
		}
	}
	if n := f.count(); n > 12 {
		t.Errorf("asked %d times", n)
	}
}

// TestFloodBeforeFirstMessage checks that a flood before the first genuine
// message makes SNS send that message once more, at most.
func TestFloodBeforeFirstMessage(t *testing.T) {
	f := newFlood(t)
	f.forge(home, 1_000)
	if err := f.genuine(); !errors.Is(err, order.ErrUnavailable) {
		t.Errorf("first: %v; SNS must send it again", err)
	}
	f.forge(home, 1_000)
	if err := f.genuine(); err != nil {
		t.Errorf("sent again: %v", err)
	}
	if n := f.count(); n > 12 {
		t.Errorf("asked %d times", n)
	}
}

// TestFloodOfOtherAddresses checks that addresses on other hosts or with other
// names have a budget of their own.
func TestFloodOfOtherAddresses(t *testing.T) {
	f := newFlood(t)
	f.forge(away, 100)
	for i := range 100 {
		_ = f.source.Verify(nil, f.at(fmt.Sprintf("https://%s/%d.pem", home, i)), f.now)
	}
	if err := f.genuine(); err != nil {
		t.Errorf("the first genuine message: %v", err)
	}
	if n := f.count(); n > 12 {
		t.Errorf("asked %d times", n)
	}
}

// TestFloodDuringRefetch checks that a certificate that is due for a refetch is
// used until that succeeds, while it is valid.
func TestFloodDuringRefetch(t *testing.T) {
	f := newFlood(t)
	if err := f.genuine(); err != nil {
		t.Fatal(err)
	}
	f.now = f.now.Add(25 * time.Hour)
	f.forge(home, 100)
	asked := f.count()
	if err := f.genuine(); err != nil || f.count() != asked {
		t.Errorf("without a budget to fetch it: %v, asked %d times", err, f.count()-asked)
	}
	f.now = f.now.Add(time.Hour)
	f.pages[certURL] = page(503, nil)
	if err := f.genuine(); err != nil {
		t.Errorf("SNS is down: %v", err)
	}
	f.now = now.Add(91 * 24 * time.Hour)
	if err := f.genuine(); !errors.Is(err, sns.ErrSignature) {
		t.Errorf("expired in the meantime: %v", err)
	}
}

// TestMissingCertificate checks that an address without a certificate is not
// fetched again for a while, and then does not use up the others' budget.
func TestMissingCertificate(t *testing.T) {
	f := newFlood(t)
	f.pages[certURL] = page(404, nil)
	for range 100 {
		if err := f.genuine(); !errors.Is(err, sns.ErrSignature) {
			t.Fatal(err)
		}
	}
	if n := f.count(); n != 1 {
		t.Errorf("asked %d times", n)
	}
	f.pages[certURL] = amazon().pages[certURL]
	f.now = f.now.Add(11 * time.Minute)
	if err := f.genuine(); err != nil {
		t.Errorf("once the certificate exists: %v", err)
	}
	f = newFlood(t)
	f.pages["http://crt.r2m01.amazontrust.com/r2m01.cer"] = page(404, nil)
	if err := f.genuine(); !errors.Is(err, order.ErrUnavailable) {
		t.Errorf("the issuer cannot be fetched: %v; SNS must send it again", err)
	}
}
