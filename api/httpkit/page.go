package httpkit

import "net/http"

// WritePage writes a page or one of its files with a content security policy, and
// forbids caching it.
func WritePage(w http.ResponseWriter, status int, contentType, policy string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Security-Policy", policy)
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the reader may be gone
}
