// Package sns receives Amazon SES events through Amazon SNS's HTTP messages: it
// verifies and parses them, and confirms subscriptions. It makes no decisions
// about mails.
package sns

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha1" // the default algorithm of SNS
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/time/rate"
)

// These are the errors of a message.
var (
	// ErrSignature means that the message is not from SNS, not from one of our
	// topics, or stale.
	ErrSignature = errors.New("sns message: invalid signature")
	// ErrMalformed means that the message is from SNS but cannot be read.
	ErrMalformed = errors.New("sns message: malformed")
)

// These limit how old, and how far in the future, a message may be. SNS repeats
// a message for up to an hour with its first timestamp; a message that was
// already received is recognised by its id, however old it is.
const (
	oldest  = 2 * time.Hour
	newest  = 5 * time.Minute
	maxBody = 512 << 10 // SNS's own limit is half of that
)

// Config selects the messages to trust.
type Config struct {
	// Topics are the ARNs of the topics that SES publishes to. Without topics,
	// every message is rejected.
	Topics []string
	// Origin is the base URL of certificates and confirmations, for the sandbox. It
	// ends in "/" and is https or on loopback. Empty: Amazon's own hosts,
	// https://sns.<region>.amazonaws.com/.
	Origin string
	// Roots are the trusted issuers of signing certificates. Nil: the system's
	// roots.
	Roots *x509.CertPool
	// Client makes the requests to Origin. Nil: a client that follows no redirects
	// and times out after five seconds. Tests set its transport.
	Client *http.Client
	// Keeper stores verified certificates; nil means that each process fetches them
	// itself.
	Keeper Keeper
	// Now returns the time, for the certificates' cache. Default time.Now.
	Now func() time.Time
}

// Source verifies and parses the messages of SNS.
type Source struct {
	topics []string
	places places
	roots  *x509.CertPool
	certs  cache
}

// New returns a source. It makes no calls.
func New(c Config) (*Source, error) {
	p, err := placesOf(c.Origin)
	if err != nil {
		return nil, err
	}
	for _, t := range c.Topics {
		if !isTopic(t) {
			return nil, fmt.Errorf("sns: %.100q is not the ARN of a topic", t)
		}
	}
	if c.Client == nil {
		c.Client = &http.Client{Timeout: 5 * time.Second}
	}
	client := *c.Client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if c.Now == nil {
		c.Now = time.Now
	}
	s := &Source{topics: slices.Clone(c.Topics), places: p, roots: c.Roots}
	s.certs = cache{
		client: &client, keeper: c.Keeper, now: c.Now, holds: s.leads, homes: p.homes(c.Topics),
		known: make(map[string]*entry), nothing: make(map[string]time.Time), budgets: make(map[string]*rate.Limiter),
	}
	return s, nil
}

var topicARN = regexp.MustCompile(`^arn:aws(-[a-z]+)*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_.-]{1,256}$`)

func isTopic(s string) bool { return topicARN.MatchString(s) }

// Verify checks, cheapest check first, that a message is about one of our
// topics, recent, and signed with a certificate that Amazon issued to SNS. It
// fails with ErrSignature, or with order.ErrUnavailable if the certificate
// cannot be fetched now; then SNS must send the message again.
func (s *Source) Verify(_ http.Header, body []byte, now time.Time) error {
	return s.VerifyFrom("", body, now)
}

// VerifyFrom is Verify for a message with a known source, in any notation.
// Sources whose certificate addresses were invalid cannot use up the fetch
// budget of the others.
func (s *Source) VerifyFrom(source string, body []byte, now time.Time) error {
	m, err := read(body)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	if !slices.Contains(s.topics, m.TopicArn) {
		return fmt.Errorf("%w: not a topic of ours", ErrSignature)
	}
	at, err := m.time()
	if err != nil {
		return fmt.Errorf("%w: no time", ErrSignature)
	}
	if age := now.Sub(at); age > oldest || age < -newest {
		return fmt.Errorf("%w: made %s ago", ErrSignature, age.Truncate(time.Second))
	}
	text, err := m.signed()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	signature, err := base64.StdEncoding.DecodeString(m.Signature)
	if err != nil || len(signature) == 0 {
		return fmt.Errorf("%w: none", ErrSignature)
	}
	if m.SignatureVersion != "1" && m.SignatureVersion != "2" {
		return fmt.Errorf("%w: want version 1 or 2", ErrSignature)
	}
	address, host, err := s.places.cert(m.SigningCertURL)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	key, err := s.key(address, host, source, now)
	if err != nil {
		return err
	}
	if err := check(key, m.SignatureVersion, text, signature); err != nil {
		return err
	}
	s.certs.prove(address)
	return nil
}

// check verifies the signature over the canonical text. Version 1 uses SHA-1,
// which is weak only if an attacker chooses the signed text; here Amazon does.
func check(key *rsa.PublicKey, version, text string, signature []byte) error {
	hash, sum := crypto.SHA256, sha256.Sum256([]byte(text))
	digest := sum[:]
	if version == "1" {
		short := sha1.Sum([]byte(text))
		hash, digest = crypto.SHA1, short[:]
	}
	if rsa.VerifyPKCS1v15(key, hash, digest, signature) != nil {
		return ErrSignature
	}
	return nil
}

// plain reports whether a name can be stored, logged and signed as one line.
func plain(names ...string) bool {
	for _, s := range names {
		if s == "" || len(s) > 2048 || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return false
		}
	}
	return true
}
