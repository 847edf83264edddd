package config

import (
	"errors"
	"fmt"
	"net"
	"strconv"
)

// Cluster holds the credentials and the encryption of the connection to a
// Temporal cluster. The variables are those of Temporal's own tools and SDKs. It is
// part of Config.
type Cluster struct {
	TemporalAPIKey         string `name:"temporal-api-key" help:"API key of a Temporal cluster, for example of Temporal Cloud. It turns TLS on." env:"TEMPORAL_API_KEY"`
	TemporalTLS            *bool  `name:"temporal-tls" help:"Whether the connection to the Temporal cluster is encrypted. Default: yes if an API key, a certificate or a server name is set." env:"TEMPORAL_TLS" negatable:""`
	TemporalCertPath       string `name:"temporal-tls-client-cert-path" help:"File with the certificate (PEM) by which the cluster knows this process (mTLS)." env:"TEMPORAL_TLS_CLIENT_CERT_PATH"`
	TemporalCertData       string `name:"temporal-tls-client-cert-data" help:"That certificate itself, instead of a file." env:"TEMPORAL_TLS_CLIENT_CERT_DATA"`
	TemporalKeyPath        string `name:"temporal-tls-client-key-path" help:"File with the key (PEM) of that certificate." env:"TEMPORAL_TLS_CLIENT_KEY_PATH"`
	TemporalKeyData        string `name:"temporal-tls-client-key-data" help:"That key itself, instead of a file." env:"TEMPORAL_TLS_CLIENT_KEY_DATA"`
	TemporalCAPath         string `name:"temporal-tls-server-ca-cert-path" help:"File with the certificates (PEM) of the authorities that may sign the cluster's certificate. Default: the system's." env:"TEMPORAL_TLS_SERVER_CA_CERT_PATH"`
	TemporalCAData         string `name:"temporal-tls-server-ca-cert-data" help:"Those certificates themselves, instead of a file." env:"TEMPORAL_TLS_SERVER_CA_CERT_DATA"`
	TemporalServerName     string `name:"temporal-tls-server-name" help:"Name that the cluster's certificate must have. Default: the host of TEMPORAL_ADDRESS." env:"TEMPORAL_TLS_SERVER_NAME"`
	TemporalNoVerification bool   `name:"temporal-tls-disable-host-verification" hidden:"" help:"Refused: the cluster's certificate is always checked." env:"TEMPORAL_TLS_DISABLE_HOST_VERIFICATION"`
}

// EncryptsTemporal reports whether the connection to the Temporal cluster is encrypted.
func (c *Cluster) EncryptsTemporal() bool {
	if c.TemporalTLS != nil {
		return *c.TemporalTLS
	}
	return c.temporalTLSFrom() != ""
}

// temporalTLSFrom returns a variable that makes sense only with TLS; "" if none is set.
func (c *Cluster) temporalTLSFrom() string {
	for _, v := range []struct{ name, value string }{
		{"TEMPORAL_API_KEY", c.TemporalAPIKey},
		{"TEMPORAL_TLS_CLIENT_CERT_PATH", c.TemporalCertPath},
		{"TEMPORAL_TLS_CLIENT_CERT_DATA", c.TemporalCertData},
		{"TEMPORAL_TLS_CLIENT_KEY_PATH", c.TemporalKeyPath},
		{"TEMPORAL_TLS_CLIENT_KEY_DATA", c.TemporalKeyData},
		{"TEMPORAL_TLS_SERVER_CA_CERT_PATH", c.TemporalCAPath},
		{"TEMPORAL_TLS_SERVER_CA_CERT_DATA", c.TemporalCAData},
		{"TEMPORAL_TLS_SERVER_NAME", c.TemporalServerName},
	} {
		if v.value != "" {
			return v.name
		}
	}
	return ""
}

// checkTemporal refuses settings of the connection that contradict each other.
func (c *Config) checkTemporal() error {
	host, port, err := net.SplitHostPort(c.TemporalAddress)
	if n, perr := strconv.ParseUint(port, 10, 16); err != nil || perr != nil || host == "" || n == 0 {
		return fmt.Errorf("TEMPORAL_ADDRESS: want host:port, such as 127.0.0.1:7233 or your-namespace.tmprl.cloud:7233, got %q", c.TemporalAddress)
	}
	if c.TemporalNamespace == "" {
		return errors.New("TEMPORAL_NAMESPACE is empty: set it to a namespace of the Temporal cluster")
	}
	if from := c.temporalTLSFrom(); !c.EncryptsTemporal() && from != "" {
		return fmt.Errorf("TEMPORAL_TLS is false, but %s needs TLS: remove one of them", from)
	}
	for _, v := range []struct{ name, path, data string }{
		{"TEMPORAL_TLS_CLIENT_CERT", c.TemporalCertPath, c.TemporalCertData},
		{"TEMPORAL_TLS_CLIENT_KEY", c.TemporalKeyPath, c.TemporalKeyData},
		{"TEMPORAL_TLS_SERVER_CA_CERT", c.TemporalCAPath, c.TemporalCAData},
	} {
		if v.path != "" && v.data != "" {
			return fmt.Errorf("%s_PATH and %[1]s_DATA are both set: remove one of them", v.name)
		}
	}
	cert, key := c.TemporalCertPath+c.TemporalCertData != "", c.TemporalKeyPath+c.TemporalKeyData != ""
	switch {
	case cert && !key:
		return errors.New("TEMPORAL_TLS_CLIENT_CERT_PATH is set, TEMPORAL_TLS_CLIENT_KEY_PATH is not: a certificate needs its key")
	case key && !cert:
		return errors.New("TEMPORAL_TLS_CLIENT_KEY_PATH is set, TEMPORAL_TLS_CLIENT_CERT_PATH is not: a key needs its certificate")
	case c.TemporalNoVerification:
		return errors.New("TEMPORAL_TLS_DISABLE_HOST_VERIFICATION: the cluster's certificate is always checked: set TEMPORAL_TLS_SERVER_CA_CERT_PATH and TEMPORAL_TLS_SERVER_NAME instead")
	}
	return nil
}

// TemporalCredentials names, for the log, how this process is known to the cluster.
func (c *Cluster) TemporalCredentials() string {
	switch {
	case !c.EncryptsTemporal():
		return "no TLS"
	case c.TemporalAPIKey != "":
		return "TLS, API key"
	case c.TemporalCertPath+c.TemporalCertData != "":
		return "mTLS"
	}
	return "TLS"
}
