package images

import (
	"net/http"
	"strconv"
	"time"

	"purser/api/httpkit"
	"purser/catalog"
)

// placeholder is the body of the 404 for an image that does not exist or was
// deleted: browsers show it in spite of the status.
const placeholder = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 160 120" role="img" aria-label="no image"><rect width="160" height="120" fill="#eef0f2"/><path d="M40 88l26-34 18 22 12-14 24 26z" fill="#cfd5da"/><circle cx="108" cy="42" r="9" fill="#cfd5da"/></svg>`

// show serves a published image's permanent address: it redirects to the current
// link, which may be signed and expire soon. An image that is not published is not
// found.
func (s *Service) show(w http.ResponseWriter, r *http.Request) {
	release, ok := s.server.AcquireImage(r.Context())
	if !ok {
		httpkit.TooMany("images").Write(w, r)
		return
	}
	defer release()
	link, ok := s.published(r, r.PathValue("id"), r.PathValue("file"))
	if !ok {
		w.Header().Set("Content-Type", "image/svg+xml")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
		w.Header().Set("Cache-Control", "public, max-age=60")
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write([]byte(placeholder)) // the caller may be gone
		return
	}
	age := 24 * time.Hour
	if !link.Expires.IsZero() { // the link of a cached redirect must not expire soon
		age = max(link.Expires.Sub(s.server.Now())/2, 0)
	}
	w.Header().Set("Cache-Control", "public, max-age="+strconv.Itoa(int(age/time.Second)))
	http.Redirect(w, r, link.URL, http.StatusFound)
}

// published returns the link to a file of a published image, and whether there is
// such a file.
func (s *Service) published(r *http.Request, id, file string) (catalog.Link, bool) {
	if !catalog.IsUploadID(id) {
		return catalog.Link{}, false
	}
	u, err := s.Records.Upload(r.Context(), id)
	if err != nil || !u.Shown() {
		return catalog.Link{}, false
	}
	for _, v := range u.Renditions {
		if v.Key != catalog.RenditionPrefix+id+"/"+file {
			continue
		}
		link, err := s.Links.ShowObject(r.Context(), v.Key)
		if err != nil {
			s.server.Log.ErrorContext(r.Context(), "cannot link to an image", "error", err)
		}
		return link, err == nil
	}
	return catalog.Link{}, false
}
