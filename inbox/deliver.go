package inbox

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"purser/order"
	inboxrecords "purser/records/inbox"
)

// mostAtOnce is the most events in one signal: an event is small, but the size of
// a signal is limited.
const mostAtOnce = 50

// deliverShard delivers one shard's events, all that wait in it at a time, until
// ctx ends.
func (r *Relay) deliverShard(ctx context.Context, shard <-chan job, deliver func(context.Context, []job)) {
	var later deferred
	defer later.stop()
	for {
		var jobs []job
		select {
		case <-ctx.Done():
			return
		case j := <-shard:
			jobs = gather(j, shard)
		case <-later.rings():
			jobs = later.take()
		}
		// A delivery that has begun is finished: otherwise it would only be
		// repeated.
		ctx := context.WithoutCancel(ctx)
		if jobs = r.skipSelfCaused(ctx, jobs, &later); len(jobs) > 0 {
			deliver(ctx, jobs)
		}
	}
}

// gather adds to the first event the events that wait behind it.
func gather(first job, shard <-chan job) []job {
	jobs := []job{first}
	for len(jobs) < mostAtOnce {
		select {
		case j := <-shard:
			jobs = append(jobs, j)
		default:
			return jobs
		}
	}
	return jobs
}

// deliver sends each order its events in one signal, in the order of their arrival,
// and records all deliveries in one write.
func (r *Relay) deliver(ctx context.Context, jobs []job) {
	var arrived []job
	for _, g := range r.byOrder(ctx, jobs) {
		if g.err == nil {
			g.err = r.notifyOrder(ctx, g)
		}
		switch {
		case g.err == nil:
			arrived = append(arrived, g.jobs...)
		case errors.Is(g.err, order.ErrNotFound):
			r.hold(ctx, g)
		case errors.Is(g.err, errForeign):
			r.keepForeign(ctx, g.jobs, g.err)
		case errors.Is(g.err, order.ErrRejected):
			r.park(ctx, g)
		default:
			r.retry(ctx, g)
		}
	}
	if len(arrived) > 0 {
		r.recordAttempt(ctx, arrived, inboxrecords.Delivered, "", time.Time{})
	}
}

// group is the events of one order, or one event whose order was not found.
type group struct {
	id   order.ID // "" if no order was found
	jobs []job
	err  error // the error of the search for the order
}

// byOrder groups events by their orders. An event whose order was not found is a group
// of its own.
func (r *Relay) byOrder(ctx context.Context, jobs []job) []*group {
	var groups []*group
	byKey := make(map[string]*group, len(jobs))
	for _, j := range jobs {
		id, err := r.owner(ctx, &j)
		key := string(id)
		if err != nil { // each has its own outcome
			key = "?" + strconv.FormatInt(j.id, 10)
		}
		g := byKey[key]
		if g == nil {
			g = &group{id: id, err: err}
			byKey[key] = g
			groups = append(groups, g)
		}
		g.jobs = append(g.jobs, j)
	}
	return groups
}

// notifyOrder sends the events to the order's workflow or, if that has ended, to
// its aftercare workflow.
func (r *Relay) notifyOrder(ctx context.Context, g *group) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	events := make([]order.ProviderEvent, len(g.jobs))
	for i, j := range g.jobs {
		events[i] = j.event
		events[i].OrderID = g.id
	}
	return r.bring(ctx, g.id, events)
}

func (r *Relay) bring(ctx context.Context, id order.ID, events []order.ProviderEvent) error {
	err := r.Orders.Report(ctx, id, events)
	if !errors.Is(err, order.ErrClosed) {
		if err == nil {
			r.counted.delivered.Add(int64(len(events)))
		}
		return err
	}
	if err := r.Orders.ReportLate(ctx, id, events); err != nil {
		return fmt.Errorf("late event: %w", err)
	}
	r.counted.late.Add(int64(len(events)))
	return nil
}

// retry records a failed attempt and schedules the next one with a longer wait.
func (r *Relay) retry(ctx context.Context, g *group) {
	r.counted.failed.Add(int64(len(g.jobs)))
	if lines := r.lines.Lines(r.Now(), "retry"); lines > 0 {
		r.Log.ErrorContext(ctx, "event could not be delivered; it will be retried", "orderId", g.id,
			"inboxId", g.jobs[0].id, "attempts", g.jobs[0].attempts+1, "error", g.err, "lines", lines)
	}
	r.recordAttempt(ctx, g.jobs, inboxrecords.Received, "delivery failed; see the log", r.next(g.jobs, r.RetryAtMost))
}

// next returns when to retry: the wait doubles with each attempt, up to most, and
// is randomised so that not all retries happen at once.
func (r *Relay) next(jobs []job, most time.Duration) time.Time {
	wait := r.RetryAfter
	for n := jobs[0].attempts; n > 0 && wait < most; n-- {
		wait *= 2
	}
	wait = min(wait, most)
	return r.Now().Add(wait/2 + rand.N(wait/2+1))
}

// recordAttempt records how an attempt ended. If that fails, the sweeper finds the
// events again after a while and delivers them again, which is harmless.
func (r *Relay) recordAttempt(ctx context.Context, jobs []job, st inboxrecords.State, note string, next time.Time) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	ids := make([]int64, len(jobs))
	for i, j := range jobs {
		ids[i] = j.id
	}
	drop := func() {
		for _, id := range ids {
			r.drop(id)
		}
	}
	if err := r.Ledger.RecordDelivery(ctx, ids, st, note, next); err != nil {
		if lines := r.lines.Lines(r.Now(), "record"); lines > 0 {
			r.Log.ErrorContext(ctx, "outcome of a delivery could not be recorded; the delivery will be repeated", "state", st, "events", len(ids), "error", err, "lines", lines)
		}
		time.AfterFunc(r.RetryAfter, drop)
		return
	}
	drop()
}
