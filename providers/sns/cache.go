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

// Anybody may name us addresses of certificates that we do not know yet: a
// forged message costs nothing. So only so many are fetched. A flood of them
// must not keep us from what is genuine, or SNS would give up on it:
//
//   - what was fetched is used for a day, and after that for as long as it
//     cannot be fetched again and is valid; what a message was verified with is
//     kept, over restarts and for other processes;
//   - an address without a certificate is not asked again for ten minutes;
//   - addresses where the certificates of our topics live have budgets of
//     their own, apart from all others;
//   - and there again, who has not sent us in vain lately has one of their
//     own: SNS never does;
//   - and of the others, those that come back have one apart from those that
//     nobody has asked for before. SNS comes back, with this message or the
//     next. A forger who does so too, with many addresses, for as long and from
//     more than fifty networks, or through the same proxy as SNS, can keep from
//     us a certificate that nobody here knows yet, but no other.
const (
	fresh       = 24 * time.Hour   // what was fetched is not fetched again for so long
	absent      = 10 * time.Minute // what was not there
	maxKnown    = 64               // certificates
	maxAbsent   = 1024             // addresses without one
	maxRefused  = 1 << 15          // addresses turned away; twice as many at times
	atOnce      = 10               // of one budget
	firstEvery  = 10 * time.Second // then one so often, of those never asked for before
	repeatEvery = 5 * time.Second  // and of those that came back, or came from who is not to blame
)

// cache keeps the certificates that were fetched, and for a while where there
// were none.
type cache struct {
	client *http.Client
	keeper Keeper // nil: none
	now    func() time.Time
	holds  func(chain []*x509.Certificate, at time.Time) bool // leads to a root
	homes  map[string]bool                                    // the hosts of our topics
	flight singleflight.Group
	blame  blame

	recalling sync.Mutex
	recalled  time.Time // when the keeper was last asked

	mu      sync.Mutex
	known   map[string]*entry
	nothing map[string]time.Time // there, until then
	refused refusedSet
	budgets map[string]*rate.Limiter
}

// entry is what an address holds.
type entry struct {
	chain []*x509.Certificate // the leaf first
	until time.Time           // fresh
	used  time.Time
	// proven: a message was verified with it, and the keeper has it.
	proven bool
}

// get returns the certificates at an address, from memory if it can; none if
// there are none to be trusted. It fails with order.ErrUnavailable if they
// cannot be had now.
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
	return chain, nil // a certificate of yesterday is better than a message lost
}

// look returns what is remembered of an address; sure if it need not be asked.
func (c *cache) look(address string) (chain []*x509.Certificate, sure bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.known[address]; e != nil {
		e.used = c.now()
		return e.chain, e.used.Before(e.until)
	}
	return nil, c.now().Before(c.nothing[address])
}

// usual is how SNS names its certificates, and so does the stand-in.
var usual = regexp.MustCompile(`/SimpleNotificationService-[0-9a-f]+\.pem$`)

// allowed takes one fetch out of a budget, if there is one left; charged to who
// sent us there, if it is theirs.
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

// keep remembers what is at an address, and returns what to use: where there is
// nothing any more, what was there serves for as long as it is valid.
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

// evict lets go of what no message was verified with, before all else, and
// of that or the others what was used longest ago.
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

// turned remembers the latest addresses in memory that does not grow, as their
// hashes: nobody outside knows the seed.
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
