package mails

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"purser/mail"
	"purser/order"
)

// Unknowns is the part of the ledger that knows the mails without an answer.
type Unknowns interface {
	// SweepMails marks mails as unknown whose sender has not reported since a time.
	SweepMails(ctx context.Context, since time.Time) (int, error)
	// ResendUnknown decides which mails of unknown outcome are sent once more; no
	// mail is decided about twice.
	ResendUnknown(ctx context.Context, rule mail.Silence) (int, error)
	// DueResends lists the decisions that may not have been begun to be carried
	// out.
	DueResends(ctx context.Context) ([]order.Resend, error)
	// UnknownCampaigns lists campaigns that ended between two times and left
	// outcomes unknown in their first round.
	UnknownCampaigns(ctx context.Context, from, to time.Time) ([]mail.CampaignStatus, error)
}

// Resender begins to send mails again.
type Resender interface {
	// StartResend begins to carry out a decision, or does nothing if that was begun
	// before.
	StartResend(ctx context.Context, r order.Resend) error
	// RetryCampaign begins a campaign's next round, once.
	RetryCampaign(ctx context.Context, m mail.CampaignStatus, r mail.Retry) error
}

// Sweeper looks after mails that were handed over without an answer. Several
// processes may sweep at once: the ledger makes each decision once, and a decision
// whose process ended before it was carried out is found by the next sweep.
type Sweeper struct {
	Ledger   Unknowns
	Resender Resender
	Rule     mail.Silence
	// Marketing says whether campaigns are sent once more to the recipients whose
	// outcome is unknown.
	Marketing bool
	Log       *slog.Logger
}

const (
	// senderDead is how long a mail may be in the state sending before its sender
	// counts as dead; no call takes nearly as long.
	senderDead = 10 * time.Minute
	// retryAfter is how long a provider may take to report about a campaign's mails,
	// and retryUntil is when a campaign is no news any more.
	retryAfter, retryUntil = time.Hour, 3 * 24 * time.Hour
)

// Run sweeps until the context ends.
func (s *Sweeper) Run(ctx context.Context) {
	every := time.Minute
	if s.Rule.Within > 0 {
		every = min(every, max(s.Rule.Within/4, time.Second))
	}
	for tick := time.NewTicker(every); ; {
		select {
		case <-ctx.Done():
			tick.Stop()
			return
		case <-tick.C:
		}
		if err := s.Sweep(ctx); err != nil && ctx.Err() == nil {
			s.Log.WarnContext(ctx, "sweep mails", "error", err)
		}
	}
}

// Sweep looks once.
func (s *Sweeper) Sweep(ctx context.Context) error {
	n, err := s.Ledger.SweepMails(ctx, time.Now().Add(-senderDead))
	if n > 0 {
		s.Log.WarnContext(ctx, "the outcome of mails is unknown: their sender died", "count", n)
	}
	return errors.Join(err, s.resend(ctx), s.retry(ctx))
}

// resend decides about mails of orders, and begins to carry out the decisions.
func (s *Sweeper) resend(ctx context.Context) error {
	var errs error
	if s.Rule.Within > 0 {
		n, err := s.Ledger.ResendUnknown(ctx, s.Rule)
		if n > 0 {
			s.Log.WarnContext(ctx, "mails of unknown outcome are sent once more", "count", n)
		}
		errs = err
	}
	due, err := s.Ledger.DueResends(ctx)
	errs = errors.Join(errs, err)
	for _, r := range due {
		errs = errors.Join(errs, s.Resender.StartResend(ctx, r))
	}
	return errs
}

// retry begins the second round of campaigns that left outcomes unknown.
func (s *Sweeper) retry(ctx context.Context) error {
	if !s.Marketing {
		return nil
	}
	now := time.Now()
	list, errs := s.Ledger.UnknownCampaigns(ctx, now.Add(-retryUntil), now.Add(-retryAfter))
	for _, c := range list {
		err := s.Resender.RetryCampaign(ctx, c, mail.Retry{
			Round: c.Round, ResolvedBefore: now.Add(-retryAfter), Actor: "purser", Reason: "outcomes are unknown, and PURSER_MAIL_UNHEARD_MARKETING is twice",
		})
		if errors.Is(err, mail.ErrCampaignNotDone) || errors.Is(err, mail.ErrOtherRound) || errors.Is(err, mail.ErrNoneUnknown) {
			continue // another process has begun the round, or the outcomes are known by now
		}
		errs = errors.Join(errs, err)
	}
	return errs
}
