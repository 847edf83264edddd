package orders

import (
	"cmp"
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"

	"purser/order"
)

// waitPayment is the Waiting.On of a new order.
const waitPayment = order.WaitPayment

// waitTransfer is the Waiting.On of an order that is paid in advance.
const waitTransfer = order.WaitTransfer

// operator is a person with the right to decide, and carrier the actor of what
// carriers report.
const (
	operator = order.WaitOperator
	carrier  = order.WaitCarrier
)

// note adds an event to the order's timeline, with the status that follows from
// the state; the next save writes it.
func (w *orderWorkflow) note(ctx workflow.Context, k order.Kind, actor, why, ref string) {
	from := w.Status
	w.Status = w.status()
	if w.Status.Final() {
		w.Waiting = nil
	}
	w.Version++
	w.UpdatedAt = workflow.Now(ctx)
	w.Pending = append(w.Pending, order.Event{
		OrderID: w.ID, Seq: w.Version, At: w.UpdatedAt, Kind: k, From: from, To: w.Status,
		Actor: actor, Why: why, Ref: ref, Correlation: w.Placement.Correlation,
	})
}

// save writes what was noted since the last save, as one numbered change. A
// cancellation does not interrupt it.
func (w *orderWorkflow) save(ctx workflow.Context) error {
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	if err := workflow.Await(ctx, func() bool { return !w.saving }); err != nil {
		return err
	}
	if len(w.Pending) == 0 && w.Stock.Action == order.StockStays && w.Attempt == "" && !w.unsaved {
		return nil
	}
	return w.write(ctx)
}

// write does what save does, even if nothing was noted.
func (w *orderWorkflow) write(ctx workflow.Context) error {
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	w.saving = true
	defer func() { w.saving = false }()
	c, err := w.takeChange(ctx)
	if err != nil {
		return err
	}
	if _, err := run(ctx, w, saveOrder, 0, "", "Write the record", c); err != nil { // nothing was written; the next save writes it
		w.Pending, w.unsaved = append(c.Events, w.Pending...), true
		if w.Stock.Action == order.StockStays {
			w.Stock = c.Stock
		}
		w.Attempt = cmp.Or(w.Attempt, c.Attempt)
		w.CasesOpened, w.CasesEnded = append(c.Opened, w.CasesOpened...), append(c.Ended, w.CasesEnded...)
		return err
	}
	w.written = c.Order.Waiting
	return nil
}

// takeChange returns the change that is to be written, and begins the next.
func (w *orderWorkflow) takeChange(ctx workflow.Context) (order.Change, error) {
	w.Fence = max(w.Fence, w.task.began(ctx).UnixMicro())
	w.syncCases(ctx)
	c := order.Change{
		Order: w.document(), Events: w.Pending, Fence: w.Fence, Stock: w.Stock, Attempt: w.Attempt,
		Opened: w.CasesOpened, Ended: w.CasesEnded,
	}
	if w.packs() && w.Confirmed && !w.Phase.ended() && w.Abort == nil { // what has left depends on the parcels
		c.Stock = order.StockMove{Action: order.StockShip, Lines: w.bookedLines()}
	}
	c.Stock.Restocked = w.forSaleAgain()
	w.Pending, w.Stock, w.Attempt, w.unsaved = nil, order.StockMove{}, "", false
	w.CasesOpened, w.CasesEnded = nil, nil
	var err error
	c.Snapshot, err = w.Snapshot()
	return c, err
}

// forSaleAgain returns the goods that are for sale again, because they came back, are not
// sent or, of an order that was ended while some of its parcels were out, never left.
func (s *State) forSaleAgain() []order.LineQuantity {
	all := s.Restocked()
	switch {
	case s.Phase != Closed || s.Abort == nil:
		return all
	case !s.ParcelsOut && s.Abort.Ends != order.Returned: // what did not leave was released
		return s.restockedFromParcels()
	}
	for _, l := range s.WithoutReleased().Lines {
		left := l.Quantity - s.restockedByRefunds(l.SKU)
		for _, p := range s.Shipments {
			if p.Status != "" && p.Status != order.ParcelVoided { // it has left, or perhaps has
				left -= piecesOf(p.Lines, l.SKU)
			}
		}
		if left > 0 {
			all = append(all, order.LineQuantity{SKU: l.SKU, Quantity: left})
		}
	}
	return all
}

