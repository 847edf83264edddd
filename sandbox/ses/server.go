package ses

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"purser/sandbox/faults"
	"purser/sandbox/journal"
	"purser/sandbox/webhooksender"
)

// Config says what the stand-in is made of. Its zero value accepts everybody.
type Config struct {
	// Journal keeps the mails. Nil keeps them in memory only.
	Journal *journal.Journal
	// Faults makes it misbehave. Nil: it does not.
	Faults *faults.Control
	// AccessKey and SecretKey are what callers must sign with. Empty: any.
	AccessKey, SecretKey string
	// Secret is what the authority is made of that vouches for the topic's
	// messages; see Root.
	Secret string
	// Identities are the senders that are verified: addresses, or domains.
	// Empty: everybody is.
	Identities []string
	// PerSecond is how many recipients it takes in any second; more is
	// answered with TooManyRequestsException. 0: no limit.
	PerSecond int
	// PerDay is the quota of recipients in 24 hours. 0: no limit.
	PerDay int
	// Pace is how long after its acceptance a mail is delivered. 0: the world
	// answers only when told, and the simulator's addresses at once.
	Pace time.Duration
	// Keep is how many of the latest mails can be read in the mailbox; older
	// ones are listed without their content. Default 1,000.
	Keep int
	// Log is silent when nil.
	Log *slog.Logger
	// Now defaults to time.Now.
	Now func() time.Time
}

// Server is the stand-in.
type Server struct {
	cfg      Config
	journal  *journal.Journal
	signer   func() (*signer, error)
	webhooks *webhooksender.Sender
	ask      chan struct{} // wakes the one who asks an endpoint

	mu        sync.Mutex
	second    window
	day       window
	throttled int
	mails     []*mail // oldest first
	byID      map[string]*mail
	feedback  map[string][]feedback
	full      int // mails before this one have lost their content
	base      string
	sub       subscription

	identities map[string]Identity // nil: as configured
}

// New makes a stand-in with the mails its journal holds.
func New(cfg Config) (*Server, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Keep <= 0 {
		cfg.Keep = 1000
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Journal == nil {
		cfg.Journal, _ = journal.Open("") // memory only: cannot fail
	}
	s := &Server{
		cfg: cfg, journal: cfg.Journal, byID: make(map[string]*mail), feedback: make(map[string][]feedback), ask: make(chan struct{}, 1),
		second: window{span: time.Second, most: cfg.PerSecond}, day: window{span: 24 * time.Hour, most: cfg.PerDay},
	}
	err := cfg.Journal.Each(mailKind, func(_ string, raw json.RawMessage) error {
		m := new(mail)
		if err := json.Unmarshal(raw, m); err != nil {
			return err
		}
		s.mails = append(s.mails, m)
		s.byID[m.ID] = m
		s.day.take(m.At, len(m.To))
		return nil
	})
	if err = errors.Join(err, s.loadFeedback(), s.openTopic()); err != nil {
		return nil, err
	}
	return s, s.trim()
}

// Handler serves the API, with the faults in front, and what belongs to SNS
// below /sns/.
func (s *Server) Handler() http.Handler {
	api := http.NewServeMux()
	api.HandleFunc("POST /v2/email/outbound-emails", s.send)
	api.HandleFunc("GET /v2/email/account", s.account)
	api.HandleFunc("GET /v2/email/identities/{id}", s.identity)
	api.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, http.StatusNotFound, "UnknownOperationException", "the stand-in does not know this operation")
	})
	mux := http.NewServeMux()
	mux.Handle("GET /sns/{$}", s.cfg.Faults.Wrap("sns", http.HandlerFunc(s.serveSNS)))
	mux.Handle("GET /sns/{file}", s.cfg.Faults.Wrap("sns", http.HandlerFunc(s.serveSNS)))
	mux.Handle("/", s.cfg.Faults.Wrap("ses", s.authorized(api)))
	return mux
}

