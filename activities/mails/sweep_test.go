package mails_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"purser/activities/mails"
	"purser/mail"
	"purser/order"
)

// sweepLedger is a ledger with decisions and campaigns. It notes what is asked.
type sweepLedger struct {
	calls     []string
	due       []order.Resend
	campaigns []mail.CampaignStatus
	err       error
}

func (l *sweepLedger) SweepMails(_ context.Context, since time.Time) (int, error) {
	if d := time.Since(since); d < 10*time.Minute || d > 11*time.Minute {
		l.calls = append(l.calls, "a sender counts as dead after "+d.String())
	}
	l.calls = append(l.calls, "sweep")
	return 0, l.err
}

func (l *sweepLedger) ResendUnknown(context.Context, mail.Silence) (int, error) {
	l.calls = append(l.calls, "decide")
	return 0, l.err
}

func (l *sweepLedger) DueResends(context.Context) ([]order.Resend, error) { return l.due, nil }

func (l *sweepLedger) UnknownCampaigns(_ context.Context, from, to time.Time) ([]mail.CampaignStatus, error) {
	l.calls = append(l.calls, "campaigns")
	if from.After(to) || time.Since(to) < time.Hour {
		l.calls = append(l.calls, "too early")
	}
	return l.campaigns, nil
}

// sweepResender notes what is begun.
type sweepResender struct {
	begun []string
	fails map[string]error // by what is begun
}

func (r *sweepResender) StartResend(_ context.Context, d order.Resend) error {
	r.begun = append(r.begun, d.Key)
	return r.fails[d.Key]
}

func (r *sweepResender) RetryCampaign(_ context.Context, m mail.CampaignStatus, w mail.Retry) error {
	if w.Round != 1 || w.Actor != "purser" || time.Since(w.ResolvedBefore) < time.Hour {
		return errors.New("not the retry that was to be begun")
	}
	r.begun = append(r.begun, m.ID)
	return r.fails[m.ID]
}

// TestSweep (EML-14, IDEM-8): a sweep decides, and begins every decision that may
// not have been begun, whatever fails.
func TestSweep(t *testing.T) {
	broken := errors.New("the engine is down")
	for _, tt := range []struct {
		name         string
		rule         mail.Silence
		marketing    bool
		ledger       error
		fails        map[string]error
		calls, begun []string
		err          error
	}{
		{
			name: "as by default", rule: mail.Silence{Within: time.Minute, Twice: true},
			calls: []string{"sweep", "decide"}, begun: []string{"k1", "k2"},
		},
		{name: "never: what was decided before is carried out", calls: []string{"sweep"}, begun: []string{"k1", "k2"}},
		{
			name: "the engine is down for one", rule: mail.Silence{Within: time.Minute}, fails: map[string]error{"k1": broken},
			calls: []string{"sweep", "decide"}, begun: []string{"k1", "k2"}, err: broken,
		},
		{
			name: "the record fails", rule: mail.Silence{Within: time.Minute}, ledger: broken,
			calls: []string{"sweep", "decide"}, begun: []string{"k1", "k2"}, err: broken,
		},
		{
			name: "marketing twice", rule: mail.Silence{Within: time.Minute}, marketing: true, fails: map[string]error{"c1": broken},
			calls: []string{"sweep", "decide", "campaigns"}, begun: []string{"k1", "k2", "c1", "c2"}, err: broken,
		},
		{
			name: "another process has begun the round", marketing: true, fails: map[string]error{"c1": mail.ErrCampaignNotDone, "c2": mail.ErrOtherRound},
			calls: []string{"sweep", "campaigns"}, begun: []string{"k1", "k2", "c1", "c2"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ledger := &sweepLedger{
				due: []order.Resend{{Key: "k1"}, {Key: "k2"}}, err: tt.ledger,
				campaigns: []mail.CampaignStatus{{Campaign: mail.Campaign{ID: "c1"}, Round: 1}, {Campaign: mail.Campaign{ID: "c2"}, Round: 1}},
			}
			resender := &sweepResender{fails: tt.fails}
			s := &mails.Sweeper{Ledger: ledger, Resender: resender, Rule: tt.rule, Marketing: tt.marketing, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
			if err := s.Sweep(t.Context()); !errors.Is(err, tt.err) || (err == nil) != (tt.err == nil) {
				t.Errorf("%v, want %v", err, tt.err)
			}
			if !slices.Equal(ledger.calls, tt.calls) || !slices.Equal(resender.begun, tt.begun) {
				t.Errorf("%v, begun %v; want %v, %v", ledger.calls, resender.begun, tt.calls, tt.begun)
			}
		})
	}
}

// TestSweepEvery (EML-14): a sweep comes soon enough after the time that the rule
// gives a provider, and not more often than a second.
func TestSweepEvery(t *testing.T) {
	for _, tt := range []struct {
		name   string
		within time.Duration
		in     time.Duration
		want   int
	}{
		{name: "by default", within: 15 * time.Minute, in: 10 * time.Minute, want: 10},
		{name: "short", within: 20 * time.Second, in: time.Minute, want: 12},
		{name: "the shortest", within: time.Second, in: time.Minute, want: 60},
		{name: "never", in: 10 * time.Minute, want: 10},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), tt.in+time.Millisecond)
				defer cancel()
				ledger := &sweepLedger{}
				s := &mails.Sweeper{Ledger: ledger, Resender: &sweepResender{}, Rule: mail.Silence{Within: tt.within}, Log: slog.New(slog.DiscardHandler)}
				s.Run(ctx)
				n := 0
				for _, c := range ledger.calls {
					if c == "sweep" {
						n++
					}
				}
				if n != tt.want {
					t.Errorf("%d sweeps, want %d", n, tt.want)
				}
			})
		})
	}
}
