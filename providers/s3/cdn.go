package s3

import (
	"context"
	"crypto"
	"crypto/rsa"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/cloudfront/sign"

	"purser/catalog"
	"purser/order"
)

// CDN is a CloudFront distribution in front of the bucket.
type CDN struct {
	// Domain shows published images: "d111111abcdef8.cloudfront.net". Empty:
	// the bucket shows them, by signed addresses.
	Domain string
	// KeyPairID and PrivateKey (PEM) sign the addresses, where the
	// distribution demands it. Empty: it shows images to everybody.
	KeyPairID, PrivateKey string
	// Private is a distribution for what is not published: it may read
	// originals/ and quarantine/, shows nothing unsigned, and forwards the
	// query strings response-content-disposition and response-content-type.
	// It needs the key pair. Empty, as is best: signed addresses of the
	// bucket, so that no CDN need ever read those folders.
	Private string
	// Ask is asked now and then whether the distribution still shows what it
	// is given; nil: http.DefaultTransport.
	Ask http.RoundTripper
}

// cdn is a distribution and how it was last found.
type cdn struct {
	domain  string
	private string          // the domain for what is not published; "": none
	signer  *sign.URLSigner // nil: addresses are not signed
	ask     http.RoundTripper
	denied  atomic.Bool
}

func newCDN(c CDN) (*cdn, error) {
	if c.Domain == "" {
		if c.KeyPairID != "" || c.PrivateKey != "" || c.Private != "" {
			return nil, errors.New("s3: a CloudFront key or private distribution without a domain")
		}
		return nil, nil
	}
	d := &cdn{ask: c.Ask}
	if d.ask == nil {
		d.ask = http.DefaultTransport
	}
	var err error
	if d.domain, err = domain(c.Domain); err != nil {
		return nil, err
	}
	if c.Private != "" {
		if d.private, err = domain(c.Private); err != nil {
			return nil, err
		}
	}
	switch {
	case (c.KeyPairID == "") != (c.PrivateKey == ""):
		return nil, errors.New("s3: a CloudFront key pair is an id and a private key")
	case d.private != "" && c.PrivateKey == "":
		return nil, errors.New("s3: a private distribution needs a CloudFront key pair")
	}
	if c.PrivateKey != "" {
		key, err := privateKey(c.PrivateKey)
		if err != nil {
			return nil, err
		}
		d.signer = sign.NewURLSigner(c.KeyPairID, key)
	}
	return d, nil
}

// domain is a distribution's name, without what else an address has.
func domain(s string) (string, error) {
	name := strings.TrimRight(strings.TrimPrefix(s, "https://"), "/")
	if u, err := url.Parse("https://" + name); err != nil || u.Host != name {
		return "", fmt.Errorf("s3: %q is no domain of a CDN", s)
	}
	return name, nil
}

// privateKey reads a PEM in either of its two forms. CloudFront knows RSA and
// ECDSA keys.
func privateKey(pem string) (crypto.Signer, error) {
	if strings.Contains(pem, "BEGIN RSA PRIVATE KEY") {
		var key *rsa.PrivateKey
		key, err := sign.LoadPEMPrivKey(strings.NewReader(pem))
		if err != nil {
			return nil, errors.New("s3: the CloudFront private key cannot be read") // err may quote it
		}
		return key, nil
	}
	key, err := sign.LoadPEMPrivKeyPKCS8AsSigner(strings.NewReader(pem))
	if err != nil {
		return nil, errors.New("s3: the CloudFront private key cannot be read")
	}
	return key, nil
}

// ShowObject is where a browser sees a published image: at the CDN if there
// is one and it shows what it is given, else in the bucket, which stays
// private.
func (s *Store) ShowObject(ctx context.Context, key string) (catalog.Link, error) {
	if s.cdn == nil || s.cdn.denied.Load() {
		return s.SignGet(ctx, key, catalog.PrivateLink, false)
	}
	return s.cdn.link(s.cdn.url(key), s.now().Add(catalog.PrivateLink))
}

// Lasting reports the address of a published image that works for good, if
// there is one: a CDN's that is open to all.
func (s *Store) Lasting(key string) (string, bool) {
	if s.cdn == nil || s.cdn.signer != nil || s.cdn.denied.Load() {
		return "", false
	}
	return s.cdn.url(key), true
}

// ShowPrivate is where somebody who may downloads something private, for a
// while: in the bucket, which shows it to nobody else, unless there is
// a distribution for that and nothing else. The one that shows published
// images, signed or not, can be left without access to what is private.
func (s *Store) ShowPrivate(ctx context.Context, key string, within time.Duration) (catalog.Link, error) {
	if s.cdn == nil || s.cdn.private == "" {
		return s.SignGet(ctx, key, within, true)
	}
	at := url.URL{Scheme: "https", Host: s.cdn.private, Path: "/" + key, RawQuery: url.Values{
		"response-content-disposition": {"attachment"}, "response-content-type": {"application/octet-stream"},
	}.Encode()}
	return s.cdn.link(at.String(), s.now().Add(within))
}

func (d *cdn) url(key string) string {
	return (&url.URL{Scheme: "https", Host: d.domain, Path: "/" + key}).String()
}

// link signs an address under CloudFront's canned policy: this file, until
// then.
func (d *cdn) link(address string, until time.Time) (catalog.Link, error) {
	if d.signer == nil {
		return catalog.Link{URL: address}, nil
	}
	signed, err := d.signer.Sign(address, until)
	if err != nil {
		return catalog.Link{}, failure("sign", order.ErrDenied, "cdn_key", err)
	}
	return catalog.Link{URL: signed, Expires: until.UTC().Truncate(time.Second)}, nil
}

// CheckCDN asks the distribution for a published image as a browser would.
// Where it refuses (a key that was taken back, a policy that was changed),
// images are shown from the bucket until it does again, before shoppers
// meet a 403. It reports whether the distribution is in use.
func (s *Store) CheckCDN(ctx context.Context, key string) (bool, error) {
	if s.cdn == nil {
		return false, nil
	}
	link, err := s.cdn.link(s.cdn.url(key), s.now().Add(time.Minute))
	if err != nil {
		return false, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, link.URL, nil)
	if err != nil {
		return false, failure("check cdn", order.ErrRejected, "", err)
	}
	resp, err := s.cdn.ask.RoundTrip(req)
	if err != nil { // no news: leave it as it is
		return !s.cdn.denied.Load(), failure("check cdn", order.ErrUnavailable, "", err)
	}
	_ = resp.Body.Close()
	s.cdn.denied.Store(resp.StatusCode == http.StatusUnauthorized || resp.StatusCode == http.StatusForbidden)
	return !s.cdn.denied.Load(), nil
}
