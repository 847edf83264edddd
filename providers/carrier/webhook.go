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

// What can be wrong with a webhook.
var (
	// ErrSignature: it is not from the carrier, or it is an old one again.
	ErrSignature = errors.New("carrier webhook: signature does not hold")
	// ErrMalformed: it is from the carrier and cannot be read.
	ErrMalformed = errors.New("carrier webhook: malformed")
)

// Webhooks reads the carrier's webhooks.
type Webhooks struct {
	// Secrets are those in force: the current one and, while it is being
	// changed, the previous one. With none, nothing is accepted.
	Secrets []string
}

// Verify checks the signature over the raw bytes and its age. It
// fails with ErrSignature.
func (w Webhooks) Verify(h http.Header, body []byte, now time.Time) error {
	if err := signature.Check(h, "Carrier-Signature", body, w.Secrets, now); err != nil {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return nil
}

// Parse reads a verified event. One about a parcel that is not an order's, or
// of a type or status the workflow has no use for, has no News. It fails with
// ErrMalformed.
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
		return order.Delivery{}, fmt.Errorf("%w: created: not a time of this world", ErrMalformed)
	}
	d := order.Delivery{Provider: provider, EventID: e.ID, Type: e.Type, At: e.Created.UTC(), Ref: e.Data.Reference}
	d.OrderID = orderOf(e.Data.Reference)
	status := order.ParseParcelStatus(e.Data.Status)
	if d.OrderID == "" || status == order.ParcelUnknown || !strings.HasPrefix(e.Type, "parcel.") {
		return d, nil
	}
	d.Event = &order.ProviderEvent{
		ID: provider + "::" + e.ID, Type: e.Type, At: d.At, OrderID: d.OrderID,
		Parcel: &order.ShipmentEvent{
			Reference: e.Data.Reference, LabelID: e.Data.LabelID, Tracking: e.Data.Tracking,
			Status: status, Note: shorten(e.Data.Note),
		},
	}
	return d, nil
}

// The longest names and notes that go into the record and the history.
const (
	maxName = 128
	maxNote = 200
)

// orderOf finds the order in a parcel's reference, "<order id>-<parcel>".
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

// plain reports whether names can be kept and logged as they are.
func plain(names ...string) bool {
	for _, s := range names {
		if len(s) > maxName || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return false
		}
	}
	return true
}

// shorten makes a note fit for the record: no control characters, no end of
// it.
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
