package carrier

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"purser/sandbox/faults"
)

// labelKind is the journal's kind of labels.
const labelKind = "label"

// label is a booked parcel, as the protocol shows it and the journal keeps it.
type label struct {
	ID        string    `json:"id"`
	Reference string    `json:"reference"`
	Tracking  string    `json:"tracking"`
	Carrier   string    `json:"carrier"`
	Status    string    `json:"status"`
	Created   time.Time `json:"created"`
	Updated   time.Time `json:"updated"`
	Scans     []scan    `json:"scans"`
	// HiddenUntil is when the label can be found, if the fault late struck its booking;
	// until then another one can be booked under its reference.
	HiddenUntil time.Time `json:"hidden_until,omitzero"`
	// Request is the fingerprint of the request that booked the label.
	Request string `json:"request_hash"`
	// Booking is the request, which the label's file shows.
	Booking booking `json:"booking"`
}

// scan is one entry of a parcel's tracking history.
type scan struct {
	Status string    `json:"status"`
	At     time.Time `json:"at"`
	Note   string    `json:"note,omitempty"`
}

// booking is the body of POST /v1/labels.
type booking struct {
	Reference string   `json:"reference"`
	From      string   `json:"from,omitempty"`
	To        address  `json:"to"`
	Parcels   []parcel `json:"parcels"`
	Return    bool     `json:"return,omitempty"`
}

type parcel struct {
	Weight   int64     `json:"weight_g,omitempty"`
	Contents []content `json:"contents"`
}

// content is a number of equal pieces in a parcel. Weight, sides and value are those of one
// piece; 0: not known.
type content struct {
	SKU         string `json:"sku"`
	Description string `json:"description"`
	Quantity    int64  `json:"quantity"`
	Weight      int64  `json:"weight_g,omitempty"`
	Length      int64  `json:"length_mm,omitempty"`
	Width       int64  `json:"width_mm,omitempty"`
	Height      int64  `json:"height_mm,omitempty"`
	HSCode      string `json:"hs_code,omitempty"`
	Origin      string `json:"origin,omitempty"`
	Value       int64  `json:"value,omitempty"`
	Currency    string `json:"currency,omitempty"`
}

// address is where a parcel goes or, on its way back, comes from.
type address struct {
	Name       string `json:"name"`
	Line1      string `json:"line1"`
	Line2      string `json:"line2"`
	City       string `json:"city"`
	PostalCode string `json:"postal_code"`
	Country    string `json:"country"`
}

func (s *Server) book(w http.ResponseWriter, r *http.Request) {
	var b booking
	if !read(w, r, &b) {
		return
	}
	if p := b.check(); p != nil {
		refuse(w, p.status, p.code, p.field, p.message)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if found := s.visible(b.Reference); len(found) > 0 {
		l := found[0]
		if l.Request != b.hash() {
			refuse(w, http.StatusConflict, "reference_in_use", "reference", "another parcel was booked under this reference")
			return
		}
		writeJSON(w, http.StatusOK, l)
		return
	}
	now := s.cfg.Now().UTC()
	l := &label{
		ID: "lbl_" + rand.Text(), Reference: b.Reference, Tracking: "PX" + rand.Text()[:14],
		Carrier: "Sandbox Parcel", Status: "booked", Created: now, Updated: now,
		Scans: []scan{{Status: "booked", At: now}}, Request: b.hash(), Booking: b,
	}
	if d := faults.HiddenFor(r.Context()); d > 0 {
		l.HiddenUntil = now.Add(d)
	}
	if err := s.journal.Put(labelKind, l.ID, l); err != nil {
		s.unavailable(w, err)
		return
	}
	s.keep(l)
	s.plan(l)
	writeJSON(w, http.StatusCreated, l)
}

func (s *Server) list(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	writeJSON(w, http.StatusOK, map[string]any{"data": s.visible(r.URL.Query().Get("reference"))})
}

// listAll returns every label, so that an audit finds those that nobody expects.
func (s *Server) listAll(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := slices.SortedFunc(maps.Values(s.labels), func(a, b *label) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
	})
	if all == nil {
		all = []*label{}
	}
	writeJSON(w, http.StatusOK, map[string]any{"data": all})
}

func (s *Server) get(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	show(w, s.labels[r.PathValue("id")])
}

func (s *Server) track(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	show(w, s.trackings[r.PathValue("number")])
}

func (s *Server) void(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.labels[r.PathValue("id")]
	switch {
	case l == nil || l.Status == "voided":
		show(w, l)
		return
	case len(l.Scans) > 1:
		refuse(w, http.StatusConflict, "not_voidable", "", "the parcel was handed over")
		return
	}
	if err := s.move(l, "voided", ""); err != nil {
		s.unavailable(w, err)
		return
	}
	show(w, l)
}

// Counts returns how many labels were booked under each reference. A parcel with
// more than one is sent twice.
func (s *Server) Counts() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	counts := make(map[string]int, len(s.labels))
	for _, l := range s.labels {
		counts[l.Reference]++
	}
	return counts
}

func (s *Server) keep(l *label) {
	s.labels[l.ID], s.trackings[l.Tracking] = l, l
	s.references[l.Reference] = append(s.references[l.Reference], l)
}

// visible returns the labels with a reference that are not hidden, in the order in which
// they were booked. s.mu must be held.
func (s *Server) visible(reference string) []*label {
	now, found := s.cfg.Now(), []*label{}
	for _, l := range s.references[reference] {
		if !now.Before(l.HiddenUntil) {
			found = append(found, l)
		}
	}
	slices.SortStableFunc(found, func(a, b *label) int { return a.Created.Compare(b.Created) })
	return found
}

func show(w http.ResponseWriter, l *label) {
	if l == nil {
		refuse(w, http.StatusNotFound, "not_found", "", "no such label")
		return
	}
	writeJSON(w, http.StatusOK, l)
}

// check refuses a booking that is incomplete, or cannot be carried.
func (b *booking) check() *problem {
	if p := checkText("reference", b.Reference, true, maxReference); p != nil {
		return p
	}
	if strings.ContainsFunc(b.Reference, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return &problem{http.StatusBadRequest, "invalid_request", "reference", "want ASCII without spaces"}
	}
	if n := len(b.Parcels); n == 0 || n > maxParcels {
		return &problem{http.StatusBadRequest, "invalid_request", "parcels", fmt.Sprintf("want 1 to %d", maxParcels)}
	}
	for i, p := range b.Parcels {
		field := fmt.Sprintf("parcels[%d].contents", i)
		if n := len(p.Contents); n == 0 || n > maxContents {
			return &problem{http.StatusBadRequest, "invalid_request", field, fmt.Sprintf("want 1 to %d", maxContents)}
		}
		for j, c := range p.Contents {
			field := fmt.Sprintf("%s[%d].", field, j)
			if c.Quantity < 1 || c.Quantity > maxQuantity {
				return &problem{http.StatusBadRequest, "invalid_request", field + "quantity", fmt.Sprintf("want 1 to %d", maxQuantity)}
			}
			if p := cmp.Or(checkText(field+"sku", c.SKU, true, maxSKU), checkText(field+"description", c.Description, true, maxDescription)); p != nil {
				return p
			}
		}
	}
	return cmp.Or(b.To.check(), b.checkMeasures(), b.checkCustoms())
}

func (b *booking) hash() string {
	raw, err := json.Marshal(b)
	if err != nil {
		panic(fmt.Sprintf("strings and integers: %v", err))
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:16])
}
