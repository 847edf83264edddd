// Package webhooksender delivers a stand-in's webhooks the way a provider does.
// It signs each attempt, keeps an event until the receiver responds with 2xx,
// retries with growing pauses, and sends several events at a time, so in no
// particular order.
package webhooksender

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"

	"purser/sandbox/faults"
	"purser/sandbox/journal"
)

// Sender is the webhook sender of one stand-in. Set the exported fields
// before Run.
type Sender struct {
	// AtOnce is how many deliveries may be under way; default 16.
	AtOnce int
	// FirstWait is the pause after the first failed attempt; it doubles from
	// there. Default 200 ms.
	FirstWait time.Duration
	// MaxWait is the longest pause; default 30 s.
	MaxWait time.Duration
	// AnswerWithin is how long the receiver may take to respond; default 10 s.
	AnswerWithin time.Duration
	// DiscardAfter is how long an event is tried; then it is lost. 0 means for ever.
	DiscardAfter time.Duration
	// OnDelivered, if set, is called with the id of each event that the receiver
	// accepted.
	OnDelivered func(id string)
	// OnAcknowledged, if set, is called with the time that the receiver took to
	// accept an event.
	OnAcknowledged func(provider string, took time.Duration)
	// Envelope, if set, turns a kept body into the body that is sent, at each
	// attempt, for a provider whose signature is part of the body.
	Envelope func(body []byte, at time.Time) ([]byte, error)

	journal  *journal.Journal
	kind     string // of the deliveries' journal entries
	provider string
	sign     func(body []byte, at time.Time) http.Header
	faults   *faults.Control
	log      *slog.Logger

	mu         sync.Mutex
	url        string
	deliveries map[string]*delivery // all deliveries, by the event's id
	due        queue                // the deliveries that wait for their next attempt
	held       []*delivery          // the deliveries that wait for another event to overtake them
	wake       chan struct{}        // something changed that Run should look at
}

// delivery is one event that the receiver has not accepted yet.
type delivery struct {
	ID    string          `json:"id"` // the event's id, with "#2" and so on for a repetition
	Type  string          `json:"type"`
	Body  json.RawMessage `json:"body"`
	After time.Time       `json:"after,omitzero"` // not to be sent before
	First time.Time       `json:"first,omitzero"` // the time of the first attempt that failed
	tries int
	next  time.Time
}

// New returns a sender with the undelivered events of its journal. sign returns
// the headers of one attempt. A nil log discards all lines.
func New(j *journal.Journal, provider string, sign func(body []byte, at time.Time) http.Header, faultControl *faults.Control, log *slog.Logger) (*Sender, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	c := &Sender{
		AtOnce: 16, FirstWait: 200 * time.Millisecond, MaxWait: 30 * time.Second, AnswerWithin: 10 * time.Second,
		journal: j, kind: "webhook", provider: provider, sign: sign, faults: faultControl,
		log:        log.With("provider", provider),
		deliveries: make(map[string]*delivery), wake: make(chan struct{}, 1),
	}
	err := j.Each(c.kind, func(_ string, raw json.RawMessage) error {
		p := new(delivery)
		if err := json.Unmarshal(raw, p); err != nil {
			return err
		}
		p.next = p.After
		c.deliveries[p.ID] = p
		c.due.push(p)
		return nil
	})
	return c, err
}

// SetURL sets the URL that webhooks are sent to. Without one they wait.
func (c *Sender) SetURL(url string) {
	c.mu.Lock()
	c.url = url
	c.mu.Unlock()
	c.wakeRun()
}

// Send accepts an event for delivery: once it returns nil, the event is
// delivered or discarded sooner or later, also after a crash. An event that is already
// waiting is not sent twice. body is JSON and must not be changed afterwards.
func (c *Sender) Send(id, typ string, body []byte) error {
	return c.SendAfter(0, id, typ, body)
}

