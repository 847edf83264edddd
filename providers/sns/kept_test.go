package sns_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"purser/order"
	"purser/providers/sns"
)

// TestStoredCertificate (WHK-16, WHK-18) checks that a certificate that
// verified a message is used after a restart, and in other processes, even
// while it cannot be fetched.
func TestStoredCertificate(t *testing.T) {
	f := newFlood(t)
	f.keeper.bad = errors.New("the record is down")
	if err := f.genuine(); err != nil {
		t.Fatal(err)
	}
	f.keeper.bad = nil
	for range 3 {
		if err := f.genuine(); err != nil {
			t.Fatal(err)
		}
	}
	if f.keeper.n != 1 {
		t.Errorf("stored %d times", f.keeper.n)
	}

	f.restart()
	f.forge(home, 1_000)
	if err := f.genuine(); err != nil {
		t.Errorf("started in a flood: %v", err)
	}
	f.restart()
	f.pages[certURL] = page(404, nil)
	if err := f.genuine(); err != nil {
		t.Errorf("started while it cannot be fetched: %v", err)
	}
	f.now = now.Add(91 * 24 * time.Hour)
	f.restart()
	if err := f.genuine(); !errors.Is(err, sns.ErrSignature) {
		t.Errorf("expired in the meantime: %v", err)
	}
}

// TestStoredCertificate_of_another_process checks that a process whose fetch
// was refused finds another process's certificate.
func TestStoredCertificate_of_another_process(t *testing.T) {
	f := newFlood(t)
	f.forge(home, 1_000)
	if err := f.genuine(); !errors.Is(err, order.ErrUnavailable) {
		t.Fatal(err)
	}
	f.keeper.kept[certURL] = pemOf(pki().leaf, pki().middle)
	f.now = f.now.Add(11 * time.Second)
	f.pages[certURL] = page(503, nil)
	if err := f.genuine(); err != nil {
		t.Error(err)
	}
}

// TestStoredCertificate_is_verified checks that a stored certificate is
// verified like a fetched one, and that a certificate that only forged messages
// name is never stored.
func TestStoredCertificate_is_verified(t *testing.T) {
	f := newFlood(t)
	for name, text := range map[string][]byte{
		"another authority's": pemOf(pki().foreign, pki().stranger), "rubbish": []byte("rubbish"), "nothing": nil,
		"expired": pemOf(pki().expired), "another's": pemOf(pki().unnamed),
	} {
		f.keeper.kept[certURL] = text
		f.restart()
		f.pages[certURL] = page(404, nil)
		for _, by := range []*issued{pki().foreign, pki().expired, pki().unnamed} {
			if err := f.source.Verify(nil, []byte(notice("x").signedBy(t, by)), f.now); !errors.Is(err, sns.ErrSignature) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	f = newFlood(t)
	forged := notice("x").with("Timestamp", f.now.Format(time.RFC3339)).signedBy(t, pki().foreign)
	if err := f.source.Verify(nil, []byte(forged), f.now); !errors.Is(err, sns.ErrSignature) || len(f.keeper.kept) > 0 {
		t.Errorf("%v, stored %d", err, len(f.keeper.kept))
	}
}

// TestRefetchFails checks that a certificate stays in use while it is
// valid, even if its address has lost it.
func TestRefetchFails(t *testing.T) {
	for name, there := range map[string][]byte{"nothing": nil, "an expired certificate": pemOf(pki().expired), "another authority's": pemOf(pki().foreign)} {
		f := newFlood(t)
		if err := f.genuine(); err != nil {
			t.Fatal(err)
		}
		f.pages[certURL] = page(404, nil)
		if there != nil {
			f.pages[certURL] = page(200, there)
		}
		for range 3 {
			f.now = f.now.Add(25 * time.Hour)
			asked := f.count()
			for range 3 {
				if err := f.genuine(); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
			if n := f.count() - asked; n > 2 { // one request, and perhaps one for its issuer
				t.Errorf("%s: asked %d times", name, n)
			}
		}
		f.now = now.Add(91 * 24 * time.Hour)
		if err := f.genuine(); !errors.Is(err, sns.ErrSignature) {
			t.Errorf("%s, and expired: %v", name, err)
		}
	}
}

// TestFloodOfOneSource checks that a forger who repeats many invented addresses
// uses up only the budget of sources with failed fetches, and not that of SNS,
// whose certificate is not known yet.
func TestFloodOfOneSource(t *testing.T) {
	for _, from := range []string{"203.0.113.9", ""} {
		f := newFlood(t)
		f.from = from
		for range 5 { // the same addresses again and again
			f.forged = 0
			f.forge(home, 500)
		}
		if err := f.genuineFrom("198.51.100.7"); err != nil {
			t.Errorf("a flood from %q: %v", from, err)
		}
		if n := f.count(); n > 28 {
			t.Errorf("a flood from %q: asked %d times", from, n)
		}
	}
}

// TestFloodOfKnownCertificates checks that messages that name many of Amazon's
// certificates do not evict the one in use.
func TestFloodOfKnownCertificates(t *testing.T) {
	f := newFlood(t)
	if err := f.genuine(); err != nil {
		t.Fatal(err)
	}
	f.keeper.bad = errors.New("the record is down") // otherwise it would be found there
	for i := range 100 {
		f.now = f.now.Add(10 * time.Second)
		address := fmt.Sprintf("https://%s/SimpleNotificationService-%032x.pem", away, i)
		f.pages[address] = page(200, pemOf(pki().leaf, pki().middle))
		forged := notice("x").with("SigningCertURL", address, "Timestamp", f.now.Format(time.RFC3339), "Signature", "AAAA")
		if err := f.source.Verify(nil, []byte(forged.json(t)), f.now); !errors.Is(err, sns.ErrSignature) {
			t.Fatal(err)
		}
	}
	f.pages[certURL] = page(503, nil)
	if err := f.genuine(); err != nil {
		t.Error(err)
	}
}
