package sns

import (
	"crypto/x509"
	"hash/maphash"
	"net/http"
	"regexp"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
	"golang.org/x/time/rate"
)

// A forged message costs nothing and may name any certificate address, so the
// number of fetches is limited. A flood of forgeries must not block genuine
// messages, because SNS would stop delivering them:
//
//   - a fetched certificate is used for a day, and after that while it is valid
//     and cannot be fetched again; one that verified a message is stored for
//     restarts and for other processes;
//   - an address without a certificate is not fetched again for ten minutes;
//   - addresses on the hosts of our topics have fetch budgets apart from all
//     other addresses;
//   - among them, sources without recent failed fetches have a budget of their
//     own, and SNS is such a source;
//   - among the rest, repeated requests have a budget apart from addresses that
//     are requested for the first time. SNS repeats its requests, with this
//     message or the next. A forger who does so too, with many addresses, for as
//     long and from more than fifty networks, or through the same proxy as SNS,
//     can block a certificate that is not stored here yet, but no other.
const (
	fresh       = 24 * time.Hour   // how long a fetched certificate is used
	absent      = 10 * time.Minute // how long an address without a certificate is not fetched
	maxKnown    = 64               // certificates
	maxAbsent   = 1024             // addresses without one
	maxRefused  = 1 << 15          // addresses that were refused; at times twice as many
	atOnce      = 10               // burst of one budget
	firstEvery  = 10 * time.Second // interval after the burst, for addresses that are requested for the first time
	repeatEvery = 5 * time.Second  // interval for repeated requests and for sources without failed ones
)

// cache holds the fetched certificates and, for a while, the addresses that had
// none.
type cache struct {
	client *http.Client
	keeper Keeper // nil without a keeper
	now    func() time.Time
	holds  func(chain []*x509.Certificate, at time.Time) bool // reports whether a chain leads to a trusted root
	homes  map[string]bool                                    // the hosts of our topics
	flight singleflight.Group
	blame  blame

	recalling sync.Mutex
	recalled  time.Time // when the keeper was last read

	mu      sync.Mutex
	known   map[string]*entry
	nothing map[string]time.Time // when the absence expires
	refused refusedSet
	budgets map[string]*rate.Limiter
}

// entry is the certificate at an address.
type entry struct {
	chain []*x509.Certificate // leaf first
	until time.Time           // when it is no longer fresh
	used  time.Time
	// proven means that a message was verified with it, and the keeper has it.
	proven bool
}

// get returns the certificates at an address, from memory if possible; the
// result is empty if none can be trusted. It fails with order.ErrUnavailable if
// they cannot be fetched now.
func (c *cache) get(address, host, from string) ([]*x509.Certificate, error) {
	if chain, sure := c.look(address); sure {
		return chain, nil
	}
	v, err, _ := c.flight.Do(address, func() (any, error) {
		chain, sure := c.look(address)
		if !sure && len(chain) == 0 {
			c.recall()
			chain, sure = c.look(address)
		}
		if sure {
			return chain, nil
		}
		ok, charged := c.allowed(address, host, from)
		if !ok {
			return chain, unavailable("too_many_certificates", nil)
		}
		found, err := c.fetch(address)
		if err == nil {
			chain = c.keep(address, found)
		}
		if charged && (err != nil || len(chain) > 0) {
			c.blame.clear(from)
		}
		return chain, err
	})
	chain := v.([]*x509.Certificate)
	if err != nil && len(chain) == 0 {
		return nil, err
	}
	return chain, nil // an old certificate is better than a lost message
}

// look returns what is known about an address; sure means that it need not be
// fetched.
func (c *cache) look(address string) (chain []*x509.Certificate, sure bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.known[address]; e != nil {
		e.used = c.now()
		return e.chain, e.used.Before(e.until)
	}
	return nil, c.now().Before(c.nothing[address])
}

// usual matches the certificate names that SNS and the sandbox use.
var usual = regexp.MustCompile(`/SimpleNotificationService-[0-9a-f]+\.pem$`)

// allowed takes one fetch from a budget if one is left, and charges it to the
// source if the budget is the source's.
func (c *cache) allowed(address, host, from string) (ok, charged bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	name, every := "elsewhere", firstEvery
	if c.homes[host] && usual.MatchString(address) {
		if c.blame.charge(from, c.now()) {
			if c.take(host+" without blame", repeatEvery) {
				return true, true
			}
			c.blame.clear(from)
		}
		name = host
		if c.refused.has(address) {
			name, every = host+" again", repeatEvery
		}
	}
	if c.take(name, every) {
		return true, false
	}
	c.refused.add(address)
	return false, false
}

func (c *cache) take(name string, every time.Duration) bool {
	b := c.budgets[name]
	if b == nil {
		b = rate.NewLimiter(rate.Every(every), atOnce)
		c.budgets[name] = b
	}
	return b.AllowN(c.now(), 1)
}

// keep stores the certificate at an address and returns the one to use: if the
// address has none any more, the earlier one is used while it is valid.
func (c *cache) keep(address string, chain []*x509.Certificate) []*x509.Certificate {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	if e := c.known[address]; len(chain) == 0 && e != nil && c.holds(e.chain, now) {
		e.until = now.Add(absent)
		return e.chain
	}
	if len(chain) == 0 {
		delete(c.known, address)
		for other, until := range c.nothing {
			if len(c.nothing) >= maxAbsent || !now.Before(until) {
				delete(c.nothing, other)
			}
		}
		c.nothing[address] = now.Add(absent)
		return nil
	}
	if c.known[address] == nil {
		c.evict()
	}
	c.known[address] = &entry{chain: chain, until: now.Add(fresh), used: now}
	return chain
}

// evict removes entries that no message was verified with first, and among
// equals the least recently used.
func (c *cache) evict() {
	for len(c.known) >= maxKnown {
		oldest := ""
		for other, e := range c.known {
			o := c.known[oldest]
			if o == nil || o.proven && !e.proven || o.proven == e.proven && e.used.Before(o.used) {
				oldest = other
			}
		}
		delete(c.known, oldest)
	}
}

// refusedSet remembers the latest addresses in bounded memory, as hashes with a
// secret seed.
type refusedSet struct {
	seed         maphash.Seed
	latest, past map[uint64]bool
}

func (t *refusedSet) has(address string) bool {
	if t.latest == nil {
		return false
	}
	h := maphash.String(t.seed, address)
	return t.latest[h] || t.past[h]
}

func (t *refusedSet) add(address string) {
	if t.latest == nil {
		t.seed, t.latest = maphash.MakeSeed(), make(map[uint64]bool)
	}
	if len(t.latest) >= maxRefused {
		t.latest, t.past = make(map[uint64]bool), t.latest
	}
	t.latest[maphash.String(t.seed, address)] = true
}
