package config_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"

	"purser/config"
	"purser/mail"
	"purser/order"
	"purser/workflows/orders"
)

// read reads settings as the commands do, from flags.
func read(t *testing.T, flags ...string) (*config.Config, error) {
	t.Helper()
	var c struct {
		config.Config `embed:""`
	}
	parser, err := kong.New(&c, kong.Exit(func(int) { t.Error("the program would exit") }))
	if err != nil {
		t.Fatal(err)
	}
	_, err = parser.Parse(flags)
	return &c.Config, err
}

func TestDefaultsWork(t *testing.T) {
	c, err := read(t)
	if err != nil {
		t.Fatal(err)
	}
	if !c.Played() || !c.PlaysSES() || !c.SearchPlayed() || !slices.Equal(c.Routes(), []string{"ses"}) {
		t.Errorf("without settings the sandbox plays everybody: %v %v", c.Parts(), c.Routes())
	}
	if !strings.HasPrefix(c.RecordURL(), "sqlite://") || c.EmbeddedUIPort() != 8233 {
		t.Errorf("the record is at %s, the UI at %d", c.RecordURL(), c.EmbeddedUIPort())
	}
}

// TestTerms: the settings of an order reach its workflow.
func TestTerms(t *testing.T) {
	defaults := orders.Terms{
		PayWithin: 30 * time.Minute, PrepayWithin: 7 * 24 * time.Hour, AskAfter: 2 * time.Minute, ReceivedAfter: 10 * time.Minute, PayAgainBefore: 24 * time.Hour, FindParcelsWithin: 24 * time.Hour, ReturnWithin: 30 * 24 * time.Hour, Capture: orders.CaptureBooked,
		TrackAfter: 12 * time.Hour, OverdueAfter: 14 * 24 * time.Hour,
	}
	set := orders.Terms{
		PayWithin: time.Minute, PrepayWithin: 7 * time.Second, AskAfter: 2 * time.Second, ReceivedAfter: 3 * time.Second,
		TrackAfter: 4 * time.Second, OverdueAfter: 5 * time.Second, ParcelPieces: 6, PayAgainBefore: 7 * time.Second, FindParcelsWithin: 8 * time.Second, ReturnWithin: 9 * time.Second, Capture: orders.CapturePlaced, ApproveAbove: order.Approval{"EUR": 9}, Parcels: orders.ParcelsByOperator,
	}
	for _, tt := range []struct {
		flags []string
		want  orders.Terms
	}{
		{nil, defaults},
		{[]string{"--pay-within=1m", "--prepay-within=7s", "--ask-after=2s", "--received-after=3s", "--track-after=4s", "--overdue-after=5s", "--parcel-pieces=6", "--pay-again-before=7s", "--find-parcels-within=8s", "--return-within=9s", "--capture=placed", "--approve-above=EUR=9", "--parcels=operator"}, set},
	} {
		c, err := read(t, tt.flags...)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Terms(); !cmp.Equal(got, tt.want) {
			t.Errorf("%v: got %+v, want %+v", tt.flags, got, tt.want)
		}
	}
}

// TestSilence (EML-14): by default a mail about an order may be sent twice and
// marketing may not.
func TestSilence(t *testing.T) {
	for _, tt := range []struct {
		name      string
		flags     []string
		want      mail.Silence
		marketing bool
	}{
		{name: "by default", want: mail.Silence{Within: 15 * time.Minute, Twice: true}},
		{name: "never", flags: []string{"--mail-prove-within=0", "--mail-unheard=never", "--mail-unheard-marketing=never"}},
		{
			name: "twice", flags: []string{"--mail-prove-within=1h", "--mail-unheard=twice", "--mail-unheard-marketing=twice"},
			want: mail.Silence{Within: time.Hour, Twice: true}, marketing: true,
		},
	} {
		c, err := read(t, tt.flags...)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Silence(); got != tt.want || c.ResendsMarketing() != tt.marketing {
			t.Errorf("%s: %+v, marketing %t", tt.name, got, c.ResendsMarketing())
		}
	}
}

