package mails

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"errors"
	"html/template"
	"net/http"
	"slices"
	"strings"

	"purser/api/httpkit"
	"purser/mail"
)

//go:embed pages/preferences*
var pages embed.FS

// maxForm is the most bytes of a form; the forms of these pages are smaller.
const maxForm = 4 << 10

// preferencePages serves the pages on which a shopper chooses which mail to get.
// They work without scripts. Only a POST changes anything, because mail programs
// and virus scanners follow every link in a mail.
type preferencePages struct {
	s      *Service
	t      *template.Template
	style  template.CSS
	policy string
}

// servePreferences serves the pages on which shoppers unsubscribe from marketing
// mail, below /unsubscribe/ and /preferences/.
func (s *Service) servePreferences() {
	mux := s.server.Mux
	style, err := pages.ReadFile("pages/preferences.css")
	if err != nil {
		panic(err) // embedded
	}
	sum := sha256.Sum256(style)
	p := &preferencePages{
		s: s, t: template.Must(template.ParseFS(pages, "pages/preferences.html")), style: template.CSS(style),
		policy: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
			"'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
	}
	mux.HandleFunc("GET "+mail.UnsubscribePath+"{token}", p.linked(p.ask))
	mux.HandleFunc("POST "+mail.UnsubscribePath+"{token}", p.linked(p.unsubscribe))
	mux.HandleFunc("GET "+mail.PreferencesPath+"{token}", p.linked(p.choose))
	mux.HandleFunc("POST "+mail.PreferencesPath+"{token}", p.linked(p.chosen))
}

// view holds the data of a preference page.
type view struct {
	Style          template.CSS
	Page           string // ask, done or choose; "" if there is a Problem
	Shop, Email    string
	Token          string
	Title, Problem string
	Done           string          // confirms what the request changed
	Wants          map[string]bool // by list
	Held           string          // why mail is suppressed for another reason than the shopper's choice
	Left           bool            // the shopper has unsubscribed from all marketing
	cut            error           // why the form is incomplete
}

// linked checks the token of a link and reads the form before it calls do. A link
// that Purser did not make changes nothing.
func (p *preferencePages) linked(do func(w http.ResponseWriter, r *http.Request, sub mail.Subscription, v view)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v := view{Shop: p.s.Shop, Token: r.PathValue("token")}
		sub, err := p.s.Links.Read(v.Token)
		if err != nil {
			p.s.badLinks.Add(1)
			v.Title, v.Problem = "This link is not valid", "Please use the link exactly as it is in the mail. If it does not work, write to us and we will unsubscribe you."
			p.render(w, r, http.StatusBadRequest, v)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		v.cut = r.ParseForm()
		var large *http.MaxBytesError
		if errors.As(v.cut, &large) || r.ContentLength > maxForm {
			p.s.badLinks.Add(1)
			v.Title, v.Problem = "The form is too large", "Nothing was changed. Please open the link in the mail again."
			p.render(w, r, http.StatusRequestEntityTooLarge, v)
			return
		}
		// The request is completed even if the shopper closes the page.
		r = r.WithContext(context.WithoutCancel(r.Context()))
		// Every recipient of a mail has a valid link, so requests are limited.
		release, err := p.s.server.AcquirePage(r.Context())
		if err != nil {
			w.Header().Set("Retry-After", "1")
			v.Title, v.Problem = "Too many requests", "Nothing was changed. Please try again in a moment."
			p.render(w, r, http.StatusTooManyRequests, v)
			return
		}
		defer release()
		v.Email = sub.Email
		do(w, r, sub, v)
	}
}

// ask shows the button to unsubscribe and changes nothing.
func (p *preferencePages) ask(w http.ResponseWriter, r *http.Request, sub mail.Subscription, v view) {
	if !p.state(w, r, sub, &v) {
		return
	}
	v.Page, v.Title = "ask", "Stop marketing mail?"
	p.render(w, r, http.StatusOK, v)
}

// unsubscribe stops all marketing mail. It serves the one-click request of a mail
// program (RFC 8058) and the button of the page. It ignores the request's body,
// because the link contains everything it needs.
func (p *preferencePages) unsubscribe(w http.ResponseWriter, r *http.Request, sub mail.Subscription, v view) {
	if !p.prefer(w, r, sub, []mail.Scope{mail.ScopeMarketing}, v) {
		return
	}
	if !p.state(w, r, sub, &v) {
		return
	}
	v.Page, v.Title, v.Done = "done", "You are unsubscribed", "We will not send you any more marketing mail. You will still get mail about your orders."
	p.render(w, r, http.StatusOK, v)
}

