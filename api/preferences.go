package api

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
	"time"

	"purser/mail"
)

//go:embed pages
var pages embed.FS

// maxForm is more than any form of these pages.
const maxForm = 4 << 10

// preferencePages are what a shopper sees who wants less mail, or more again.
// They work without scripts. Only a POST changes anything: mail programs and
// virus scanners follow every link of a mail (BNC-6).
type preferencePages struct {
	s      *server
	t      *template.Template
	style  template.CSS
	policy string
}

// preferenceRoutes serves the pages on which shoppers leave marketing mail,
// below /unsubscribe/ and /preferences/.
func (s *server) preferenceRoutes(mux *http.ServeMux) {
	style, err := pages.ReadFile("pages/preferences.css")
	if err != nil {
		panic(err) // embedded
	}
	sum := sha256.Sum256(style)
	p := &preferencePages{
		s: s, t: template.Must(template.ParseFS(pages, "pages/*.html")), style: template.CSS(style),
		policy: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
			"'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
	}
	mux.HandleFunc("GET "+mail.UnsubscribePath+"{token}", p.linked(p.ask))
	mux.HandleFunc("POST "+mail.UnsubscribePath+"{token}", p.linked(p.unsubscribe))
	mux.HandleFunc("GET "+mail.PreferencesPath+"{token}", p.linked(p.choose))
	mux.HandleFunc("POST "+mail.PreferencesPath+"{token}", p.linked(p.chosen))
}

// view is what a page for leaving marketing mail is filled with.
type view struct {
	Style          template.CSS
	Page           string // ask, done or choose; "" with a problem
	Shop, Email    string
	Token          string
	Title, Problem string
	Done           string // what was just done
	Wants          map[string]bool
	Held           string // why marketing is held back beside the shopper's wish
	Left           bool   // all marketing
	cut            error  // why the form that came is not all of one
}

// linked reads the token of a link; a link that is not ours changes nothing.
func (p *preferencePages) linked(do func(w http.ResponseWriter, r *http.Request, sub mail.Subscription, v view)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v := view{Shop: p.s.Mail.Shop, Token: r.PathValue("token")}
		sub, err := p.s.Mail.Links.Read(v.Token)
		if err != nil {
			p.s.badLinks.Add(1)
			v.Title, v.Problem = "This link is not valid", "Please use the link in the mail as it is. If it does not work, write to us and we take you off the list."
			p.render(w, r, http.StatusBadRequest, v)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		conn := http.NewResponseController(w)
		_ = conn.SetReadDeadline(time.Now().Add(p.s.WriteWithin)) // not every connection can
		v.cut = r.ParseForm()
		_ = conn.SetReadDeadline(time.Time{}) // passing it would cancel the request
		var large *http.MaxBytesError
		if errors.As(v.cut, &large) || r.ContentLength > maxForm {
			p.s.badLinks.Add(1)
			v.Title, v.Problem = "That was too much", "The form is longer than any of ours. Nothing was changed."
			p.render(w, r, http.StatusRequestEntityTooLarge, v)
			return
		}
		// The shopper may close the page, or cut the form off; what was asked
		// for is done all the same.
		r = r.WithContext(context.WithoutCancel(r.Context()))
		// Whoever has had a mail has a link that holds.
		release, err := p.s.limiters.rest.Acquire(r.Context(), callOf(r.Context()).actor(), p.s.TurnWithin)
		if err != nil {
			w.Header().Set("Retry-After", "1")
			v.Title, v.Problem = "Too many at once", "Nothing was changed. Please try again in a moment."
			p.render(w, r, http.StatusTooManyRequests, v)
			return
		}
		defer release()
		v.Email = sub.Email
		do(w, r, sub, v)
	}
}

// ask shows a button and changes nothing.
func (p *preferencePages) ask(w http.ResponseWriter, r *http.Request, sub mail.Subscription, v view) {
	if !p.state(w, r, sub, &v) {
		return
	}
	v.Page, v.Title = "ask", "Stop marketing mail?"
	p.render(w, r, http.StatusOK, v)
}

// unsubscribe stops all marketing: what a mail program asks for with one click
// (RFC 8058), and the button of the page. What the request's body says is of
// no matter; the link says it all.
func (p *preferencePages) unsubscribe(w http.ResponseWriter, r *http.Request, sub mail.Subscription, v view) {
	if !p.prefer(w, r, sub, []mail.Scope{mail.ScopeMarketing}, v) {
		return
	}
	if !p.state(w, r, sub, &v) {
		return
	}
	v.Page, v.Title, v.Done = "done", "You are unsubscribed", "We send you no more marketing mail. Mail about your orders still comes."
	p.render(w, r, http.StatusOK, v)
}

// choose shows what the shopper gets, to change it.
func (p *preferencePages) choose(w http.ResponseWriter, r *http.Request, sub mail.Subscription, v view) {
	if !p.state(w, r, sub, &v) {
		return
	}
	v.Page, v.Title = "choose", "Which mail do you want?"
	p.render(w, r, http.StatusOK, v)
}

// wholeForm is the last field of the page's form. Without it what came was cut
// off, or is not from the page: no box ticked would mean that nothing is wanted.
const wholeForm = "whole"

// chosen writes down what the shopper ticked. A form that is not whole changes
// nothing.
func (p *preferencePages) chosen(w http.ResponseWriter, r *http.Request, sub mail.Subscription, v view) {
	strange := func(list string) bool { return !slices.Contains(mail.Lists, mail.Scope(list)) }
	if v.cut != nil || r.PostForm.Get(wholeForm) != "yes" || slices.ContainsFunc(r.PostForm["list"], strange) {
		p.s.badLinks.Add(1)
		v.Title, v.Problem = "That did not arrive whole", "Nothing was changed. Please open the link in the mail once more and try again."
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
		leave = []mail.Scope{mail.ScopeMarketing} // also of lists there will be
	}
	if !p.prefer(w, r, sub, leave, v) || !p.state(w, r, sub, &v) {
		return
	}
	v.Page, v.Title, v.Done = "choose", "Which mail do you want?", "Saved."
	p.render(w, r, http.StatusOK, v)
}

// prefer writes a wish down, or shows that it could not.
func (p *preferencePages) prefer(w http.ResponseWriter, r *http.Request, sub mail.Subscription, leave []mail.Scope, v view) bool {
	_, err := p.s.Mail.Records.Prefer(r.Context(), sub, leave)
	if err != nil {
		p.failed(w, r, err, v)
	}
	return err == nil
}

// state looks up what the shopper gets now.
func (p *preferencePages) state(w http.ResponseWriter, r *http.Request, sub mail.Subscription, v *view) bool {
	found, err := p.s.Mail.Records.SuppressionsOf(r.Context(), sub.Email)
	if err != nil {
		p.failed(w, r, err, *v)
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

func (p *preferencePages) failed(w http.ResponseWriter, r *http.Request, err error, v view) {
	p.s.Log.ErrorContext(r.Context(), "mail preferences", "error", err, "requestId", callOf(r.Context()).requestID)
	v.Title, v.Problem = "Something went wrong", "It has been reported. Please try again in a minute."
	p.render(w, r, http.StatusServiceUnavailable, v)
}

func (p *preferencePages) render(w http.ResponseWriter, r *http.Request, status int, v view) {
	v.Style = p.style
	var b strings.Builder
	if err := p.t.ExecuteTemplate(&b, "preferences.html", v); err != nil {
		problem(http.StatusInternalServerError, "internal", detailInternal).write(w, r)
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
