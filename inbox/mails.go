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

// Mails hears what became of mails.
type Mails interface {
	// Handle acts on a report and returns what it tells of orders. The same
	// report may be brought again, under the same inbox id; it acts once, and
	// answers the same. An error that is order.ErrRejected says that trying
	// again is of no use.
	Handle(ctx context.Context, inboxID int64, r mail.Report) ([]order.ProviderEvent, error)
}

// mailLanes is how many reports about mails are heard at once. They have lanes
// of their own: a campaign's bounces do not stand in the way of an order's
// news.
const mailLanes = 4

// HandMail gives the relay a report that was just stored. It never blocks, as
// Hand.
func (r *Relay) HandMail(it inboxrecords.Item, m mail.Report) {
	r.setUp()
	r.hand(job{id: it.ID, mail: &m, attempts: it.Attempts})
}

// lane keeps what is said of one mail in one queue.
func (r *Relay) lane(j job) chan job {
	key := j.mail.Confirm
	if len(j.mail.Feedback) > 0 {
		key = j.mail.Feedback[0].ProviderID
	}
	return r.lanes[maphash.String(r.seed, key)%uint64(len(r.lanes))]
}

var errNobody = errors.New("nobody here hears about mails")

// deliverMail has each report heard, and notes which were.
func (r *Relay) deliverMail(ctx context.Context, jobs []job) {
	var received []job
	for _, j := range jobs {
		err := r.handleReport(ctx, j)
		switch {
		case err == nil:
			received = append(received, j)
			r.counted.mails.Add(1)
		case errors.Is(err, order.ErrRejected):
			r.Log.ErrorContext(ctx, "report about mail parked: it needs a person", "inboxId", j.id, "error", err)
			r.recordAttempt(ctx, []job{j}, inboxrecords.Parked, clip(err.Error()), time.Time{})
		default:
			r.retry(ctx, &group{jobs: []job{j}, err: err})
		}
	}
	if len(received) > 0 {
		r.recordAttempt(ctx, received, inboxrecords.Delivered, "", time.Time{})
	}
}

// handleReport has a report heard, and tells the orders it is about.
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

// reportTimeout is the patience with one step of hearing a report. It is not that
// with all: a report may be about a thousand orders, and each try begins with
// the first.
const reportTimeout = 10 * time.Second

// notifyOrderOfMail tells an order of its mail; one that nobody knows is passed over.
func (r *Relay) notifyOrderOfMail(ctx context.Context, n order.ProviderEvent) error {
	ctx, cancel := context.WithTimeout(ctx, reportTimeout)
	defer cancel()
	if err := r.bring(ctx, n.OrderID, []order.ProviderEvent{n}); !errors.Is(err, order.ErrNotFound) {
		return err
	}
	return nil
}
