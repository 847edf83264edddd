package stack

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"purser/config"
	"purser/workflows"
)

// authority signs certificates for the test.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	a := authority{}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test authority"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	a.cert, a.key = a.make(t, template)
	return a
}

// make returns a certificate that the authority signs, or that signs itself while the
// authority has no certificate, and its key.
func (a authority) make(t *testing.T, template *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert, key
}

// pair returns a certificate for the names, which lapses after lasts, in PEM.
func (a authority) pair(t *testing.T, lasts time.Duration, names ...string) (cert, key []byte) {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: time.Now().Add(lasts),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	for _, n := range names {
		if ip := net.ParseIP(n); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, n)
		}
	}
	c, k := a.make(t, template)
	der, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func (a authority) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})
}

// clusters are the addresses of clusters of each kind, and the directory of the files
// by which they are reached.
type clusters struct {
	dir                                                   string
	plain, encrypted, mutual, keyed, elsewhere, aged, old string
}

func newClusters(t *testing.T) clusters {
	t.Helper()
	ours, other, dir := newAuthority(t), newAuthority(t), t.TempDir()
	keep := func(name string, content []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	keep("ca.pem", ours.pem())
	keep("other-ca.pem", other.pem())
	keep("text.pem", []byte("no PEM"))
	keep("empty.pem", nil)
	keep("good-key", []byte("good-key\n"))
	for name, a := range map[string]authority{"client": ours, "stranger": other} {
		cert, key := a.pair(t, time.Hour)
		keep(name+".pem", cert)
		keep(name+".key", key)
	}
	cert, key := ours.pair(t, -time.Hour)
	keep("expired.pem", cert)
	keep("expired.key", key)
	server := func(mutual bool, lasts time.Duration, name string) grpc.ServerOption {
		pair, err := tls.X509KeyPair(ours.pair(t, lasts, name))
		if err != nil {
			t.Fatal(err)
		}
		conf := &tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: []string{"h2"}}
		if mutual {
			conf.ClientAuth, conf.ClientCAs = tls.RequireAndVerifyClientCert, x509.NewCertPool()
			conf.ClientCAs.AddCert(ours.cert)
		}
		return grpc.Creds(credentials.NewTLS(conf))
	}
	oldest := func() grpc.ServerOption {
		pair, err := tls.X509KeyPair(ours.pair(t, time.Hour, "127.0.0.1"))
		if err != nil {
			t.Fatal(err)
		}
		return grpc.Creds(credentials.NewTLS(&tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: []string{"h2"}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}))
	}
	f := frontend{has: workflows.SearchAttributes(), namespaces: []string{"shop"}}
	return clusters{
		dir: dir, plain: f.serve(t), encrypted: f.serve(t, server(false, time.Hour, "127.0.0.1")), mutual: f.serve(t, server(true, time.Hour, "127.0.0.1")),
		keyed:     f.serve(t, server(false, time.Hour, "127.0.0.1"), grpc.UnaryInterceptor(wantsKey)),
		elsewhere: f.serve(t, server(false, time.Hour, "temporal.example")), aged: f.serve(t, server(false, -time.Hour, "127.0.0.1")),
		old: f.serve(t, oldest()),
	}
}

// wantsKey refuses calls without the API key, as Temporal Cloud does.
func wantsKey(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	if md, _ := metadata.FromIncomingContext(ctx); strings.Join(md.Get("authorization"), "") != "Bearer good-key" {
		return nil, status.Error(codes.PermissionDenied, "Request unauthorized.")
	}
	return next(ctx, req)
}

// DescribeNamespace knows the frontend's namespaces; all, if it lists none.
func (f frontend) DescribeNamespace(_ context.Context, r *workflowservice.DescribeNamespaceRequest) (*workflowservice.DescribeNamespaceResponse, error) {
	for _, n := range f.namespaces {
		if n == r.GetNamespace() {
			return &workflowservice.DescribeNamespaceResponse{}, nil
		}
	}
	if len(f.namespaces) == 0 {
		return &workflowservice.DescribeNamespaceResponse{}, nil
	}
	return nil, status.Errorf(codes.NotFound, "Namespace %s is not found.", r.GetNamespace())
}