// TestPaymentMethods: methods that are possible are taken; only those that redirect
// the shopper need an address to come back to, and only at the real Stripe.
func TestPaymentMethods(t *testing.T) {
	const real, secret = "--stripe-key=sk_test_1", "--stripe-webhook-secrets=whsec_1"
	for _, tt := range []struct {
		flags []string
		want  []string
	}{
		{flags: nil, want: nil},
		{flags: []string{"--payment-methods=card,ideal"}, want: []string{"card", "ideal"}},
		{flags: []string{real, secret}, want: nil},
		{flags: []string{real, secret, "--payment-methods=card,sepa_debit"}, want: []string{"card", "sepa_debit"}},
		{flags: []string{real, secret, "--payment-methods=automatic", "--return-url=https://shop.example/thanks?a=b"}, want: []string{"automatic"}},
	} {
		if c, err := read(t, tt.flags...); err != nil || !slices.Equal(c.PaymentMethods, tt.want) {
			t.Errorf("%v: %v, %v", tt.flags, c.PaymentMethods, err)
		}
	}
}

// TestContradictions: what could not work is refused before anything starts,
// by the name of the setting.
func TestContradictions(t *testing.T) {
	for _, tt := range []struct {
		flags []string
		says  string
	}{
		{[]string{"--database-url=mysql://db/purser"}, "DATABASE_URL"},
		{[]string{"--temporal-address=https://shop.tmprl.cloud"}, "TEMPORAL_ADDRESS: want host:port"},
		{[]string{"--temporal-address=shop.tmprl.cloud"}, "TEMPORAL_ADDRESS: want host:port"},
		{[]string{"--temporal-address=:7233"}, "TEMPORAL_ADDRESS: want host:port"},
		{[]string{"--temporal-namespace="}, "TEMPORAL_NAMESPACE is empty"},
		{[]string{"--no-temporal-tls", "--temporal-api-key=k"}, "TEMPORAL_TLS is false, but TEMPORAL_API_KEY needs TLS"},
		{[]string{"--no-temporal-tls", "--temporal-tls-server-name=n"}, "TEMPORAL_TLS is false, but TEMPORAL_TLS_SERVER_NAME needs TLS"},
		{[]string{"--temporal-tls-client-cert-path=c"}, "TEMPORAL_TLS_CLIENT_KEY_PATH is not: a certificate needs its key"},
		{[]string{"--temporal-tls-client-cert-data=c"}, "TEMPORAL_TLS_CLIENT_KEY_PATH is not: a certificate needs its key"},
		{[]string{"--temporal-tls-client-key-path=k"}, "TEMPORAL_TLS_CLIENT_CERT_PATH is not: a key needs its certificate"},
		{[]string{"--temporal-tls-server-ca-cert-path=c", "--temporal-tls-server-ca-cert-data=c"}, "TEMPORAL_TLS_SERVER_CA_CERT_PATH and TEMPORAL_TLS_SERVER_CA_CERT_DATA are both set"},
		{[]string{"--temporal-tls-disable-host-verification"}, "TEMPORAL_TLS_DISABLE_HOST_VERIFICATION: the cluster's certificate is always checked"},
		{[]string{"--temporal-api-key=file:/nowhere"}, "TEMPORAL_API_KEY: open /nowhere"},
		{[]string{"--database-connections=1"}, "PURSER_DATABASE_CONNECTIONS: want 2 or more"},
		{[]string{"--database-connections=-4"}, "PURSER_DATABASE_CONNECTIONS: want 2 or more"},
		{[]string{"--s3-bucket=b", "--s3-endpoint=http://10.0.0.7:7070"}, "S3_ENDPOINT: http is for this machine and for names without a dot"},
		{[]string{"--s3-bucket=b", "--s3-endpoint=http://[2001:db8::1]"}, "S3_ENDPOINT: http is for this machine and for names without a dot"},
		{[]string{"--stripe-key=sk_test_1"}, "STRIPE_WEBHOOK_SECRETS"},
		{[]string{"--payment-methods=card,iDEAL"}, `PURSER_PAYMENT_METHODS: "iDEAL" is no type of Stripe's`},
		{[]string{"--payment-methods=card,card"}, "PURSER_PAYMENT_METHODS: card is named twice"},
		{[]string{"--payment-methods=automatic,card"}, "PURSER_PAYMENT_METHODS: automatic stands alone"},
		{[]string{"--stripe-key=sk_test_1", "--stripe-webhook-secrets=whsec_1", "--payment-methods=card,ideal"}, "PURSER_RETURN_URL is needed too"},
		{[]string{"--stripe-key=sk_test_1", "--stripe-webhook-secrets=whsec_1", "--payment-methods=automatic"}, "PURSER_RETURN_URL is needed too"},
		{[]string{"--return-url=shop.example/thanks"}, "PURSER_RETURN_URL: want https"},
		{[]string{"--sandbox-debit-time=0s"}, "PURSER_SANDBOX_DEBIT_TIME: want more than 0"},
		{[]string{"--carrier-url=http://carrier.example"}, "CARRIER_URL: http is for this machine and for names without a dot"},
		{[]string{"--carrier-url=http://10.0.0.1"}, "CARRIER_URL: http is for this machine and for names without a dot"},
		{[]string{"--carrier-url=http://134744072"}, "CARRIER_URL: http is for this machine and for names without a dot"},
		{[]string{"--carrier-url=http://carrier"}, "CARRIER_KEY"}, // a private network's host needs no TLS
		{[]string{"--carrier-url=https://carrier.example"}, "CARRIER_KEY"},
		{[]string{"--api-keys=nobody"}, "PURSER_API_KEYS"},
		{[]string{"--api-keys=web:shop:0123456789abcdef,web:viewer:0123456789abcdeg"}, "PURSER_API_KEYS: api key web: role: viewer here and shop before"},
		{[]string{"--api-keys=web:shop:0123456789abcdef,web:shop:0123456789abcdef"}, "PURSER_API_KEYS: api key web: its secret is the secret of web already"},
		{[]string{"--vault-key=abc"}, "PURSER_VAULT_KEY"},
		{[]string{"--pay-within=0s"}, "PURSER_PAY_WITHIN"},
		{[]string{"--overdue-after=-1h"}, "PURSER_OVERDUE_AFTER: want 0 or more"},
		{[]string{"--mail-prove-within=1ms"}, "PURSER_MAIL_PROVE_WITHIN: want 1s to 48h"},
		{[]string{"--mail-prove-within=-1m"}, "PURSER_MAIL_PROVE_WITHIN: want 1s to 48h"},
		{[]string{"--mail-prove-within=72h"}, "PURSER_MAIL_PROVE_WITHIN: want 1s to 48h"},
		{[]string{"--mail-unheard=once"}, "--mail-unheard must be one of"},
		{[]string{"--mail-unheard-marketing=always"}, "--mail-unheard-marketing must be one of"},
		{[]string{"--received-after=-1s"}, "PURSER_RECEIVED_AFTER: want 0 or more"},
		{[]string{"--find-parcels-within=-1s"}, "PURSER_FIND_PARCELS_WITHIN: want 0 or more"},
		{[]string{"--pay-again-before=-1s"}, "PURSER_PAY_AGAIN_BEFORE: want 0 or more"},
		{[]string{"--sandbox-hold-time=0s"}, "PURSER_SANDBOX_HOLD_TIME: want more than 0"},
		{[]string{"--parcel-pieces=-1"}, "PURSER_PARCEL_PIECES: want 0 or more"},
		{[]string{"--sandbox-pace=-1s"}, "PURSER_SANDBOX_PACE: want 0 or more"},
		{[]string{"--drain=-1s"}, "PURSER_DRAIN: want 0 or more"},
		{[]string{"--mail-rate=-1"}, "PURSER_MAIL_RATE"},
		{[]string{"--import-max=0"}, "PURSER_IMPORT_MAX"},
		{[]string{"--reconcile-every=1s"}, "PURSER_RECONCILE_EVERY"},
		{[]string{"--keep-product-changes=1h"}, "PURSER_KEEP_PRODUCT_CHANGES"},
		{[]string{"--s3-region=eu-west-1"}, "S3_BUCKET"},
		{[]string{"--s3-bucket=b"}, "S3_REGION"},
		{[]string{"--images-at-once=0"}, "PURSER_IMAGES_AT_ONCE"},
		{[]string{"--meilisearch-url=https://search.example"}, "MEILISEARCH_ADMIN_KEY"},
		{[]string{"--meilisearch-url=https://search.example", "--meilisearch-admin-key=k", "--meilisearch-search-key=k"}, "MEILISEARCH_SEARCH_KEY"},
		{[]string{"--shop-zone=Mars/Olympus"}, "PURSER_SHOP_ZONE"},
		{[]string{"--shop-colour=reddish"}, "the shop's mails"},
		{[]string{"--shop-mail=nobody"}, "PURSER_SHOP_MAIL"},
		{[]string{"--mail-pause-share=101"}, "PURSER_MAIL_PAUSE_SHARE"},
		{[]string{"--mail-webhook-secrets=short"}, "MAIL_WEBHOOK_SECRETS"},
		{[]string{"--ses-topic-arns=not-an-arn"}, "SES_TOPIC_ARNS"},
		{[]string{"--ses-environment=stage 2"}, "SES_ENVIRONMENT"},
		{[]string{"--ses-environment=prüfung"}, "SES_ENVIRONMENT"},
		{[]string{"--ses-environment=" + strings.Repeat("x", 257)}, "SES_ENVIRONMENT"},
		{[]string{"--mail-providers=ses,ses"}, "named twice"},
		{[]string{"--ses-region=eu-west-1", "--mail-providers=ses,backup"}, `no URL for the relay "backup"`},
		{[]string{"--smtp-url=smtp://relay.example:587", "--mail-providers=ses,smtp"}, "SMTP_URL is a real relay, but SES is the sandbox's"},
		{[]string{"--pricing=nowhere.json"}, "PURSER_PRICING: open "},
		{[]string{"--pricing=config.go"}, "invalid pricing table"},
		{[]string{"--pricing=../docs/pricing/germany.json", "--pricing-url=https://shop.example", "--pricing-secret=0123456789abcdef"}, "both set"},
		{[]string{"--pricing-url=http://shop.example", "--pricing-secret=0123456789abcdef"}, "PURSER_PRICING_URL: http is for this machine and for names without a dot"},
		{[]string{"--pricing-url=shop.example", "--pricing-secret=0123456789abcdef"}, "PURSER_PRICING_URL: want https://host"},
		{[]string{"--pricing-url=https://shop.example"}, "PURSER_PRICING_SECRET: want at least 16"},
		{[]string{"--pricing-url=https://shop.example", "--pricing-secret=short"}, "PURSER_PRICING_SECRET: want at least 16"},
		{[]string{"--pricing-secret=0123456789abcdef"}, "PURSER_PRICING_URL is not"},
		{[]string{"--pricing-url=https://shop.example", "--pricing-secret=0123456789abcdef", "--pricing-timeout=0s"}, "PURSER_PRICING_TIMEOUT"},
		{[]string{"--pricing-url=https://shop.example", "--pricing-secret=0123456789abcdef", "--pricing-timeout=1m"}, "PURSER_PRICING_TIMEOUT"},
		{[]string{"--smtp-url=http://relay.example"}, `the URL of the relay "smtp"`},
	} {
		if _, err := read(t, tt.flags...); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%v: got %v, want it to name %q", tt.flags, err, tt.says)
		}
	}
}

