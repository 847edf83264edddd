package inbox

import (
	"context"
	"errors"
	"hash/maphash"
	"time"

	"purser/mail"
	"purser/order"
	inboxrecords "purser/records/inbox"
)

// Mails handles reports about mails.
type Mails interface {
	// Handle acts on a report and returns the events that it means for orders.
	// The same report may be delivered again with the same inbox id: Handle
	// acts once and returns the same events. It fails with order.ErrRejected if
	// a retry is of no use.
	Handle(ctx context.Context, inboxID int64, r mail.Report) ([]order.ProviderEvent, error)
}

// mailLanes is how many reports about mails are handled at once. They have lanes of
// their own, so that a campaign's bounces do not delay an order's events.
const mailLanes = 4

// HandMail queues a report that was just stored. Like Hand, it never blocks.
func (r *Relay) HandMail(it inboxrecords.Item, m mail.Report) {
	r.setUp()
	r.hand(job{id: it.ID, mail: &m, attempts: it.Attempts})
}

// lane returns the queue of a report. All reports about one mail share a queue.
func (r *Relay) lane(j job) chan job {
	key := j.mail.Confirm
	if len(j.mail.Feedback) > 0 {
		key = j.mail.Feedback[0].ProviderID
	}
	return r.lanes[maphash.String(r.seed, key)%uint64(len(r.lanes))]
}

var errNobody = errors.New("this process handles no reports about mails")

// deliverMail handles each report and records the outcomes.
func (r *Relay) deliverMail(ctx context.Context, jobs []job) {
	var received []job
	for _, j := range jobs {
		err := r.handleReport(ctx, j)
		switch {
		case err == nil:
			received = append(received, j)
			r.counted.mails.Add(1)
		case errors.Is(err, order.ErrRejected):
			r.Log.ErrorContext(ctx, "report about mail parked: it needs an operator", "inboxId", j.id, "error", err)
			r.recordAttempt(ctx, []job{j}, inboxrecords.Parked, clip(err.Error()), time.Time{})
		default:
			r.retry(ctx, &group{jobs: []job{j}, err: err})
		}
	}
	if len(received) > 0 {
		r.recordAttempt(ctx, received, inboxrecords.Delivered, "", time.Time{})
	}
}

// handleReport handles a report and notifies the orders that it is about.
func (r *Relay) handleReport(ctx context.Context, j job) error {
	if r.Mails == nil {
		return errNobody
	}
	listening, cancel := context.WithTimeout(ctx, reportTimeout)
	defer cancel()
	events, err := r.Mails.Handle(listening, j.id, *j.mail)
	if err != nil {
		return err
	}
	for _, n := range events {
		if err := r.notifyOrderOfMail(ctx, n); err != nil {
			return err
		}
	}
	return nil
}

// reportTimeout limits one step of handling a report. There is no limit on all
// steps together: a report may be about a thousand orders, and each attempt begins
// with the first.
const reportTimeout = 10 * time.Second

// notifyOrderOfMail notifies an order of its mail. It skips an unknown order.
func (r *Relay) notifyOrderOfMail(ctx context.Context, n order.ProviderEvent) error {
	ctx, cancel := context.WithTimeout(ctx, reportTimeout)
	defer cancel()
	if err := r.bring(ctx, n.OrderID, []order.ProviderEvent{n}); !errors.Is(err, order.ErrNotFound) {
		return err
	}
	return nil
}
