package faults

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"
)

// Handler serves the rules: GET lists them, POST adds the rules of the body (in
// the form that GET returns), DELETE removes all, or the one named by ?id=.
func (c *Control) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodGet, http.MethodHead:
			writeJSON(w, http.StatusOK, c.List())
		case http.MethodPost:
			c.addRules(w, r)
		case http.MethodDelete:
			c.remove(w, r)
		default:
			w.Header().Set("Allow", "GET, HEAD, POST, DELETE")
			writeJSON(w, http.StatusMethodNotAllowed, map[string]string{"error": "want GET, POST or DELETE"})
		}
	})
}

func (c *Control) remove(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Query().Get("id")
	if id == "" {
		c.Clear()
	} else if !c.Remove(id) {
		writeJSON(w, http.StatusNotFound, map[string]string{"error": "no such fault"})
		return
	}
	writeJSON(w, http.StatusOK, c.List())
}

func (c *Control) addRules(w http.ResponseWriter, r *http.Request) {
	// A page in a browser cannot send this type to another origin without CORS.
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		writeJSON(w, http.StatusUnsupportedMediaType, map[string]string{"error": "want application/json"})
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	var rules Rules
	if err == nil {
		err = strictly(body, &rules)
	}
	// All rules are added or none.
	for i := range rules.Faults {
		err = errors.Join(err, rules.Faults[i].complete())
	}
	for i := range rules.Webhooks {
		err = errors.Join(err, rules.Webhooks[i].complete())
	}
	if err != nil {
		writeJSON(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
		return
	}
	for _, f := range rules.Faults {
		_ = c.Add(f) // checked above
	}
	for _, f := range rules.Webhooks {
		_ = c.AddWebhook(f)
	}
	writeJSON(w, http.StatusCreated, c.List())
}

// strictly decodes JSON and refuses unknown fields: a rule with a misspelt field
// would strike calls that it was not meant for.
func strictly(b []byte, v any) error {
	if err := jsonv2.Unmarshal(b, v, jsonv2.RejectUnknownMembers(true)); err != nil {
		return fmt.Errorf("%w: %w", ErrRule, err)
	}
	return nil
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