// authorized reads the body, which the signature is over, and lets pass what
// is signed.
func (s *Server) authorized(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxMail))
		if err != nil {
			refuse(w, http.StatusBadRequest, "BadRequestException", "the message is longer than 40 MB")
			return
		}
		if p := s.authentic(r, body); p != nil {
			refuse(w, http.StatusForbidden, p.code, p.message)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	})
}

// send is SendEmail.
func (s *Server) send(w http.ResponseWriter, r *http.Request) {
	var in sendEmail
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		refuse(w, http.StatusBadRequest, "SerializationException", "the body is not the JSON of SendEmail")
		return
	}
	m, p := in.mail()
	if p == nil && !s.verified(m.From) {
		p = &problem{"MessageRejected", "Email address is not verified."}
	}
	if p != nil {
		refuse(w, http.StatusBadRequest, p.code, p.message)
		return
	}
	if status, p := s.accept(m); p != nil {
		refuse(w, status, p.code, p.message)
		return
	}
	if err := s.scheduleFeedback(m); err != nil {
		s.cfg.Log.Error("nothing will be heard of a sandbox mail", "error", err)
	}
	writeJSON(w, http.StatusOK, map[string]string{"MessageId": m.ID})
}

// accept takes a mail if the limits allow, and writes it down.
func (s *Server) accept(m *mail) (status int, p *problem) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m.ID, m.At = newID(), s.cfg.Now().UTC()
	switch n := len(m.To); {
	case !s.second.allows(m.At, n):
		s.throttled++
		return http.StatusTooManyRequests, &problem{"TooManyRequestsException", "Maximum sending rate exceeded."}
	case !s.day.allows(m.At, n):
		return http.StatusBadRequest, &problem{"LimitExceededException", "Daily message quota exceeded."}
	}
	if err := s.keep(m); err != nil {
		s.cfg.Log.Error("sandbox mail cannot be kept", "error", err)
		return http.StatusInternalServerError, &problem{"InternalServiceErrorException", "try again"}
	}
	s.second.take(m.At, len(m.To))
	s.day.take(m.At, len(m.To))
	return 0, nil
}

// Subject is what a mail is about, from its tags "order" and "milestone".
type Subject struct{ Order, Notification string }

// Counts says how many mails were accepted about each subject. More than one
// is a mail sent twice.
func (s *Server) Counts() map[Subject]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	counts := make(map[Subject]int)
	for _, m := range s.mails {
		counts[Subject{m.Tags["order"], m.Tags["milestone"]}]++
	}
	return counts
}

// keep writes a mail down and then shows it.
func (s *Server) keep(m *mail) error {
	if err := s.journal.Put(mailKind, m.ID, m); err != nil {
		return err
	}
	s.mails = append(s.mails, m)
	s.byID[m.ID] = m
	return s.trim()
}

// trim takes the content out of all but the latest mails.
func (s *Server) trim() error {
	for ; s.full < len(s.mails)-s.cfg.Keep; s.full++ {
		m := s.mails[s.full]
		if !m.hasContent() {
			continue
		}
		bare := *m
		bare.Text, bare.HTML, bare.Raw = "", "", nil
		if err := s.journal.Put(mailKind, m.ID, &bare); err != nil {
			return err
		}
		m.Text, m.HTML, m.Raw = "", "", nil // nothing else: the rest is read without the lock
	}
	return nil
}

// newID looks like an id of SES.
func newID() string {
	var b [24]byte
	_, _ = rand.Read(b[:]) // never fails
	return fmt.Sprintf("%x-%x-%x-%x-%x-%x-000000", b[:8], b[8:12], b[12:14], b[14:16], b[16:18], b[18:])
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// refuse returns an error as the AWS SDKs expect it.
func refuse(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("X-Amzn-ErrorType", code)
	writeJSON(w, status, map[string]string{"message": message})
}
