package check

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestPublicURL (SEC-4): only an encrypted address that leads to this installation is
// one for customers.
func TestPublicURL(t *testing.T) {
	w := newWorld(t)
	w.startAPI(t)
	status := func(code int, body string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if code/100 == 3 {
				w.Header().Set("Location", "https://www.example.com/livez")
			}
			w.WriteHeader(code)
			_, _ = w.Write([]byte(body))
		})
	}
	plain := httptest.NewServer(status(200, "{}"))
	defer plain.Close()
	down := resolverAt(silent)
	at := func(h http.Handler) func(*world) {
		return func(w *world) { w.options.Transport, w.flags["public-url"] = w.proxy(t, h) }
	}
	for _, tt := range []struct {
		name  string
		flags map[string]string
		setUp func(*world)
		want  string // URL stands for the address
	}{
		{name: "ours", want: "ok public URL: URL leads to this installation"},
		{name: "a slash at the end", flags: map[string]string{"public-url": w.publicly + "/"}, want: "ok public URL: URL leads to this installation"},
		{name: "another vault key", flags: map[string]string{"vault-key": strings.Repeat("9a0b1c2d", 8)}, want: "problem public URL: URL leads to another installation of Purser: give all roles the same PURSER_VAULT_KEY, or set PURSER_PUBLIC_URL"},
		{name: "not set", flags: map[string]string{"public-url": ""}, want: "problem public URL: PURSER_PUBLIC_URL is not set: set it to the https address at which Stripe and shoppers reach the API"},
		{name: "no address", flags: map[string]string{"public-url": "kontor.shop"}, want: `problem public URL: PURSER_PUBLIC_URL is no address: "kontor.shop": set it to the https address at which Stripe and shoppers reach the API`},
		{name: "http", flags: map[string]string{"public-url": "http://kontor.shop"}, want: "problem public URL: PURSER_PUBLIC_URL is not encrypted: http://kontor.shop: set it to the https address at which Stripe and shoppers reach the API"},
		{name: "no name", flags: map[string]string{"public-url": "https://nowhere.kontor.shop"}, want: "problem public URL: nowhere.kontor.shop has no address: publish its A or AAAA record, or set PURSER_PUBLIC_URL"},
		{name: "nothing listens", flags: map[string]string{"public-url": "https://" + silent}, want: "problem public URL: nothing responds at 127.0.0.1: dial tcp 127.0.0.1:1: connect: connection refused: start the proxy and the API, and open the firewall for providers"},
		{name: "no TLS there", flags: map[string]string{"public-url": strings.Replace(plain.URL, "http:", "https:", 1)}, want: "problem public URL: 127.0.0.1 does not use TLS: turn it on at the proxy"},
		{name: "not trusted", setUp: func(w *world) { w.options.Transport = nil }, flags: map[string]string{"public-url": strings.Replace(w.publicly, "example.com", "127.0.0.1", 1)}, want: "problem public URL: the certificate of 127.0.0.1 is not valid: x509: certificate signed by unknown authority: renew it, or get one for this name"},

		{name: "a shop's page", setUp: at(status(200, "<html>")), want: "problem public URL: URL leads to something else than Purser (HTTP 200): have the proxy pass /livez, /v1/ and /webhooks/ to the API, or set PURSER_PUBLIC_URL"},
		{name: "another program's check", setUp: at(status(200, `{"status":"ok"}`)), want: "problem public URL: URL leads to something else than Purser (HTTP 200): have the proxy pass /livez, /v1/ and /webhooks/ to the API, or set PURSER_PUBLIC_URL"},
		{name: "not passed on", setUp: at(status(404, "")), want: "problem public URL: URL leads to something else than Purser (HTTP 404): have the proxy pass /livez, /v1/ and /webhooks/ to the API, or set PURSER_PUBLIC_URL"},
		{name: "redirects", setUp: at(status(301, "")), want: "problem public URL: URL redirects, and Stripe follows no redirect: set PURSER_PUBLIC_URL to https://www.example.com"},
		{name: "no API behind it", setUp: at(status(502, "<html>")), want: "problem public URL: the proxy at example.com does not reach the API (HTTP 502): start the API, and check the proxy's upstream"},
		{name: "no DNS", setUp: func(w *world) { w.options.Resolver = down; at(status(200, ""))(w) }, want: "problem public URL: not checked: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.setUp != nil {
				tt.setUp(w)
			}
			got := w.line(t, w.options, tt.flags, (*checker).publicURL, "public URL")
			got = strings.ReplaceAll(got, w.flags["public-url"], "URL")
			if got != tt.want && !(strings.HasSuffix(tt.want, "not checked: ") && strings.HasPrefix(got, tt.want)) {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}
