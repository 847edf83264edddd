package stripe

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"time"
)

// stored is the response stored under an idempotency key: the first one after the
// work has begun, even if it is a refusal or a 500
// (https://docs.stripe.com/api/idempotent_requests).
type stored struct {
	Key     string          `json:"key"`
	Print   string          `json:"print"` // fingerprint of the request's method, path and parameters
	Status  int             `json:"status"`
	Body    json.RawMessage `json:"body"`
	Request string          `json:"request"` // the id of the first request
	At      time.Time       `json:"at"`
}

// keyOf returns the idempotency key of a request, distinguished by account and by
// kind of API key. It returns "" if the request has no key or is not a POST.
func keyOf(r *http.Request) string {
	k := r.Header.Get("Idempotency-Key")
	if k == "" || r.Method != http.MethodPost {
		return ""
	}
	kind := "sk"
	if publishable(r) {
		kind = "pk"
	}
	return kind + "/" + r.Header.Get("Stripe-Account") + "/" + k
}

// fingerprint returns a hash that is equal for equal requests, whatever the order
// of their parameters.
func fingerprint(r *http.Request, body []byte) string {
	params := string(body)
	if v, err := url.ParseQuery(params); err == nil {
		params = v.Encode()
	}
	sum := sha256.Sum256([]byte(r.Method + " " + r.URL.Path + "?" + r.URL.RawQuery + "\n" + params))
	return hex.EncodeToString(sum[:12])
}

// recall returns the response stored under a key, or nil. s.mu must be held.
func (s *Server) recall(key string) *stored {
	a := s.keys[key]
	if a != nil && s.conf.Now().Sub(a.At) >= keepKeys {
		delete(s.keys, key)
		return nil
	}
	return a
}

// replay returns the stored response, or an error if the key was used for another
// request.
func (a *stored) replay(h http.Header, print, key string) (int, []byte) {
	if a.Print != print {
		e := &Error{
			Type: "idempotency_error",
			Message: "Keys for idempotent requests can only be used with the same parameters they were first used with. " +
				"Try using a key other than '" + key + "' if you meant to execute a different request.",
		}
		b, err := json.Marshal(map[string]*Error{"error": e})
		if err != nil {
			panic(err) // strings only
		}
		return http.StatusBadRequest, b
	}
	h.Set("Idempotent-Replayed", "true")
	h.Set("Original-Request", a.Request)
	return a.Status, a.Body
}

// lockKey marks a key as in use, and refuses one that is too long as it was sent. A concurrent request with the key gets a
// conflict, which is not stored.
func (s *Server) lockKey(sent, key string) *Error {
	if len(sent) > maxKey {
		return invalid("", "Idempotency-Key", "Idempotency keys can be at most 255 characters long.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inUse[key] {
		return &Error{
			status: http.StatusConflict, Type: "idempotency_error", Code: "idempotency_key_in_use",
			Message: "There is currently another in-progress request using this Idempotency-Key. Please try again later.",
		}
	}
	s.inUse[key] = true
	return nil
}

func (s *Server) unlockKey(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.inUse, key)
}

// keepFailure stores a 500 that a fault has caused. From then on a request with
// the key gets it again, whether or not the work was done.
func (s *Server) keepFailure(key string, r *http.Request, body, answer []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !json.Valid(answer) {
		return
	}
	t := s.begin("")
	t.Answer = &stored{Key: key, Print: fingerprint(r, body), Status: http.StatusInternalServerError, Body: answer, At: t.now}
	if err := s.commit(t); err != nil {
		s.conf.Log.Error("stripe sandbox: journal", "error", err)
	}
}
