package ses

import (
	"embed"
	"errors"
	"html/template"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

//go:embed pages
var pages embed.FS

// perPage is how many mails the mailbox lists at most.
const perPage = 200

// Content security policies of the mailbox's pages. A mail's own HTML is not
// trusted: it may run no scripts and load nothing from the network, in its frame
// or outside of it.
const (
	pagePolicy = "default-src 'none'; style-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
	mailPolicy = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)

// summary is a mail in a list.
type summary struct {
	ID           string            `json:"id"`
	At           time.Time         `json:"at"`
	From         string            `json:"from"`
	To           []string          `json:"to"`
	Subject      string            `json:"subject"`
	Tags         map[string]string `json:"tags,omitempty"`
	Feedback     []feedback        `json:"said,omitempty"`
	Notification string            `json:"-"`
	Order        string            `json:"-"`
}

// Last returns the latest feedback, in words, or "".
func (s summary) Last() string {
	if len(s.Feedback) == 0 {
		return ""
	}
	return s.Feedback[len(s.Feedback)-1].Type.Words()
}

// Mailbox serves the accepted mails to a browser. It must be mounted below a path
// that ends in a slash, such as /mail/, which the caller strips.
//
//	/?q=…            the latest mails; q is an order id, an address or a word of the subject
//	/messages.json   the same as JSON; skip is how many of the latest are left out
//	/figures.json    statistics; see Figures
//	/{id}            one mail: HTML, text, headers, source
//	/{id}/html, /{id}/text, /{id}/raw
//	POST /{id}/answer   publishes feedback: how=deliver, bounce, …; see FeedbackTypes
func (s *Server) Mailbox() http.Handler {
	t := template.Must(template.ParseFS(pages, "pages/*.html")) // the pages are embedded and tested
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query().Get("q")
		found, total := s.find(q, 0)
		render(w, t, "list.html", map[string]any{"Query": q, "Mails": found, "Total": total, "More": total - len(found)})
	})
	mux.HandleFunc("GET /messages.json", func(w http.ResponseWriter, r *http.Request) {
		skip, _ := strconv.Atoi(r.URL.Query().Get("skip")) // otherwise none are left out
		found, total := s.find(r.URL.Query().Get("q"), skip)
		writeJSON(w, http.StatusOK, map[string]any{"data": found, "total": total})
	})
	mux.HandleFunc("GET /figures.json", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, s.Figures()) })
	mux.HandleFunc("GET /style.css", func(w http.ResponseWriter, _ *http.Request) {
		b, _ := pages.ReadFile("pages/style.css")
		write(w, "text/css; charset=utf-8", pagePolicy, string(b))
	})
	mux.HandleFunc("GET /{id}", s.opened(func(w http.ResponseWriter, m summary, c content) {
		render(w, t, "mail.html", map[string]any{"Mail": m, "Content": c, "Types": FeedbackTypes})
	}))
	// A page of another site must not publish feedback.
	mux.Handle("POST /{id}/answer", http.NewCrossOriginProtection().Handler(http.HandlerFunc(s.giveFeedback)))
	mux.HandleFunc("GET /{id}/html", s.opened(func(w http.ResponseWriter, _ summary, c content) {
		write(w, "text/html; charset=utf-8", mailPolicy, c.HTML)
	}))
	mux.HandleFunc("GET /{id}/text", s.opened(func(w http.ResponseWriter, _ summary, c content) {
		write(w, "text/plain; charset=utf-8", mailPolicy, c.Text)
	}))
	mux.HandleFunc("GET /{id}/raw", s.opened(func(w http.ResponseWriter, _ summary, c content) {
		write(w, "text/plain; charset=utf-8", mailPolicy, c.Raw)
	}))
	return mux
}

// find returns the latest mails that match, newest first, without the first skip of
// them, and the number of all that match.
func (s *Server) find(q string, skip int) (found []summary, total int) {
	q, skip = strings.ToLower(strings.TrimSpace(q)), max(skip, 0)
	found = []summary{}
	s.mu.Lock()
	defer s.mu.Unlock()
	if q == "" { // only those of the page are looked at
		end := max(len(s.mails)-skip, 0)
		for _, m := range slices.Backward(s.mails[max(end-perPage, 0):end]) {
			found = append(found, s.summary(m))
		}
		return found, len(s.mails)
	}
	for _, m := range slices.Backward(s.mails) {
		if !m.matches(q) {
			continue
		}
		if total++; total > skip && total <= skip+perPage {
			found = append(found, s.summary(m))
		}
	}
	return found, total
}

func (m *mail) matches(q string) bool {
	return q == "" || strings.Contains(m.Tags["order"], q) || strings.Contains(strings.ToLower(m.Subject), q) ||
		slices.ContainsFunc(m.To, func(to string) bool { return strings.Contains(strings.ToLower(to), q) })
}

// summary returns a mail's summary. s.mu must be held.
func (s *Server) summary(m *mail) summary {
	return summary{m.ID, m.At, m.From, m.To, m.Subject, m.Tags, slices.Clone(s.feedback[m.ID]), m.Tags["milestone"], m.Tags["order"]}
}

// giveFeedback publishes feedback on a mail and redirects to its page.
func (s *Server) giveFeedback(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
	id := r.PathValue("id")
	switch err := s.PublishFeedback(id, FeedbackType(r.PostFormValue("how"))); {
	case errors.Is(err, ErrNoMail):
		http.Error(w, err.Error(), http.StatusNotFound)
	case errors.Is(err, ErrFeedbackType):
		http.Error(w, err.Error(), http.StatusBadRequest)
	case err != nil:
		http.Error(w, "try again", http.StatusInternalServerError)
	default:
		w.Header().Set("Location", "../"+id) // relative, because the path before it was stripped
		w.WriteHeader(http.StatusSeeOther)
	}
}

// opened returns a handler that finds a mail, parses it and passes it to show.
func (s *Server) opened(show func(http.ResponseWriter, summary, content)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		m := s.byID[r.PathValue("id")]
		if m == nil {
			s.mu.Unlock()
			http.Error(w, "no such mail", http.StatusNotFound)
			return
		}
		opened, about := *m, s.summary(m) // a copy, because trim may remove the content at any time
		s.mu.Unlock()
		show(w, about, opened.open())
	}
}

func render(w http.ResponseWriter, t *template.Template, name string, data any) {
	var b strings.Builder
	if err := t.ExecuteTemplate(&b, name, data); err != nil {
		http.Error(w, "the page cannot be shown", http.StatusInternalServerError)
		return
	}
	write(w, "text/html; charset=utf-8", pagePolicy, b.String())
}

func write(w http.ResponseWriter, contentType, policy, body string) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	_, _ = io.WriteString(w, body)
}
