package carrier

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	jsonv2 "github.com/go-json-experiment/json"

	"purser/sandbox/faults"
	"purser/sandbox/journal"
	"purser/sandbox/webhooksender"
)

// Config configures a carrier.
type Config struct {
	// Journal keeps the labels and undelivered webhooks. Nil keeps them in
	// memory only.
	Journal *journal.Journal
	// Faults makes the carrier misbehave. Nil means no faults.
	Faults *faults.Control
	// Key is what callers must present. Required.
	Key string
	// WebhookSecret signs the webhooks. Required.
	WebhookSecret string
	// Pace is the time between two scans of a parcel. With 0, parcels move only
	// by Advance.
	Pace time.Duration
	// KeepFiles is how long after its booking a label's file can be fetched. Default 0:
	// for ever.
	KeepFiles time.Duration
	// OutForDelivery adds an out_for_delivery scan before the delivery.
	OutForDelivery bool
	// Log receives errors. Nil discards them.
	Log *slog.Logger
	// Now defaults to time.Now.
	Now func() time.Time
}

// Server is the carrier.
type Server struct {
	cfg      Config
	journal  *journal.Journal
	webhooks *webhooksender.Sender

	mu         sync.Mutex
	labels     map[string]*label // by id
	references map[string][]*label
	trackings  map[string]*label
	planned    scanQueue     // scheduled scans, earliest first
	wake       chan struct{} // planned has a new first entry
}

// New returns a carrier with the state of its journal.
func New(cfg Config) (*Server, error) {
	if cfg.Key == "" || cfg.WebhookSecret == "" {
		return nil, errors.New("sandbox carrier: a key and a webhook secret are required")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Journal == nil {
		cfg.Journal, _ = journal.Open("") // memory only: cannot fail
	}
	s := &Server{
		cfg: cfg, journal: cfg.Journal,
		labels: make(map[string]*label), references: make(map[string][]*label), trackings: make(map[string]*label),
		wake: make(chan struct{}, 1),
	}
	var err error
	if s.webhooks, err = webhooksender.New(cfg.Journal, "carrier", s.sign, cfg.Faults, cfg.Log); err != nil {
		return nil, err
	}
	err = cfg.Journal.Each(labelKind, func(_ string, raw json.RawMessage) error {
		l := new(label)
		if err := json.Unmarshal(raw, l); err != nil {
			return err
		}
		s.keep(l)
		s.plan(l)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// SetWebhookURL sets the URL that webhooks are sent to; until then they wait.
func (s *Server) SetWebhookURL(url string) { s.webhooks.SetURL(url) }

// OnAcknowledged calls f with the time that the receiver took to accept each
// webhook. Call OnAcknowledged before Run.
func (s *Server) OnAcknowledged(f func(provider string, took time.Duration)) {
	s.webhooks.OnAcknowledged = f
}

// Pending returns the number of webhooks that are not delivered yet.
func (s *Server) Pending() int { return s.webhooks.Pending() }

// Run moves parcels along and delivers webhooks until the context ends.
func (s *Server) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { _ = s.webhooks.Run(ctx) })
	return s.scan(ctx)
}

// Handler serves the protocol. The faults act before it.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/labels", s.book)
	mux.HandleFunc("GET /v1/labels", s.list)
	mux.HandleFunc("GET /v1/labels/{id}", s.get)
	mux.HandleFunc("GET /v1/labels/{id}/file", s.file)
	mux.HandleFunc("POST /v1/labels/{id}/void", s.void)
	mux.HandleFunc("GET /v1/tracking/{number}", s.track)
	mux.HandleFunc("POST /sandbox/labels/{id}/advance", s.advance)
	mux.HandleFunc("GET /sandbox/labels", s.listAll)
	return s.cfg.Faults.Wrap("carrier", s.authorized(mux))
}

func (s *Server) authorized(next http.Handler) http.Handler {
	want := sha256.Sum256([]byte(s.cfg.Key))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		got := sha256.Sum256([]byte(key))
		if subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			refuse(w, http.StatusUnauthorized, "unauthorized", "", "unknown key")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// sign returns the signature header of a webhook that is sent at the given time.
func (s *Server) sign(body []byte, at time.Time) http.Header {
	t := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(s.cfg.WebhookSecret))
	fmt.Fprintf(mac, "%s.%s", t, body)
	return http.Header{"Carrier-Signature": {"t=" + t + ",v1=" + hex.EncodeToString(mac.Sum(nil))}}
}

// maxBody is the size in bytes of the longest request body that is read.
const maxBody = 1 << 20

// read decodes a request body. If it cannot, it writes the error to w and
// returns false.
func read(w http.ResponseWriter, r *http.Request, v any) bool {
	err := jsonv2.UnmarshalRead(http.MaxBytesReader(w, r.Body, maxBody), v, jsonv2.RejectUnknownMembers(true))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		refuse(w, http.StatusRequestEntityTooLarge, "too_large", "", "the body is longer than 1 MiB")
	case err != nil:
		refuse(w, http.StatusBadRequest, "invalid_request", "", err.Error())
	}
	return err == nil
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func refuse(w http.ResponseWriter, status int, code, field, message string) {
	e := map[string]string{"code": code, "message": message}
	if field != "" {
		e["field"] = field
	}
	writeJSON(w, status, map[string]any{"error": e})
}

// unavailable responds that the journal could not be written.
func (s *Server) unavailable(w http.ResponseWriter, err error) {
	if s.cfg.Log != nil {
		s.cfg.Log.Error("sandbox carrier cannot write its journal", "error", err)
	}
	refuse(w, http.StatusServiceUnavailable, "unavailable", "", "try again")
}
