package stack

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"
)

// examineWithin bounds each step of examine.
const examineWithin = 3 * time.Second

// examine connects to the cluster's address and returns what prevents the
// connection, or nil if it finds nothing.
func (s *Stack) examine(ctx context.Context, conf *tls.Config) error {
	address := s.cfg.TemporalAddress
	ctx, cancel := context.WithTimeout(ctx, 2*examineWithin)
	defer cancel()
	conn, err := (&net.Dialer{Timeout: examineWithin}).DialContext(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("no Temporal server can be reached at %s: start it, or set TEMPORAL_ADDRESS: %w", address, err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(examineWithin)) // a connection of TCP has deadlines
	host, _, _ := net.SplitHostPort(address)            // config has checked it
	if conf == nil {
		err := tls.Client(conn, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}}).HandshakeContext(ctx) //nolint:gosec // nothing is sent
		if err == nil || alerted(err) {
			return fmt.Errorf("temporal at %s wants TLS: set TEMPORAL_TLS=true, and TEMPORAL_TLS_SERVER_CA_CERT_PATH if its certificate has an authority of your own", address)
		}
		return nil
	}
	conf = conf.Clone()
	conf.ServerName, conf.NextProtos = cmp.Or(conf.ServerName, host), []string{"h2"}
	t := tls.Client(conn, conf)
	if err = t.HandshakeContext(ctx); err == nil {
		// With TLS 1.3 a server refuses the client's certificate after the handshake.
		_, err = t.Read(make([]byte, 1))
	}
	return s.explainTLS(address, conf, err)
}

// explainTLS returns what to do about the failure of a TLS connection, or nil if the
// failure is of another kind.
func (s *Stack) explainTLS(address string, conf *tls.Config, err error) error {
	var (
		unknown x509.UnknownAuthorityError
		other   x509.HostnameError
		invalid x509.CertificateInvalidError
		plain   tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &unknown) && conf.RootCAs != nil:
		return fmt.Errorf("the certificate of Temporal at %s is not signed by the authority in TEMPORAL_TLS_SERVER_CA_CERT_PATH: set it to the certificate of the cluster's authority: %w", address, err)
	case errors.As(err, &unknown):
		return fmt.Errorf("the certificate of Temporal at %s is signed by an authority that this machine does not trust: set TEMPORAL_TLS_SERVER_CA_CERT_PATH to the authority's certificate: %w", address, err)
	case errors.As(err, &other):
		return fmt.Errorf("the certificate of Temporal at %s is for %s, not for %s: set TEMPORAL_ADDRESS or TEMPORAL_TLS_SERVER_NAME to a name that it has", address, namesOf(other.Certificate), conf.ServerName)
	case errors.As(err, &invalid):
		return fmt.Errorf("the certificate of Temporal at %s is invalid: renew it on the cluster, and check the clock of this machine: %w", address, err)
	case errors.As(err, &plain):
		return fmt.Errorf("temporal at %s does not use TLS: remove TEMPORAL_TLS and the settings of certificates, or set TEMPORAL_ADDRESS", address)
	case alerted(err) && strings.Contains(err.Error(), "protocol version"):
		return fmt.Errorf("temporal at %s offers no TLS 1.2 or newer: turn it on at the cluster: %w", address, err)
	case alerted(err) && strings.Contains(err.Error(), "unrecognized name"):
		return fmt.Errorf("temporal at %s does not know the name %s: set TEMPORAL_ADDRESS or TEMPORAL_TLS_SERVER_NAME: %w", address, conf.ServerName, err)
	case alerted(err) && len(conf.Certificates) == 0:
		return fmt.Errorf("temporal at %s wants a client certificate (mTLS): set TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH: %w", address, err)
	case alerted(err):
		return fmt.Errorf("temporal at %s refuses the certificate in TEMPORAL_TLS_CLIENT_CERT_PATH: take one that an authority of the cluster has signed: %w", address, err)
	}
	return nil
}

// alerted reports whether the server ended a TLS connection with an alert.
func alerted(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "remote error"
}

// namesOf returns the hosts that a certificate is for.
func namesOf(c *x509.Certificate) string {
	names := slices.Clone(c.DNSNames)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	return cmp.Or(strings.Join(names, ", "), "no host")
}
