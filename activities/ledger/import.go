package ledger

import (
	"context"
	"slices"
	"time"

	"purser/activities"
	"purser/ledger"
)

// overlap is how far before the last settlement an import begins, because the
// provider may list one late.
const overlap = time.Hour

// ImportRequest is the input of ImportSettlements.
type ImportRequest struct {
	// Full also compares the settlements of the last month with those that are recorded.
	Full bool      `json:"full,omitempty"`
	Now  time.Time `json:"now"`
}

// Imported is the result of ImportSettlements.
type Imported struct {
	Entries    int64 `json:"entries"`              // that were added
	Unreadable int   `json:"unreadable,omitempty"` // settlements that cannot be booked
	// At is when it ended: its doubts began before.
	At time.Time `json:"at"`
}

// ImportSettlements books the provider's settlements since the last import. It notes
// after each page how far it is, and an import that broke off continues there. A
// settlement that cannot be booked is in doubt, and stops nothing else.
func (a *Activities) ImportSettlements(ctx context.Context, r ImportRequest) (Imported, error) {
	defer activities.Beat(ctx)()
	i := importing{steps: a, now: clock(r.Now)}
	err := i.run(ctx)
	if err == nil && r.Full {
		err = i.compare(ctx, i.now().Add(-lookBack))
	}
	if err == nil { // whatever has kept it from working is gone
		err = a.Differences.RecordDifferences(ctx, []ledger.Doubt{ledger.Import()}, nil)
	}
	i.done.At = i.now()
	return i.done, activities.Failure(err)
}

// importing is one import of settlements.
type importing struct {
	steps    *Activities
	now      func() time.Time
	progress ledger.ImportProgress
	done     Imported
}

func (i *importing) run(ctx context.Context) (err error) {
	if i.progress, err = i.steps.Imports.ImportProgress(ctx); err != nil {
		return err
	}
	if oldest := i.progress.Oldest; !oldest.IsZero() {
		if err := i.list(ctx, oldest); err != nil {
			return err
		}
	}
	return i.list(ctx, time.Time{})
}

// list books the settlements up to a time, or all that are new, the latest first, down
// to where the last complete import ended.
func (i *importing) list(ctx context.Context, to time.Time) error {
	var from time.Time
	if !i.progress.Until.IsZero() {
		from = i.progress.Until.Add(-overlap)
	}
	err := i.steps.Balance.Settlements(ctx, from, to, func(page []ledger.Settlement) error {
		if err := i.add(ctx, page); err != nil {
			return err
		}
		oldest, newest := span(page)
		if newest.IsZero() {
			return nil
		}
		if i.progress.Newest.IsZero() {
			i.progress.Newest = newest
		}
		i.progress.Oldest = oldest
		return i.steps.Imports.SetImportProgress(ctx, i.progress)
	})
	if err != nil || i.progress.Newest.IsZero() {
		return err
	}
	// The next import begins no later than now, even if the provider's clock is ahead.
	i.progress = ledger.ImportProgress{Until: earlier(i.progress.Newest, time.Now())}
	return i.steps.Imports.SetImportProgress(ctx, i.progress)
}

func (i *importing) add(ctx context.Context, page []ledger.Settlement) error {
	booked, err := i.steps.Settlements.AddSettlements(ctx, page, i.now())
	i.done.Entries += booked.Entries
	i.done.Unreadable += booked.Unbooked
	return err
}

// compare lists the settlements since a time again, and notes as in doubt those that
// differ from how they were imported, and those that are recorded and not listed.
func (i *importing) compare(ctx context.Context, from time.Time) error {
	var listed []ledger.Settlement // of which others of the same time may follow
	missing := func(from, to time.Time) error {
		names := make([]ledger.Doubt, len(listed))
		for n, s := range listed {
			names[n] = ledger.Doubt{Party: s.Party, Source: s.ID}
		}
		return i.steps.Settlements.DoubtMissing(ctx, from, to, names, i.now())
	}
	to := time.Unix(1<<36, 0) // later than all
	err := i.steps.Balance.Settlements(ctx, from, time.Time{}, func(page []ledger.Settlement) error {
		booked, err := i.steps.Settlements.AddSettlements(ctx, page, i.now())
		if err != nil {
			return err
		}
		i.done.Entries += booked.Entries
		listed = append(listed, page...)
		oldest, newest := span(page)
		if newest.IsZero() {
			return nil
		}
		if err := missing(oldest, to); err != nil {
			return err
		}
		listed = slices.DeleteFunc(listed, func(s ledger.Settlement) bool { return s.At.After(oldest) })
		to = oldest
		return nil
	})
	if err != nil {
		return err
	}
	return missing(from.Add(-time.Microsecond), to)
}

// span returns the times of the oldest and the newest of settlements, zero if no time
// can be read.
func span(page []ledger.Settlement) (oldest, newest time.Time) {
	for _, s := range page {
		switch {
		case s.At.IsZero():
		case newest.IsZero():
			oldest, newest = s.At, s.At
		default:
			oldest = earlier(oldest, s.At)
			if s.At.After(newest) {
				newest = s.At
			}
		}
	}
	return oldest, newest
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
