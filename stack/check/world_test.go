package check

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"purser/config"
	"purser/postgrestest"
	"purser/records"
	"purser/sandbox/carrier"
	"purser/sandbox/search"
	"purser/sandbox/ses"
	"purser/sandbox/smtp"
	"purser/sandbox/stripe"
	"purser/stack"
	"purser/workflows"
)

const (
	liveKey   = "sk_live_c0ffee7x9"
	masterKey = "master-key-of-the-search"
	vaultKey  = "8f1d0c7a3be94e52a6708193c5d2f64eb17a90d83c6f25e4097b8ad1c36e5f20"
	month     = 30 * 24 * time.Hour
)

// world is an installation that is ready for customers: each provider is played by its
// stand-in, over the network, under the settings of a real one.
type world struct {
	flags    map[string]string
	options  Options
	ses      *ses.Server
	publicly string // the public URL
}

// newWorld starts the stand-ins.
func newWorld(t *testing.T) *world {
	t.Helper()
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_ACCESS_KEY_ID", accessKey)
	t.Setenv("AWS_SECRET_ACCESS_KEY", secretKey)
	w := &world{}
	serve := func(h http.Handler) string {
		s := httptest.NewServer(h)
		t.Cleanup(s.Close)
		return s.URL
	}
	fine := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
	}
	payments, err := stripe.New(stripe.Config{Key: liveKey})
	fine(err)
	parcels, err := carrier.New(carrier.Config{Key: "carrier-key", WebhookSecret: "x"})
	fine(err)
	w.ses, err = ses.New(ses.Config{AccessKey: accessKey, SecretKey: secretKey})
	fine(err)
	index, err := search.New(search.Config{MasterKey: masterKey})
	fine(err)
	t.Cleanup(func() { _ = index.Close() })
	t.Setenv("AWS_ENDPOINT_URL_SESV2", serve(w.ses.Handler()))
	database := postgrestest.Database(t)
	record, err := records.OpenDB(t.Context(), database, records.Options{})
	fine(err)
	fine(record.Close())
	resolver := zone{hosts: []string{"example.com."}, texts: map[string][]string{
		"kontor.shop.": {"unrelated", "v=spf1 include:amazonses.com ~all"}, "_dmarc.kontor.shop.": {"v=DMARC1; p=reject"},
	}}.serve(t)
	w.options = Options{Live: true, StripeURL: serve(payments.Handler()), Resolver: resolver}
	w.flags = map[string]string{
		"listen": "127.0.0.1:0", "vault-key": vaultKey, "database-url": database, "log-level": "error", "drain": "0s",
		"temporal-address": cluster{has: workflows.SearchAttributes(), retention: month}.serve(t), "temporal-namespace": "shop",
		"api-keys":   "web:shop:" + strings.Repeat("k3xq9vzw", 3),
		"stripe-key": liveKey, "stripe-webhook-secrets": "whsec_a7", "pay-within": "1h",
		"carrier-url": serve(parcels.Handler()), "carrier-key": "carrier-key", "carrier-webhook-secrets": "q8Rt5Zx1mN7b",
		"s3-bucket": bucket, "s3-region": "us-east-1", "s3-endpoint": store,
		"meilisearch-url": serve(index.Handler()), "meilisearch-admin-key": search.AdminKey(masterKey), "meilisearch-search-key": search.SearchKey(masterKey),
		"mail-from": "Kontor <orders@kontor.shop>", "ses-region": "eu-central-1", "ses-topic-arns": "arn:aws:sns:eu-central-1:123456789012:mails",
		"mail-providers": "ses,smtp", "smtp-url": "smtp://shop:right@127.0.0.1:" + relayAt(t, "right") + "?tls=none", "mail-webhook-secrets": "q8Rt5Zx1mN7bW2sd",
	}
	return w
}

// line runs one check and returns its line of a name, as "status name: text".
func (w *world) line(t *testing.T, o Options, flags map[string]string, check func(*checker, context.Context) []Line, name string) string {
	t.Helper()
	c := newChecker(w.parsed(t, flags), o)
	defer c.with.Close()
	lines := append([]Line{c.vault()}, check(c, t.Context())...)
	var found []string
	for _, l := range lines {
		if strings.Contains(l.Text(), "\n") {
			t.Errorf("more than a line: %q", l.Text())
		}
		if l.Name == name {
			found = append(found, fmt.Sprintf("%s %s: %s", l.Status, l.Name, l.Text()))
		}
	}
	return strings.Join(found, "\n")
}

// relayAt starts a relay with one user, "shop", and returns its port.
func relayAt(t *testing.T, password string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	relay := smtp.New(smtp.Config{User: "shop", Password: password})
	relay.Start(l)
	t.Cleanup(func() { _ = relay.Close() })
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// startAPI starts the API with the settings, and a proxy with TLS before it.
func (w *world) startAPI(t *testing.T) {
	t.Helper()
	s, err := stack.Start(t.Context(), w.parsed(t, nil), stack.APIOnly)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	api, err := url.Parse(s.Running().API)
	if err != nil {
		t.Fatal(err)
	}
	w.flags["listen"] = api.Host
	w.options.Transport, w.publicly = w.proxy(t, httputil.NewSingleHostReverseProxy(api))
	w.flags["public-url"] = w.publicly
}

// proxy serves a handler over TLS at a name that only the world's DNS knows, and returns
// the transport that trusts its certificate, and its address.
func (w *world) proxy(t *testing.T, h http.Handler) (http.RoundTripper, string) {
	t.Helper()
	proxy := httptest.NewTLSServer(h)
	t.Cleanup(proxy.Close)
	transport := proxy.Client().Transport.(*http.Transport).Clone()
	transport.DialContext = (&net.Dialer{Resolver: w.options.Resolver}).DialContext
	_, port, _ := net.SplitHostPort(proxy.Listener.Addr().String())
	return transport, "https://example.com:" + port
}

// parsed returns the world's settings with others in their place; "" leaves one out.
func (w *world) parsed(t *testing.T, other map[string]string) *config.Config {
	t.Helper()
	all := maps.Clone(w.flags)
	maps.Copy(all, other)
	var args []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if all[name] != "" {
			args = append(args, fmt.Sprintf("--%s=%s", name, all[name]))
		}
	}
	var c struct {
		config.Config `embed:""`
	}
	parser, err := kong.New(&c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse(args); err != nil {
		t.Fatal(err)
	}
	return &c.Config
}
