package campaigns

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"purser/activities"
	"purser/mail"
)

// ChunkRequest is the input of SendCampaignChunk.
type ChunkRequest struct {
	ID    string `json:"id"`
	After int64  `json:"after"` // recipients up to this number have an outcome from earlier chunks
	// Wait keeps the campaign's own pace from chunk to chunk.
	Wait time.Duration `json:"wait,omitempty"`
}

// ChunkDone is the progress of a chunk.
type ChunkDone struct {
	After    int64               `json:"after"`
	Wait     time.Duration       `json:"wait,omitempty"`     // before the next chunk
	Finished bool                `json:"finished,omitempty"` // no recipient is due
	Held     string              `json:"held,omitempty"`     // why marketing mail must not be sent now
	Counts   mail.CampaignCounts `json:"counts"`
}

const (
	chunkSize  = 500              // most recipients in a chunk
	chunkLasts = time.Minute      // longest time before a chunk reports its progress to the workflow
	chunkLanes = 8                // mails sent concurrently, where the campaign has no pace of its own
	flushEvery = time.Second      // outcomes are written in batches this often
	wrapUpTime = 15 * time.Second // longest time to finish the mails being sent after the chunk was stopped
)

// SendCampaignChunk sends a campaign's mail to the next recipients. It can be
// interrupted at any point: the next attempt skips recipients that have an
// outcome, and the mail ledger decides about a mail whose outcome did not reach
// the record, so that nobody gets the mail twice. A mail that cannot be sent
// now ends the chunk. A chunk without any progress fails, so that an operator
// sees it pending.
func (a *Activities) SendCampaignChunk(ctx context.Context, r ChunkRequest) (ChunkDone, error) {
	c, err := a.Record.Campaign(ctx, r.ID)
	if err != nil {
		return ChunkDone{}, activities.Failure(err)
	}
	due, err := a.Recipients.DueRecipients(ctx, r.ID, r.After, chunkSize)
	if err != nil {
		return ChunkDone{}, activities.Failure(err)
	}
	if err := a.canLeave(c.Campaign, due); err != nil {
		return ChunkDone{}, activities.Failure(err)
	}
	k := &chunk{a: a, of: c.Campaign, due: due, next: time.Now().Add(r.Wait), until: time.Now().Add(chunkLasts), results: make(chan result)}
	k.send(ctx)
	done := ChunkDone{After: k.reached(r.After), Wait: max(time.Until(k.next), 0), Finished: len(due) == 0, Held: k.held}
	if ctx.Err() != nil { // paused or cancelled: returned unwrapped, so that the SDK recognises it
		return ChunkDone{}, ctx.Err()
	}
	if k.err != nil && len(k.done) == 0 {
		return ChunkDone{}, k.err
	}
	if k.err != nil { // there was progress: the next chunk begins after a pause
		done.Wait = max(done.Wait, pauseAfter(k.err))
	}
	c, err = a.Record.Campaign(ctx, r.ID)
	done.Counts = c.Counts
	return done, activities.Failure(err)
}

// canLeave makes sure that readers can unsubscribe: where this process does not
// know the address of the API, the campaign stops at once instead of rejecting
// each of its mails.
func (a *Activities) canLeave(c mail.Campaign, due []mail.Recipient) error {
	if len(due) == 0 {
		return nil
	}
	m := mail.Message{ID: mail.MessageID(c.ID, due[0]), Stream: mail.Marketing, To: []mail.Address{{Email: due[0].Address}}}
	m.Unsubscribe = a.Leaving.Unsubscribe(m)
	return m.CheckEnvelope()
}

// pauseAfter returns how long to wait after a provider could not accept a mail.
func pauseAfter(err error) time.Duration {
	var app *temporal.ApplicationError
	if errors.As(err, &app) && app.NextRetryDelay() > 0 {
		return app.NextRetryDelay()
	}
	return time.Second
}

// chunk is one chunk of a campaign while it is being sent.
type chunk struct {
	a     *Activities
	of    mail.Campaign
	due   []mail.Recipient
	next  time.Time // when the campaign's pace allows the next mail
	until time.Time // when the chunk ends

	results  chan result
	resolved []mail.Recipient // not yet written
	done     map[int64]bool
	held     string
	err      error // the first failure, which ends the chunk early
}

