// Package faults makes stand-ins misbehave the way real providers do: calls
// time out before or after the work was done, connections are reset, responses
// are errors or broken, and webhooks are lost, repeated, late or out of order.
// Rules, added from Go or over HTTP, select the calls and the faults.
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

// Control holds the rules of one sandbox. The zero value cannot be used; call
// New. A nil Control has no rules.
type Control struct {
	armed atomic.Bool // whether a rule can still strike; read without the lock

	mu       sync.Mutex
	rand     *rand.Rand
	faults   []Fault
	webhooks []WebhookFault
	named    int
}

// Rules lists the rules of a Control.
type Rules struct {
	Faults   []Fault        `json:"faults"`
	Webhooks []WebhookFault `json:"webhooks"`
}

// New returns a Control without rules. The seed decides which calls a Rate
// strikes.
func New(seed uint64) *Control {
	return &Control{rand: rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15))}
}

// Add adds a rule. The first rule that matches a call strikes. Add fails with
// ErrRule if the rule is invalid.
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

// AddWebhook adds a rule for webhooks. It fails with ErrRule if the rule is
// invalid.
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

// Remove removes a rule and reports whether it existed.
func (c *Control) Remove(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	before := len(c.faults) + len(c.webhooks)
	c.faults = slices.DeleteFunc(c.faults, func(f Fault) bool { return f.ID == id })
	c.webhooks = slices.DeleteFunc(c.webhooks, func(f WebhookFault) bool { return f.ID == id })
	c.arm()
	return len(c.faults)+len(c.webhooks) < before
}

// Clear removes all rules.
func (c *Control) Clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults, c.webhooks = nil, nil
	c.arm()
}

// List returns all rules, spent ones included, with how often they struck.
func (c *Control) List() Rules {
	c.mu.Lock()
	defer c.mu.Unlock()
	return Rules{
		Faults:   append([]Fault{}, c.faults...),
		Webhooks: append([]WebhookFault{}, c.webhooks...),
	}
}

// Decision is how one webhook is sent.
type Decision struct {
	Drop    bool          // never sent
	Copies  int           // number of additional copies
	Delay   time.Duration // how much later it is sent; with Reorder, at the latest
	Reorder bool          // sent after the next event
}

// Webhook decides about one event. Without a matching rule it returns the zero
// Decision.
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

// strike returns the fault that strikes a call.
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

// arm records whether any rule can still strike, so that calls need not take
// the lock.
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
