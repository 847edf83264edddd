package stack

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
	sdklog "go.temporal.io/sdk/log"
	"google.golang.org/grpc/codes"

	"purser/config"
)

// dialEngine connects to the engine in this process, at an address of this machine.
func (s *Stack) dialEngine(ctx context.Context, address string) (err error) {
	if s.Temporal, err = client.DialContext(ctx, s.clientOptions(client.Options{HostPort: address, Namespace: s.cfg.TemporalNamespace})); err != nil {
		return fmt.Errorf("temporal at %s: %w", address, err)
	}
	s.onStop(s.Temporal.Close)
	return nil
}

// dialCluster connects to the engine at TEMPORAL_ADDRESS, and prepares its namespace.
func (s *Stack) dialCluster(ctx context.Context) error {
	if err := s.connectCluster(ctx); err != nil {
		return err
	}
	return s.ensureSearchAttributes(ctx)
}

// connectCluster connects to the engine at TEMPORAL_ADDRESS, and checks that it has the
// namespace.
func (s *Stack) connectCluster(ctx context.Context) error {
	options, err := clusterOptions(s.cfg)
	if err != nil {
		return err
	}
	if s.Temporal, err = client.DialContext(ctx, s.clientOptions(options)); err != nil {
		return s.unreachable(ctx, options.ConnectionOptions.TLS, err)
	}
	s.onStop(s.Temporal.Close)
	return s.checkNamespace(ctx)
}

// clientOptions adds to the options of a connection what every connection has.
func (s *Stack) clientOptions(o client.Options) client.Options {
	o.Logger, o.Identity = sdklog.NewStructuredLogger(s.log.With("part", "temporal-sdk")), identity()
	if host, _, err := net.SplitHostPort(o.HostPort); err == nil && net.ParseIP(host).IsLoopback() { // compression would only cost processor time
		o.ConnectionOptions.GrpcCompression = &client.GrpcCompressionNone{}
	}
	return o
}

// identity is the name by which the engine knows the workers of this process.
func identity() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("%d@%s", os.Getpid(), host)
}

// clusterOptions returns the options of the connection to the cluster. It reads the
// certificates, so that an error names the variable that is wrong.
func clusterOptions(c *config.Config) (client.Options, error) {
	profile := envconfig.ClientConfigProfile{Address: c.TemporalAddress, Namespace: c.TemporalNamespace, APIKey: c.TemporalAPIKey}
	if c.EncryptsTemporal() {
		certs := &envconfig.ClientConfigTLS{ServerName: c.TemporalServerName}
		var err error
		if certs.ClientCertData, certs.ClientKeyData, err = clientCertificate(c); err != nil {
			return client.Options{}, err
		}
		if certs.ServerCACertData, err = authorities(c); err != nil {
			return client.Options{}, err
		}
		profile.TLS = certs
	}
	options, err := profile.ToClientOptions(envconfig.ToClientOptionsRequest{})
	if conf := options.ConnectionOptions.TLS; conf != nil {
		conf.MinVersion = tls.VersionTLS12
	}
	return options, err
}

// material returns the content of a file, or the value that stands for it, and the
// name of the variable that it comes from.
func material(variable, path, data string) (content []byte, name string, err error) {
	if path == "" {
		return []byte(data), variable + "_DATA", nil
	}
	if content, err = os.ReadFile(path); err != nil {
		return nil, "", fmt.Errorf("%s_PATH: %w", variable, err)
	}
	return content, variable + "_PATH", nil
}

