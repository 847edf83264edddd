// Package bulks has the activities that carry out one action on many orders.
package bulks

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"purser/activities"
	"purser/mail"
	"purser/order"
)

// Activities are the steps of a bulk.
type Activities struct {
	Bulks    Bulks
	Orders   Orders
	Messages Messages
	// Parallel is how many orders are asked at once. Default 8.
	Parallel int
	// Within is how long an order may take to respond. Default 20 s.
	Within time.Duration
	// Slice is how long one activity works. Default a minute.
	Slice time.Duration
}

// Bulks is the record of bulks: the selected orders and what became of each.
type Bulks interface {
	// Bulk fails with order.ErrNoBulk.
	Bulk(ctx context.Context, id string) (order.Bulk, error)
	// BeginBulkOrders marks the next orders as begun and returns them; none if the
	// bulk is being stopped.
	BeginBulkOrders(ctx context.Context, id string, limit int) ([]order.BulkOrder, error)
	// BegunBulkOrders lists the orders that were begun and have no outcome.
	BegunBulkOrders(ctx context.Context, id string, after int64, limit int) ([]order.BulkOrder, error)
	// RecordBulkOrders writes what became of begun orders. A recorded outcome stays.
	RecordBulkOrders(ctx context.Context, id string, all []order.BulkOrder) error
	StopBulk(ctx context.Context, id, why string) (order.Bulk, error)
	// EndBulk ends the bulk if nothing is left to be done, and returns it.
	EndBulk(ctx context.Context, id string) (order.Bulk, error)
}

// Orders reads orders from the record.
type Orders interface {
	// Order fails with order.ErrNotFound.
	Order(ctx context.Context, id order.ID) (order.Order, error)
	Events(ctx context.Context, id order.ID, after int64, limit int) ([]order.Event, error)
	// HadMail reports whether an order ever had a mail.
	HadMail(ctx context.Context, id order.ID, n order.Notification) (bool, error)
}

// Messages sends messages to the orders' workflows. Each is carried out once, however
// often it is sent. A refusal is an error of package order with a text for the caller;
// order.ErrBusy says that the order has perhaps not got the message, and
// context.DeadlineExceeded that it works on it.
type Messages interface {
	Cancel(ctx context.Context, id order.ID, actor, why, correlation string) (order.Order, error)
	Refund(ctx context.Context, id order.ID, ask order.RefundRequest, actor, correlation string) (order.Order, error)
	ResolveOnce(ctx context.Context, key string, id order.ID, choice order.Choice, actor, why, correlation string) (order.Order, error)
	// StartResend begins to send a mail again, and ResendMail waits for the outcome.
	StartResend(ctx context.Context, r order.Resend) error
	ResendMail(ctx context.Context, r order.Resend) (mail.Outcome, error)
}

// BulkRef identifies a bulk.
type BulkRef struct {
	ID string `json:"id"`
}

// BulkStop says which bulk is stopped, and why.
type BulkStop struct {
	ID  string `json:"id"`
	Why string `json:"why"`
}

const (
	// maxTries is how often an order is asked that does not respond.
	maxTries = 10
	// begunPage is how many begun orders are read at once.
	begunPage = 200
)

// StopBulk lets a bulk begin no more orders.
func (a *Activities) StopBulk(ctx context.Context, r BulkStop) (order.Bulk, error) {
	b, err := a.Bulks.StopBulk(ctx, r.ID, r.Why)
	return b, activities.Failure(err)
}

// AdvanceBulk continues a bulk from its recorded progress, for a while or to the end,
// and returns it. Each order is marked as begun before it is asked, and is asked under a
// key of its own; therefore an order that an earlier try has asked is asked again before
// any other, and carries nothing out twice.
func (a *Activities) AdvanceBulk(ctx context.Context, r BulkRef) (order.Bulk, error) {
	defer activities.Beat(ctx)()
	b, err := a.Bulks.Bulk(ctx, r.ID)
	if err != nil || b.State.Final() {
		return b, activities.Failure(err)
	}
	w := &work{Activities: a, bulk: b, until: time.Now().Add(cmp.Or(a.Slice, time.Minute))}
	if err := w.askAgain(ctx); err != nil {
		return b, activities.Failure(err)
	}
	if err := w.askNext(ctx); err != nil {
		return b, activities.Failure(err)
	}
	if b, err = a.Bulks.EndBulk(ctx, r.ID); err == nil && !b.State.Final() && w.ended && b.Counts.Begun > 0 {
		err = fmt.Errorf("%w: %d orders do not respond", order.ErrBusy, b.Counts.Begun)
	}
	return b, activities.Failure(err)
}

// work is one activity's work on a bulk.
type work struct {
	*Activities
	bulk  order.Bulk
	until time.Time
	ended bool // no order is left to begin
}

func (w *work) parallel() int { return cmp.Or(w.Parallel, 8) }

// askAgain asks the orders that an earlier try has begun and that have no outcome.
func (w *work) askAgain(ctx context.Context) error {
	for after := int64(0); ; {
		begun, err := w.Bulks.BegunBulkOrders(ctx, w.bulk.ID, after, begunPage)
		if err != nil || len(begun) == 0 {
			return err
		}
		for len(begun) > 0 {
			n := min(w.parallel(), len(begun))
			if err := w.ask(ctx, begun[:n], true); err != nil {
				return err
			}
			begun, after = begun[n:], begun[n-1].N
		}
	}
}

// askNext begins orders until none is left, or the time is over.
func (w *work) askNext(ctx context.Context) error {
	for first := true; first || time.Now().Before(w.until); first = false {
		next, err := w.Bulks.BeginBulkOrders(ctx, w.bulk.ID, w.parallel())
		if err != nil {
			return err
		}
		if w.ended = len(next) == 0; w.ended {
			return nil
		}
		if err := w.ask(ctx, next, false); err != nil {
			return err
		}
	}
	return nil
}

// ask asks some orders at once and records what became of them. It fails if none of them
// responds: then it is not about the orders, and asking more of them does not help.
func (w *work) ask(ctx context.Context, some []order.BulkOrder, again bool) error {
	errs := make([]error, len(some))
	var all errgroup.Group
	for i := range some {
		all.Go(func() error {
			some[i], errs[i] = w.askOne(ctx, some[i], again)
			return nil
		})
	}
	_ = all.Wait()        // the errors are in errs
	if ctx.Err() != nil { // this process is stopping: the next try asks them again
		return ctx.Err()
	}
	silent, last := 0, error(nil)
	for i, err := range errs {
		if err == nil {
			continue
		}
		silent, last = silent+1, err
		if some[i].Tries++; some[i].Tries >= maxTries {
			some[i].Outcome, some[i].Why = order.OutcomeFailed, clip("the order did not respond: "+err.Error())
		}
	}
	if err := w.Bulks.RecordBulkOrders(ctx, w.bulk.ID, some); err != nil {
		return err
	}
	if silent == len(some) {
		return fmt.Errorf("%w: %v", order.ErrBusy, last)
	}
	return nil
}

// clip shortens a text for the record.
func clip(s string) string {
	const most = 300
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
