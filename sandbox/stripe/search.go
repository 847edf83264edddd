package stripe

import (
	"cmp"
	"encoding/base64"
	"net/http"
	"slices"
	"time"
)

const (
	// searchLag is how long after a change a search finds the object as it is then. At
	// Stripe it is less than a minute under normal conditions, and up to an hour in an
	// outage (https://docs.stripe.com/search#data-freshness).
	searchLag = time.Minute
	// searchesPerSecond is how many searches an account may make, whatever its other
	// limit is (https://docs.stripe.com/search#rate-limits).
	searchesPerSecond = 20
	maxSearchText     = 5000 // characters of a query or a cursor
)

// searchIndex holds the intents as a search finds them, which is later than they change.
type searchIndex struct {
	pending []indexing
	found   collection[*Intent]
}

// indexing is a version of an intent on its way into the index.
type indexing struct {
	intent *Intent
	at     time.Time // when it was written
}

// add notes a version of an intent.
func (x *searchIndex) add(in *Intent, now time.Time, lag time.Duration) {
	x.pending = append(x.pending, indexing{in, now})
	x.catchUp(now, lag)
}

// catchUp indexes the versions that were written more than lag ago.
func (x *searchIndex) catchUp(now time.Time, lag time.Duration) {
	n := 0
	for ; n < len(x.pending) && now.Sub(x.pending[n].at) >= lag; n++ {
		x.found.put(x.pending[n].intent)
	}
	clear(x.pending[:n]) // the array behind the slice lives on
	x.pending = x.pending[n:]
}

// searchResult is a page of what a search found.
type searchResult struct {
	Object   string  `json:"object"`
	Data     []any   `json:"data"`
	HasMore  bool    `json:"has_more"`
	NextPage *string `json:"next_page"`
	URL      string  `json:"url"`
}

// searchIntents returns a page of the account's intents that a query describes, newest
// first. It finds them with the fields that they had when they were indexed.
func (s *Server) searchIntents(c *call) (any, *Error) {
	if s.conf.PerSecond > 0 && !s.searches.allows(c.now, searchesPerSecond) {
		return nil, tooMany()
	}
	limit, e := c.form.limit()
	if e != nil {
		return nil, e
	}
	text, after := c.form.text("query"), c.form.text("page")
	switch {
	case text == "":
		return nil, invalid("parameter_missing", "query", "Missing required param: query.")
	case len(text) > maxSearchText || len(after) > maxSearchText:
		return nil, invalid("", "query", "A query and a page have at most 5000 characters.")
	}
	q, e := parseQuery(text)
	if e != nil {
		return nil, e
	}
	s.index.catchUp(c.now, s.searchLag())
	end := len(s.index.found.all)
	if after != "" {
		id, err := base64.RawURLEncoding.DecodeString(after)
		i, known := s.index.found.at[string(id)]
		if err != nil || !known {
			return nil, invalid("", "page", "No search has returned this page.")
		}
		end = i
	}
	found := searchResult{Object: "search_result", Data: []any{}, URL: c.r.URL.Path}
	account, last := c.r.Header.Get("Stripe-Account"), ""
	for _, in := range slices.Backward(s.index.found.all[:end]) {
		if s.accounts[in.ID] != account || !q.matches(in) {
			continue
		}
		if len(found.Data) == limit {
			next := base64.RawURLEncoding.EncodeToString([]byte(last))
			found.HasMore, found.NextPage = true, &next
			break
		}
		found.Data, last = append(found.Data, in), in.ID
	}
	return found, nil
}

func (s *Server) searchLag() time.Duration { return cmp.Or(s.conf.SearchLag, searchLag) }

// tooMany refuses a request over a rate.
func tooMany() *Error {
	e := invalid("rate_limit", "", "Request rate limit exceeded.")
	e.status = http.StatusTooManyRequests
	return e
}
