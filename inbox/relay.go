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

// Orders sends events to the orders' workflows.
type Orders interface {
	// Report signals the order's workflow. It fails with order.ErrNotFound if
	// there is no such order yet, and with order.ErrClosed if its workflow has
	// ended.
	Report(ctx context.Context, id order.ID, events []order.ProviderEvent) error
	// ReportLate sends events of an order whose workflow has ended to its
	// aftercare workflow.
	ReportLate(ctx context.Context, id order.ID, events []order.ProviderEvent) error
}

// Ledger stores events until they have arrived.
type Ledger interface {
	// Due lists the events that are due, oldest first, after the given place
	// and without their bytes.
	Due(ctx context.Context, now time.Time, behind inboxrecords.Place, limit int) ([]inboxrecords.Item, error)
	// HeldFor lists the events that are held for an order.
	HeldFor(ctx context.Context, id order.ID, ref string) ([]inboxrecords.Item, error)
	// RecordDelivery records how an attempt ended and when the next is due.
	RecordDelivery(ctx context.Context, ids []int64, st inboxrecords.State, note string, nextAt time.Time) error
}

// Finder reads the record.
type Finder interface {
	// OrderByIntent and OrderByParcel find the order of a payment or a parcel. Both
	// fail with order.ErrNotFound.
	OrderByIntent(ctx context.Context, intentID string) (order.ID, error)
	OrderByParcel(ctx context.Context, reference string) (order.ID, error)
	// Knows returns whether the record already has the content of an event.
	Knows(ctx context.Context, n order.ProviderEvent) (order.EventState, error)
}

// Relay delivers stored events to their orders' workflows: at once when they are
// received, and then repeatedly until they have arrived. Delivery is at least once;
// the workflow drops duplicates. Set the exported fields before the first use.
type Relay struct {
	Orders Orders
	Ledger Ledger
	Finder Finder
	// Disputes asks the providers, by name, about disputes. An event about a
	// dispute whose provider is missing waits.
	Disputes map[string]Disputes
	// Mails handles reports about mails. If it is nil, such reports wait.
	Mails Mails
	// AtOnce is how many shards deliver at the same time. Events of one order
	// share a shard, which delivers them in sequence. Default 16.
	AtOnce int
	// Queue is how many events wait in memory for each shard; more wait in the
	// record, for the sweeper. Default 256.
	Queue int
	// SweepEvery is how often the record is searched for events that are due.
	// Default 1 s.
	SweepEvery time.Duration
	// RetryAfter is the wait after a first failure; it doubles up to
	// RetryAtMost and never ends. Defaults 1 s and 1 min.
	RetryAfter, RetryAtMost time.Duration
	// HeldAtMost is the longest wait between the attempts for an event that names
	// an order which stays unknown; the wait grows to it after the first ten
	// attempts. Default 6 h.
	HeldAtMost time.Duration
	// HeldFor is how long after its arrival such an event is attempted. Then it is
	// kept as foreign: it may be about another program's payment on the same
	// account. Default 72 h.
	HeldFor time.Duration
	// RecheckAfter is the first wait until the record is checked again for the
	// content of a self-caused event; see known.go. Default 200 ms.
	RecheckAfter time.Duration
	// Log receives what needs a person's attention. Default slog.Default().
	Log *slog.Logger
	// Now returns the time. Default time.Now.
	Now func() time.Time

	once    sync.Once
	shards  []chan job
	lanes   []chan job // for reports about mails
	seed    maphash.Seed
	memory  memory             // the events that the sweeper skips
	held    heldOrders         // the orders for which events are held
	nudge   chan struct{}      // requests an early sweep
	more    atomic.Bool        // whether the last sweep left events behind
	swept   inboxrecords.Place // where the last sweep stopped, if not at the end
	lines   *limiter.LogThrottle
	counted relayCounts
}

// job is an event on its way, without its bytes.
type job struct {
	id       int64
	orderID  order.ID
	event    order.ProviderEvent
	mail     *mail.Report // set instead of event for a report about mails
	attempts int
	received time.Time
	looks    int // how often the record was checked for the event's content
}

