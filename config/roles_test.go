package config_test

import (
	"strings"
	"testing"

	"purser/config"
)

// TestEncryptsTemporal: TLS is on wherever a setting makes sense only with it, and can
// be turned on alone.
func TestEncryptsTemporal(t *testing.T) {
	for _, tt := range []struct {
		name  string
		flags []string
		want  string
	}{
		{name: "nothing", want: "no TLS"},
		{name: "turned on", flags: []string{"--temporal-tls"}, want: "TLS"},
		{name: "turned off", flags: []string{"--no-temporal-tls"}, want: "no TLS"},
		{name: "API key", flags: []string{"--temporal-api-key=secret"}, want: "TLS, API key"},
		{name: "server name", flags: []string{"--temporal-tls-server-name=a.example"}, want: "TLS"},
		{name: "authority", flags: []string{"--temporal-tls-server-ca-cert-data=c"}, want: "TLS"},
		{name: "certificate", flags: []string{"--temporal-tls-client-cert-path=c", "--temporal-tls-client-key-path=k"}, want: "mTLS"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := read(t, tt.flags...)
			if err != nil {
				t.Fatal(err)
			}
			if got := c.TemporalCredentials(); got != tt.want || c.EncryptsTemporal() != (tt.want != "no TLS") {
				t.Errorf("got %s, encrypted %t", got, c.EncryptsTemporal())
			}
		})
	}
}

// TestTemporalVariables: the variables of Temporal's own tools are read.
func TestTemporalVariables(t *testing.T) {
	for name, value := range map[string]string{
		"TEMPORAL_ADDRESS": "shop.tmprl.cloud:7233", "TEMPORAL_NAMESPACE": "shop.a1b2c", "TEMPORAL_TLS": "true",
		"TEMPORAL_TLS_CLIENT_CERT_PATH": "/c", "TEMPORAL_TLS_CLIENT_KEY_PATH": "/k", "TEMPORAL_TLS_SERVER_CA_CERT_PATH": "/ca", "TEMPORAL_TLS_SERVER_NAME": "n",
	} {
		t.Setenv(name, value)
	}
	c, err := read(t)
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Join([]string{c.TemporalAddress, c.TemporalNamespace, c.TemporalCertPath, c.TemporalKeyPath, c.TemporalCAPath, c.TemporalServerName}, " ")
	if want := "shop.tmprl.cloud:7233 shop.a1b2c /c /k /ca n"; got != want || c.TemporalTLS == nil || !*c.TemporalTLS {
		t.Errorf("got %s, TLS %v", got, c.TemporalTLS)
	}
}

// TestSandboxAlone: a sandbox of its own does not run beside any setting of a real
// provider, and names it.
func TestSandboxAlone(t *testing.T) {
	for _, tt := range []struct {
		name  string
		flags []string
		env   string
		want  string
	}{
		{name: "nothing"},
		{name: "settings of the roles", flags: []string{"--database-url=postgres://db/purser", "--temporal-api-key=k", "--sandbox-url=http://sandbox:8090"}},
		{name: "Stripe, live", flags: []string{"--stripe-key=sk_live_1", "--stripe-webhook-secrets=whsec_1"}, want: "STRIPE_SECRET_KEY"},
		{name: "Stripe, test", flags: []string{"--stripe-key=sk_test_1", "--stripe-webhook-secrets=whsec_1"}, want: "STRIPE_SECRET_KEY"},
		{name: "Stripe's webhooks", flags: []string{"--stripe-webhook-secrets=whsec_1"}, want: "STRIPE_WEBHOOK_SECRETS"},
		{name: "carrier", flags: []string{"--carrier-key=k"}, want: "CARRIER_KEY"},
		{name: "SES", flags: []string{"--ses-region=eu-west-1"}, want: "SES_REGION"},
		{name: "relay", flags: []string{"--smtp-url=smtps://u:p@relay.example:465"}, want: "SMTP_URL"},
		{name: "relays", flags: []string{"--ses-region=eu-west-1", "--smtp-urls=a=smtps://u:p@relay.example:465"}, want: "SES_REGION"},
		{name: "bucket", flags: []string{"--s3-bucket=b", "--s3-region=eu-west-1"}, want: "S3_BUCKET"},
		{name: "CDN", flags: []string{"--cloudfront-private-key=k"}, want: "CLOUDFRONT_PRIVATE_KEY"},
		{name: "search", flags: []string{"--meilisearch-admin-key=k"}, want: "MEILISEARCH_ADMIN_KEY"},
		{name: "AWS key", env: "AWS_ACCESS_KEY_ID", want: "AWS_ACCESS_KEY_ID"},
		{name: "AWS secret", env: "AWS_SECRET_ACCESS_KEY", want: "AWS_SECRET_ACCESS_KEY"},
		{name: "AWS profile", env: "AWS_PROFILE", want: "AWS_PROFILE"},
		{name: "AWS role", env: "AWS_ROLE_ARN", want: "AWS_ROLE_ARN"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.env != "" {
				t.Setenv(tt.env, "x")
			}
			c, err := read(t, tt.flags...)
			if err != nil {
				t.Fatal(err)
			}
			err = c.CheckSandboxAlone()
			if tt.want == "" {
				if err != nil {
					t.Errorf("got %v", err)
				}
				return
			}
			if want := tt.want + " is set: the sandbox does not run beside a real provider's settings: start it without them, or do not start it"; err == nil || err.Error() != want {
				t.Errorf("got %v, want %s", err, want)
			}
		})
	}
}

// TestProviders: the line that a role says at its start names what is real, and no
// secret.
func TestProviders(t *testing.T) {
	for _, tt := range []struct {
		name  string
		flags []string
		want  string
	}{
		{name: "all played", want: "Stripe: sandbox, carrier: sandbox, mail: sandbox, S3: sandbox, search: sandbox, sandbox at http://sandbox:8090"},
		{
			name: "all real",
			flags: []string{
				"--stripe-key=sk_live_SECRET", "--stripe-webhook-secrets=whsec_SECRET", "--carrier-url=https://user:SECRET@carrier.example/v2", "--carrier-key=SECRET", "--carrier-webhook-secrets=SECRET",
				"--smtp-url=smtps://u:SECRET@relay.example:465", "--s3-bucket=pictures", "--s3-region=eu-west-1", "--meilisearch-url=http://search:7700", "--meilisearch-admin-key=SECRET", "--meilisearch-search-key=SECRET2",
			},
			want: "Stripe: a live key, carrier: carrier.example, mail: smtp, S3: bucket pictures, search: search:7700",
		},
		{
			name:  "a test key",
			flags: []string{"--stripe-key=rk_test_SECRET", "--stripe-webhook-secrets=whsec_SECRET"},
			want:  "Stripe: a test key, carrier: sandbox, mail: sandbox, S3: sandbox, search: sandbox, sandbox at http://sandbox:8090",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := read(t, tt.flags...)
			if err != nil {
				t.Fatal(err)
			}
			if got := c.Providers("http://sandbox:8090"); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// TestConnections: two API and two worker processes leave half of Postgres's default
// of 100 connections to others.
func TestConnections(t *testing.T) {
	c, err := read(t)
	if err != nil {
		t.Fatal(err)
	}
	if n := 2*c.Connections(config.APIConnections) + 2*c.Connections(config.WorkerConnections); n > 50 {
		t.Errorf("they take %d", n)
	}
	if c, err = read(t, "--database-connections=30"); err != nil || c.Connections(config.APIConnections) != 30 {
		t.Errorf("got %d, %v", c.Connections(config.APIConnections), err)
	}
}
