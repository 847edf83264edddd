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
	"slices"
	"sync"
	"time"

	"purser/sandbox/faults"
	"purser/sandbox/journal"
	"purser/sandbox/webhooksender"
)

// Config configures the stand-in. Its zero value accepts every caller and sender.
type Config struct {
	// Journal keeps the mails. Nil keeps them in memory only.
	Journal *journal.Journal
	// Faults makes the stand-in misbehave. Nil means no faults.
	Faults *faults.Control
	// AccessKey and SecretKey are the key pair that callers must sign with.
	// Empty accepts any.
	AccessKey, SecretKey string
	// Secret is the secret that the authority for the topic's certificate is
	// derived from; see Root.
	Secret string
	// Identities are the verified senders: addresses or domains. If it is
	// empty, every sender is verified.
	Identities []string
	// ConfigurationSets are the configuration sets that exist. If it is empty,
	// every one exists.
	ConfigurationSets []string
	// PerSecond is how many recipients are accepted in any second; a mail over
	// it gets TooManyRequestsException. 0 means no limit.
	PerSecond int
	// PerDay is the quota of recipients in 24 hours. 0 means no limit.
	PerDay int
	// Restricted is whether the account may not send to everybody yet, as every account
	// at SES begins. The stand-in only reports it.
	Restricted bool
	// Pace is how long after its acceptance a mail is reported as delivered.
	// With 0, only PublishFeedback reports a delivery, and the simulator's addresses
	// report at once.
	Pace time.Duration
	// Keep is how many of the latest mails can be read in the mailbox; older
	// ones are listed without their content. Default 1,000.
	Keep int
	// Log receives errors. Nil discards them.
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
	ask      chan struct{} // wakes askUntilConfirmed

	mu        sync.Mutex
	second    window
	day       window
	throttled int
	mails     []*mail // oldest first
	byID      map[string]*mail
	feedback  map[string][]feedback
	full      int // index of the first mail that has kept its content
	base      string
	sub       subscription

	identities map[string]Identity // set by SetIdentities; nil means as configured
}

// New returns a stand-in with the mails of its journal.
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

// Handler serves the API, before which the faults act, and SNS below /sns/.
func (s *Server) Handler() http.Handler {
	api := http.NewServeMux()
	api.HandleFunc("POST /v2/email/outbound-emails", s.send)
	api.HandleFunc("GET /v2/email/account", s.account)
	api.HandleFunc("GET /v2/email/identities/{id}", s.identity)
	api.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, http.StatusNotFound, "UnknownOperationException", "the stand-in does not support this operation")
	})
	mux := http.NewServeMux()
	mux.Handle("GET /sns/{$}", s.cfg.Faults.Wrap("sns", http.HandlerFunc(s.serveSNS)))
	mux.Handle("GET /sns/{file}", s.cfg.Faults.Wrap("sns", http.HandlerFunc(s.serveSNS)))
	mux.Handle("/", s.cfg.Faults.Wrap("ses", s.authorized(api)))
	return mux
}

// authorized reads the body, which the signature covers, and calls next if the
// signature is valid.
func (s *Server) authorized(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxMail/3*4+1<<20)) // JSON has the message in base64
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

// send handles SendEmail.
func (s *Server) send(w http.ResponseWriter, r *http.Request) {
	var in sendEmail
	body := json.NewDecoder(r.Body)
	body.DisallowUnknownFields() // what is not served must not be overlooked
	if err := body.Decode(&in); err != nil {
		refuse(w, http.StatusBadRequest, "SerializationException", "the body is not the JSON of SendEmail, or holds what the stand-in does not serve: "+err.Error())
		return
	}
	m, p := in.mail()
	if p == nil && slices.ContainsFunc(append(m.senders, m.From), func(from string) bool { return !s.verified(from) }) {
		p = &problem{"MessageRejected", "Email address is not verified."}
	}
	if p != nil {
		refuse(w, http.StatusBadRequest, p.code, p.message)
		return
	}
	if sets := s.cfg.ConfigurationSets; m.Set != "" && len(sets) > 0 && !slices.Contains(sets, m.Set) {
		refuse(w, http.StatusNotFound, "NotFoundException", "Configuration set <"+m.Set+"> does not exist.")
		return
	}
	if status, p := s.accept(m); p != nil {
		refuse(w, status, p.code, p.message)
		return
	}
	if err := s.scheduleFeedback(m); err != nil {
		s.cfg.Log.Error("cannot schedule the feedback on a sandbox mail", "error", err)
	}
	writeJSON(w, http.StatusOK, map[string]string{"MessageId": m.ID})
}

// accept accepts a mail if the limits allow it, and stores it.
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
		s.cfg.Log.Error("cannot store a sandbox mail", "error", err)
		return http.StatusInternalServerError, &problem{"InternalServiceErrorException", "try again"}
	}
	s.second.take(m.At, len(m.To))
	s.day.take(m.At, len(m.To))
	return 0, nil
}

// Subject identifies a mail by its tags "order" and "milestone".
type Subject struct{ Order, Notification string }

// Counts returns how many mails were accepted for each subject. A subject with
// more than one was sent twice.
func (s *Server) Counts() map[Subject]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	counts := make(map[Subject]int)
	for _, m := range s.mails {
		counts[Subject{m.Tags["order"], m.Tags["milestone"]}]++
	}
	return counts
}

// keep stores a mail and then shows it in the mailbox.
func (s *Server) keep(m *mail) error {
	if err := s.journal.Put(mailKind, m.ID, m); err != nil {
		return err
	}
	s.mails = append(s.mails, m)
	s.byID[m.ID] = m
	return s.trim()
}

// trim removes the content from all but the latest mails.
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
		m.Text, m.HTML, m.Raw = "", "", nil // only these: the other fields are read without the lock
	}
	return nil
}

// newID returns an id in the format of SES.
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

// refuse responds with an error in the format that the AWS SDKs expect.
func refuse(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("X-Amzn-ErrorType", code)
	writeJSON(w, status, map[string]string{"message": message})
}
