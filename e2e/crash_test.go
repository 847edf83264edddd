package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"purser/order"
	"purser/shop"
	"purser/soak"
)

// TestKill kills the program with SIGKILL at random moments of many orders
// and starts it again each time (RES-13, TEST-8, N31). Nothing may be lost or done twice.
func TestKill(t *testing.T) {
	t.Parallel()
	orders, kills := 16, 3
	if soak.Full() {
		orders, kills = 60, 8
	}
	onEngines(t, func(t *testing.T, env []string) {
		seed := seedOf(t)
		s := newStack(t, env, "--ask-after=1s", "--track-after=2s", "--sandbox-pace=300ms")
		c := &crowd{stack: s}
		seen := c.shop(t, orders, func() {
			random := rand.New(rand.NewPCG(seed, 1))
			for range kills {
				pause(t, time.Duration(50+random.IntN(1500))*time.Millisecond)
				c.restart(s.kill)
			}
		})
		s.audit(t, seen)
	})
}

// seedOf returns the seed that decides when the program is killed. PURSER_E2E_SEED
// sets it, to repeat a run.
func seedOf(t *testing.T) uint64 {
	seed := uint64(time.Now().UnixNano())
	if v := os.Getenv("PURSER_E2E_SEED"); v != "" {
		var err error
		if seed, err = strconv.ParseUint(v, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("PURSER_E2E_SEED=%d", seed)
	return seed
}

// pause lets the orders progress for some time, which decides at which steps the
// kill hits them.
func pause(t *testing.T, d time.Duration) {
	select {
	case <-time.After(d):
	case <-t.Context().Done():
	}
}

// crowd is a number of shoppers of a stack that is killed and restarted. They
// retry under the same key, as careful clients do.
type crowd struct {
	*stack
	addresses sync.RWMutex // guards the stack's addresses, which change with each start
}

// restart ends the program by calling end, and starts it again.
func (c *crowd) restart(end func()) {
	end()
	c.addresses.Lock()
	defer c.addresses.Unlock()
	c.start()
}

// now returns clients of the running stack. While the stack is down, it waits.
func (c *crowd) now() (*shop.Client, *shop.Shopper) {
	c.addresses.RLock()
	defer c.addresses.RUnlock()
	return c.stack.shop, c.stack.shopper
}

// shop lets ten shoppers at a time buy n orders while strike runs, and returns how
// each order ended.
func (c *crowd) shop(t *testing.T, n int, strike func()) ends {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var all sync.WaitGroup
	var stuck atomic.Int64
	seen, mu, order := ends{}, sync.Mutex{}, make(chan struct{}, 10)
	for i := range n {
		all.Go(func() {
			order <- struct{}{}
			defer func() { <-order }()
			o, err := c.buy(ctx, i)
			if err != nil {
				t.Errorf("order %d %s: %v", i, o.ID, err)
				if o.ID != "" && stuck.Add(1) <= 2 {
					t.Log(c.engineView(o.ID))
				}
			}
			mu.Lock()
			defer mu.Unlock()
			if o.ID != "" {
				seen[o.ID] = o.Status
			}
		})
	}
	strike()
	enough := time.AfterFunc(testTimeout, cancel)
	defer enough.Stop()
	all.Wait()
	if len(seen) != n {
		t.Errorf("%d of %d orders were acknowledged", len(seen), n)
	}
	return seen
}

// buy takes one order from the checkout to its end, through all restarts.
func (c *crowd) buy(ctx context.Context, i int) (o shop.Order, err error) {
	var placed shop.Placed
	err = retry(ctx, func() error {
		api, _ := c.now()
		p, err := api.Place(ctx, wish("mug-blue", int64(1+i%3), "EUR"), fmt.Sprint("crowd-", i))
		if err != nil {
			return err
		}
		placed = p
		if p.ClientSecret == "" && !p.Status.Final() {
			return errors.New("not payable yet")
		}
		return nil
	})
	if err != nil {
		return placed.Order, fmt.Errorf("place: %w", err)
	}
	paid := func() error {
		_, bank := c.now()
		_, err := bank.Pay(ctx, placed.ClientSecret, "pm_card_visa")
		return err
	}
	err = retry(ctx, func() error {
		api, _ := c.now()
		if o, err = api.Order(ctx, placed.ID); err != nil {
			return err
		}
		switch {
		case o.Status.Final():
			return nil
		case o.Status == order.AwaitingPayment:
			_ = paid() // harmless if it was paid already: Stripe refuses to pay twice
		}
		return fmt.Errorf("still %s, waiting for %+v", o.Status, o.Waiting)
	})
	return o, err
}

// retry repeats a call that fails until the context ends, as clients do while a
// server is down or overloaded. A refusal is final.
func retry(ctx context.Context, try func() error) error {
	for {
		err := try()
		var p *shop.Problem
		if err == nil || errors.As(err, &p) && p.Status < 500 && p.Code != "in_flight" && p.Status != http.StatusTooManyRequests {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}
