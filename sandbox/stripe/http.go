package stripe

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
)

const maxBody = 1 << 20

// Handler serves the API under /v1/ and the stand-in's own pages under
// /sandbox/.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/v1/", s.serve)
	mux.HandleFunc("GET /sandbox/3ds/{intent}", s.bankPage)
	mux.HandleFunc("POST /sandbox/3ds/{intent}", s.bankAnswer)
	mux.HandleFunc("POST /sandbox/settle/{intent}", s.bankAnswer)
	mux.HandleFunc("GET /sandbox/{$}", s.paymentsPage)
	mux.HandleFunc("GET /sandbox/method.json", s.methodPage)
	mux.HandleFunc("GET /sandbox/methods.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		writeJSON(w, http.StatusOK, TestMethods)
	})
	mux.HandleFunc("GET /sandbox/counts", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, s.Counts()) })
	return mux
}

// routes returns the API's handler.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	for pattern, run := range map[string]func(*call) (any, *Error){
		"POST /v1/payment_intents":                  s.createIntent,
		"GET /v1/payment_intents":                   s.listIntents,
		"GET /v1/payment_intents/search":            s.searchIntents,
		"GET /v1/payment_intents/{intent}":          s.getIntent,
		"POST /v1/payment_intents/{intent}":         s.updateIntent,
		"POST /v1/payment_intents/{intent}/confirm": s.confirmIntent,
		"POST /v1/payment_intents/{intent}/capture": s.captureIntent,
		"POST /v1/payment_intents/{intent}/cancel":  s.cancelIntent,
		"POST /v1/refunds":                          s.createRefund,
		"GET /v1/refunds":                           s.listRefunds,
		"GET /v1/refunds/{refund}":                  s.getRefund,
		"GET /v1/charges":                           s.listCharges,
		"GET /v1/charges/{charge}":                  s.getCharge,
		"GET /v1/disputes":                          s.listDisputes,
		"GET /v1/disputes/{dispute}":                s.getDispute,
		"GET /v1/balance_transactions":              s.listBalance,
		"GET /v1/balance_transactions/{txn}":        s.getBalance,
		"GET /v1/events":                            s.listEvents,
		"GET /v1/events/{event}":                    s.getEvent,
	} {
		mux.HandleFunc(pattern, s.endpoint(run))
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		writeError(w, &Error{
			status: http.StatusNotFound, Type: "invalid_request_error",
			Message: "Unrecognized request URL (" + r.Method + ": " + r.URL.Path + ").",
		})
	})
	return mux
}

// call is one API request.
type call struct {
	*txn
	r       *http.Request
	form    form
	browser bool // whether it was sent with the publishable key
}

// serve does everything that happens before an endpoint runs: it reads the body,
// checks the key, and applies the faults.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	if r.Method == http.MethodOptions {
		h.Set("Access-Control-Allow-Methods", "GET, HEAD, PUT, PATCH, POST, DELETE")
		h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Idempotency-Key, Stripe-Account, Stripe-Version")
		return
	}
	h.Set("Request-Id", newID("req_")[:18])
	h.Set("Stripe-Version", APIVersion)
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		writeError(w, invalid("", "", "The request body could not be read, or is too large."))
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if e := s.authenticate(r, body); e != nil {
		writeError(w, e)
		return
	}
	if e := cmp.Or(s.slowDown(), formEncoded(r, body)); e != nil {
		writeError(w, e)
		return
	}
	if s.check != nil && !publishable(r) && !s.valid(w, r, body) {
		return
	}
	key := keyOf(r)
	if key == "" {
		s.api.ServeHTTP(w, r)
		return
	}
	h.Set("Idempotency-Key", r.Header.Get("Idempotency-Key"))
	if e := s.lockKey(r.Header.Get("Idempotency-Key"), key); e != nil {
		writeError(w, e)
		return
	}
	defer s.unlockKey(key)
	seen := &responseRecorder{ResponseWriter: w, gone: func() { s.unlockKey(key) }}
	s.api.ServeHTTP(seen, r)
	if seen.status == http.StatusInternalServerError {
		s.keepFailure(key, r, body, seen.body)
	}
}

// endpoint returns a handler that runs a request against the state. It runs a
// request with an idempotency key only once.
func (s *Server) endpoint(run func(*call) (any, *Error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			r.Body = io.NopCloser(bytes.NewReader(body))
			err = r.ParseForm()
		}
		if err != nil {
			writeError(w, invalid("", "", "The form could not be read."))
			return
		}
		c := &call{r: r, form: form{values: r.Form}, browser: publishable(r)}
		c.form.take("key", "client_secret") // read by authenticate
		status, answer := s.run(w.Header(), c, keyOf(r), fingerprint(r, body), run)
		h := w.Header()
		h.Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write(answer)
	}
}

