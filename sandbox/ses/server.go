package ses

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"purser/sandbox/hostile"
	"purser/sandbox/journal"
)

// Config says what the stand-in is made of. Its zero value accepts everybody.
type Config struct {
	// Journal keeps the mails. Nil keeps them in memory only.
	Journal *journal.Journal
	// Faults makes it misbehave. Nil: it does not.
	Faults *hostile.Control
	// AccessKey is the access key id callers must sign with. Empty: any.
	AccessKey string
	// PerSecond is the sending rate; more is answered with
	// TooManyRequestsException. 0: no limit.
	PerSecond int
	// PerDay is the quota of 24 hours. 0: no limit.
	PerDay int
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
	cfg     Config
	journal *journal.Journal
	limit   *rate.Limiter

	mu    sync.Mutex
	mails []*mail // oldest first
	byID  map[string]*mail
	full  int // mails before this one have lost their content

	identities map[string]Identity // nil: everybody may send
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
	s := &Server{cfg: cfg, journal: cfg.Journal, byID: make(map[string]*mail)}
	if cfg.PerSecond > 0 {
		s.limit = rate.NewLimiter(rate.Limit(cfg.PerSecond), cfg.PerSecond)
	}
	err := cfg.Journal.Each(mailKind, func(_ string, raw json.RawMessage) error {
		m := new(mail)
		if err := json.Unmarshal(raw, m); err != nil {
			return err
		}
		s.mails = append(s.mails, m)
		s.byID[m.ID] = m
		return nil
	})
	if err != nil {
		return nil, err
	}
	cfg.Journal.Loaded()
	return s, s.trim()
}

// Handler serves the API, with the faults in front.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v2/email/outbound-emails", s.send)
	mux.HandleFunc("GET /v2/email/account", s.account)
	mux.HandleFunc("GET /v2/email/identities/{identity}", s.identity)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, http.StatusNotFound, "UnknownOperationException", "the stand-in does not know this operation")
	})
	return s.cfg.Faults.Wrap("ses", s.authorized(mux))
}

func (s *Server) authorized(next http.Handler) http.Handler {
	want := "AWS4-HMAC-SHA256 Credential=" + s.cfg.AccessKey + "/"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got := r.Header.Get("Authorization")
		switch {
		case !strings.HasPrefix(got, "AWS4-HMAC-SHA256 Credential="):
			refuse(w, http.StatusForbidden, "MissingAuthenticationTokenException", "the request is not signed")
		case s.cfg.AccessKey != "" && !strings.HasPrefix(got, want):
			refuse(w, http.StatusForbidden, "UnrecognizedClientException", "the access key is not known")
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// send is SendEmail.
func (s *Server) send(w http.ResponseWriter, r *http.Request) {
	var in sendEmail
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxMail)).Decode(&in)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		refuse(w, http.StatusBadRequest, "BadRequestException", "the message is longer than 40 MB")
		return
	case err != nil:
		refuse(w, http.StatusBadRequest, "SerializationException", "the body is not the JSON of SendEmail")
		return
	}
	m, problem := in.mail()
	if problem != nil {
		refuse(w, http.StatusBadRequest, problem.code, problem.message)
		return
	}
	if s.limit != nil && !s.limit.Allow() {
		refuse(w, http.StatusTooManyRequests, "TooManyRequestsException", "Maximum sending rate exceeded.")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	m.ID, m.At = newID(), s.cfg.Now().UTC()
	if s.cfg.PerDay > 0 && s.lastDay() >= s.cfg.PerDay {
		refuse(w, http.StatusBadRequest, "LimitExceededException", "Daily message quota exceeded.")
		return
	}
	if err := s.keep(m); err != nil {
		s.cfg.Log.Error("sandbox mail cannot be kept", "error", err)
		refuse(w, http.StatusInternalServerError, "InternalServiceErrorException", "try again")
		return
	}
	answer(w, http.StatusOK, map[string]string{"MessageId": m.ID})
}

// account is GetAccount.
func (s *Server) account(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	sent := s.lastDay()
	s.mu.Unlock()
	quota := map[string]int{"Max24HourSend": -1, "MaxSendRate": 1_000_000, "SentLast24Hours": sent}
	if s.cfg.PerDay > 0 {
		quota["Max24HourSend"] = s.cfg.PerDay
	}
	if s.cfg.PerSecond > 0 {
		quota["MaxSendRate"] = s.cfg.PerSecond
	}
	answer(w, http.StatusOK, map[string]any{
		"SendQuota": quota, "SendingEnabled": true, "ProductionAccessEnabled": true, "EnforcementStatus": "HEALTHY",
	})
}

// Subject is what a mail is about, from its tags "order" and "milestone".
type Subject struct{ Order, Milestone string }

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

// lastDay counts the mails of the last 24 hours.
func (s *Server) lastDay() int {
	since := s.cfg.Now().Add(-24 * time.Hour)
	n := 0
	for i := len(s.mails) - 1; i >= 0 && s.mails[i].At.After(since); i-- {
		n++
	}
	return n
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
		*m = bare
	}
	return nil
}

// newID looks like an id of SES.
func newID() string {
	var b [24]byte
	_, _ = rand.Read(b[:]) // never fails
	return fmt.Sprintf("%x-%x-%x-%x-%x-%x-000000", b[:8], b[8:12], b[12:14], b[14:16], b[16:18], b[18:])
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// refuse answers an error as the AWS SDKs expect it.
func refuse(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("X-Amzn-ErrorType", code)
	answer(w, status, map[string]string{"message": message})
}
