package campaign

import (
	"context"
	"fmt"
	"time"

	"purser/bench/measure"
	"purser/mail"
	"purser/order"
)

// retry resolves the mails of unknown outcome as an operator would: it lets the
// provider report the mails that it has, and sends the others once more.
func (d *run) retry(ctx context.Context, r *Result) error {
	arrived, _, err := d.arrived()
	if err != nil {
		return err
	}
	outcomes, err := d.program.outcomes(ctx, benchCampaign)
	if err != nil {
		return err
	}
	if err := d.start(ctx); err != nil {
		return err
	}
	for _, o := range outcomes {
		if o.State != mail.StateUnknown {
			continue
		}
		has := arrived[mail.WireTag(mail.MessageID(benchCampaign, o))]
		if len(has) == 0 {
			r.Retried++
		}
		for _, id := range has {
			if err := d.program.reportDelivery(ctx, id); err != nil {
				return err
			}
		}
	}
	reporting, cancel := context.WithTimeout(ctx, reportsWithin)
	defer cancel()
	for {
		st, err := d.shop.Campaign(ctx, benchCampaign)
		switch {
		case err != nil:
			return err
		case st.Counts.Unknown > int64(r.Retried):
			if !measure.Wait(reporting, 200*time.Millisecond) {
				return fmt.Errorf("the provider's reports are missing: %d outcomes are unknown, and %d mails did not arrive", st.Counts.Unknown, r.Retried)
			}
			continue
		case r.Retried == 0:
			return nil
		}
		if _, err := d.shop.RetryCampaign(ctx, benchCampaign, st.Round, 0, "the provider has reported all it had"); err != nil {
			return err
		}
		return d.finish(ctx, 0)
	}
}

// reportsWithin is how long retry waits for the sandbox's reports.
const reportsWithin = 2 * time.Minute

// arrived returns what the sandbox of a stopped program has received: its ids of
// each of the campaign's mails, and the times of the orders' confirmations.
func (d *run) arrived() (mails map[string][]string, confirmed map[string]time.Time, err error) {
	all, err := d.program.mails()
	mails, confirmed = map[string][]string{}, map[string]time.Time{}
	for _, l := range all {
		switch {
		case l.Tags["campaign"] == benchCampaign:
			mails[l.Tags["message"]] = append(mails[l.Tags["message"]], l.ID)
		case l.Tags["milestone"] == string(order.MailConfirmation):
			confirmed[l.Tags["order"]] = l.At
		}
	}
	return mails, confirmed, err
}

// received returns how many mails of the campaign a recipient has received, over
// all generations.
func received(arrived map[string][]string, to mail.Recipient) (n int) {
	for ; to.Generation > 0; to.Generation-- {
		n += len(arrived[mail.WireTag(mail.MessageID(benchCampaign, to))])
	}
	return n
}

// count compares the record with the sandbox.
func (d *run) count(ctx context.Context, r *Result) error {
	arrived, confirmed, err := d.arrived()
	if err != nil {
		return err
	}
	outcomes, err := d.program.outcomes(ctx, benchCampaign)
	if err != nil {
		return err
	}
	for _, o := range outcomes {
		n := received(arrived, o)
		if n > 1 {
			r.Doubled++
		}
		switch o.State {
		case mail.StateSent:
			r.Sent++
			r.Lost += max(0, 1-n)
		case mail.StateUnknown:
			r.Unknown++
			r.Arrived += min(n, 1)
		default:
			r.Other++
		}
	}
	return d.waits(ctx, confirmed, r)
}
