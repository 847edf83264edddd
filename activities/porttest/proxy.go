package porttest

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"purser/order"
)

// Proxy is an HTTP server between an adapter and its provider. It can respond
// in the provider's place, as a company's proxy or a load balancer does.
type Proxy struct {
	URL  string
	page atomic.Pointer[page]
}

// page is a response that is not the provider's.
type page struct {
	status            int
	contentType, body string
}

// NewProxy returns a proxy that passes every request on to the provider.
func NewProxy(t *testing.T, provider http.Handler) *Proxy {
	p := &Proxy{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		own := p.page.Load()
		if own == nil {
			provider.ServeHTTP(w, r)
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", own.contentType)
		w.Header().Set("Via", "1.1 proxy.example")
		if own.status == http.StatusProxyAuthRequired {
			w.Header().Set("Proxy-Authenticate", `Basic realm="proxy"`)
		}
		w.WriteHeader(own.status)
		_, _ = io.WriteString(w, own.body)
	}))
	t.Cleanup(srv.Close)
	p.URL = srv.URL
	return p
}

// Check has the proxy respond to each call in the provider's place. Such a
// response is not the provider's refusal, so the call fails with one of the
// kinds, all of which are tried again (RES-1). The same call succeeds as soon
// as the proxy passes it on.
func (p *Proxy) Check(t *testing.T, calls map[string]func() error, kinds ...error) {
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			for _, own := range proxyPages() {
				p.page.Store(&own)
				err := call()
				p.page.Store(nil)
				var failed *order.ProviderError
				if !errors.As(err, &failed) || !slices.Contains(kinds, failed.Kind) {
					t.Errorf("HTTP %d, %s %q: got %v, want one of %v", own.status, own.contentType, own.body, err, kinds)
				}
				if err != nil && strings.Contains(err.Error(), "nginx") {
					t.Errorf("the error quotes the page: %v", err)
				}
			}
			if err := call(); err != nil {
				t.Errorf("passed on: %v", err)
			}
		})
	}
}

// proxyPages are responses of proxies with a status that would be a rejection
// if it came from the provider.
func proxyPages() (all []page) {
	for _, status := range []int{400, 403, 404, 405, 407, 412, 413, 422} {
		for _, body := range []string{
			"<html><head><title>Error</title></head><body><center><h1>Error</h1></center><hr><center>nginx</center></body></html>",
			"",
		} {
			all = append(all, page{status, "text/html", body})
		}
		for _, body := range []string{
			`{"message":"no Route matched with those values"}`,
			`{"error":{"message":"upstream not found"}}`,
			`{"error":"not allowed"}`,
		} {
			all = append(all, page{status, "application/json", body})
		}
	}
	return all
}
