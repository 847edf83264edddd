package shoppers

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/url"
	"slices"
	"sync"
	"time"

	"purser/order"
)

// kind is a kind of shopper, and how often it comes.
type kind struct {
	name   string
	weight int
	buys   func(context.Context, *visit) error
	meets  []string // failures that it is, by their ids in docs/promises.md
}

// mix lists the kinds of shoppers: those who pay with cards, on the pages of their banks,
// by debits that take long, and in advance, and those whose goods go other ways than in
// one parcel to them.
var mix = []kind{
	{name: "pays", weight: 20, buys: pays("pm_card_visa")},
	{name: "is declined, then pays", weight: 8, buys: declinedThenPays},
	{name: "never pays", weight: 3, buys: neverPays},
	{name: "double-clicks", weight: 6, buys: doubleClicks, meets: []string{"F1"}},
	{name: "confirms with the bank", weight: 5, buys: challenged(true)},
	{name: "closes the bank's page", weight: 3, buys: challenged(false)},
	{name: "whose bank decides later", weight: 3, buys: bankDecidesLater},
	{name: "pays before the shop knows", weight: 3, buys: paysEarly},
	{name: "pays on the bank's page", weight: 5, buys: paysAtBank},
	{name: "is refused on the bank's page, then pays", weight: 3, buys: refusedAtBank},
	{name: "does not come back from the bank's page", weight: 3, buys: neverComesBack},
	{name: "cancels after the bank's page", weight: 4, buys: cancelsAtBank},
	{name: "gets a part back after the bank's page", weight: 3, buys: refundedAfterBank},
	{name: "pays by debit", weight: 4, buys: paysByDebit},
	{name: "whose debit fails", weight: 4, buys: debitFails},
	{name: "cancels while the debit is processing", weight: 3, buys: cancelsDebit},
	{name: "claims a debit back", weight: 3, buys: claimsDebitBack},
	{name: "cancels unpaid", weight: 3, buys: cancelsUnpaid},
	{name: "cancels paid", weight: 8, buys: cancelsPaid},
	{name: "gets a part back", weight: 6, buys: partRefund},
	{name: "gets several parts back", weight: 4, buys: partRefunds},
	{name: "sends goods back", weight: 6, buys: goodsRefund},
	{name: "gets everything back", weight: 4, buys: wholeRefund},
	{name: "asks for a refund twice", weight: 4, buys: repeatedRefund, meets: []string{"F15"}},
	{name: "asks for two refunds at once", weight: 3, buys: racingRefunds},
	{name: "whose card takes no refund", weight: 3, buys: refusedRefund},
	{name: "prepays exactly", weight: 4, buys: prepays(0)},
	{name: "prepays too little", weight: 3, buys: prepays(-1)},
	{name: "prepays too much", weight: 3, buys: prepays(1)},
	{name: "never prepays", weight: 2, buys: neverPrepays},
	{name: "is refunded at Stripe", weight: 5, buys: refundedAtStripe},
	{name: "whose payment is captured at Stripe", weight: 3, buys: capturedAtStripe, meets: []string{"F18"}},
	{name: "whose amount is changed at Stripe", weight: 2, buys: tamperedAtStripe},
	{name: "claims the money back", weight: 4, buys: claimsBack, meets: []string{"F17"}},
	{name: "gets several parcels", weight: 6, buys: severalParcels},
	{name: "sends goods back in returns", weight: 6, buys: sendsBack},
	{name: "whose return is rejected, or who keeps the goods", weight: 3, buys: returnsNothing},
	{name: "asks for two returns at once", weight: 3, buys: racingReturns},
	{name: "whose order is in a bulk", weight: 4, buys: inBulk},
	{name: "exchanges goods", weight: 6, buys: exchangesGoods},
	{name: "changes the order unpaid", weight: 4, buys: changesUnpaid},
	{name: "changes the order paid", weight: 3, buys: changesPaid},
}

// Crowd is a number of shoppers of one site.
type Crowd struct {
	Site       *Site
	Seed       uint64
	Orders     int
	AtOnce     int
	Rate       float64       // how many begin a second; 0: as many as AtOnce allows
	PayWithin  time.Duration // how long the shop lets a shopper pay
	WaitAtMost time.Duration // how long a shopper waits for an order's end
	OnProgress func(begun, ended int)

	mu         sync.Mutex
	begun      int
	ended      int
	visits     map[order.ID]*visit
	complaints []string
	met        map[string]bool
	slowest    time.Duration
	slowestIs  string
	opened     time.Time
	last       time.Time // when the last order was placed
}

