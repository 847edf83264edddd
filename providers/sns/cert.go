package sns

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
	"golang.org/x/time/rate"

	"purser/order"
)

// What a flood of forged messages can make us do: fetch so many unknown
// certificates a minute, and remember so many.
const (
	fetchesAtOnce = 10
	fetchEvery    = 10 * time.Second
	maxKnown      = 64
	forget        = 24 * time.Hour
	maxCert       = 64 << 10
)

// cache keeps the certificates that were fetched, and for a short while what
// was no certificate.
type cache struct {
	client *http.Client
	now    func() time.Time
	holds  func(chain []*x509.Certificate, at time.Time) bool // leads to a root
	flight singleflight.Group

	mu    sync.Mutex
	known map[string]*entry
	limit *rate.Limiter
}

// entry is what an address holds.
type entry struct {
	chain []*x509.Certificate // the leaf first; nil: none
	until time.Time
}

// key answers the public key of the certificate at an address, if Amazon
// issued it to SNS.
func (s *Source) key(address, host string, now time.Time) (*rsa.PublicKey, error) {
	chain, err := s.certs.get(address)
	if err != nil {
		return nil, err
	}
	if len(chain) == 0 {
		return nil, fmt.Errorf("%w: no certificate at that address", ErrSignature)
	}
	leaf := chain[0]
	if err := s.trusted(chain, host, now); err != nil {
		return nil, err
	}
	key, ok := leaf.PublicKey.(*rsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("%w: the certificate's key is of another kind", ErrSignature)
	}
	return key, nil
}

// trusted checks whom the certificate is for and who issued it.
func (s *Source) trusted(chain []*x509.Certificate, host string, now time.Time) error {
	leaf := chain[0]
	if leaf.VerifyHostname("sns.amazonaws.com") != nil && leaf.VerifyHostname(host) != nil {
		return fmt.Errorf("%w: the certificate is not SNS's", ErrSignature)
	}
	if !s.leads(chain, now) {
		return fmt.Errorf("%w: the certificate is not to be trusted", ErrSignature)
	}
	return nil
}

// leads reports whether a chain ends at a root of ours.
func (s *Source) leads(chain []*x509.Certificate, at time.Time) bool {
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{
		Roots: s.roots, Intermediates: between, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	return err == nil
}

// get answers the certificates at an address, from memory if it can.
func (c *cache) get(address string) ([]*x509.Certificate, error) {
	if e := c.look(address); e != nil {
		return e.chain, nil
	}
	v, err, _ := c.flight.Do(address, func() (any, error) {
		if e := c.look(address); e != nil {
			return e.chain, nil
		}
		if !c.allowed() {
			return nil, unavailable("too_many_certificates", nil)
		}
		chain, err := c.fetch(address)
		if err != nil {
			return nil, err
		}
		c.keep(address, chain)
		return chain, nil
	})
	if err != nil {
		return nil, err
	}
	return v.([]*x509.Certificate), nil
}

func (c *cache) look(address string) *entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.known[address]; e != nil && c.now().Before(e.until) {
		return e
	}
	return nil
}

func (c *cache) allowed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.limit == nil {
		c.limit = rate.NewLimiter(rate.Every(fetchEvery), fetchesAtOnce)
	}
	return c.limit.AllowN(c.now(), 1)
}

// keep remembers. What is no certificate is remembered for a minute only, and
// goes first when there is no room.
func (c *cache) keep(address string, chain []*x509.Certificate) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := &entry{chain: chain, until: c.now().Add(forget)}
	if len(chain) == 0 {
		e.until = c.now().Add(time.Minute)
	}
	for pass := 0; len(c.known) >= maxKnown && pass < 2; pass++ {
		for k, old := range c.known {
			if !c.now().Before(old.until) || len(old.chain) == 0 || pass == 1 && len(c.known) >= maxKnown {
				delete(c.known, k)
			}
		}
	}
	c.known[address] = e
}

// fetch reads the certificates at an address that was checked. Amazon serves
// the signing certificate alone, so that of its issuer is fetched too.
func (c *cache) fetch(address string) ([]*x509.Certificate, error) {
	body, err := c.read(address)
	if err != nil || body == nil {
		return nil, err
	}
	var chain []*x509.Certificate
	for block, rest := pem.Decode(body); block != nil; block, rest = pem.Decode(rest) {
		cert, err := x509.ParseCertificate(block.Bytes)
		if block.Type != "CERTIFICATE" || err != nil {
			return nil, nil
		}
		chain = append(chain, cert)
	}
	if len(chain) == 0 {
		return nil, nil
	}
	if c.holds(chain, c.now()) {
		return chain, nil
	}
	issuers, err := c.issuers(chain[0])
	return append(chain, issuers...), err
}

// issuer is where Amazon's certificate authority keeps its certificates. What
// is there is believed only if it leads to a root.
var issuer = regexp.MustCompile(`^http://crt\.[a-z0-9]+\.amazontrust\.com/[A-Za-z0-9]+\.cer$`)

// issuers fetches the certificates of those who issued one, from where it
// says they are.
func (c *cache) issuers(leaf *x509.Certificate) (found []*x509.Certificate, err error) {
	for _, address := range leaf.IssuingCertificateURL[:min(len(leaf.IssuingCertificateURL), 2)] {
		if !issuer.MatchString(address) {
			continue
		}
		body, err := c.read(address)
		if err != nil {
			return nil, err
		}
		if cert, err := x509.ParseCertificate(body); err == nil {
			found = append(found, cert)
		}
	}
	return found, nil
}

// read gets an address; nil if there is nothing of ours.
func (c *cache) read(address string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	resp, err := get(ctx, c.client, address)
	if err != nil {
		return nil, unavailable("no_certificate", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 500 || resp.StatusCode == http.StatusTooManyRequests {
		return nil, unavailable("no_certificate", nil)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, nil
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxCert+1))
	if err != nil {
		return nil, unavailable("no_certificate", err)
	}
	if len(body) > maxCert {
		return nil, nil
	}
	return body, nil
}

func get(ctx context.Context, client *http.Client, address string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	resp, err := client.Do(req)
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err // without the address, which may hold a token
	}
	return resp, err
}

func unavailable(code string, cause error) error {
	return &order.ProviderError{Provider: "sns", Op: "verify", Kind: order.ErrUnavailable, Code: code, Err: cause}
}
