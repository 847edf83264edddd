package stripe

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v76/webhook"

	"purser/order"
)

// These are the errors of a webhook.
var (
	ErrSignature = errors.New("stripe webhook: not signed by Stripe for this endpoint")
	ErrMalformed = errors.New("stripe webhook: not an event")
)

// Tolerance is how old, or how far ahead of our clock, a signature may be.
const Tolerance = webhook.DefaultTolerance

// Verify checks Stripe's signature over the raw body: by the current or the
// previous secret, in constant time, and recent. It fails with ErrSignature.
// Without a secret, every webhook is rejected.
func (c *Client) Verify(header http.Header, body []byte, now time.Time) error {
	signature := header.Get("Stripe-Signature")
	err := error(webhook.ErrNoValidSignature)
	for _, secret := range c.conf.WebhookSecrets {
		if err = webhook.ValidatePayloadIgnoringTolerance(body, signature, secret); err == nil {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	// The library compares the time with the machine's clock; this compares it with
	// the caller's, in both directions.
	at, ok := signedAt(signature)
	if !ok {
		return fmt.Errorf("%w: %w", ErrSignature, webhook.ErrInvalidHeader)
	}
	if age := now.Sub(at); age > Tolerance || age < -Tolerance {
		// The webhook is genuine, so it is a replay, or one clock is wrong.
		return fmt.Errorf("%w: %w: signed %s ago by this machine's clock", ErrSignature, webhook.ErrTooOld, age.Truncate(time.Second))
	}
	return nil
}

// signedAt returns the only time in a signature header.
func signedAt(header string) (at time.Time, ok bool) {
	for part := range strings.SplitSeq(header, ",") {
		v, isTime := strings.CutPrefix(part, "t=")
		if !isTime {
			continue
		}
		sec, err := strconv.ParseInt(v, 10, 64)
		if err != nil || ok {
			return time.Time{}, false
		}
		at, ok = time.Unix(sec, 0), true
	}
	return at, ok
}

// envelope is an event without its object.
type envelope struct {
	ID         string `json:"id"`
	Object     string `json:"object"`
	APIVersion string `json:"api_version"`
	Account    string `json:"account"`
	Created    int64  `json:"created"`
	Livemode   bool   `json:"livemode"`
	Type       string `json:"type"`
	Data       struct {
		Object json.RawMessage `json:"object"`
	} `json:"data"`
}

// subject holds the common fields of the Stripe objects in events.
type subject struct {
	ID            string   `json:"id"`
	Object        string   `json:"object"`
	Metadata      metadata `json:"metadata"`
	PaymentIntent any      `json:"payment_intent"` // of a charge or refund: an id, or the expanded object
}

// metadata is what an integration has attached to an object. Ours attaches texts;
// anything else is another integration's, and is left out.
type metadata map[string]string

// UnmarshalJSON accepts any JSON.
func (m *metadata) UnmarshalJSON(b []byte) error {
	var all map[string]any
	if json.Unmarshal(b, &all) != nil {
		return nil
	}
	*m = make(metadata, len(all))
	for name, value := range all {
		if text, ok := value.(string); ok {
			(*m)[name] = text
		}
	}
	return nil
}

// order returns the object's order, as far as it names one; a refund names it
// in its key.
func (s subject) order() order.ID {
	if id, err := order.ParseID(s.Metadata[metaOrder]); err == nil {
		return id
	}
	return orderOfKey(s.Metadata[metaKey])
}

// orderOfKey returns the order in a key that order.Key made; another integration
// on the same account may use the same name for something else.
func orderOfKey(key string) order.ID {
	s, _, _ := strings.Cut(key, ":")
	id, err := order.ParseID(s)
	if err != nil {
		return ""
	}
	return id
}

// Parse parses a verified event. A genuine event that cannot be used, such as
// one of another API version, is a Delivery with a Problem and not an error;
// the error is ErrMalformed.
func (c *Client) Parse(body []byte) (order.Delivery, error) {
	var e envelope
	if err := json.Unmarshal(body, &e); err != nil {
		return order.Delivery{}, ErrMalformed // the cause could quote the body
	}
	if e.ID == "" || e.Type == "" || e.Object != "event" || e.Created < 0 || e.Created > latest {
		return order.Delivery{}, ErrMalformed
	}
	d := order.Delivery{
		Provider: provider, Account: e.Account, EventID: e.ID, Type: e.Type, Live: e.Livemode,
		At: time.Unix(e.Created, 0).UTC(),
	}
	var s subject
	if json.Unmarshal(e.Data.Object, &s) == nil {
		d.Ref = s.ID
		if id, ok := s.PaymentIntent.(string); ok && id != "" {
			d.Ref = id
		}
		d.OrderID = s.order()
	}
	if !plain(d.EventID, d.Type, d.Account, e.APIVersion) {
		return order.Delivery{}, ErrMalformed
	}
	read := wanted[e.Type]
	if read == nil { // whatever else is wrong with it, nobody needs it
		if !plain(d.Ref) { // the account's owner chooses the ids of products, plans and coupons
			d.Ref = ""
		}
		return d, nil
	}
	if !plain(d.Ref) {
		return order.Delivery{}, ErrMalformed
	}
	if d.OrderID == "" && e.Account != c.conf.Account { // another account's, and it names no order
		return d, nil
	}
	if d.Problem = c.problem(e); d.Problem == "" {
		read(&d, withMetadata(e.Data.Object, s.Metadata))
	}
	return d, nil
}

// withMetadata returns an object with these texts as its metadata, unless it has
// nothing but texts: the SDK reads no others.
func withMetadata(object json.RawMessage, m metadata) json.RawMessage {
	var texts struct {
		Metadata map[string]string `json:"metadata"`
	}
	if json.Unmarshal(object, &texts) == nil {
		return object
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(object, &fields) != nil {
		return object
	}
	var err error
	if fields["metadata"], err = json.Marshal(m); err != nil {
		return object
	}
	if changed, err := json.Marshal(fields); err == nil {
		return changed
	}
	return object
}

// These limits are far above what Stripe sends and within what the record can
// hold.
const (
	latest  = 221_845_392_000 // the year 9000, in Unix time
	maxName = 255
)

// plain reports whether names can be stored and logged unchanged.
func plain(names ...string) bool {
	for _, s := range names {
		if len(s) > maxName || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return false
		}
	}
	return true
}

// problem returns why an event cannot be used.
func (c *Client) problem(e envelope) string {
	mode := map[bool]string{true: "live", false: "test"}
	switch {
	case e.APIVersion != APIVersion:
		return fmt.Sprintf("api_version %.40s: want %s", e.APIVersion, APIVersion)
	case e.Livemode != c.conf.Live:
		return fmt.Sprintf("%s mode: want %s", mode[e.Livemode], mode[c.conf.Live])
	case e.Account != c.conf.Account:
		return fmt.Sprintf("account %.40q: want %q", e.Account, c.conf.Account)
	}
	return ""
}
