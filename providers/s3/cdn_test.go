package s3_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"purser/catalog"
	"purser/providers/s3"
)

// distribution is a CloudFront edge: it serves signed URLs until they expire.
type distribution struct {
	key *rsa.PublicKey // of the key pair
	now time.Time
	off bool // the key was revoked
}

func (d *distribution) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	w.WriteHeader(d.judge(r.URL))
	return w.Result(), nil
}

// judge follows CloudFront's documentation of signed URLs with a canned
// policy, not the SDK.
func (d *distribution) judge(u *url.URL) int {
	q := u.Query()
	expires, err := strconv.ParseInt(q.Get("Expires"), 10, 64)
	if err != nil || d.off || q.Get("Key-Pair-Id") != "K2SHOP" {
		return http.StatusForbidden
	}
	bare := *u
	for _, own := range []string{"Expires", "Signature", "Key-Pair-Id"} {
		q.Del(own)
	}
	bare.RawQuery = q.Encode()
	policy := fmt.Sprintf(`{"Statement":[{"Resource":"%s","Condition":{"DateLessThan":{"AWS:EpochTime":%d}}}]}`, bare.String(), expires)
	signature, err := base64.StdEncoding.DecodeString(strings.NewReplacer("-", "+", "_", "=", "~", "/").Replace(u.Query().Get("Signature")))
	sum := sha1.Sum([]byte(policy))
	if err != nil || rsa.VerifyPKCS1v15(d.key, crypto.SHA1, sum[:], signature) != nil || d.now.Unix() >= expires {
		return http.StatusForbidden
	}
	return http.StatusOK
}

func keyPair(t *testing.T) (*rsa.PublicKey, string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	b := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	return &key.PublicKey, string(b)
}

// TestCloudFront proves IMG-10, IMG-11, F63 and F65: URLs are signed for an
// hour and for one file; when the distribution stops serving them, images come
// from the bucket, before a shopper gets a 403.
func TestCloudFront(t *testing.T) {
	public, private := keyPair(t)
	now := time.Now()
	edge := &distribution{key: public, now: now}
	s := store(t, func(c *s3.Config) {
		c.CDN = s3.CDN{Domain: "d111.cloudfront.net", KeyPairID: "K2SHOP", PrivateKey: private, Private: "d222.cloudfront.net", Ask: edge}
		c.Now = func() time.Time { return now }
	})
	ctx := context.Background()
	put(t, s, "images/p/a.jpg", "image")
	judge := func(address string) int {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		return edge.judge(u)
	}
	for name, show := range map[string]func() (catalog.Link, error){
		"https://d111.cloudfront.net/images/p/a.jpg?": func() (catalog.Link, error) { return s.ShowObject(ctx, "images/p/a.jpg") },
		"https://d222.cloudfront.net/originals/a?response-content-disposition=attachment&response-content-type=application%2Foctet-stream&": func() (catalog.Link, error) {
			return s.ShowPrivate(ctx, "originals/a", time.Hour)
		},
	} {
		edge.now = now
		link, err := show()
		if err != nil || !strings.HasPrefix(link.URL, name) || !link.Expires.Equal(now.Add(time.Hour).UTC().Truncate(time.Second)) {
			t.Fatalf("%s: %+v, %v", name, link, err)
		}
		if code := judge(link.URL); code != 200 {
			t.Errorf("%s: HTTP %d", name, code)
		}
		if code := judge(strings.Replace(link.URL, ".net/", ".net/other/", 1)); code != 403 {
			t.Errorf("%s, another file: HTTP %d", name, code)
		}
		edge.now = now.Add(time.Hour - 2*time.Second)
		if code := judge(link.URL); code != 200 {
			t.Errorf("%s, just in time: HTTP %d", name, code)
		}
		edge.now = now.Add(time.Hour)
		if code := judge(link.URL); code != 403 {
			t.Errorf("%s, too late: HTTP %d", name, code)
		}
	}
	edge.now, edge.off = now, true
	if used, err := s.CheckCDN(ctx, "images/p/a.jpg"); used || err != nil {
		t.Errorf("a revoked key: %t, %v", used, err)
	}
	link, err := s.ShowObject(ctx, "images/p/a.jpg")
	if err != nil {
		t.Fatal(err)
	}
	if code, _, body := get(t, link.URL); code != 200 || string(body) != "image" {
		t.Errorf("from the bucket: HTTP %d %q", code, body)
	}
	edge.off = false
	if used, err := s.CheckCDN(ctx, "images/p/a.jpg"); !used || err != nil {
		t.Errorf("a key that works again: %t, %v", used, err)
	}
}

