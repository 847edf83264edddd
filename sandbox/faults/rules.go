package faults

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// ErrRule is the error for an invalid rule.
var ErrRule = errors.New("invalid fault")

// When is whether a fault strikes before or after the stand-in has done the
// work. A caller cannot distinguish the two, as with a real provider.
type When string

// The moments of a fault.
const (
	Before When = "before" // the work is not done
	After  When = "after"  // the work is done, its response is lost or broken
)

// Do is what a fault does to a call.
type Do string

// The kinds of faults.
const (
	Timeout   Do = "timeout"   // no response for Delay (default 2 minutes), then the connection closes
	Reset     Do = "reset"     // the connection is reset
	Status    Do = "status"    // an error response: Status (default 500), with RetryAfter if set
	Malformed Do = "malformed" // a 2xx response whose body is cut off in the middle
	Late      Do = "late"      // the connection is reset, and what the call made is seen Delay later (default 1 second); see HiddenFor
	Slow      Do = "slow"      // the correct response, Delay late (default 1 second)
)

// Fault makes calls to a stand-in go wrong.
type Fault struct {
	// ID identifies the rule for Remove. Add sets it if it is empty.
	ID string `json:"id"`
	// Provider is the stand-in: "stripe", "carrier", "ses", "search" or "s3".
	// Empty means all.
	Provider string `json:"provider,omitempty"`
	// Match is a prefix of "METHOD /path" as the provider sees it, such as
	// "POST /v1/payment_intents". Empty means every call.
	Match string `json:"match,omitempty"`
	// When defaults to Before.
	When When `json:"when"`
	Do   Do   `json:"do"`
	// Status is the HTTP status of Do "status"; default 500.
	Status int `json:"status,omitempty"`
	// RetryAfter is sent, in whole seconds rounded up, with Do "status".
	RetryAfter time.Duration `json:"-"`
	// Delay is how long "timeout" and "slow" take.
	Delay time.Duration `json:"-"`
	// Times is how often the rule strikes before it is spent; 0 means no limit.
	Times int `json:"times,omitempty"`
	// Rate is the share of matching calls that are struck, chosen by the
	// seed; 0 means all of them.
	Rate float64 `json:"rate,omitempty"`
	// Struck counts the calls that this rule has struck.
	Struck int `json:"struck"`
}

// WebhookFault makes a stand-in lose, repeat, delay or reorder webhooks.
type WebhookFault struct {
	ID string `json:"id"`
	// Provider is the stand-in that sends. Empty means all.
	Provider string `json:"provider,omitempty"`
	// Type is the event's type, such as "payment_intent.succeeded". Empty
	// means every type.
	Type string `json:"type,omitempty"`
	// Do is "drop" (never sent), "repeat" (sent Copies times more, default
	// once), "delay" (sent Delay late, default 1 second) or "reorder" (sent
	// after the next event, or after Delay if none comes, default 1 second).
	Do     string        `json:"do"`
	Times  int           `json:"times,omitempty"`
	Rate   float64       `json:"rate,omitempty"`
	Delay  time.Duration `json:"-"`
	Copies int           `json:"copies,omitempty"`
	Struck int           `json:"struck"`
}

func (f *Fault) complete() error {
	if f.When == "" {
		f.When = Before
	}
	if f.When != Before && f.When != After {
		return fmt.Errorf("%w: when: want before or after, got %q", ErrRule, f.When)
	}
	switch f.Do {
	case Timeout:
		setDefault(&f.Delay, 2*time.Minute)
	case Slow:
		setDefault(&f.Delay, time.Second)
	case Late:
		f.When = After
		setDefault(&f.Delay, time.Second)
	case Status:
		setDefault(&f.Status, 500)
		if f.Status < 400 || f.Status > 599 {
			return fmt.Errorf("%w: status: want 400 to 599, got %d", ErrRule, f.Status)
		}
	case Reset, Malformed:
	default:
		return fmt.Errorf("%w: do: want timeout, reset, status, malformed, late or slow, got %q", ErrRule, f.Do)
	}
	return checkShare(f.Times, f.Rate, f.Delay, f.RetryAfter)
}

func (f *WebhookFault) complete() error {
	switch f.Do {
	case "drop":
	case "repeat":
		setDefault(&f.Copies, 1)
		if f.Copies < 0 || f.Copies > 1000 {
			return fmt.Errorf("%w: copies: want 1 to 1000, got %d", ErrRule, f.Copies)
		}
	case "delay", "reorder":
		setDefault(&f.Delay, time.Second)
	default:
		return fmt.Errorf("%w: do: want drop, repeat, delay or reorder, got %q", ErrRule, f.Do)
	}
	return checkShare(f.Times, f.Rate, f.Delay)
}

func setDefault[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}

func checkShare(times int, rate float64, waits ...time.Duration) error {
	if times < 0 {
		return fmt.Errorf("%w: times: negative", ErrRule)
	}
	if !(rate >= 0 && rate <= 1) {
		return fmt.Errorf("%w: rate: want 0 to 1", ErrRule)
	}
	for _, d := range waits {
		if d < 0 || d > time.Hour {
			return fmt.Errorf("%w: delay, retryAfter: want 0 to 1h", ErrRule)
		}
	}
	return nil
}

// In JSON a duration is text such as "1.5s".

type plainFault Fault

type wireFault struct {
	plainFault
	RetryAfter string `json:"retryAfter,omitempty"`
	Delay      string `json:"delay,omitempty"`
}

// MarshalJSON writes durations as text.
func (f Fault) MarshalJSON() ([]byte, error) {
	return json.Marshal(wireFault{plainFault(f), durationText(f.RetryAfter), durationText(f.Delay)})
}

// UnmarshalJSON reads durations as text.
func (f *Fault) UnmarshalJSON(b []byte) error {
	var w wireFault
	if err := strictly(b, &w); err != nil {
		return err
	}
	*f = Fault(w.plainFault)
	return errors.Join(readDuration("retryAfter", w.RetryAfter, &f.RetryAfter), readDuration("delay", w.Delay, &f.Delay))
}

type plainWebhookFault WebhookFault

type wireWebhookFault struct {
	plainWebhookFault
	Delay string `json:"delay,omitempty"`
}

// MarshalJSON writes durations as text.
func (f WebhookFault) MarshalJSON() ([]byte, error) {
	return json.Marshal(wireWebhookFault{plainWebhookFault(f), durationText(f.Delay)})
}

// UnmarshalJSON reads durations as text.
func (f *WebhookFault) UnmarshalJSON(b []byte) error {
	var w wireWebhookFault
	if err := strictly(b, &w); err != nil {
		return err
	}
	*f = WebhookFault(w.plainWebhookFault)
	return readDuration("delay", w.Delay, &f.Delay)
}

func durationText(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

func readDuration(name, s string, d *time.Duration) error {
	if s == "" {
		return nil
	}
	v, err := time.ParseDuration(s)
	if err != nil {
		return fmt.Errorf("%w: %s: want a duration such as 1.5s", ErrRule, name)
	}
	*d = v
	return nil
}
