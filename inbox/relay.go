package inbox

import (
	"context"
	"encoding/json"
	"hash/maphash"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"purser/limiter"
	"purser/mail"
	"purser/order"
	inboxrecords "purser/records/inbox"
)

// Orders brings news to the orders' workflows.
type Orders interface {
	// Report signals the order's workflow. It fails with order.ErrNotFound
	// if there is no such order (yet), with order.ErrClosed if its workflow
	// has ended.
	Report(ctx context.Context, id order.ID, events []order.ProviderEvent) error
	// ReportLate brings news of an order whose workflow has ended.
	ReportLate(ctx context.Context, id order.ID, events []order.ProviderEvent) error
}

// Ledger is where events wait until they have arrived.
type Ledger interface {
	// Due lists what is to be delivered by now, oldest first, behind a place.
	// Nobody needs its bytes.
	Due(ctx context.Context, now time.Time, behind inboxrecords.Place, limit int) ([]inboxrecords.Item, error)
	// HeldFor lists what is held for an order.
	HeldFor(ctx context.Context, id order.ID, ref string) ([]inboxrecords.Item, error)
	// RecordDelivery notes how an attempt ended and when the next one is due.
	RecordDelivery(ctx context.Context, ids []int64, st inboxrecords.State, note string, nextAt time.Time) error
}

// Finder asks the record.
type Finder interface {
	// OrderByIntent and OrderByParcel find the order of an event that does not
	// name it. Both fail with order.ErrNotFound.
	OrderByIntent(ctx context.Context, intentID string) (order.ID, error)
	OrderByParcel(ctx context.Context, reference string) (order.ID, error)
	// Knows tells whether the record says what the news says.
	Knows(ctx context.Context, n order.ProviderEvent) (order.EventState, error)
}

// Relay delivers stored events to their orders' workflows: at once when they
// come in, and again and again until they have arrived. Delivery is
// at least once; the workflow drops what it has heard before. Set the
// exported fields, then Run it.
type Relay struct {
	Orders Orders
	Ledger Ledger
	Finder Finder
	// Mails hears what became of mails; nil: such reports wait.
	Mails Mails
	// AtOnce is how many orders are told at once. One order's news keeps its
	// order. Default 16.
	AtOnce int
	// Queue is how many events wait in memory for each of those; more wait
	// in the record, for the sweeper. Default 256.
	Queue int
	// SweepEvery is how often the record is searched for what is due.
	// Default 1 s.
	SweepEvery time.Duration
	// RetryAfter is the wait after a first failure; it doubles up to
	// RetryAtMost and never ends. Defaults 1 s and 1 min.
	RetryAfter, RetryAtMost time.Duration
	// HeldAtMost is the longest wait between the turns of an event whose order
	// stays unknown: it grows to that after the first ten. It may be about
	// somebody else's payment on the same account, and is never given up.
	// Default 6 h.
	HeldAtMost time.Duration
	// RecheckAfter is the first wait for the record to say what an echo says; see
	// known.go. Default 200 ms.
	RecheckAfter time.Duration
	// Log takes what needs a person's eye. Default slog.Default().
	Log *slog.Logger
	// Now tells the time. Default time.Now.
	Now func() time.Time

	once    sync.Once
	shards  []chan job
	lanes   []chan job // for what became of mails
	seed    maphash.Seed
	memory  memory             // what the sweeper leaves alone
	held    heldOrders         // orders for which news is held
	nudge   chan struct{}      // asks for a sweep before its time
	more    atomic.Bool        // the last sweep left something behind
	swept   inboxrecords.Place // how far the last sweep came, if not to the end
	lines   *limiter.LogThrottle
	counted relayCounts
}

// job is an event on its way, without its bytes.
type job struct {
	id       int64
	orderID  order.ID
	event    order.ProviderEvent
	mail     *mail.Report // in place of news
	attempts int
	looks    int // how often the record was asked whether it knows
}

// RelayCounts is what was relayed since the start, for metrics and alerts.
type RelayCounts struct {
	Delivered  int64 // to a running workflow
	ReportLate int64 // to an order whose workflow had ended
	Known      int64 // not delivered, for the order's record said so already
	Mails      int64 // reports about mails that were acted upon
	Held       int64 // attempts that found no order yet
	Failed     int64 // attempts that failed otherwise
	Overflow   int64 // events left to the sweeper because the queue was full
	Waiting    int64 // events in memory now
}

