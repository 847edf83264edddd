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

// Why a webhook is not believed or not understood.
var (
	ErrSignature = errors.New("stripe webhook: not signed by Stripe for this endpoint")
	ErrMalformed = errors.New("stripe webhook: not an event")
)

// Tolerance is how old, or how far ahead of our clock, a signature may be.
const Tolerance = webhook.DefaultTolerance

// Verify checks Stripe's signature over the raw body: by the current
// or the previous secret, in constant time, and recent. It fails
// with ErrSignature. Without a secret nothing is believed.
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
	// The library judges the time by the machine's clock; we by the caller's,
	// and in both directions.
	at, ok := signedAt(signature)
	if !ok {
		return fmt.Errorf("%w: %w", ErrSignature, webhook.ErrInvalidHeader)
	}
	if age := now.Sub(at); age > Tolerance || age < -Tolerance {
		// Genuine, so it was recorded and sent again, or one clock is wrong.
		return fmt.Errorf("%w: %w: signed %s ago by this machine's clock", ErrSignature, webhook.ErrTooOld, age.Truncate(time.Second))
	}
	return nil
}

// signedAt reads the one time in a signature header.
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

// subject is what every object of Stripe's that we meet has.
type subject struct {
	ID            string            `json:"id"`
	Object        string            `json:"object"`
	Metadata      map[string]string `json:"metadata"`
	PaymentIntent any               `json:"payment_intent"` // of a charge or refund: an id, or the expanded object
}

// order is whose the object is, as far as it says: a refund does so in the key
// it was made under.
func (s subject) order() order.ID {
	ofKey, _, _ := strings.Cut(s.Metadata[metaKey], ":")
	for _, id := range []string{s.Metadata[metaOrder], ofKey} {
		if id, err := order.ParseID(id); err == nil {
			return id
		}
	}
	return ""
}

// Parse reads a verified event. What is genuine but cannot be used, such as
// another API version, is a Delivery with a Problem and not an error; the
// error is ErrMalformed.
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
	if !plain(d.EventID, d.Type, d.Account, e.APIVersion, d.Ref) {
		return order.Delivery{}, ErrMalformed
	}
	if d.Problem = c.problem(e); d.Problem != "" {
		return d, nil
	}
	if read := wanted[e.Type]; read != nil {
		read(&d, e.Data.Object)
	}
	return d, nil
}

// What Stripe never exceeds, and the record could not hold.
const (
	latest  = 221_845_392_000 // the year 9000, in Unix time
	maxName = 255
)

// plain reports whether names can be kept and logged as they are.
func plain(names ...string) bool {
	for _, s := range names {
		if len(s) > maxName || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return false
		}
	}
	return true
}

// problem says why an event is not for us to use.
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
