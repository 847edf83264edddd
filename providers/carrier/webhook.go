package carrier

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"

	"purser/order"
	"purser/providers/signature"
)

// These are the errors of a webhook.
var (
	// ErrSignature means that the webhook is not from the carrier, or is a replay
	// of an old one.
	ErrSignature = errors.New("carrier webhook: invalid signature")
	// ErrMalformed means that the webhook is from the carrier but cannot be read.
	ErrMalformed = errors.New("carrier webhook: malformed")
)

// Webhooks verifies and parses the carrier's webhooks.
type Webhooks struct {
	// Secrets are the valid secrets: the current one and, during a rotation, the
	// previous one. Without secrets, every webhook is rejected.
	Secrets []string
}

// Verify checks the signature over the raw bytes and its age. It fails with
// ErrSignature.
func (w Webhooks) Verify(h http.Header, body []byte, now time.Time) error {
	if err := signature.Check(h, "Carrier-Signature", body, w.Secrets, now); err != nil {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return nil
}

// Parse parses a verified event. The delivery has no Event if the parcel does
// not belong to an order, or if the workflow does not use the type or status.
// It fails with ErrMalformed.
func (w Webhooks) Parse(body []byte) (order.Delivery, error) {
	var e struct {
		ID      string    `json:"id"`
		Type    string    `json:"type"`
		Created time.Time `json:"created"`
		Data    struct {
			LabelID   string `json:"label_id"`
			Reference string `json:"reference"`
			Tracking  string `json:"tracking"`
			Status    string `json:"status"`
			Note      string `json:"note"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &e); err != nil {
		// The decoder's error would quote the body.
		return order.Delivery{}, fmt.Errorf("%w: not a JSON event", ErrMalformed)
	}
	if e.ID == "" || e.Type == "" || !plain(e.ID, e.Type, e.Data.LabelID, e.Data.Reference, e.Data.Tracking) {
		return order.Delivery{}, fmt.Errorf("%w: want an id, a type and names of at most %d characters", ErrMalformed, maxName)
	}
	if y := e.Created.UTC().Year(); y < 2000 || y > 9000 {
		return order.Delivery{}, fmt.Errorf("%w: created: year out of range", ErrMalformed)
	}
	d := order.Delivery{Provider: provider, EventID: e.ID, Type: e.Type, At: e.Created.UTC(), Ref: e.Data.Reference}
	d.OrderID = orderOf(e.Data.Reference)
	status := order.ParseParcelStatus(e.Data.Status)
	if d.OrderID == "" || status == order.ParcelUnknown || !strings.HasPrefix(e.Type, "parcel.") {
		return d, nil
	}
	d.Event = &order.ProviderEvent{
		ID: provider + "::" + e.ID, Provider: provider, Type: e.Type, At: d.At, OrderID: d.OrderID,
		Parcel: &order.ShipmentEvent{
			Reference: e.Data.Reference, LabelID: e.Data.LabelID, Tracking: e.Data.Tracking,
			Status: status, Note: shorten(e.Data.Note),
		},
	}
	return d, nil
}

// These are the longest names and notes that the record and the history accept.
const (
	maxName = 128
	maxNote = 200
)

// orderOf returns the order in a parcel's reference, "<order id>-<parcel>".
func orderOf(reference string) order.ID {
	i := strings.LastIndexByte(reference, '-')
	if i < 0 {
		return ""
	}
	if n, err := strconv.ParseUint(reference[i+1:], 10, 16); err != nil || n == 0 {
		return ""
	}
	id, err := order.ParseID(reference[:i])
	if err != nil {
		return ""
	}
	return id
}

// plain reports whether names can be stored and logged unchanged.
func plain(names ...string) bool {
	for _, s := range names {
		if len(s) > maxName || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return false
		}
	}
	return true
}

// shorten makes a note fit for the record: it removes control characters and
// limits the length.
func shorten(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
	n := 0
	for i := range s {
		if n == maxNote {
			return s[:i]
		}
		n++
	}
	return s
}