// choose shows a form with the lists that the shopper gets.
func (p *preferencePages) choose(w http.ResponseWriter, r *http.Request, sub mail.Subscription, v view) {
	if !p.state(w, r, sub, &v) {
		return
	}
	v.Page, v.Title = "choose", "Which mail do you want?"
	p.render(w, r, http.StatusOK, v)
}

// wholeForm is the last field of the page's form. A form without it was cut off or
// does not come from the page, and must not be mistaken for one in which no box is
// ticked.
const wholeForm = "whole"

// chosen records which lists the shopper ticked. An incomplete form changes
// nothing.
func (p *preferencePages) chosen(w http.ResponseWriter, r *http.Request, sub mail.Subscription, v view) {
	if httpkit.Stalled(v.cut) {
		p.s.badLinks.Add(1)
		v.Title, v.Problem = "The form did not arrive in time", "Nothing was changed. Please open the link in the mail again and retry."
		p.render(w, r, http.StatusRequestTimeout, v)
		return
	}
	strange := func(list string) bool { return !slices.Contains(mail.Lists, mail.Scope(list)) }
	if v.cut != nil || r.PostForm.Get(wholeForm) != "yes" || slices.ContainsFunc(r.PostForm["list"], strange) {
		p.s.badLinks.Add(1)
		v.Title, v.Problem = "The form is incomplete", "Nothing was changed. Please open the link in the mail again and retry."
		p.render(w, r, http.StatusBadRequest, v)
		return
	}
	var leave []mail.Scope
	for _, list := range mail.Lists {
		if !slices.Contains(r.PostForm["list"], string(list)) {
			leave = append(leave, list)
		}
	}
	if len(leave) == len(mail.Lists) {
		leave = []mail.Scope{mail.ScopeMarketing} // so that it includes lists that are added in future
	}
	if !p.prefer(w, r, sub, leave, v) || !p.state(w, r, sub, &v) {
		return
	}
	v.Page, v.Title, v.Done = "choose", "Which mail do you want?", "Saved."
	p.render(w, r, http.StatusOK, v)
}

// prefer records a preference. If that fails, it shows an error and returns false.
func (p *preferencePages) prefer(w http.ResponseWriter, r *http.Request, sub mail.Subscription, leave []mail.Scope, v view) bool {
	_, err := p.s.Records.Prefer(r.Context(), sub, leave)
	if err != nil {
		p.renderError(w, r, err, v)
	}
	return err == nil
}

// state reads which mail the shopper gets now. If that fails, it shows an error and
// returns false.
func (p *preferencePages) state(w http.ResponseWriter, r *http.Request, sub mail.Subscription, v *view) bool {
	found, err := p.s.Records.SuppressionsOf(r.Context(), sub.Email)
	if err != nil {
		p.renderError(w, r, err, *v)
		return false
	}
	v.Wants = make(map[string]bool)
	for _, list := range mail.Lists {
		v.Wants[string(list)] = true
		for _, s := range found {
			if s.Reason == mail.BecauseUnsubscribed && s.Scope.BlocksList(list) {
				v.Wants[string(list)] = false
			}
		}
	}
	for _, s := range found {
		if s.Reason != mail.BecauseUnsubscribed {
			v.Held = string(s.Reason)
		}
		if s.Reason == mail.BecauseUnsubscribed && s.Scope == mail.ScopeMarketing {
			v.Left = true
		}
	}
	return true
}

// renderError logs an error and shows the page for it.
func (p *preferencePages) renderError(w http.ResponseWriter, r *http.Request, err error, v view) {
	p.s.server.Log.ErrorContext(r.Context(), "mail preferences", "error", err, "requestId", httpkit.CallOf(r.Context()).RequestID)
	v.Title, v.Problem = "Something went wrong", "It has been reported. Please try again in a minute."
	p.render(w, r, http.StatusServiceUnavailable, v)
}

// render writes the page.
func (p *preferencePages) render(w http.ResponseWriter, r *http.Request, status int, v view) {
	v.Style = p.style
	var b strings.Builder
	if err := p.t.ExecuteTemplate(&b, "preferences.html", v); err != nil {
		httpkit.NewProblem(http.StatusInternalServerError, "internal", httpkit.DetailInternal).Write(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", p.policy)
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer") // the address is in the link
	h.Set("Cache-Control", "no-store")
	h.Set("X-Robots-Tag", "noindex")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(b.String())) // the reader may be gone
}
