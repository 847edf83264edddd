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
	// Domain serves published images: "d111111abcdef8.cloudfront.net". Empty: the
	// bucket serves them at signed URLs.
	Domain string
	// KeyPairID and PrivateKey (PEM) sign the URLs, if the distribution requires
	// it. Empty: the distribution is public.
	KeyPairID, PrivateKey string
	// Private is a distribution for unpublished files: it may read originals/ and
	// quarantine/, serves only signed URLs, and forwards the query strings
	// response-content-disposition and response-content-type. It needs the key
	// pair. Empty, the recommended value, uses signed URLs of the bucket, so that
	// no CDN can read those folders.
	Private string
	// Ask is the transport that checks whether the distribution serves images; nil
	// means http.DefaultTransport.
	Ask http.RoundTripper
}

// cdn is a distribution and its last known state.
type cdn struct {
	domain  string
	private string          // the domain for unpublished files; empty without one
	signer  *sign.URLSigner // nil if URLs are not signed
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

// domain returns a distribution's name without the rest of its URL.
func domain(s string) (string, error) {
	name := strings.TrimRight(strings.TrimPrefix(s, "https://"), "/")
	if u, err := url.Parse("https://" + name); err != nil || u.Host != name {
		return "", fmt.Errorf("s3: %q is not a domain name", s)
	}
	return name, nil
}

// privateKey parses a PEM key in either of its two forms. CloudFront accepts
// RSA and ECDSA keys.
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

// ShowObject returns the URL of a published image for a browser: at the CDN if
// there is one and it serves images, else in the bucket, which stays private.
func (s *Store) ShowObject(ctx context.Context, key string) (catalog.Link, error) {
	if s.cdn == nil || s.cdn.denied.Load() {
		return s.SignGet(ctx, key, catalog.PrivateLink, false)
	}
	return s.cdn.link(s.cdn.url(key), s.now().Add(catalog.PrivateLink))
}

// Lasting returns the permanent URL of a published image, if there is one: that
// requires a public CDN.
func (s *Store) Lasting(key string) (string, bool) {
	if s.cdn == nil || s.cdn.signer != nil || s.cdn.denied.Load() {
		return "", false
	}
	return s.cdn.url(key), true
}

// ShowPrivate returns a temporary URL at which an authorised person downloads
// an unpublished file. The URL is the bucket's, unless there is a private
// distribution. The distribution that serves published images, signed or not,
// thus needs no access to private files.
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

// link signs a URL under CloudFront's canned policy: this file, until the given
// time.
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

// CheckCDN requests a published image from the distribution as a browser would.
// If it refuses (a revoked key, a changed policy), the bucket serves the images
// until it works again, so that shoppers do not get a 403. CheckCDN returns
// whether the distribution is in use.
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
	if err != nil { // the result is unknown, so the state stays
		return !s.cdn.denied.Load(), failure("check cdn", order.ErrUnavailable, "", err)
	}
	_ = resp.Body.Close()
	s.cdn.denied.Store(resp.StatusCode == http.StatusUnauthorized || resp.StatusCode == http.StatusForbidden)
	return !s.cdn.denied.Load(), nil
}
