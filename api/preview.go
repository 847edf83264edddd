package api

import (
	"embed"
	"html/template"
	"net"
	"net/http"
	"net/netip"
	"slices"

	"purser/mail"
	"purser/mail/templates"
)

// Preview shows every letter in every language with sample data, so that a
// shop sees its own clothes before a shopper does.
type Preview struct {
	// Letters writes them.
	Letters PreviewLetters
	// Open lets whoever sits at this machine look without a key; others need
	// an operator's, as the password of HTTP's Basic scheme (any user name).
	Open bool
}

// PreviewLetters writes letters.
type PreviewLetters interface {
	WriteTemplate(t templates.Template, locale string, d templates.Data) (mail.Content, error)
	Sender(template string) mail.Address
	Locales() []string
}

//go:embed pages/preview*
var previewPages embed.FS

// Policies of the previews. A letter gets no script, and from the network
// nothing but the shop's logo.
const (
	previewPolicy = "default-src 'none'; style-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	letterPolicy  = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src https: http:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)

// previews serves
//
//	/mail/preview                          every template in every language
//	/mail/preview/{template}/{locale}      one letter: page, text, source
//	/mail/preview/{template}/{locale}/html, /text, /source
func (s *server) previews(mux *http.ServeMux) {
	if s.Preview == nil {
		return
	}
	t := template.Must(template.ParseFS(previewPages, "pages/preview*.html")) // embedded: tested
	const one = "GET /mail/preview/{template}/{locale}"
	mux.Handle("GET /mail/preview", s.operatorsOnly(func(w http.ResponseWriter, r *http.Request) {
		showPage(w, t, "previews.html", map[string]any{"Templates": templates.Templates(), "Locales": s.Preview.Letters.Locales()})
	}))
	mux.HandleFunc("GET /mail/preview/style.css", func(w http.ResponseWriter, _ *http.Request) {
		b, _ := previewPages.ReadFile("pages/preview.css")
		answerPage(w, "text/css; charset=utf-8", previewPolicy, b)
	})
	mux.Handle(one, s.previewOf(func(w http.ResponseWriter, r *http.Request, p previewed) { showPage(w, t, "preview.html", p) }))
	mux.Handle(one+"/html", s.previewOf(func(w http.ResponseWriter, _ *http.Request, p previewed) {
		answerPage(w, "text/html; charset=utf-8", letterPolicy, []byte(p.Content.HTML))
	}))
	for name, part := range map[string]func(mail.Content) string{
		"text": func(c mail.Content) string { return c.Text }, "source": func(c mail.Content) string { return c.HTML },
	} {
		mux.Handle(one+"/"+name, s.previewOf(func(w http.ResponseWriter, _ *http.Request, p previewed) {
			answerPage(w, "text/plain; charset=utf-8", letterPolicy, []byte(part(p.Content)))
		}))
	}
}

// previewed is what the page around a previewed letter is filled with.
type previewed struct {
	Template templates.Template
	Stream   mail.Stream
	Locale   string
	Locales  []string
	Look     string // "", "narrow", "dark", "narrow dark"
	Sender   string
	Content  mail.Content
}

// looks are the ways to look at a letter; anything else is the plain one.
var looks = []string{"", "narrow", "dark", "narrow dark"}

func (s *server) previewOf(show func(http.ResponseWriter, *http.Request, previewed)) http.Handler {
	return s.operatorsOnly(func(w http.ResponseWriter, r *http.Request) {
		p := previewed{
			Template: templates.Template(r.PathValue("template")), Locale: r.PathValue("locale"),
			Locales: s.Preview.Letters.Locales(), Look: r.URL.Query().Get("look"),
		}
		if !slices.Contains(looks, p.Look) {
			p.Look = ""
		}
		var err error
		p.Content, err = s.Preview.Letters.WriteTemplate(p.Template, p.Locale, templates.Sample(p.Template, p.Locale))
		if err != nil {
			problem(http.StatusNotFound, "not_found", "there is no such letter").write(w, r)
			return
		}
		p.Stream = p.Template.Stream()
		if from := s.Preview.Letters.Sender(string(p.Template)); from.Email != "" {
			p.Sender = from.Email
		}
		show(w, r, p)
	})
}

// operatorsOnly lets those see a page who hold an operator's key, and where
// that was said, whoever sits at this machine. The data is made up; what the
// shop says of itself may not be ready for everybody.
func (s *server) operatorsOnly(next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, secret, _ := r.BasicAuth()
		key := find(s.Keys, secret)
		if !(s.Preview.Open && atThisMachine(r)) && (key == nil || key.Role != Operator) {
			w.Header().Set("WWW-Authenticate", `Basic realm="purser: an operator's key as the password", charset="UTF-8"`)
			answerPage(w, "text/plain; charset=utf-8", previewPolicy, nil, http.StatusUnauthorized)
			return
		}
		next(w, r)
	})
}

// atThisMachine reports whether a request comes from this machine and was
// meant for it: neither through a proxy nor from a page of somebody else's
// that had its name changed to this address.
func atThisMachine(r *http.Request) bool {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !from.Addr().Unmap().IsLoopback() || proxied(r) {
		return false
	}
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	at, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && (at.IsLoopback() || at.IsUnspecified()) // as some write it who listen on all
}

// proxied reports whether a request shows signs of a proxy. nginx left as it
// comes adds no header and names this machine as the host, but speaks HTTP/1.0,
// as no browser does.
func proxied(r *http.Request) bool {
	for _, name := range []string{"Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip"} {
		if _, there := r.Header[name]; there {
			return true
		}
	}
	return !r.ProtoAtLeast(1, 1)
}

func showPage(w http.ResponseWriter, t *template.Template, name string, data any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", previewPolicy)
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header().Set("Cache-Control", "no-store")
	_ = t.ExecuteTemplate(w, name, data) // the reader may be gone
}

func answerPage(w http.ResponseWriter, contentType, policy string, body []byte, status ...int) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Security-Policy", policy)
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header().Set("Cache-Control", "no-store")
	if len(status) > 0 {
		w.WriteHeader(status[0])
	}
	_, _ = w.Write(body) // as above
}