type relayCounts struct {
	delivered, late, known, mails, held, failed, overflow, waiting atomic.Int64
}

// Counts returns what was relayed.
func (r *Relay) Counts() RelayCounts {
	c := &r.counted
	return RelayCounts{
		Delivered: c.delivered.Load(), ReportLate: c.late.Load(), Known: c.known.Load(), Mails: c.mails.Load(), Held: c.held.Load(),
		Failed: c.failed.Load(), Overflow: c.overflow.Load(), Waiting: c.waiting.Load(),
	}
}

// setUp fills in the defaults at the first use, whichever that is.
func (r *Relay) setUp() {
	r.once.Do(func() {
		r.AtOnce, r.Queue = orDefault(r.AtOnce, 16), orDefault(r.Queue, 256)
		for _, d := range []struct {
			field *time.Duration
			value time.Duration
		}{{&r.SweepEvery, time.Second}, {&r.RetryAfter, time.Second}, {&r.RetryAtMost, time.Minute}, {&r.HeldAtMost, 6 * time.Hour}, {&r.RecheckAfter, 200 * time.Millisecond}} {
			if *d.field <= 0 {
				*d.field = d.value
			}
		}
		if r.Log == nil {
			r.Log = slog.Default()
		}
		if r.Now == nil {
			r.Now = time.Now
		}
		r.seed = maphash.MakeSeed()
		r.lines = limiter.NewLogThrottle(logPeriod)
		r.nudge = make(chan struct{}, 1)
		r.shards = make([]chan job, r.AtOnce)
		for i := range r.shards {
			r.shards[i] = make(chan job, r.Queue)
		}
		r.lanes = make([]chan job, mailLanes)
		for i := range r.lanes {
			r.lanes[i] = make(chan job, r.Queue)
		}
	})
}

// Hand gives the relay an event that was just stored. It never blocks: what
// finds no room is found by the sweeper.
func (r *Relay) Hand(it inboxrecords.Item, n order.ProviderEvent) {
	r.setUp()
	r.hand(job{id: it.ID, orderID: it.OrderID, event: n, attempts: it.Attempts})
}

func (r *Relay) hand(j job) {
	if !r.claim(j.id) {
		return
	}
	select {
	case r.shard(j) <- j:
	default:
		r.drop(j.id)
		r.counted.overflow.Add(1)
	}
}

// OrderAppeared says that an order exists now, so that what was held for it
// is delivered without waiting for its next turn. It never blocks.
func (r *Relay) OrderAppeared(id order.ID) {
	r.setUp()
	if r.held.due(id) {
		r.wake()
	}
}

// Run delivers until the context ends, beginning with what an earlier
// process left behind. It returns when nothing is under way any more.
func (r *Relay) Run(ctx context.Context) {
	r.setUp()
	var wg sync.WaitGroup
	for _, shard := range r.shards {
		wg.Go(func() { r.deliverShard(ctx, shard, r.deliver) })
	}
	for _, lane := range r.lanes {
		wg.Go(func() { r.deliverShard(ctx, lane, r.deliverMail) })
	}
	r.sweep(ctx)
	wg.Wait()
}

// shard keeps an order's events in one queue. Those that do not name their
// order are kept together by what they are about.
func (r *Relay) shard(j job) chan job {
	if j.mail != nil {
		return r.lane(j)
	}
	key := string(j.orderID)
	if key == "" {
		key = j.event.About()
	}
	return r.shards[maphash.String(r.seed, key)%uint64(len(r.shards))]
}

// claim takes an event for this process's memory; false if it is there.
func (r *Relay) claim(id int64) bool {
	if !r.memory.take(id) {
		return false
	}
	r.counted.waiting.Add(1)
	return true
}

func (r *Relay) drop(id int64) {
	r.memory.leave(id)
	if r.counted.waiting.Add(-1) < fewLeft && r.more.CompareAndSwap(true, false) {
		r.wake()
	}
}

// kept is what Item.News holds: an order's news or, in its place, what became
// of mails.
type kept struct {
	order.ProviderEvent
	Mail *mail.Report `json:"mail,omitempty"`
}

// read makes a job of a stored item.
func read(it inboxrecords.Item) (job, error) {
	k := kept{}
	err := json.Unmarshal(it.Event, &k)
	return job{id: it.ID, orderID: it.OrderID, event: k.ProviderEvent, mail: k.Mail, attempts: it.Attempts}, err
}
