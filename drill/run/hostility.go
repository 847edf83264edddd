package run

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"purser/drill/process"
	"purser/sandbox/faults"
)

// rule is a fault of a stand-in, and the failures that it is, by their ids in
// docs/promises.md.
type rule struct {
	faults.Fault
	meets []string
}

// hostility holds the faults of a run. A process that starts again has none of them,
// until they are applied again.
type hostility struct {
	rules    []rule
	webhooks []faults.WebhookFault

	mu     sync.Mutex
	outage []rule
	struck map[string]int // in the processes that have ended
	latest map[string]int // in the present process
}

// The levels of hostility.
const (
	levelNone = "none"
	levelMild = "mild"
	levelFull = "full"
)

// newHostility returns the faults of a level. Of mails and object stores only mails
// matter here.
func newHostility(level string) *hostility {
	h := &hostility{struck: map[string]int{}, latest: map[string]int{}}
	rate := map[string]float64{levelNone: 0, levelMild: 0.01, levelFull: 0.025}[level]
	if rate == 0 {
		return h
	}
	add := func(f faults.Fault, meets ...string) {
		if f.Rate == 0 {
			f.Rate = rate
		}
		f.ID = fmt.Sprintf("%d %s %s %s %s", len(h.rules), f.Provider, f.Match, f.Do, f.When)
		h.rules = append(h.rules, rule{f, meets})
	}
	add(faults.Fault{Provider: "carrier", Match: "POST /v1/labels", Do: faults.Reset, When: faults.After, Rate: 2 * rate}, "F69")
	add(faults.Fault{Provider: "stripe", Match: "POST /v1/payment_intents", Do: faults.Slow, When: faults.After, Delay: time.Second, Rate: 2 * rate})
	for _, provider := range []string{"stripe", "carrier", "ses"} {
		meets := func(ids ...string) []string {
			if provider != "stripe" {
				return nil
			}
			return ids
		}
		add(faults.Fault{Provider: provider, Do: faults.Timeout, When: faults.Before, Delay: time.Second}, meets("F2")...)
		add(faults.Fault{Provider: provider, Do: faults.Timeout, When: faults.After, Delay: time.Second}, meets("F3")...)
		add(faults.Fault{Provider: provider, Do: faults.Reset, When: faults.Before}, meets("F2")...)
		add(faults.Fault{Provider: provider, Do: faults.Reset, When: faults.After}, meets("F3")...)
		add(faults.Fault{Provider: provider, Do: faults.Malformed, When: faults.After}, meets("F3")...)
		add(faults.Fault{Provider: provider, Do: faults.Status, Status: 500, When: faults.Before})
		add(faults.Fault{Provider: provider, Do: faults.Status, Status: 500, When: faults.After}, meets("F4")...)
		add(faults.Fault{Provider: provider, Do: faults.Status, Status: 429, RetryAfter: time.Second, When: faults.Before}, meets("F5")...)
	}
	h.webhooks = webhookFaults(8 * rate)
	return h
}

// asked lists the webhooks that may never arrive: the order asks the provider for what
// they report, or the shop finds their events in the provider's list.
var asked = []string{
	"payment_intent.amount_capturable_updated", "payment_intent.succeeded", "payment_intent.payment_failed", "payment_intent.canceled",
	"payment_intent.processing", "payment_intent.requires_action", "parcel.in_transit", "parcel.delivered",
	"charge.captured", "charge.refunded", "charge.refund.updated", "charge.dispute.created", "charge.dispute.updated", "charge.dispute.closed",
}

func webhookFaults(rate float64) (all []faults.WebhookFault) {
	for _, typ := range asked {
		all = append(all, faults.WebhookFault{ID: "drop " + typ, Type: typ, Do: "drop", Rate: rate})
	}
	return append(all,
		faults.WebhookFault{ID: "repeat", Do: "repeat", Copies: 2, Rate: rate},
		faults.WebhookFault{ID: "delay", Do: "delay", Delay: time.Second, Rate: rate},
		faults.WebhookFault{ID: "reorder", Do: "reorder", Rate: rate})
}

// apply adds the faults, and the outages that last, to a sandbox.
func (h *hostility) apply(ctx context.Context, sandbox string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	rules := faults.Rules{Webhooks: h.webhooks}
	for _, r := range append(h.outage, h.rules...) { // the first that matches strikes
		rules.Faults = append(rules.Faults, r.Fault)
	}
	for id, n := range h.latest {
		h.struck[id] += n
	}
	clear(h.latest)
	if err := change(ctx, http.MethodDelete, sandbox, nil); err != nil {
		return err
	}
	return change(ctx, http.MethodPost, sandbox, rules)
}

// calm ends all faults.
func (h *hostility) calm(ctx context.Context, sandbox string) error {
	h.count(ctx, sandbox)
	h.mu.Lock()
	h.rules, h.webhooks, h.outage = spent(append(h.rules, h.outage...)), nil, nil
	h.mu.Unlock()
	return h.apply(ctx, sandbox)
}

// begin begins an outage of a provider.
func (h *hostility) begin(ctx context.Context, sandbox, provider string, meets ...string) error {
	h.mu.Lock()
	h.outage = []rule{{faults.Fault{ID: "outage of " + provider, Provider: provider, Do: faults.Status, Status: 503, When: faults.Before}, meets}}
	h.mu.Unlock()
	return h.apply(ctx, sandbox)
}

// end ends the outage.
func (h *hostility) end(ctx context.Context, sandbox string) error {
	h.count(ctx, sandbox)
	h.mu.Lock()
	h.rules = append(h.rules, spent(h.outage)...)
	h.outage = nil
	h.mu.Unlock()
	return h.apply(ctx, sandbox)
}

// spent returns rules that strike no more, and still say what they have met.
func spent(rules []rule) (all []rule) {
	for _, r := range rules {
		r.Match = "none"
		all = append(all, r)
	}
	return all
}

// count reads how often each fault has struck. A sandbox that is down has nothing new.
func (h *hostility) count(ctx context.Context, sandbox string) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, sandbox+"/sandbox/faults", nil)
	if err != nil {
		return
	}
	resp, err := process.Once.Do(req)
	if err != nil {
		return
	}
	defer resp.Body.Close()
	var rules faults.Rules
	if json.NewDecoder(resp.Body).Decode(&rules) != nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, f := range rules.Faults {
		h.latest[f.ID] = max(h.latest[f.ID], f.Struck)
	}
	for _, w := range rules.Webhooks {
		h.latest[w.ID] = max(h.latest[w.ID], w.Struck)
	}
}

// times returns how often a fault has struck.
func (h *hostility) times(id string) int { return h.struck[id] + h.latest[id] }

// total returns how often any fault has struck, and the failures that this was.
func (h *hostility) total() (n int, met []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, r := range h.rules {
		if h.times(r.ID) > 0 {
			met = append(met, r.meets...)
		}
	}
	for _, counts := range []map[string]int{h.struck, h.latest} {
		for _, times := range counts {
			n += times
		}
	}
	return n, met
}

func change(ctx context.Context, method, sandbox string, rules any) error {
	b, err := json.Marshal(rules)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, sandbox+"/sandbox/faults", bytes.NewReader(b))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := process.Once.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("the sandbox takes no faults: %s", resp.Status)
	}
	return nil
}
