package orders

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"purser/order"
	"purser/workflows"
)

// waitPayment is the Waiting.On of a new order.
const waitPayment = "payment"

// StartAttributes returns the search attributes of an order that is placed now.
// They are those of an order that awaits its payment, so that the usual case does
// not need to change them.
func StartAttributes(payBy time.Time) temporal.SearchAttributes {
	return temporal.NewSearchAttributes(workflows.AttrStatus.ValueSet(string(order.AwaitingPayment)), workflows.AttrWaiting.ValueSet(waitPayment), workflows.AttrDeadline.ValueSet(payBy))
}

// note adds an event to the order's timeline; the next save writes it.
func (w *orderWorkflow) note(ctx workflow.Context, k order.Kind, actor, why, ref string) {
	w.noteMove(ctx, w.Status, k, actor, why, ref)
}

func (w *orderWorkflow) noteMove(ctx workflow.Context, from order.Status, k order.Kind, actor, why, ref string) {
	w.Version++
	w.UpdatedAt = workflow.Now(ctx)
	w.pending = append(w.pending, order.Event{
		OrderID: w.ID, Seq: w.Version, At: w.UpdatedAt, Kind: k, From: from, To: w.Status,
		Actor: actor, Why: why, Ref: ref, Correlation: w.placement.Correlation,
	})
}

// become moves the order to another status and notes that. It ignores and notes
// an illegal move.
func (w *orderWorkflow) become(ctx workflow.Context, s order.Status, k order.Kind, actor, why, ref string) {
	from := w.Status
	if !from.CanBecome(s) {
		w.note(ctx, order.EventIgnored, actor, fmt.Sprintf("an order that is %s cannot become %s", from, s), ref)
		return
	}
	w.Status = s
	if s.Final() {
		w.Waiting = nil
	}
	w.noteMove(ctx, from, k, actor, why, ref)
}

// save writes what was noted since the last save, as one numbered change. A
// cancellation does not interrupt it.
func (w *orderWorkflow) save(ctx workflow.Context) error {
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	if err := workflow.Await(ctx, func() bool { return !w.saving }); err != nil {
		return err
	}
	if len(w.pending) == 0 && w.stock == order.StockStays && w.attempt == "" {
		return nil
	}
	return w.write(ctx)
}

// write does what save does, even if nothing was noted.
func (w *orderWorkflow) write(ctx workflow.Context) error {
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	w.saving = true
	w.Fence = max(w.Fence, w.task.began(ctx).UnixMicro())
	defer func() { w.saving = false }()
	c := order.Change{Order: w.Order, Events: w.pending, Stock: w.stock, Attempt: w.attempt}
	// A local step reads the slices in this process while the order goes on.
	c.Order.Refunds, c.Order.Disputes = slices.Clone(w.Refunds), slices.Clone(w.Disputes)
	if w.Status.Final() {
		c.Order.Waiting = nil
	}
	w.pending, w.stock, w.attempt = nil, order.StockStays, ""
	err := w.step(ctx, workflows.RecordQueue, 0, "Write the record", do.SaveOrder, c, nil)
	if err != nil { // nothing was written; the next save writes it
		w.pending = append(c.Events, w.pending...)
		return err
	}
	w.written = c.Order.Waiting
	return nil
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

// waitForEvent saves the order, shows what it waits for, and waits for an event
// (true) or for a time (false): on.Until or, if it is given, an earlier one. Because
// the state is complete here, the order continues as new here if its history has
// grown long.
func (w *orderWorkflow) waitForEvent(ctx workflow.Context, on order.Waiting, sooner ...time.Time) (event bool, err error) {
	w.Waiting = &on
	if err := w.saveWaiting(ctx); err != nil {
		return false, err
	}
	if err := w.show(ctx); err != nil {
		return false, err
	}
	whole := !w.compensating && w.pendingTasks == 0 && workflow.AllHandlersFinished(ctx)
	if whole && workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
		return false, w.continueAsNew(ctx)
	}
	at := on.Until
	if len(sooner) > 0 {
		at = sooner[0]
	}
	w.alarm.set(ctx, at, on.Then)
	stirred := func() bool { return w.listenNow(ctx) || w.released != nil || len(w.pending) > 0 }
	if err := workflow.Await(ctx, func() bool { return stirred() || w.alarm.fired() }); err != nil {
		return false, err
	}
	return stirred(), nil
}

// saveWaiting does what save does, even if only what the order waits for has
// changed since the last write.
func (w *orderWorkflow) saveWaiting(ctx workflow.Context) error {
	if err := w.save(ctx); err != nil || w.written.Same(w.Waiting) {
		return err
	}
	return w.write(ctx)
}

