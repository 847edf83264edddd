package inbox

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"purser/activities"
	"purser/order"
)

// Activities are the steps of a search for events whose webhooks did not come, over the
// ports they need.
type Activities struct {
	Provider string // its name, as in the inbox
	// Keeps is how long the provider lists an event.
	Keeps  time.Duration
	Events Events
	Inbox  Inbox
	Record Record
}

// wrongClock is how far back a search begins if the last one ended in the future.
const wrongClock = 3 * 24 * time.Hour

// PlanRequest is the input of PlanSearch.
type PlanRequest struct {
	Now time.Time `json:"now"`
	// Overlap is how far before the end of the last search the next one begins, because
	// the provider may list an event late.
	Overlap time.Duration `json:"overlap"`
}

// PlanSearch returns from when on events must be looked for. Before the first search
// that is the first order's time; without an order there is nothing to look for.
func (a *Activities) PlanSearch(ctx context.Context, r PlanRequest) (order.MissedEvents, error) {
	since, err := a.Record.EventsListed(ctx, a.Provider)
	if err == nil && since.IsZero() {
		since, err = a.Record.FirstPlaced(ctx)
	}
	if err != nil || since.IsZero() {
		return order.MissedEvents{}, activities.Failure(err)
	}
	if since.After(r.Now) { // a clock was wrong, and it is not known for how long
		since = r.Now.Add(-wrongClock)
	}
	plan := order.MissedEvents{Since: since.Add(-r.Overlap), Until: r.Now}
	if oldest := r.Now.Add(-a.Keeps); since.Before(oldest) {
		plan.Gone, plan.Since = since, oldest
		activities.Logger(ctx).Error("the provider does not list events any more that perhaps did not come: compare the orders with the provider",
			"provider", a.Provider, "from", since, "until", oldest)
	} else if plan.Since.Before(oldest) {
		plan.Since = oldest
	}
	return plan, nil
}

// Span is the input of TakeMissed: a time in which events were created.
type Span struct {
	Since time.Time `json:"since"`
	Until time.Time `json:"until"`
}

// TakeMissed puts the events of a span that are not in the inbox into it. One that
// cannot be read stops nothing else. A try that was cut off is continued at its last
// page.
func (a *Activities) TakeMissed(ctx context.Context, span Span) (order.MissedEvents, error) {
	done := order.MissedEvents{Since: span.Since, Until: span.Until}
	after := activities.LastBeat(ctx) // the last event of the last page that is done
	var place atomic.Pointer[string]
	defer activities.BeatAt(ctx, func() string { return *place.Load() })()
	for {
		at := after // the heartbeats read it while this goes on
		place.Store(&at)
		page, err := a.Events.ListEvents(ctx, span.Since, span.Until, after)
		if errors.Is(err, order.ErrNoSuch) && after != "" { // it became too old to be listed
			after = ""
			continue
		}
		if err == nil {
			err = a.takePage(ctx, page, &done)
		}
		if err != nil {
			return done, activities.Failure(err)
		}
		if !page.More {
			break
		}
		after = page.Events[len(page.Events)-1].ID
	}
	return done, activities.Failure(a.Record.SetEventsListed(ctx, a.Provider, span.Until))
}

// takePage puts the events of a page that are not in the inbox into it.
func (a *Activities) takePage(ctx context.Context, page order.EventPage, done *order.MissedEvents) error {
	done.Listed += len(page.Events)
	missing, err := a.Record.MissingEvents(ctx, a.Provider, page.Account, page.Events)
	if err != nil {
		return err
	}
	for _, e := range missing {
		body, err := a.Events.EventBody(ctx, e)
		if errors.Is(err, order.ErrRejected) { // the provider does not show what it is about: the inbox keeps it as it is listed
			body, err = e.Body, nil
		}
		if err != nil {
			return err
		}
		fresh, err := a.Inbox.TakeListed(ctx, a.Provider, body)
		switch {
		case errors.Is(err, order.ErrRejected):
			done.Unreadable++
			activities.Logger(ctx).Error("a listed event cannot be read", "provider", a.Provider, "eventId", e.ID, "error", err)
		case err != nil:
			return err
		case fresh:
			done.Found++
			activities.Logger(ctx).Warn("an event was found whose webhook had not come", "provider", a.Provider, "eventId", e.ID)
		}
	}
	return nil
}