type result struct {
	recipient mail.Recipient
	err       error
}

// send distributes the recipients to lanes and records the outcomes every
// second, and at the end in any case.
func (k *chunk) send(ctx context.Context) {
	k.done = map[int64]bool{}
	handing, stop := context.WithCancel(ctx)
	defer stop()
	sending, end := outlasting(ctx, wrapUpTime)
	defer end()
	grants := make(chan mail.Recipient)
	var lanes sync.WaitGroup
	for range k.lanes() {
		lanes.Go(func() {
			for r := range grants {
				resolved, err := k.a.sendTo(sending, k.of, r)
				k.results <- result{resolved, err}
			}
		})
	}
	go func() {
		k.handOut(handing, grants)
		close(grants)
		lanes.Wait()
		close(k.results)
	}()
	k.collect(ctx, stop)
}

// outlasting returns a context that ends a grace period after ctx: the outcome
// of a mail that is being handed over when the chunk is stopped would be
// unknown if the call were cut off.
func outlasting(ctx context.Context, grace time.Duration) (context.Context, func()) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		timer := time.AfterFunc(grace, cancel)
		context.AfterFunc(longer, func() { timer.Stop() })
	})
	return longer, func() { stop(); cancel() }
}

// lanes returns how many mails are sent concurrently.
func (k *chunk) lanes() int {
	if k.of.PerMinute > 0 {
		return 1
	}
	return chunkLanes
}

// handOut passes the recipients to the lanes until none is left, the time is
// over, the worker stops or marketing is paused.
func (k *chunk) handOut(ctx context.Context, grants chan<- mail.Recipient) {
	var stopping <-chan struct{}
	if activity.IsActivity(ctx) {
		stopping = activity.GetWorkerStopChannel(ctx)
	}
	var asked time.Time
	for _, r := range k.due {
		if time.Since(asked) >= flushEvery {
			asked = time.Now()
			why, err := k.a.Reputation.MarketingPaused(ctx)
			if why != "" || err != nil {
				k.held = why
				k.results <- result{err: activities.Failure(err)}
				return
			}
		}
		if !k.wait(ctx, stopping) {
			return
		}
		select {
		case grants <- r:
		case <-stopping:
			return
		case <-ctx.Done():
			return
		}
	}
}

// wait waits for the campaign's own pace. It returns false if the next mail does
// not belong to this chunk any more.
func (k *chunk) wait(ctx context.Context, stopping <-chan struct{}) bool {
	if time.Now().After(k.until) || k.next.After(k.until) {
		return false
	}
	timer := time.NewTimer(time.Until(k.next))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-stopping:
		return false
	case <-ctx.Done():
		return false
	}
	if k.of.PerMinute > 0 {
		k.next = time.Now().Add(time.Minute / time.Duration(k.of.PerMinute))
	}
	return true
}

// collect takes the results until the last lane has ended. After the first error
// no more recipients are handed out.
func (k *chunk) collect(ctx context.Context, stop func()) {
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		select {
		case r, more := <-k.results:
			if !more {
				k.flush(ctx)
				return
			}
			if k.err == nil && r.err != nil {
				k.err = r.err
				stop()
			}
			if r.err == nil && r.recipient.N > 0 {
				k.resolved = append(k.resolved, r.recipient)
			}
		case <-tick.C:
			if k.flush(ctx); k.err != nil {
				stop()
			}
			activities.Heartbeat(ctx, "sending")
		}
	}
}

// flush records the outcomes even if the chunk was stopped: a known outcome
// must not get lost.
func (k *chunk) flush(ctx context.Context) {
	if len(k.resolved) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), wrapUpTime)
	defer cancel()
	if err := k.a.Recipients.RecordRecipients(ctx, k.of.ID, k.resolved); err != nil {
		if k.err == nil {
			k.err = activities.Failure(err)
		}
		return
	}
	for _, r := range k.resolved {
		k.done[r.N] = true
	}
	k.resolved = k.resolved[:0]
}

// reached returns the number up to which every recipient has an outcome.
func (k *chunk) reached(after int64) int64 {
	for _, r := range k.due {
		if !k.done[r.N] {
			break
		}
		after = r.N
	}
	return after
}
