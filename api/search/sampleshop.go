package search

import (
	"embed"
	"html/template"
	"net/http"

	"purser/api/httpkit"
)

//go:embed pages/shop*
var shopPages embed.FS

// shopPolicy allows the page's own script and style, requests to the API, and
// images from any address.
const shopPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src http: https: data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// sampleShop serves /shop, a page that lists products with their images and
// searches while the user types, and sells them if there is a checkout. It calls the API
// as a shop's own page would.
func (s *Service) sampleShop(mux *http.ServeMux) {
	t := template.Must(template.ParseFS(shopPages, "pages/shop.html")) // embedded: tested
	mux.HandleFunc("GET /shop", func(w http.ResponseWriter, r *http.Request) {
		if !s.Public && !httpkit.FromThisMachine(r) {
			httpkit.NewProblem(http.StatusForbidden, "forbidden", "the sample shop can only be opened on its own machine, unless the search is public").Write(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", s.policy())
		w.Header().Set("Referrer-Policy", "no-referrer")
		w.Header().Set("Cache-Control", "no-store")
		shown := map[string]any{"Title": httpkit.Title, "Checkout": s.Checkout}
		_ = t.Execute(w, shown) // the reader may be gone
	})
	if s.Checkout != nil {
		s.serveCheckout(mux)
	}
	for address, of := range map[string]struct{ file, contentType string }{
		"GET /shop/shop.js":   {"pages/shop.js", "text/javascript; charset=utf-8"},
		"GET /shop/buy.js":    {"pages/shop-buy.js", "text/javascript; charset=utf-8"},
		"GET /shop/style.css": {"pages/shop.css", "text/css; charset=utf-8"},
	} {
		mux.HandleFunc(address, func(w http.ResponseWriter, _ *http.Request) {
			b, _ := shopPages.ReadFile(of.file) // embedded: tested
			httpkit.WritePage(w, http.StatusOK, of.contentType, shopPolicy, b)
		})
	}
}