// TestPricing: the shop's table is read from its file, and without one there are no
// taxes, fees and discounts.
func TestPricing(t *testing.T) {
	for _, tt := range []struct {
		flags []string
		rules int
	}{
		{nil, 0},
		{[]string{"--pricing=../docs/pricing/germany.json"}, 7},
	} {
		c, err := read(t, tt.flags...)
		if err != nil {
			t.Fatal(err)
		}
		table, err := c.PricingTable()
		if err != nil || len(table.Taxes)+len(table.Shipping)+len(table.Discounts) != tt.rules {
			t.Errorf("%v: %+v, %v", tt.flags, table, err)
		}
	}
}

// TestToShop: mails to the shop itself have somewhere to go without a setting.
func TestToShop(t *testing.T) {
	for _, tt := range []struct {
		flags []string
		want  string
	}{
		{nil, "orders@shop.example"},
		{[]string{"--mail-from=Mugs <Mugs@shop.example>"}, "Mugs@shop.example"},
		{[]string{"--shop-support=help@shop.example"}, "help@shop.example"},
		{[]string{"--shop-support=help@shop.example", "--shop-mail=Office <office@shop.example>"}, "office@shop.example"},
	} {
		c, err := read(t, tt.flags...)
		if err != nil {
			t.Fatal(err)
		}
		if a, err := c.ToShop(); err != nil || !strings.EqualFold(a.Email, tt.want) {
			t.Errorf("%v: %+v %v, want %s", tt.flags, a, err, tt.want)
		}
	}
}

