// Package faults makes stand-ins misbehave the way real providers do: calls
// that time out before or after the work was done, resets, error answers,
// broken bodies, and webhooks that are lost, repeated, late or out of order.
// Which, how often and how many is told by rules, from Go or over HTTP.
package faults

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Control holds the rules of one sandbox. The zero value is not ready; use
// New. A nil Control is one without rules.
type Control struct {
	armed atomic.Bool // a rule that is not spent exists; read without the lock

	mu       sync.Mutex
	rand     *rand.Rand
	faults   []Fault
	webhooks []WebhookFault
	named    int
}

// Rules is everything a Control does, for reading.
type Rules struct {
	Faults   []Fault        `json:"faults"`
	Webhooks []WebhookFault `json:"webhooks"`
}

// New makes a Control without rules. The seed decides which calls a Rate
// strikes.
func New(seed uint64) *Control {
	return &Control{rand: rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15))}
}

// Add adds a rule; the first that matches a call strikes. It fails with
// ErrRule.
func (c *Control) Add(f Fault) error {
	if err := f.complete(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	f.ID, f.Struck = c.name(f.ID), 0
	c.faults = append(c.faults, f)
	c.arm()
	return nil
}

// AddWebhook adds a rule for webhooks. It fails with ErrRule.
func (c *Control) AddWebhook(f WebhookFault) error {
	if err := f.complete(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	f.ID, f.Struck = c.name(f.ID), 0
	c.webhooks = append(c.webhooks, f)
	c.arm()
	return nil
}

// Remove takes one rule back and reports whether it was there.
func (c *Control) Remove(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	before := len(c.faults) + len(c.webhooks)
	c.faults = slices.DeleteFunc(c.faults, func(f Fault) bool { return f.ID == id })
	c.webhooks = slices.DeleteFunc(c.webhooks, func(f WebhookFault) bool { return f.ID == id })
	c.arm()
	return len(c.faults)+len(c.webhooks) < before
}

// Clear takes all rules back.
func (c *Control) Clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults, c.webhooks = nil, nil
	c.arm()
}

// List shows the rules, the spent ones too, with how often they struck.
func (c *Control) List() Rules {
	c.mu.Lock()
	defer c.mu.Unlock()
	return Rules{
		Faults:   append([]Fault{}, c.faults...),
		Webhooks: append([]WebhookFault{}, c.webhooks...),
	}
}

// Decision is what becomes of one webhook.
type Decision struct {
	Drop    bool          // never sent
	Copies  int           // sent this many times more
	Delay   time.Duration // sent so much later; with Reorder: at the latest
	Reorder bool          // sent after the next event
}

// Webhook decides about one event. Without rules it is the zero Decision.
func (c *Control) Webhook(provider, typ string) Decision {
	if c == nil || !c.armed.Load() {
		return Decision{}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.webhooks {
		f := &c.webhooks[i]
		if f.Provider != "" && f.Provider != provider || f.Type != "" && f.Type != typ {
			continue
		}
		if !c.strikes(f.Times, f.Rate, &f.Struck) {
			continue
		}
		return Decision{Drop: f.Do == "drop", Copies: f.Copies, Delay: f.Delay, Reorder: f.Do == "reorder"}
	}
	return Decision{}
}

// strike finds the fault that hits a call.
func (c *Control) strike(provider, call string) (Fault, bool) {
	return c.find(provider, call, func(string) bool { return true })
}

func (c *Control) find(provider, call string, meant func(match string) bool) (Fault, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.faults {
		f := &c.faults[i]
		if f.Provider != "" && f.Provider != provider || !strings.HasPrefix(call, f.Match) || !meant(f.Match) {
			continue
		}
		if c.strikes(f.Times, f.Rate, &f.Struck) {
			return *f, true
		}
	}
	return Fault{}, false
}

func (c *Control) strikes(times int, rate float64, struck *int) bool {
	if times > 0 && *struck >= times {
		return false
	}
	if rate > 0 && c.rand.Float64() >= rate {
		return false
	}
	*struck++
	if *struck == times {
		c.arm()
	}
	return true
}

// arm notes whether any rule can still strike, so that calls need not ask.
func (c *Control) arm() {
	armed := slices.ContainsFunc(c.faults, func(f Fault) bool { return f.Times == 0 || f.Struck < f.Times }) ||
		slices.ContainsFunc(c.webhooks, func(f WebhookFault) bool { return f.Times == 0 || f.Struck < f.Times })
	c.armed.Store(armed)
}

func (c *Control) name(id string) string {
	if id == "" {
		c.named++
		id = "fault-" + strconv.Itoa(c.named)
	}
	return id
}
