// Package sns hears what Amazon SES says about mails, through Amazon SNS's
// HTTP messages: it verifies them, reads them, and answers SNS's question
// whether we want them. It decides nothing.
package sns

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha1" // what SNS signs with unless told otherwise
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

// What can be wrong with a message.
var (
	// ErrSignature: it is not from SNS, not from a topic of ours, or stale.
	ErrSignature = errors.New("sns message: signature does not hold")
	// ErrMalformed: it is from SNS and cannot be read.
	ErrMalformed = errors.New("sns message: malformed")
)

// How old, and how far in the future, a message may be. SNS repeats a
// message for up to an hour with its first time in it; a message heard before
// is known by its id, however old.
const (
	oldest  = 2 * time.Hour
	newest  = 5 * time.Minute
	maxBody = 512 << 10 // SNS's own limit is half of that
)

// Config says which messages to believe.
type Config struct {
	// Topics are the ARNs of the topics that SES publishes to. With none,
	// nothing is believed.
	Topics []string
	// Origin is where certificates and confirmations live, for a stand-in:
	// an address that ends in "/", https or on loopback. Empty: Amazon's own
	// hosts, https://sns.<region>.amazonaws.com/.
	Origin string
	// Roots are who may have issued the signing certificate. Nil: the
	// system's.
	Roots *x509.CertPool
	// Client calls Origin. Nil: one that follows no redirect and waits five
	// seconds. Tests set its transport.
	Client *http.Client
	// Keeper keeps what messages were verified with; nil: each process learns
	// it again.
	Keeper Keeper
	// Now tells the time, for the certificates' cache. Default time.Now.
	Now func() time.Time
}

// Source reads SNS's messages.
type Source struct {
	topics []string
	places places
	roots  *x509.CertPool
	certs  cache
}

// New makes a source. It calls nobody.
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

// Verify checks, in the order of what it costs, that a message is about a
// topic of ours, recent, and signed with a certificate that Amazon issued to
// SNS. It fails with ErrSignature, or with order.ErrUnavailable
// if the certificate cannot be fetched now: then SNS must send it again.
func (s *Source) Verify(_ http.Header, body []byte, now time.Time) error {
	return s.VerifyFrom("", body, now)
}

// VerifyFrom is Verify for a message of which it is known where it came from,
// by whatever name: those who send us to look for certificates in vain do not
// use up what others need.
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

// check holds the signature against the canonical text. Version 1 is SHA-1:
// weak against whoever can choose what is signed, which here is Amazon.
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

// plain reports whether a name can be kept, logged and signed as a line of its
// own.
func plain(names ...string) bool {
	for _, s := range names {
		if s == "" || len(s) > 2048 || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return false
		}
	}
	return true
}