// run runs a request with the lock held and returns its response.
func (s *Server) run(h http.Header, c *call, key, print string, run func(*call) (any, *Error)) (status int, answer []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if key != "" {
		if a := s.recall(key); a != nil {
			return a.replay(h, print, c.r.Header.Get("Idempotency-Key"))
		}
	}
	c.txn = s.begin(c.r.Header.Get("Stripe-Account"))
	if id := h.Get("Request-Id"); !c.browser {
		c.request.ID = &id
		if k := c.r.Header.Get("Idempotency-Key"); k != "" {
			c.request.IdempotencyKey = &k
		}
	}
	var v any
	e := c.form.blank()
	if e == nil {
		v, e = run(c)
	}
	if e == nil {
		v, e = c.expand(v)
	}
	if e == nil {
		e = c.form.unknown()
	}
	if e != nil && !e.executed {
		c.step = step{} // no work has begun
	}
	status = http.StatusOK
	if e != nil {
		status, v = e.status, map[string]*Error{"error": e}
	}
	answer, err := json.Marshal(v)
	if err != nil {
		panic(err) // our own plain structs
	}
	if key != "" && (e == nil || e.executed) {
		c.Answer = &stored{Key: key, Print: print, Status: status, Body: answer, Request: h.Get("Request-Id"), At: c.now}
	}
	if err := s.commit(c.txn); err != nil {
		s.conf.Log.Error("stripe sandbox: journal", "error", err)
		return http.StatusServiceUnavailable, []byte(`{"error":{"type":"api_error","message":"The sandbox could not write its journal."}}`)
	}
	return status, answer
}

// authenticate accepts the secret key for everything, and the publishable key
// together with an intent's client secret for what a shopper's browser does.
func (s *Server) authenticate(r *http.Request, body []byte) *Error {
	if v := r.Header.Get("Stripe-Version"); v != "" && v != APIVersion {
		return invalid("", "", "Invalid Stripe API version: "+v+"; the sandbox speaks "+APIVersion+".")
	}
	key := apiKey(r)
	switch {
	case key == "":
		return &Error{status: 401, Type: "invalid_request_error", Message: "You did not provide an API key."}
	case accepts(s.conf.Key, "sk_test_", key):
		return nil
	case !accepts(s.conf.PublishableKey, "pk_test_", key):
		return &Error{status: 401, Type: "invalid_request_error", Message: "Invalid API Key provided: " + key[:min(8, len(key))] + "***"}
	}
	rest, ok := strings.CutPrefix(r.URL.Path, "/v1/payment_intents/")
	id, verb, _ := strings.Cut(rest, "/")
	if !ok || id == "search" || !(r.Method == http.MethodGet && verb == "" || r.Method == http.MethodPost && verb == "confirm") {
		return &Error{status: 403, Type: "invalid_request_error", Code: "secret_key_required", Message: "This API call cannot be made with a publishable API key."}
	}
	secret := r.URL.Query().Get("client_secret")
	if form, err := url.ParseQuery(string(body)); err == nil && secret == "" {
		secret = form.Get("client_secret")
	}
	in, _ := s.Intent(id)
	if secret == "" || in.ClientSecret != secret {
		return missing("intent", "payment_intent", id)
	}
	return nil
}

func accepts(want, prefix, key string) bool {
	if want != "" {
		return key == want
	}
	return strings.HasPrefix(key, prefix)
}

// apiKey is the key of a request: Bearer, or the user of Basic.
func apiKey(r *http.Request) string {
	if user, _, ok := r.BasicAuth(); ok {
		return user
	}
	key, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return strings.TrimSpace(key)
}

func publishable(r *http.Request) bool { return strings.HasPrefix(apiKey(r), "pk_") }

// responseRecorder records the response, whether an endpoint or a fault wrote it.
type responseRecorder struct {
	http.ResponseWriter
	status int
	body   []byte
	gone   func() // called when the connection is about to be reset
}

func (w *responseRecorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *responseRecorder) Write(b []byte) (int, error) {
	if w.status == http.StatusInternalServerError {
		w.body = append(w.body, b...)
	}
	return w.ResponseWriter.Write(b)
}

// Hijack gives a fault access to the connection. The request is over by then: a
// caller that retries after the reset must not find its key in use.
func (w *responseRecorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	w.gone()
	return http.NewResponseController(w.ResponseWriter).Hijack()
}

func writeError(w http.ResponseWriter, e *Error) {
	writeJSON(w, e.status, map[string]*Error{"error": e})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