// SendAfter is like Send, but does not send the event before the wait is over.
func (c *Sender) SendAfter(wait time.Duration, id, typ string, body []byte) error {
	d := c.faults.Webhook(c.provider, typ)
	if d.Drop {
		c.log.Info("webhook dropped by a fault", "event", id, "type", typ)
		return nil
	}
	for n := range 1 + d.Copies {
		p := &delivery{ID: id, Type: typ, Body: body, next: time.Now()}
		if n > 0 {
			p.ID += "#" + strconv.Itoa(n+1)
		}
		if wait+d.Delay > 0 {
			p.After = p.next.Add(wait + d.Delay)
			p.next = p.After
		}
		if err := c.accept(p, d.Reorder); err != nil {
			return err
		}
	}
	return nil
}

// Pending returns the number of events that are not delivered yet.
func (c *Sender) Pending() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.deliveries)
}

func (c *Sender) accept(p *delivery, reorder bool) error {
	c.mu.Lock()
	if _, waiting := c.deliveries[p.ID]; waiting {
		c.mu.Unlock()
		return nil
	}
	c.deliveries[p.ID] = p // claimed before the lock is released for the write to disk
	c.mu.Unlock()
	if err := c.journal.Put(c.kind, p.ID, p); err != nil {
		c.mu.Lock()
		delete(c.deliveries, p.ID)
		c.mu.Unlock()
		return fmt.Errorf("webhook %s: %w", p.ID, err)
	}
	c.mu.Lock()
	if reorder {
		c.held = append(c.held, p)
	}
	c.due.push(p)
	c.mu.Unlock()
	c.wakeRun()
	return nil
}

// recordAttempt records the result of an attempt.
func (c *Sender) recordAttempt(p *delivery, err error) {
	lost := err != nil && c.discards(p)
	if err == nil || lost {
		if jerr := c.journal.Delete(c.kind, p.ID); jerr != nil {
			// The event is sent once more after a restart, as a provider may do.
			c.log.Warn("webhook done with, but its record cannot be deleted", "event", p.ID, "error", jerr)
		}
	}
	switch {
	case lost:
		c.log.Warn("webhook discarded", "event", p.ID, "type", p.Type, "attempts", p.tries, "error", err)
	case err == nil && c.OnDelivered != nil:
		c.OnDelivered(p.ID)
	}
	if err != nil { // before the next attempt can begin, which counts itself
		c.log.Debug("webhook not delivered yet", "event", p.ID, "type", p.Type, "attempt", p.tries, "error", err)
	}
	c.mu.Lock()
	if err == nil || lost {
		delete(c.deliveries, p.ID)
		c.releaseHeld(p)
	} else {
		p.next = time.Now().Add(c.pause(p.tries))
		c.due.push(p)
	}
	c.mu.Unlock()
	c.wakeRun()
}

// discards reports whether an event has failed for too long. It notes the first
// failure, also for after a restart.
func (c *Sender) discards(p *delivery) bool {
	if c.DiscardAfter <= 0 {
		return false
	}
	if !p.First.IsZero() {
		return time.Since(p.First) >= c.DiscardAfter
	}
	p.First = time.Now()
	if err := c.journal.Put(c.kind, p.ID, p); err != nil {
		c.log.Warn("the first failure of a webhook cannot be recorded", "event", p.ID, "error", err)
	}
	return false
}

// releaseHeld queues the deliveries that were held until another event had
// overtaken them.
func (c *Sender) releaseHeld(delivered *delivery) {
	if len(c.held) == 0 {
		return
	}
	now := time.Now()
	for _, p := range c.held {
		if p != delivered && p.next.After(now) {
			p.next = now
		}
	}
	c.held = c.held[:0]
	c.due.reorder()
}

// pause returns the wait after the n-th failed attempt, with a random part of a
// fifth, so that not all events reach a recovered receiver at once.
func (c *Sender) pause(n int) time.Duration {
	d := c.FirstWait << min(n-1, 20)
	if d <= 0 || d > c.MaxWait {
		d = c.MaxWait
	}
	return d - time.Duration(rand.Int64N(int64(d)/5+1))
}

// wakeRun wakes Run without waiting for it.
func (c *Sender) wakeRun() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}
