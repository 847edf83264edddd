package sns

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"sync"
	"time"
)

// Keeper stores the certificates that verified messages, for restarts and for
// other processes. What it returns is checked like a fetched certificate.
type Keeper interface {
	// KeepCertificate stores a chain as PEM, leaf first, under its address.
	KeepCertificate(ctx context.Context, address string, chain []byte) error
	// Certificates returns the latest stored chains, by address.
	Certificates(ctx context.Context) (map[string][]byte, error)
}

const (
	recallEvery = 10 * time.Second // how often certificates of other processes are looked up
	keepWithin  = 5 * time.Second  // time limit of the keeper
)

// recall loads the stored certificates, unless it did so just now.
func (c *cache) recall() {
	if c.keeper == nil {
		return
	}
	c.recalling.Lock()
	defer c.recalling.Unlock()
	now := c.now()
	if !c.recalled.IsZero() && now.Sub(c.recalled) < recallEvery {
		return
	}
	c.recalled = now
	ctx, cancel := context.WithTimeout(context.Background(), keepWithin)
	defer cancel()
	kept, err := c.keeper.Certificates(ctx)
	if err != nil {
		return // then they are fetched
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for address, text := range kept {
		chain := parseChain(text)
		if c.known[address] != nil || len(chain) == 0 || !c.holds(chain, now) {
			continue
		}
		delete(c.nothing, address)
		c.evict()
		c.known[address] = &entry{chain: chain, used: now, proven: true} // due to be fetched again, and valid until then
	}
}

// prove notes that a message was verified with the certificate at an address,
// and stores it. If that fails, the next message tries again.
func (c *cache) prove(address string) {
	c.mu.Lock()
	e := c.known[address]
	if e == nil || e.proven {
		c.mu.Unlock()
		return
	}
	e.proven = true
	c.mu.Unlock()
	if c.keeper == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), keepWithin)
	defer cancel()
	if err := c.keeper.KeepCertificate(ctx, address, formatChain(e.chain)); err != nil {
		c.mu.Lock()
		e.proven = false
		c.mu.Unlock()
	}
}

// parseChain parses PEM certificates; the result is empty if any of them is
// invalid.
func parseChain(text []byte) (chain []*x509.Certificate) {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		cert, err := x509.ParseCertificate(block.Bytes)
		if block.Type != "CERTIFICATE" || err != nil {
			return nil
		}
		chain = append(chain, cert)
	}
	return chain
}

func formatChain(chain []*x509.Certificate) (text []byte) {
	for _, cert := range chain {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})...)
	}
	return text
}

// blame counts by source, in bounded memory, how many fetches for that source
// failed.
type blame struct {
	mu           sync.Mutex
	since        time.Time // of the current generation
	latest, past map[string]int
}

const (
	mayWaste   = 3    // failed fetches in ten to twenty minutes
	maxSources = 4096 // distinct sources; at times twice as many
)

// charge counts a fetch for a source. It returns false, and counts nothing, if
// the source is unknown or has too many failed fetches.
func (b *blame) charge(source string, now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.latest == nil || now.Sub(b.since) >= absent || len(b.latest) >= maxSources {
		b.past, b.latest, b.since = b.latest, make(map[string]int), now
	}
	if source == "" || b.latest[source]+b.past[source] >= mayWaste {
		return false
	}
	b.latest[source]++
	return true
}

// clear reverts a charge, because the fetch succeeded.
func (b *blame) clear(source string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, m := range []map[string]int{b.latest, b.past} {
		if m[source] > 0 {
			m[source]--
			return
		}
	}
}
