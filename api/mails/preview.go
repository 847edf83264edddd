package mails

import (
	"embed"
	"html/template"
	"net/http"
	"slices"

	"purser/api/httpkit"
	"purser/mail"
	"purser/mail/templates"
)

// Preview serves pages that show every mail in every language with sample data, so
// that a shop sees its design before a shopper does.
type Preview struct {
	// Templates writes the mails.
	Templates Templates
	// Open serves requests from this machine without a key. Other requests need
	// an operator's key as the password of HTTP Basic authentication, with any
	// user name.
	Open bool

	server *httpkit.Server
}

// Templates writes mails.
type Templates interface {
	WriteTemplate(t templates.Template, locale string, d templates.Data) (mail.Content, error)
	Sender(template string) mail.Address
	Locales() []string
}

//go:embed pages/preview*
var previewPages embed.FS

// The content security policies of the previews. A mail runs no script and loads
// nothing from the network but the shop's logo.
const (
	previewPolicy = "default-src 'none'; style-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	mailPolicy    = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src https: http:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)

// Register serves
//
//	/mail/preview                          every template in every language
//	/mail/preview/{template}/{locale}      one mail: page, text, source
//	/mail/preview/{template}/{locale}/html, /text, /source
func (p *Preview) Register(server *httpkit.Server) {
	p.server = server
	mux := server.Mux
	t := template.Must(template.ParseFS(previewPages, "pages/preview*.html")) // embedded: tested
	const one = "GET /mail/preview/{template}/{locale}"
	mux.Handle("GET /mail/preview", p.operatorsOnly(func(w http.ResponseWriter, r *http.Request) {
		showPage(w, t, "previews.html", map[string]any{"Templates": templates.Templates(), "Locales": p.Templates.Locales()})
	}))
	mux.HandleFunc("GET /mail/preview/style.css", func(w http.ResponseWriter, _ *http.Request) {
		b, _ := previewPages.ReadFile("pages/preview.css")
		httpkit.WritePage(w, http.StatusOK, "text/css; charset=utf-8", previewPolicy, b)
	})
	mux.Handle(one, p.previewOf(func(w http.ResponseWriter, _ *http.Request, m previewed) { showPage(w, t, "preview.html", m) }))
	mux.Handle(one+"/html", p.previewOf(func(w http.ResponseWriter, _ *http.Request, m previewed) {
		httpkit.WritePage(w, http.StatusOK, "text/html; charset=utf-8", mailPolicy, []byte(m.Content.HTML))
	}))
	for name, part := range map[string]func(mail.Content) string{
		"text": func(c mail.Content) string { return c.Text }, "source": func(c mail.Content) string { return c.HTML },
	} {
		mux.Handle(one+"/"+name, p.previewOf(func(w http.ResponseWriter, _ *http.Request, m previewed) {
			httpkit.WritePage(w, http.StatusOK, "text/plain; charset=utf-8", mailPolicy, []byte(part(m.Content)))
		}))
	}
}

// previewed holds the data of the page that shows one mail.
type previewed struct {
	Template templates.Template
	Stream   mail.Stream
	Locale   string
	Locales  []string
	Look     string // "", "narrow", "dark", "narrow dark"
	Sender   string
	Content  mail.Content
}

// looks lists the ways to show a mail; an unknown one is treated as the first.
var looks = []string{"", "narrow", "dark", "narrow dark"}

// previewOf serves a page about one mail.
func (p *Preview) previewOf(show func(http.ResponseWriter, *http.Request, previewed)) http.Handler {
	return p.operatorsOnly(func(w http.ResponseWriter, r *http.Request) {
		m := previewed{
			Template: templates.Template(r.PathValue("template")), Locale: r.PathValue("locale"),
			Locales: p.Templates.Locales(), Look: r.URL.Query().Get("look"),
		}
		if !slices.Contains(looks, m.Look) {
			m.Look = ""
		}
		var err error
		m.Content, err = p.Templates.WriteTemplate(m.Template, m.Locale, templates.Sample(m.Template, m.Locale))
		if err != nil || mail.ParseLocale(m.Locale) == "" {
			httpkit.NewProblem(http.StatusNotFound, "not_found", "there is no such mail").Write(w, r)
			return
		}
		m.Stream = m.Template.Stream()
		if from := p.Templates.Sender(string(m.Template)); from.Email != "" {
			m.Sender = from.Email
		}
		show(w, r, m)
	})
}

// operatorsOnly requires an operator's key, except for a request from this machine
// if the previews are open. The data is a sample, but the shop's own texts may not
// be ready for the public.
func (p *Preview) operatorsOnly(next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, secret, _ := r.BasicAuth()
		if !(p.Open && httpkit.FromThisMachine(r)) && !p.server.IsOperator(secret) {
			w.Header().Set("WWW-Authenticate", `Basic realm="purser: an operator's key as the password", charset="UTF-8"`)
			httpkit.WritePage(w, http.StatusUnauthorized, "text/plain; charset=utf-8", previewPolicy, nil)
			return
		}
		next(w, r)
	})
}

func showPage(w http.ResponseWriter, t *template.Template, name string, data any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", previewPolicy)
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header().Set("Cache-Control", "no-store")
	_ = t.ExecuteTemplate(w, name, data) // the reader may be gone
}