// Shop lets all shoppers buy. It returns when each order has ended, or its shopper has
// given up.
func (c *Crowd) Shop(ctx context.Context) {
	c.visits, c.met = map[order.ID]*visit{}, map[string]bool{}
	slots := make(chan struct{}, c.AtOnce)
	c.opened = time.Now()
	var wg sync.WaitGroup
	defer wg.Wait()
	for n, k := range c.kinds() {
		if c.Rate > 0 && wait(ctx, time.Until(c.opened.Add(time.Duration(float64(n)/c.Rate*float64(time.Second))))) != nil {
			return
		}
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		c.count(func() { c.begun++ })
		wg.Go(func() {
			defer func() { <-slots }()
			c.visit(ctx, n, k)
		})
	}
}

// kinds returns each shopper's kind: every kind comes once, if there are enough
// shoppers, and then by its weight, in a random order.
func (c *Crowd) kinds() []kind {
	random := rand.New(rand.NewPCG(c.Seed, 1))
	all := make([]kind, 0, c.Orders)
	if c.Orders >= len(mix) {
		all = append(all, mix...)
	}
	var sum int
	for _, k := range mix {
		sum += k.weight
	}
	for len(all) < c.Orders {
		at := random.IntN(sum)
		for _, k := range mix {
			if at -= k.weight; at < 0 {
				all = append(all, k)
				break
			}
		}
	}
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

func (c *Crowd) visit(ctx context.Context, n int, k kind) {
	ctx, cancel := context.WithTimeout(ctx, c.WaitAtMost)
	defer cancel()
	v := &visit{
		site: c.Site, random: rand.New(rand.NewPCG(c.Seed, uint64(n)+2)), key: fmt.Sprintf("drill-%d-%d", c.Seed, n),
		payable: c.PayWithin, ends: map[order.Status]bool{},
	}
	err := k.buys(ctx, v)
	if errors.Is(err, errNeverPayable) {
		v.must(order.Expired)
		if err = nil; v.placed.ID != "" {
			err = v.end(ctx)
		}
	}
	c.count(func() {
		c.ended++
		if took := time.Since(v.began); v.placed.ID != "" && took > c.slowest {
			c.slowest, c.slowestIs = took, fmt.Sprintf("order %d %s (%s)", n, v.placed.ID, k.name)
		}
		if err != nil {
			c.complaints = append(c.complaints, fmt.Sprintf("order %d %s (%s): %v", n, v.placed.ID, k.name, err))
		}
		if v.placed.ID == "" {
			return
		}
		c.visits[v.placed.ID] = v
		for _, other := range v.others {
			c.visits[other.placed.ID] = other
		}
		if v.placedAt.After(c.last) {
			c.last = v.placedAt
		}
		if errors.Is(err, context.Canceled) {
			return
		}
		for _, id := range k.meets {
			c.met[id] = true
		}
	})
}

// count changes the counts, and reports the progress.
func (c *Crowd) count(change func()) {
	c.mu.Lock()
	change()
	begun, ended := c.begun, c.ended
	c.mu.Unlock()
	if c.OnProgress != nil {
		c.OnProgress(begun, ended)
	}
}

// Placed returns the orders, and how each may end.
func (c *Crowd) Placed() map[order.ID][]order.Status {
	all := map[order.ID][]order.Status{}
	for id, v := range c.visits {
		all[id] = slices.Sorted(maps.Keys(v.ends))
	}
	return all
}

// PlacedPerSecond returns how many orders were placed a second, from the first shopper
// until the last order was placed.
func (c *Crowd) PlacedPerSecond() float64 {
	return float64(len(c.visits)) / max(c.last.Sub(c.opened).Seconds(), 1)
}

// Operate takes the decisions that orders need whose shoppers have left, once, and
// returns how many orders need one: a refund may fail long after it was made.
func (c *Crowd) Operate(ctx context.Context) (n int, err error) {
	q := url.Values{"waitingOn": {"operator"}, "limit": {"100"}}
	for {
		page, err := c.Site.api().Orders(ctx, q)
		if err != nil {
			return n, err
		}
		for _, o := range page.Orders {
			v := c.visits[o.ID]
			if v == nil { // its shopper was never told that it is placed
				continue
			}
			n++
			now, err := v.order(ctx)
			if err == nil {
				err = v.operate(ctx, now)
			}
			if err != nil {
				return n, err
			}
		}
		if page.Next == "" {
			return n, nil
		}
		q.Set("cursor", page.Next)
	}
}

// FindMissedEvents has the shop search for the events whose webhooks did not come, and
// returns how many it has found.
func (c *Crowd) FindMissedEvents(ctx context.Context) (found int, err error) {
	err = retry(ctx, func() error {
		m, done, err := c.Site.api().FindMissedEvents(ctx)
		if found = m.Found; err == nil && !done {
			err = errors.New("the search is not over")
		}
		return err
	})
	return found, err
}

// Complaints returns what the shoppers did not get.
func (c *Crowd) Complaints() []string { return c.complaints }

// Slowest returns the order that took longest, from its placing to its end.
func (c *Crowd) Slowest() (which string, took time.Duration) { return c.slowestIs, c.slowest }

// Met returns the failures that the shoppers themselves were.
func (c *Crowd) Met() map[string]bool { return c.met }