// TestTemporalConnections (SEC-4, N29): a role reaches a cluster by each way to secure
// the connection, and refuses every wrong setting with one line that says what is wrong
// and what to do.
func TestTemporalConnections(t *testing.T) {
	t.Parallel()
	at := newClusters(t)
	own := []string{"--temporal-tls-server-ca-cert-path=DIR/ca.pem"}
	client := append([]string{"--temporal-tls-client-cert-path=DIR/client.pem", "--temporal-tls-client-key-path=DIR/client.key"}, own...)
	for _, tt := range []struct {
		name    string
		address string
		flags   []string
		want    string // "": it connects; else the beginning of the error
	}{
		{name: "plain", address: at.plain},
		{name: "own authority", address: at.encrypted, flags: own},
		{name: "mTLS", address: at.mutual, flags: client},
		{name: "API key", address: at.keyed, flags: append([]string{"--temporal-api-key=good-key"}, own...)},
		{name: "API key in a file", address: at.keyed, flags: append([]string{"--temporal-api-key=file:DIR/good-key"}, own...)},
		{name: "server name", address: at.elsewhere, flags: append([]string{"--temporal-tls-server-name=temporal.example"}, own...)},

		{name: "certificate missing", address: at.mutual, flags: []string{"--temporal-tls-client-cert-path=DIR/none.pem", "--temporal-tls-client-key-path=DIR/client.key"}, want: "TEMPORAL_TLS_CLIENT_CERT_PATH: open DIR/none.pem: no such file or directory"},
		{name: "certificate is a directory", address: at.mutual, flags: []string{"--temporal-tls-client-cert-path=DIR", "--temporal-tls-client-key-path=DIR/client.key"}, want: "TEMPORAL_TLS_CLIENT_CERT_PATH: read DIR: is a directory"},
		{name: "certificate no PEM", address: at.mutual, flags: []string{"--temporal-tls-client-cert-path=DIR/text.pem", "--temporal-tls-client-key-path=DIR/client.key"}, want: "TEMPORAL_TLS_CLIENT_CERT_PATH: DIR/text.pem holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)"},
		{name: "certificate empty", address: at.mutual, flags: []string{"--temporal-tls-client-cert-path=DIR/empty.pem", "--temporal-tls-client-key-path=DIR/client.key"}, want: "TEMPORAL_TLS_CLIENT_CERT_PATH: DIR/empty.pem holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)"},
		{name: "certificate expired", address: at.mutual, flags: []string{"--temporal-tls-client-cert-path=DIR/expired.pem", "--temporal-tls-client-key-path=DIR/expired.key"}, want: "TEMPORAL_TLS_CLIENT_CERT_PATH: the certificate expired on " + time.Now().Add(-time.Hour).Format(time.DateOnly) + ": renew it"},
		{name: "key missing", address: at.mutual, flags: []string{"--temporal-tls-client-cert-path=DIR/client.pem", "--temporal-tls-client-key-path=DIR/none.key"}, want: "TEMPORAL_TLS_CLIENT_KEY_PATH: open DIR/none.key: no such file or directory"},
		{name: "key of another certificate", address: at.mutual, flags: []string{"--temporal-tls-client-cert-path=DIR/client.pem", "--temporal-tls-client-key-path=DIR/stranger.key"}, want: "TEMPORAL_TLS_CLIENT_KEY_PATH: it is not the key (PEM) of the certificate in TEMPORAL_TLS_CLIENT_CERT_PATH: tls: private key does not match public key"},
		{name: "authority missing", address: at.encrypted, flags: []string{"--temporal-tls-server-ca-cert-path=DIR/none.pem"}, want: "TEMPORAL_TLS_SERVER_CA_CERT_PATH: open DIR/none.pem: no such file or directory"},
		{name: "authority no PEM", address: at.encrypted, flags: []string{"--temporal-tls-server-ca-cert-path=DIR/text.pem"}, want: "TEMPORAL_TLS_SERVER_CA_CERT_PATH: DIR/text.pem holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)"},

		{name: "wrong authority", address: at.encrypted, flags: []string{"--temporal-tls-server-ca-cert-path=DIR/other-ca.pem"}, want: "the certificate of Temporal at ADDRESS is not signed by the authority in TEMPORAL_TLS_SERVER_CA_CERT_PATH: set it to the certificate of the cluster's authority: "},
		{name: "no authority", address: at.encrypted, flags: []string{"--temporal-tls"}, want: "the certificate of Temporal at ADDRESS is signed by an authority that this machine does not trust: set TEMPORAL_TLS_SERVER_CA_CERT_PATH to the authority's certificate: "},
		{name: "another name", address: at.elsewhere, flags: own, want: "the certificate of Temporal at ADDRESS is for temporal.example, not for 127.0.0.1: set TEMPORAL_ADDRESS or TEMPORAL_TLS_SERVER_NAME to a name that it has"},
		{name: "server certificate expired", address: at.aged, flags: own, want: "the certificate of Temporal at ADDRESS is invalid: renew it on the cluster, and check the clock of this machine: "},
		{name: "TLS 1.1", address: at.old, flags: own, want: "temporal at ADDRESS offers no TLS 1.2 or newer: turn it on at the cluster: "},
		{name: "no client certificate", address: at.mutual, flags: own, want: "temporal at ADDRESS wants a client certificate (mTLS): set TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH: "},
		{name: "client certificate of a stranger", address: at.mutual, flags: append([]string{"--temporal-tls-client-cert-path=DIR/stranger.pem", "--temporal-tls-client-key-path=DIR/stranger.key"}, own...), want: "temporal at ADDRESS refuses the certificate in TEMPORAL_TLS_CLIENT_CERT_PATH: take one that an authority of the cluster has signed: "},
		{name: "no TLS at the server", address: at.plain, flags: own, want: "temporal at ADDRESS does not use TLS: remove TEMPORAL_TLS and the settings of certificates, or set TEMPORAL_ADDRESS"},
		{name: "no TLS here", address: at.encrypted, want: "temporal at ADDRESS wants TLS: set TEMPORAL_TLS=true, and TEMPORAL_TLS_SERVER_CA_CERT_PATH if its certificate has an authority of your own"},
		{name: "no TLS here, but the server wants a certificate too", address: at.mutual, want: "temporal at ADDRESS wants TLS: set TEMPORAL_TLS=true, "},
		{name: "wrong API key", address: at.keyed, flags: append([]string{"--temporal-api-key=bad-key"}, own...), want: `temporal at ADDRESS refuses this process for namespace "shop": check TEMPORAL_API_KEY, and that it may use the namespace: `},
		{name: "no API key", address: at.keyed, flags: own, want: `temporal at ADDRESS refuses this process for namespace "shop": it wants credentials: set TEMPORAL_API_KEY, or TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH: `},
		{name: "no such namespace", address: at.plain, flags: []string{"--temporal-namespace=shpo"}, want: `temporal at ADDRESS has no namespace "shpo": create it (temporal operator namespace create --namespace "shpo"), or set TEMPORAL_NAMESPACE`},
		{name: "nothing listens", address: "127.0.0.1:1", want: "no Temporal server can be reached at ADDRESS: start it, or set TEMPORAL_ADDRESS: dial tcp 127.0.0.1:1: connect: connection refused"},
		{name: "no such host", address: "temporal.invalid:7233", want: "no Temporal server can be reached at ADDRESS: start it, or set TEMPORAL_ADDRESS: dial tcp: lookup temporal.invalid"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			flags := []string{"--temporal-address=" + tt.address, "--temporal-namespace=shop"}
			for _, f := range tt.flags {
				flags = append(flags, strings.ReplaceAll(f, "DIR", at.dir))
			}
			s := &Stack{cfg: parsed(t, flags...), log: slog.New(slog.DiscardHandler)}
			defer s.Stop()
			err := s.dialCluster(t.Context())
			if tt.want == "" {
				if err != nil {
					t.Errorf("got %v", err)
				}
				return
			}
			if err == nil {
				t.Fatal("it connects")
			}
			got := strings.ReplaceAll(strings.ReplaceAll(err.Error(), tt.address, "ADDRESS"), at.dir, "DIR")
			if got = strings.ReplaceAll(got, "tcp ADDRESS", "tcp "+tt.address); !strings.HasPrefix(got, tt.want) || strings.Contains(got, "\n") || strings.Contains(got, "bad-key") {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// parsed returns the settings that flags describe.
func parsed(t *testing.T, flags ...string) *config.Config {
	t.Helper()
	var c struct {
		config.Config `embed:""`
	}
	parser, err := kong.New(&c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse(flags); err != nil {
		t.Fatal(err)
	}
	return &c.Config
}