// RelayCounts holds how many events were relayed since the start, for metrics and
// alerts.
type RelayCounts struct {
	Delivered  int64 // to a running workflow
	ReportLate int64 // to an order whose workflow had ended
	Known      int64 // not delivered, because the record already had the content
	Mails      int64 // reports about mails that were handled
	Held       int64 // attempts that found no order yet
	Foreign    int64 // events that are about no order of this shop
	Failed     int64 // attempts that failed otherwise
	Overflow   int64 // events left to the sweeper because the queue was full
	Waiting    int64 // events in memory now
}

type relayCounts struct {
	delivered, late, known, mails, held, foreign, failed, overflow, waiting atomic.Int64
}

// Counts returns the current counts.
func (r *Relay) Counts() RelayCounts {
	c := &r.counted
	return RelayCounts{
		Delivered: c.delivered.Load(), ReportLate: c.late.Load(), Known: c.known.Load(), Mails: c.mails.Load(), Held: c.held.Load(), Foreign: c.foreign.Load(),
		Failed: c.failed.Load(), Overflow: c.overflow.Load(), Waiting: c.waiting.Load(),
	}
}

// setUp sets the defaults and creates the queues at the first use.
func (r *Relay) setUp() {
	r.once.Do(func() {
		r.AtOnce, r.Queue = orDefault(r.AtOnce, 16), orDefault(r.Queue, 256)
		for _, d := range []struct {
			field *time.Duration
			value time.Duration
		}{{&r.SweepEvery, time.Second}, {&r.RetryAfter, time.Second}, {&r.RetryAtMost, time.Minute}, {&r.HeldAtMost, 6 * time.Hour}, {&r.HeldFor, 72 * time.Hour}, {&r.RecheckAfter, 200 * time.Millisecond}} {
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
		r.shards = make([]chan job, r.AtOnce+1) // the last is for disputes
		for i := range r.shards {
			r.shards[i] = make(chan job, r.Queue)
		}
		r.lanes = make([]chan job, mailLanes)
		for i := range r.lanes {
			r.lanes[i] = make(chan job, r.Queue)
		}
	})
}

// Hand queues an event that was just stored. It never blocks: if the queue is full,
// the sweeper finds the event later.
func (r *Relay) Hand(it inboxrecords.Item, n order.ProviderEvent) {
	r.setUp()
	r.hand(job{id: it.ID, orderID: it.OrderID, event: n, attempts: it.Attempts, received: it.ReceivedAt})
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

// OrderAppeared reports that an order exists now, so that the events held for it
// are delivered at once. It never blocks.
func (r *Relay) OrderAppeared(id order.ID) {
	r.setUp()
	if r.held.due(id) {
		r.wake()
	}
}

// Run delivers events until ctx ends, including those that an earlier process left
// behind. It returns when all deliveries that have begun are finished.
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

// shard returns the queue of an event. All events of one order share a queue. Events
// that do not name their order share one by the object that they are about. Disputes
// have one of their own: they are rare, and the provider is asked about each.
func (r *Relay) shard(j job) chan job {
	switch {
	case j.mail != nil:
		return r.lane(j)
	case j.event.Dispute != nil:
		return r.shards[r.AtOnce]
	}
	key := string(j.orderID)
	if key == "" {
		key = j.event.About()
	}
	return r.shards[maphash.String(r.seed, key)%uint64(r.AtOnce)]
}

// claim marks an event as in memory. It returns false if it already is.
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

// kept is the content of inboxrecords.Item.Event: an order's event or, instead, a
// report about mails.
type kept struct {
	order.ProviderEvent
	Mail *mail.Report `json:"mail,omitempty"`
}

// read returns the job of a stored item.
func read(it inboxrecords.Item) (job, error) {
	k := kept{}
	err := json.Unmarshal(it.Event, &k)
	return job{id: it.ID, orderID: it.OrderID, event: k.ProviderEvent, mail: k.Mail, attempts: it.Attempts, received: it.ReceivedAt}, err
}