// clientCertificate returns this process's certificate and its key, or nothing.
func clientCertificate(c *config.Config) (cert, key []byte, err error) {
	cert, certName, err := material("TEMPORAL_TLS_CLIENT_CERT", c.TemporalCertPath, c.TemporalCertData)
	if err != nil || len(cert)+len(c.TemporalCertPath) == 0 {
		return nil, nil, err
	}
	key, keyName, err := material("TEMPORAL_TLS_CLIENT_KEY", c.TemporalKeyPath, c.TemporalKeyData)
	if err != nil {
		return nil, nil, err
	}
	if !x509.NewCertPool().AppendCertsFromPEM(cert) {
		return nil, nil, fmt.Errorf("%s: %s holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)", certName, cmp.Or(c.TemporalCertPath, "it"))
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: it is not the key (PEM) of the certificate in %s: %w", keyName, certName, err)
	}
	if now := time.Now(); now.After(pair.Leaf.NotAfter) {
		return nil, nil, fmt.Errorf("%s: the certificate expired on %s: renew it", certName, pair.Leaf.NotAfter.Format(time.DateOnly))
	} else if now.Before(pair.Leaf.NotBefore) {
		return nil, nil, fmt.Errorf("%s: the certificate is valid from %s on: check the clock of this machine, or take another", certName, pair.Leaf.NotBefore.Format(time.RFC3339))
	}
	return cert, key, nil
}

// authorities returns the certificates that may sign the cluster's, or nothing.
func authorities(c *config.Config) ([]byte, error) {
	ca, name, err := material("TEMPORAL_TLS_SERVER_CA_CERT", c.TemporalCAPath, c.TemporalCAData)
	if err != nil || len(ca)+len(c.TemporalCAPath) == 0 {
		return nil, err
	}
	if !x509.NewCertPool().AppendCertsFromPEM(ca) {
		return nil, fmt.Errorf("%s: %s holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)", name, cmp.Or(c.TemporalCAPath, "it"))
	}
	return ca, nil
}

// checkNamespace refuses a namespace that does not exist or that this process may
// not use.
func (s *Stack) checkNamespace(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	name, w := s.cfg.TemporalNamespace, s.Temporal.WorkflowService()
	_, err := w.DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: name})
	if denied(err) { // perhaps only this call is
		_, err = w.ListWorkflowExecutions(ctx, &workflowservice.ListWorkflowExecutionsRequest{Namespace: name, PageSize: 1})
	}
	switch {
	case denied(err):
		return s.refused(err)
	case serviceerror.ToStatus(err).Code() == codes.NotFound:
		return fmt.Errorf("temporal at %s has no namespace %q: create it (temporal operator namespace create --namespace %[2]q), or set TEMPORAL_NAMESPACE", s.cfg.TemporalAddress, name)
	}
	return nil // what else is wrong shows when the search attributes are registered
}

// denied reports whether the cluster does not accept this process's credentials.
func denied(err error) bool {
	code := serviceerror.ToStatus(err).Code()
	return code == codes.PermissionDenied || code == codes.Unauthenticated
}

// refused returns the error for credentials that the cluster does not accept.
func (s *Stack) refused(err error) error {
	what := "it wants credentials: set TEMPORAL_API_KEY, or TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH"
	switch {
	case s.cfg.TemporalAPIKey != "":
		what = "check TEMPORAL_API_KEY, and that it may use the namespace"
	case s.cfg.TemporalCertPath+s.cfg.TemporalCertData != "":
		what = "check that the certificate in TEMPORAL_TLS_CLIENT_CERT_PATH may use the namespace"
	}
	return fmt.Errorf("temporal at %s refuses this process for namespace %q: %s: %w", s.cfg.TemporalAddress, s.cfg.TemporalNamespace, what, err)
}

// unreachable returns the error for a cluster that cannot be called, with its cause,
// which gRPC hides behind a deadline: it connects once more to see what is wrong.
func (s *Stack) unreachable(ctx context.Context, conf *tls.Config, err error) error {
	if ctx.Err() != nil {
		return err
	}
	if denied(errors.Unwrap(err)) || denied(err) {
		return s.refused(err)
	}
	if cause := s.examine(ctx, conf); cause != nil {
		return cause
	}
	return fmt.Errorf("temporal at %s: %w", s.cfg.TemporalAddress, err)
}