// TestRoutes: in which order mail providers are tried (EML-9).
func TestRoutes(t *testing.T) {
	for _, tt := range []struct {
		flags  []string
		routes []string
		played bool
	}{
		{nil, []string{"ses"}, true},
		{[]string{"--mail-providers=ses,smtp"}, []string{"ses", "smtp"}, true},
		{[]string{"--smtp-url=smtps://u:p@relay.example:465"}, []string{"smtp"}, false},
		{[]string{"--ses-region=eu-west-1", "--smtp-url=smtps://u:p@relay.example:465"}, []string{"ses", "smtp"}, false},
		{
			[]string{"--ses-region=eu-west-1", "--smtp-urls=z=smtps://z.example:465;a=smtps://a.example:465"},
			[]string{"ses", "a", "z"},
			false,
		},
		{
			[]string{"--smtp-url=smtps://u:p@relay.example:465", "--smtp-urls=b=smtps://b.example:465", "--mail-providers=b,smtp"},
			[]string{"b", "smtp"},
			false,
		},
	} {
		c, err := read(t, tt.flags...)
		if err != nil || !slices.Equal(c.Routes(), tt.routes) || c.PlaysSES() != tt.played {
			t.Errorf("%v: routes %v, played %t (%v), want %v, %t", tt.flags, c.Routes(), c.PlaysSES(), err, tt.routes, tt.played)
		}
	}
}

