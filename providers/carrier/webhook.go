package carrier

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"

	"purser/order"
)

// What can be wrong with a webhook.
var (
	// ErrSignature: it is not from the carrier, or it is an old one again.
	ErrSignature = errors.New("carrier webhook: signature does not hold")
	// ErrMalformed: it is from the carrier and cannot be read.
	ErrMalformed = errors.New("carrier webhook: malformed")
)

// Tolerance is how old, or how far in the future, a signature may be (WHK-2).
const Tolerance = 300 * time.Second

// Webhooks reads the carrier's webhooks.
type Webhooks struct {
	// Secrets are those in force: the current one and, while it is being
	// changed, the previous one (WHK-17). With none, nothing is accepted.
	Secrets []string
}

// Verify checks the signature over the raw bytes (WHK-1) and its age. It
// fails with ErrSignature.
func (w Webhooks) Verify(h http.Header, body []byte, now time.Time) error {
	stamp, signatures, err := readSignature(h.Get("Carrier-Signature"))
	if err != nil {
		return err
	}
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return fmt.Errorf("%w: no time", ErrSignature)
	}
	if age := now.Sub(time.Unix(seconds, 0)); age > Tolerance || age < -Tolerance {
		return fmt.Errorf("%w: made %s ago", ErrSignature, age.Truncate(time.Second))
	}
	for _, secret := range w.Secrets {
		if secret == "" {
			continue
		}
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(stamp + "."))
		mac.Write(body)
		want := mac.Sum(nil)
		for _, s := range signatures {
			if hmac.Equal(s, want) {
				return nil
			}
		}
	}
	return ErrSignature
}

// readSignature takes "t=…,v1=…" apart. Several v1 are allowed, and schemes
// we do not know are passed over.
func readSignature(header string) (stamp string, signatures [][]byte, err error) {
	if len(header) > 1024 {
		return "", nil, fmt.Errorf("%w: header too long", ErrSignature)
	}
	for _, part := range strings.Split(header, ",") {
		key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch key {
		case "t":
			stamp = value
		case "v1":
			if s, err := hex.DecodeString(value); err == nil {
				signatures = append(signatures, s)
			}
		}
	}
	if stamp == "" || len(signatures) == 0 {
		return "", nil, fmt.Errorf("%w: header is not t=…,v1=…", ErrSignature)
	}
	return stamp, signatures, nil
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
	d.News = &order.News{
		ID: provider + "::" + e.ID, Type: e.Type, At: d.At, OrderID: d.OrderID,
		Parcel: &order.ParcelNews{
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
