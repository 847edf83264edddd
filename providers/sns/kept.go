package sns

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"sync"
	"time"
)

// Keeper keeps the certificates that messages were verified with, for a process
// that starts and for other processes. What it answers is checked like what was
// fetched.
type Keeper interface {
	// KeepCertificate keeps a chain as PEM, the leaf first, by its address.
	KeepCertificate(ctx context.Context, address string, chain []byte) error
	// Certificates returns what was kept last, by address.
	Certificates(ctx context.Context) (map[string][]byte, error)
}

const (
	recallEvery = 10 * time.Second // what other processes learnt is looked for so often
	keepWithin  = 5 * time.Second  // how long the keeper may take
)

// recall takes into memory what was kept, if that was not done just now.
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
		c.known[address] = &entry{chain: chain, used: now, proven: true} // due to be fetched again, and good until then
	}
}

// prove notes that a message was verified with the certificate at an address,
// and has it kept. If that fails, the next message tries again.
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

// parseChain reads certificates in PEM; none if any of them is no certificate.
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

// blame counts by source, in memory that does not grow, how often we were sent
// to an address in vain.
type blame struct {
	mu           sync.Mutex
	since        time.Time // of the latest
	latest, past map[string]int
}

const (
	mayWaste   = 3    // calls in vain, in ten to twenty minutes
	maxSources = 4096 // told apart; twice as many at times
)

// charge counts a call on a source's behalf. It answers false if the source is
// unknown, or has too many in vain to its name; then nothing is counted.
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

// clear takes a charge back: the call was not in vain.
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
