package sns

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"time"

	"purser/order"
)

// maxCert is more than any certificate takes, in bytes.
const maxCert = 64 << 10

// key returns the public key of the certificate at an address, if Amazon
// issued it to SNS.
func (s *Source) key(address, host, from string, now time.Time) (*rsa.PublicKey, error) {
	chain, err := s.certs.get(address, host, from)
	if err != nil {
		return nil, err
	}
	if len(chain) == 0 {
		return nil, fmt.Errorf("%w: no trusted certificate at that address", ErrSignature)
	}
	leaf := chain[0]
	if err := s.trusted(chain, host, now); err != nil {
		return nil, err
	}
	key, ok := leaf.PublicKey.(*rsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("%w: the certificate's key is not an RSA key", ErrSignature)
	}
	return key, nil
}

// trusted checks the certificate's subject and its issuer.
func (s *Source) trusted(chain []*x509.Certificate, host string, now time.Time) error {
	leaf := chain[0]
	if leaf.VerifyHostname("sns.amazonaws.com") != nil && leaf.VerifyHostname(host) != nil {
		return fmt.Errorf("%w: the certificate is not SNS's", ErrSignature)
	}
	if !s.leads(chain, now) {
		return fmt.Errorf("%w: the certificate is not trusted", ErrSignature)
	}
	return nil
}

// leads reports whether a chain ends at a trusted root.
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

// fetch fetches the certificates at a checked address; the result is nil if
// none leads to a root. Amazon serves only the signing certificate, so fetch
// also fetches the issuer's.
func (c *cache) fetch(address string) ([]*x509.Certificate, error) {
	body, err := c.read(address)
	if err != nil || body == nil {
		return nil, err
	}
	chain := parseChain(body)
	if len(chain) == 0 {
		return nil, nil
	}
	if c.holds(chain, c.now()) {
		return chain, nil
	}
	issuers, err := c.issuers(chain[0])
	if chain = append(chain, issuers...); err != nil || !c.holds(chain, c.now()) {
		return nil, err
	}
	return chain, nil
}

// issuer is where Amazon's certificate authority publishes its certificates.
// They are trusted only if they lead to a root.
var issuer = regexp.MustCompile(`^http://crt\.[a-z0-9]+\.amazontrust\.com/[A-Za-z0-9]+\.cer$`)

// issuers fetches the issuer certificates of a certificate, from the address in
// it.
func (c *cache) issuers(leaf *x509.Certificate) (found []*x509.Certificate, err error) {
	for _, address := range leaf.IssuingCertificateURL[:min(len(leaf.IssuingCertificateURL), 2)] {
		if !issuer.MatchString(address) {
			continue
		}
		body, err := c.read(address)
		if err == nil && body == nil {
			err = unavailable("no_issuer", nil) // it is Amazon's, so it exists and can be fetched later
		}
		if err != nil {
			return nil, err
		}
		if cert, err := x509.ParseCertificate(body); err == nil {
			found = append(found, cert)
		}
	}
	return found, nil
}

// read fetches an address; the result is nil if it does not exist.
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
		err = u.Err // without the URL, which may hold a token
	}
	return resp, err
}

func unavailable(code string, cause error) error {
	return &order.ProviderError{Provider: "sns", Op: "verify", Kind: order.ErrUnavailable, Code: code, Err: cause}
}
