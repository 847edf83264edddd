package ledger

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"go.temporal.io/sdk/activity"
	sdklog "go.temporal.io/sdk/log"

	"purser/activities"
	"purser/ledger"
	"purser/mail"
)

// Activities are the steps of a check of the ledger, over the ports they need.
type Activities struct {
	Books       Books
	Candidates  Candidates
	Differences Differences
	Reports     Reports
	Settlements Settlements
	Payments    Payments
	Balance     Balance
	// ToShop is the recipient of the mail about differences; without an address none
	// is sent.
	ToShop mail.Address
}

// These are how far before the last settlement an import begins, because the provider
// may list one late.
const (
	overlap     = time.Hour
	fullOverlap = 7 * 24 * time.Hour
)

// ImportRequest is the input of ImportSettlements.
type ImportRequest struct {
	Full bool `json:"full,omitempty"` // also look for settlements of the last week that were listed late
}

// Imported is the result of ImportSettlements.
type Imported struct {
	Entries    int64 `json:"entries"`              // that were added
	Unreadable int   `json:"unreadable,omitempty"` // settlements that could not be booked; the log names them
}

// ImportSettlements books the provider's settlements since the last import. One that
// cannot be read stops nothing else.
func (a *Activities) ImportSettlements(ctx context.Context, r ImportRequest) (Imported, error) {
	defer activities.Beat(ctx)()
	var done Imported
	since, err := a.Settlements.SettlementsImported(ctx)
	if err != nil {
		return done, activities.Failure(err)
	}
	latest := since
	switch {
	case since.IsZero():
	case r.Full:
		since = since.Add(-fullOverlap)
	default:
		since = since.Add(-overlap)
	}
	err = a.Balance.Settlements(ctx, since, func(page []ledger.Settlement, problems []error) error {
		for _, p := range problems {
			a.unreadable(ctx, &done, p)
		}
		for _, s := range page {
			if s.At.After(latest) {
				latest = s.At
			}
		}
		added, err := a.Settlements.AddSettlements(ctx, page)
		if errors.Is(err, ledger.ErrUnbalanced) {
			added, err = a.addEach(ctx, page, &done)
		}
		done.Entries += added
		return err
	})
	if err == nil && !latest.IsZero() {
		err = a.Settlements.SetSettlementsImported(ctx, latest)
	}
	return done, activities.Failure(err)
}

// addEach books settlements one by one, without those that contradict themselves.
func (a *Activities) addEach(ctx context.Context, page []ledger.Settlement, done *Imported) (added int64, err error) {
	for _, s := range page {
		n, err := a.Settlements.AddSettlements(ctx, []ledger.Settlement{s})
		if errors.Is(err, ledger.ErrUnbalanced) {
			a.unreadable(ctx, done, err)
			continue
		}
		if err != nil {
			return added, err
		}
		added += n
	}
	return added, nil
}

func (a *Activities) unreadable(ctx context.Context, done *Imported, problem error) {
	done.Unreadable++
	logger(ctx).Error("a settlement cannot be booked", "error", problem)
}

// logger returns the activity's logger; outside of an activity it discards
// everything.
func logger(ctx context.Context) sdklog.Logger {
	if activity.IsActivity(ctx) {
		return activity.GetLogger(ctx)
	}
	return sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler))
}