// TestSecretsFromFiles: a secret may be where an orchestrator mounts it.
func TestSecretsFromFiles(t *testing.T) {
	file := func(name, text string) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return "file:" + path
	}
	c, err := read(t,
		"--stripe-key="+file("stripe", "sk_test_9\n"), "--stripe-webhook-secrets="+file("now", "whsec_now\n")+","+file("before", "whsec_before"),
		"--smtp-urls=a="+file("relay", "smtps://u:p@a.example:465\n"), "--mail-providers=a",
		"--mail-webhook-secrets="+file("feedback", "0123456789abcdef\n"))
	if err != nil {
		t.Fatal(err)
	}
	if c.StripeKey != "sk_test_9" || !slices.Equal(c.StripeWebhookSecrets, []string{"whsec_now", "whsec_before"}) ||
		c.RelayURL("a") != "smtps://u:p@a.example:465" || c.MailWebhookSecrets[0] != "0123456789abcdef" {
		t.Errorf("got %q %q %q %q", c.StripeKey, c.StripeWebhookSecrets, c.RelayURL("a"), c.MailWebhookSecrets)
	}
	for _, wrong := range []string{file("empty", "\n"), "file:/nowhere/at/all"} {
		if _, err := read(t, "--vault-key="+wrong); err == nil || !strings.Contains(err.Error(), "PURSER_VAULT_KEY") {
			t.Errorf("%s: got %v", wrong, err)
		}
	}
}

// TestApart: a stack that only measures touches nobody's account.
func TestApart(t *testing.T) {
	c, err := read(t,
		"--database-url=postgres://db/shop", "--stripe-key=sk_live_1", "--stripe-webhook-secrets=whsec_1",
		"--ses-region=eu-west-1", "--smtp-url=smtps://u:p@relay.example:465", "--s3-bucket=b", "--s3-region=eu-west-1", "--cloudfront-domain=d.example",
		"--carrier-url=https://carrier.example", "--carrier-key=k", "--carrier-webhook-secrets=s",
		"--meilisearch-url=https://search.example", "--meilisearch-admin-key=a", "--meilisearch-search-key=b", "--sandbox-url=http://127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	a := c.Apart(dir)
	for _, p := range a.Parts() {
		if !strings.HasPrefix(p.Who, "sandbox") {
			t.Errorf("%s is %s", p.Name, p.Who)
		}
	}
	if a.RecordURL() != "sqlite://"+filepath.Join(dir, "record.db") || a.SandboxURL != "" || a.CloudFrontDomain != "" || !slices.Equal(a.Routes(), []string{"ses"}) {
		t.Errorf("got %+v", a)
	}
	if c.StripeKey != "sk_live_1" {
		t.Error("the settings it was made from changed")
	}
}