// restockedFromParcels returns the goods that came back in their parcels and are for sale
// again.
func (s *State) restockedFromParcels() (all []order.LineQuantity) {
	for _, l := range s.Lines {
		if _, n := s.ReturnedOf(l.SKU); n > 0 {
			all = append(all, order.LineQuantity{SKU: l.SKU, Quantity: n})
		}
	}
	return all
}

// restockedByRefunds returns how many pieces of a charged line went back on sale with a
// refund. They may have left before, or not.
func (s *State) restockedByRefunds(sku string) (n int64) {
	for _, r := range s.Refunds {
		for _, l := range r.Lines {
			if r.Status != order.RefundReleased && l.SKU == sku && l.Restock {
				n += l.Quantity
			}
		}
	}
	return n
}

// document returns the order as the record keeps it. A local step reads the slices
// in this process while the order goes on, so they are copies.
func (w *orderWorkflow) document() order.Order {
	o := w.Order
	o.Payments, o.Shipments = slices.Clone(o.Payments), slices.Clone(o.Shipments)
	o.Refunds, o.Disputes = slices.Clone(o.Refunds), slices.Clone(o.Disputes)
	o.Returns, o.Changes = order.CloneReturns(o.Returns), slices.Clone(o.Changes)
	o.MailTrouble, o.Attention = slices.Clone(o.MailTrouble), slices.Clone(o.Attention)
	o.Cases = slices.Clone(o.Cases)
	if o.Status.Final() {
		o.Waiting = nil
	}
	return o
}

// task is the workflow task in progress. The time at which it began is the fence
// of what it writes, because it rises over failed attempts, new runs and resets.
type task struct {
	history int // the history's length, which differs for each task
	at      time.Time
}

// began returns when the task began. It is exact only if it is called before the
// task's first step, because steps move the clock on.
func (t *task) began(ctx workflow.Context) time.Time {
	if n := workflow.GetInfo(ctx).GetCurrentHistoryLength(); n != t.history || t.at.IsZero() {
		*t = task{n, workflow.Now(ctx)}
	}
	return t.at
}

// alarm is the only timer of an order: when it fires, the order asks a provider or
// expires.
type alarm struct {
	at     time.Time
	timer  workflow.Future
	cancel func()
}

// set makes the alarm fire at a time, never if that is zero. An alarm already set
// for that time is kept. then is shown as the timer's summary.
func (a *alarm) set(ctx workflow.Context, at time.Time, then string) {
	if a.timer != nil && a.at.Equal(at) && !a.timer.IsReady() {
		return
	}
	if a.cancel != nil {
		a.cancel()
	}
	*a = alarm{at: at}
	if at.IsZero() {
		return
	}
	ctx, a.cancel = workflow.WithCancel(ctx)
	a.timer = workflow.NewTimerWithOptions(ctx, max(at.Sub(workflow.Now(ctx)), 0), workflow.TimerOptions{Summary: then})
}

func (a *alarm) fired() bool { return a.timer != nil && a.timer.IsReady() }

// wait saves the order, shows what it waits for, and returns when its state has
// changed, or at a time: on.Until or, if it is given, an earlier one. The state is
// complete here, so the order continues as new here if its history has grown long.
func (w *orderWorkflow) wait(ctx workflow.Context, on order.Waiting, sooner ...time.Time) error {
	changes := w.changes
	w.Waiting = &on
	_ = workflow.Await(ctx, func() bool { return w.sending == 0 }) // their outcomes go into the same write
	if err := w.saveWaiting(ctx); err != nil {
		return err
	}
	if err := w.show(ctx); err != nil {
		return err
	}
	if w.changes != changes || ctx.Err() != nil { // in the meantime
		return nil
	}
	whole := w.pending == 0 && workflow.AllHandlersFinished(ctx)
	if whole && workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
		return w.continueAsNew(ctx)
	}
	at := on.Until
	if len(sooner) > 0 {
		at = sooner[0]
	}
	w.alarm.set(ctx, at, on.Then)
	_ = workflow.Await(ctx, func() bool { return w.changes != changes || len(w.Pending) > 0 || w.alarm.fired() }) // it fails if it is interrupted, which the caller sees
	return nil
}

// saveWaiting does what save does, even if only what the order waits for has
// changed since the last write.
func (w *orderWorkflow) saveWaiting(ctx workflow.Context) error {
	if err := w.save(ctx); err != nil || w.written.Same(w.Waiting) {
		return err
	}
	return w.write(ctx)
}