// show updates the search attributes and the details in the Temporal UI: what the
// order waits for, until when, and what happens then.
func (w *orderWorkflow) show(ctx workflow.Context) error {
	on := order.Waiting{}
	if w.Waiting != nil && !w.Status.Final() {
		on = *w.Waiting
	}
	if len(w.needsAttention) > 0 {
		on = order.Waiting{On: operator, About: strings.Join(w.needsAttention, ", ")}
	}
	until := "for as long as it takes"
	if !on.Until.IsZero() {
		until = "until " + on.Until.UTC().Format("2006-01-02 15:04:05 MST") + "; then " + on.Then
	}
	workflow.SetCurrentDetails(ctx, fmt.Sprintf("**%s**, %s\n\nWaiting for **%s** `%s` %s.\n\nPayment `%s` %s: %d held, %d captured. Parcel `%s` %s.\n\n%s",
		w.Status, w.Total, on.On, on.About, until,
		w.Payment.IntentID, w.Payment.Status, w.Payment.Authorized, w.Payment.Captured, w.Shipment.Tracking, w.Shipment.Status, w.Reason))
	now := shown{w.Status, on.On, on.Until}
	if w.shown.same(now) && !w.shown.passed(ctx, now) {
		return nil
	}
	w.shown = now
	if w.Status.Final() && len(w.needsAttention) == 0 {
		return workflow.UpsertTypedSearchAttributes(ctx, workflows.AttrStatus.ValueSet(string(w.Status)), workflows.AttrWaiting.ValueUnset(), workflows.AttrDeadline.ValueUnset())
	}
	deadline := workflows.AttrDeadline.ValueUnset()
	if !on.Until.IsZero() {
		deadline = workflows.AttrDeadline.ValueSet(on.Until)
	}
	return workflow.UpsertTypedSearchAttributes(ctx, workflows.AttrStatus.ValueSet(string(w.Status)), workflows.AttrWaiting.ValueSet(on.On), deadline)
}

// shown holds the values of the search attributes.
type shown struct {
	status order.Status
	on     string
	until  time.Time
}

// same reports whether the attributes need no update. A later deadline alone does
// not need one.
func (s shown) same(now shown) bool { return s.status == now.status && s.on == now.on }

// passed reports whether the deadline shown has passed and now has another one.
func (s shown) passed(ctx workflow.Context, now shown) bool {
	return !s.until.IsZero() && !workflow.Now(ctx).Before(s.until) && !s.until.Equal(now.until)
}

// step runs one activity to its end: locally first, then on its provider's queue
// for as long as within (0: for ever). A delay is noted in the timeline, so that
// it explains why an order stands still.
func (w *orderWorkflow) step(ctx workflow.Context, queue string, within time.Duration, summary string, activity, in, out any) error {
	w.task.began(ctx)
	err := workflows.RunLocal(ctx, summary, activity, in, out)
	if err == nil || !workflows.IsTransient(err) || ctx.Err() != nil {
		return err
	}
	if inBackground(ctx) {
		return w.retryRemote(ctx, queue, within, summary, err, activity, in, out)
	}
	if queue != workflows.RecordQueue {
		defer func(was *order.Waiting) { w.Waiting = was }(w.Waiting)
		on := order.Waiting{On: queue, Then: "it is tried again until it succeeds"}
		if within > 0 {
			on.Until, on.Then = workflow.Now(ctx).Add(within), "the order is cancelled"
		}
		w.Waiting = &on
		w.note(ctx, order.StepDelayed, workflows.ActorPurser, summary+": "+workflows.Reason(err), "")
		if err := w.save(ctx); err != nil {
			return err
		}
		if err := w.show(ctx); err != nil {
			return err
		}
	}
	return workflows.RunRemote(ctx, queue, within, summary, err, activity, in, out)
}

// stepInBackground runs one activity to its end like step, but leaves unchanged
// what the order shows that it waits for.
func (w *orderWorkflow) stepInBackground(ctx workflow.Context, queue string, within time.Duration, summary string, activity, in, out any) error {
	w.task.began(ctx)
	err := workflows.RunLocal(ctx, summary, activity, in, out)
	if err == nil || !workflows.IsTransient(err) || ctx.Err() != nil {
		return err
	}
	return w.retryRemote(ctx, queue, within, summary, err, activity, in, out)
}

// retryRemote notes the delay of a background step that failed locally, and runs
// it remotely.
func (w *orderWorkflow) retryRemote(ctx workflow.Context, queue string, within time.Duration, summary string, before error, activity, in, out any) error {
	w.note(ctx, order.StepDelayed, workflows.ActorPurser, summary+": "+workflows.Reason(before), "")
	return workflows.RunRemote(ctx, queue, within, summary, before, activity, in, out)
}

// backgroundKey marks the context of a background task, so that a delayed step in
// it does not show that the order waits for it.
type backgroundKey struct{}

func inBackground(ctx workflow.Context) bool {
	is, _ := ctx.Value(backgroundKey{}).(bool)
	return is
}

// runInBackground runs a task for which the order does not wait. The end of the
// workflow does.
func (w *orderWorkflow) runInBackground(ctx workflow.Context, task func(workflow.Context)) {
	w.pendingTasks++
	workflow.Go(ctx, func(ctx workflow.Context) {
		defer func() { w.pendingTasks-- }()
		task(ctx)
	})
}

// asAbort returns the abortError in err's chain, if there is one.
func asAbort(err error) (abortError, bool) {
	var s abortError
	ok := errors.As(err, &s)
	return s, ok
}
