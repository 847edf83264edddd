package inbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"purser/order"
	inboxrecords "purser/records/inbox"
)

// errForeign means that an event is about no order of this shop: several programs may
// share one account at a provider.
var errForeign = errors.New("about no order of this shop")

// Disputes asks a payment provider about disputes.
type Disputes interface {
	// Dispute returns a dispute as the provider has it now, and the order that its
	// payment names, if it names one. It fails with order.ErrNoSuch, and with
	// order.ErrRejected if the dispute cannot be read; then the dispute has only the
	// reference of its payment.
	Dispute(ctx context.Context, id string) (order.Dispute, order.ID, error)
}

// owner returns the order that an event is about: the one that the record has for the
// event's payment or parcel or, if it has none, the one that the event names. The
// record comes first because an event could name another order than its payment
// belongs to. A dispute is fetched from its provider before, because the order
// believes what it says. It fails with errForeign if there is no such order.
func (r *Relay) owner(ctx context.Context, j *job) (order.ID, error) {
	named, unreadable := j.orderID, error(nil)
	if j.event.Dispute != nil {
		var err error
		if named, err = r.fetchDispute(ctx, j); errors.Is(err, order.ErrRejected) {
			unreadable = err
		} else if err != nil {
			return "", err
		}
	}
	id, err := r.find(ctx, j.event)
	if errors.Is(err, order.ErrNotFound) {
		id, err = named, nil
	}
	switch {
	case err != nil:
		return "", err
	case id == "":
		return "", errForeign
	}
	return id, unreadable
}

// find returns the order that the record has for the payment or parcel that an event
// is about. It fails with order.ErrNotFound.
func (r *Relay) find(ctx context.Context, n order.ProviderEvent) (order.ID, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	switch {
	case n.About() == "":
	case n.Payment != nil, n.Refund != nil, n.Dispute != nil:
		return r.Finder.OrderByIntent(ctx, n.About())
	case n.Parcel != nil:
		return r.Finder.OrderByParcel(ctx, n.About())
	}
	return "", fmt.Errorf("%w: the event is about nothing", order.ErrNotFound)
}

// askTimeout limits a question to a provider.
const askTimeout = 10 * time.Second

// fetchDispute replaces the dispute in an event by what its provider says now, and
// returns the order that the disputed payment names.
func (r *Relay) fetchDispute(ctx context.Context, j *job) (order.ID, error) {
	ask := r.Disputes[j.event.Provider]
	if ask == nil {
		return "", fmt.Errorf("this process cannot ask %q about a dispute", j.event.Provider)
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	d, named, err := ask.Dispute(ctx, j.event.Dispute.ID)
	if errors.Is(err, order.ErrNoSuch) {
		return "", fmt.Errorf("%w: %s does not know the dispute", errForeign, j.event.Provider)
	}
	switch {
	case err == nil:
		j.event.At = r.Now() // the state is of now, whichever event asked for it
	case !errors.Is(err, order.ErrRejected):
		return "", err
	case d.PaymentRef == "": // it only says who must look
		d.PaymentRef = j.event.Dispute.PaymentRef
	}
	j.event.Dispute = &d
	return named, err
}

// keepForeign keeps events quietly that are about no order of this shop. They are
// delivered when the record has their payment.
func (r *Relay) keepForeign(ctx context.Context, jobs []job, why error) {
	r.counted.foreign.Add(int64(len(jobs)))
	r.recordAttempt(ctx, jobs, inboxrecords.Foreign, clip(why.Error()), time.Time{})
}

// park keeps events for an operator that are about an order and cannot be read.
func (r *Relay) park(ctx context.Context, g *group) {
	r.Log.ErrorContext(ctx, "event parked: it needs an operator", "orderId", g.id, "inboxId", g.jobs[0].id, "error", g.err)
	r.recordAttempt(ctx, g.jobs, inboxrecords.Parked, clip(g.err.Error()), time.Time{})
}

// hold keeps events whose order is not known yet, until the order appears or the
// next attempt is due. An order that has not appeared for long is another program's.
func (r *Relay) hold(ctx context.Context, g *group) {
	var young, old []job
	for _, j := range g.jobs {
		if r.Now().Sub(j.received) < r.HeldFor {
			young = append(young, j)
		} else {
			old = append(old, j)
		}
	}
	if len(old) > 0 {
		r.keepForeign(ctx, old, fmt.Errorf("no such order within %s", r.HeldFor))
	}
	if len(young) == 0 {
		return
	}
	r.counted.held.Add(int64(len(young)))
	if lines := r.lines.Lines(r.Now(), "hold"); lines > 0 {
		r.Log.WarnContext(ctx, "event of an unknown order is held", "orderId", g.id, "ref", young[0].event.About(),
			"inboxId", young[0].id, "attempts", young[0].attempts+1, "lines", lines)
	}
	r.recordAttempt(ctx, young, inboxrecords.Held, "no such order yet", r.nextHeld(young))
	r.held.add(g.id)
}

// soonHeld is how many attempts a held event has before the waits become long.
const soonHeld = 10

// nextHeld returns when to look for the order again. An order that is about to
// appear does so soon; after that the waits become longer.
func (r *Relay) nextHeld(jobs []job) time.Time {
	if jobs[0].attempts+1 < soonHeld {
		return r.next(jobs, r.RetryAtMost)
	}
	return r.next(jobs, max(r.HeldAtMost, r.RetryAtMost))
}
