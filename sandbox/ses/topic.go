package ses

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"strings"
	"time"

	"purser/sandbox/journal"
)

// TopicARN is the ARN of the topic that the stand-in publishes to.
const TopicARN = "arn:aws:sns:eu-central-1:000000000000:purser-sandbox"

// Root returns the certificate of the stand-in's own authority, which is derived
// from a secret: a receiver that knows the secret can verify the topic's
// messages without a request to the stand-in.
func Root(secret string) *x509.Certificate {
	cert, _ := root(secret)
	return cert
}

func root(secret string) (*x509.Certificate, ed25519.PrivateKey) {
	seed := sha256.Sum256([]byte("purser sandbox authority\n" + secret))
	key := ed25519.NewKeyFromSeed(seed[:])
	cert := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Purser sandbox authority"},
		NotBefore: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2120, 1, 1, 0, 0, 0, 0, time.UTC),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	made, err := issue(cert, cert, key.Public(), key)
	if err != nil {
		panic(err) // impossible: no input comes from outside
	}
	return made, key
}

func issue(cert, by *x509.Certificate, public crypto.PublicKey, key crypto.Signer) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, cert, by, public, key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// signer signs the topic's messages as SNS does.
type signer struct {
	key  *rsa.PrivateKey
	file string // the certificate's file name
	pem  []byte
}

const signerKind = "signer"

// keptSigner is a signer as the journal stores it.
type keptSigner struct{ Key, Cert []byte }

// makeSigner returns a signer with the stored key, or with a new one. The key is
// kept across restarts, as are the messages that wait for their receiver.
func makeSigner(j *journal.Journal, kept keptSigner, secret string) (*signer, error) {
	ca, caKey := root(secret)
	if s, err := kept.signer(); err == nil && kept.issuedBy(ca) {
		return s, nil
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	cert, err := issue(&x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "sns.amazonaws.com"}, DNSNames: []string{"sns.amazonaws.com"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(10 * 365 * 24 * time.Hour), KeyUsage: x509.KeyUsageDigitalSignature,
	}, ca, &key.PublicKey, caKey)
	if err != nil {
		return nil, err
	}
	kept = keptSigner{Key: x509.MarshalPKCS1PrivateKey(key), Cert: cert.Raw}
	if err := j.Put(signerKind, "sns", kept); err != nil {
		return nil, err
	}
	return kept.signer()
}

func (k keptSigner) signer() (*signer, error) {
	key, err := x509.ParsePKCS1PrivateKey(k.Key)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(k.Cert)
	return &signer{
		key: key, file: "SimpleNotificationService-" + hex.EncodeToString(sum[:16]) + ".pem",
		pem: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: k.Cert}),
	}, nil
}

// issuedBy reports whether ca issued the certificate. It did not if the secret
// has been changed since.
func (k keptSigner) issuedBy(ca *x509.Certificate) bool {
	cert, err := x509.ParseCertificate(k.Cert)
	return err == nil && cert.CheckSignatureFrom(ca) == nil
}

// note is a message of the topic, in SNS's format.
type note struct {
	Type             string
	MessageID        string `json:"MessageId"`
	Token            string `json:",omitempty"`
	TopicArn         string
	Message          string
	SubscribeURL     string `json:",omitempty"`
	Timestamp        string
	SignatureVersion string
	Signature        string
	SigningCertURL   string
	UnsubscribeURL   string `json:",omitempty"`
}

// sign completes a note with its signature. The signed text consists of names
// and values, one per line.
func (s *signer) sign(n note, base string) (note, error) {
	n.TopicArn, n.SignatureVersion, n.SigningCertURL = TopicARN, "2", base+s.file
	fields := []string{"Message", n.Message, "MessageId", n.MessageID}
	if n.SubscribeURL != "" {
		fields = append(fields, "SubscribeURL", n.SubscribeURL)
	}
	fields = append(fields, "Timestamp", n.Timestamp)
	if n.Token != "" {
		fields = append(fields, "Token", n.Token)
	}
	fields = append(fields, "TopicArn", n.TopicArn, "Type", n.Type)
	sum := sha256.Sum256([]byte(strings.Join(fields, "\n") + "\n"))
	signature, err := rsa.SignPKCS1v15(nil, s.key, crypto.SHA256, sum[:])
	n.Signature = base64.StdEncoding.EncodeToString(signature)
	return n, err
}