// TestPrivateStaysInBucket (IMG-10, IMG-11) checks that a distribution with
// signed URLs serves only images/, so private files are not requested from it;
// the bucket serves them only to the holder of a valid signature.
func TestPrivateStaysInBucket(t *testing.T) {
	_, private := keyPair(t)
	s := store(t, func(c *s3.Config) {
		c.CDN = s3.CDN{Domain: "d111.cloudfront.net", KeyPairID: "K2SHOP", PrivateKey: private}
	})
	for _, key := range []string{"originals/img_a/secret", "quarantine/img_a/secret"} {
		put(t, s, key, "private")
		link, err := s.ShowPrivate(context.Background(), key, time.Hour)
		if err != nil || !strings.HasPrefix(link.URL, endpoint+"/"+bucket+"/"+key+"?") {
			t.Fatalf("%+v, %v", link, err)
		}
		if code, header, body := get(t, link.URL); code != http.StatusOK || string(body) != "private" || header.Get("Content-Disposition") != "attachment" {
			t.Errorf("signed: HTTP %d %q", code, body)
		}
		for _, address := range []string{endpoint + "/" + bucket + "/" + key, endpoint + "/" + bucket + "/?prefix=originals/", endpoint + "/" + bucket} {
			if code, _, body := get(t, address); code != http.StatusForbidden {
				t.Errorf("%s, unsigned: HTTP %d %q", address, code, body)
			}
		}
		if address, ok := s.Lasting(key); ok {
			t.Errorf("it has a lasting address: %s", address)
		}
	}
}

func TestOpenCDN(t *testing.T) {
	s := store(t, func(c *s3.Config) { c.CDN.Domain = "https://cdn.shop.example/" })
	if at, ok := s.Lasting("images/p/a b.jpg"); !ok || at != "https://cdn.shop.example/images/p/a%20b.jpg" {
		t.Errorf("%q, %t", at, ok)
	}
	if at, ok := store(t).Lasting("images/p/a.jpg"); ok {
		t.Errorf("a lasting address without a CDN: %q", at)
	}
	// The distribution does not serve private files.
	if link, err := s.ShowPrivate(context.Background(), "originals/a", time.Hour); err != nil || !strings.HasPrefix(link.URL, endpoint) {
		t.Errorf("%+v, %v", link, err)
	}
}

func TestConfig(t *testing.T) {
	_, private := keyPair(t)
	for name, c := range map[string]s3.Config{
		"no bucket":       {},
		"half a key pair": {Bucket: "b", CDN: s3.CDN{Domain: "d", KeyPairID: "K"}},
		"no domain":       {Bucket: "b", CDN: s3.CDN{KeyPairID: "K", PrivateKey: private}},
		"a broken key":    {Bucket: "b", CDN: s3.CDN{Domain: "d", KeyPairID: "K", PrivateKey: "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----"}},
		"a domain's path": {Bucket: "b", CDN: s3.CDN{Domain: "d.example/x"}},
		"private, open":   {Bucket: "b", CDN: s3.CDN{Domain: "d.example", Private: "p.example"}},
		"private, a path": {Bucket: "b", CDN: s3.CDN{Domain: "d.example", Private: "p.example/x", KeyPairID: "K", PrivateKey: private}},
		"private, alone":  {Bucket: "b", CDN: s3.CDN{Private: "p.example"}},
	} {
		if _, err := s3.New(context.Background(), c); err == nil || strings.Contains(err.Error(), "AAAA") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
