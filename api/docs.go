package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/swaggest/swgui/v5emb"

	"purser/api/httpkit"
)

// serveDocs serves the documentation page and the files that it loads.
func serveDocs(mux *http.ServeMux) {
	ui := v5emb.New(httpkit.Title, "/openapi.json", "/docs")
	policy := pagePolicy(ui)
	guarded := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		w.Header().Set("X-Frame-Options", "DENY") // for browsers that do not know frame-ancestors
		w.Header().Set("Referrer-Policy", "no-referrer")
		ui.ServeHTTP(w, r)
	})
	for _, address := range []string{
		"/docs", "/docs/{$}", "/docs/swagger-ui.css", "/docs/swagger-ui-bundle.js", "/docs/swagger-ui-standalone-preset.js",
		"/docs/favicon-16x16.png", "/docs/favicon-32x32.png",
	} {
		mux.Handle("GET "+address, guarded)
	}
}

// pagePolicy returns a content security policy that lets the page load its own
// files and run its inline scripts, each named by its hash, and that forbids
// framing.
func pagePolicy(ui http.Handler) string {
	page := &rendered{header: http.Header{}}
	ui.ServeHTTP(page, &http.Request{Method: http.MethodGet, URL: &url.URL{Path: "/docs"}})
	scripts := []string{"'self'"}
	for _, m := range regexp.MustCompile(`(?s)<script>(.*?)</script>`).FindAllSubmatch(page.body.Bytes(), -1) {
		sum := sha256.Sum256(m[1])
		scripts = append(scripts, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'")
	}
	return strings.Join([]string{
		"default-src 'none'", "script-src " + strings.Join(scripts, " "), "style-src 'self' 'unsafe-inline'",
		"img-src 'self' data:", "font-src 'self' data:", "connect-src 'self'",
		"base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
	}, "; ")
}

// rendered is an http.ResponseWriter that keeps what is written to it.
type rendered struct {
	header http.Header
	body   bytes.Buffer
}

func (p *rendered) Header() http.Header         { return p.header }
func (p *rendered) WriteHeader(int)             {}
func (p *rendered) Write(b []byte) (int, error) { return p.body.Write(b) }
