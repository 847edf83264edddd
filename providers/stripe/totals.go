package stripe

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	sdk "github.com/stripe/stripe-go/v76"

	"purser/ledger"
	"purser/order"
)

const (
	// fewPayments is up to how many payments are asked for one by one.
	fewPayments = 5
	// listSlack is how far from an order's time its payment is looked for in a list.
	listSlack = 15 * time.Minute
	// strangers is how many payments of others a list may have for each of ours,
	// before the rest is asked for one by one.
	strangers = 20
)

// Totals returns the totals of payments: those made soon after their order from a list
// of all payments of that time, the others one by one. The refunds of a listed payment
// are those that its charge adds up to. A payment that is disputed is left out.
func (c *Client) Totals(ctx context.Context, asked []ledger.Asked) (map[string]ledger.Totals, error) {
	found, wanted := map[string]ledger.Totals{}, map[string]bool{}
	var from, to time.Time
	for _, a := range asked {
		if checkID(a.Ref) != nil {
			continue // it does not exist
		}
		wanted[a.Ref] = true
		if from.IsZero() || a.PlacedAt.Before(from) {
			from = a.PlacedAt
		}
		if a.PlacedAt.After(to) {
			to = a.PlacedAt
		}
	}
	if len(wanted) > fewPayments {
		if f := c.listTotals(ctx, from.Add(-listSlack), to.Add(listSlack), wanted, found); f != nil {
			return nil, f.err()
		}
	}
	for ref := range wanted {
		t, err := c.Total(ctx, ref)
		if errors.Is(err, order.ErrNoSuch) {
			continue
		}
		if err != nil {
			return nil, err
		}
		found[ref] = t
	}
	return found, nil
}

// listTotals moves the payments that it finds from wanted to found.
func (c *Client) listTotals(ctx context.Context, from, to time.Time, wanted map[string]bool, found map[string]ledger.Totals) *failure {
	const op = "list intents"
	p := &sdk.PaymentIntentListParams{
		ListParams:   c.listParams(ctx),
		CreatedRange: &sdk.RangeQueryParams{GreaterThanOrEqual: from.Unix(), LesserThanOrEqual: to.Unix()},
	}
	p.AddExpand("data.latest_charge")
	most := strangers * len(wanted)
	it := c.intents.List(p)
	for n := 0; n < most && len(wanted) > 0 && it.Next(); n++ {
		pi := it.PaymentIntent()
		if !wanted[pi.ID] {
			continue
		}
		delete(wanted, pi.ID)
		ch := pi.LatestCharge
		if ch != nil && ch.Disputed {
			continue
		}
		refunded := int64(0)
		if ch != nil && ch.Captured {
			refunded = refundedOf(ch)
		}
		if t := toTotals(pi, ch, refunded); t.Problem == "" {
			found[pi.ID] = t
		}
	}
	if err := it.Err(); err != nil {
		return classify(op, read, err)
	}
	return nil
}

// toTotals returns the totals of an intent without disputes; ch is its latest charge, or
// nil. An amount that is no multiple of the currency's smallest unit is a problem of the
// totals, not an error: asking again does not help. The same holds if the charge
// contradicts the intent.
func toTotals(pi *sdk.PaymentIntent, ch *sdk.Charge, refunded int64) ledger.Totals {
	t := ledger.Totals{Ref: pi.ID, Currency: strings.ToUpper(string(pi.Currency))}
	if ch != nil && ch.Status == sdk.ChargeStatusSucceeded && ch.AmountCaptured != pi.AmountReceived {
		t.Problem = fmt.Sprintf("the intent has received %d, its charge has captured %d, in Stripe's units", pi.AmountReceived, ch.AmountCaptured)
	}
	for _, a := range []struct {
		from int64
		to   *int64
	}{{pi.AmountReceived, &t.Captured}, {refunded, &t.Refunded}} {
		m, err := fromStripe(a.from, t.Currency)
		if err != nil {
			t.Problem = err.Error()
			return t
		}
		*a.to = m.Amount
	}
	return t
}

// Total returns the totals of one payment, from its refunds and disputes themselves.
func (c *Client) Total(ctx context.Context, ref string) (ledger.Totals, error) {
	const op = "get intent"
	if err := checkID(ref); err != nil {
		return ledger.Totals{}, noSuch(op, err).err()
	}
	p := &sdk.PaymentIntentParams{Params: c.params(ctx, "")}
	p.AddExpand("latest_charge")
	pi, err := c.intents.Get(ref, p)
	if err != nil {
		return ledger.Totals{}, classify(op, read, err).err()
	}
	if pi.ID == "" || pi.Status == "" {
		return ledger.Totals{}, classify(op, read, errNoAnswer).err()
	}
	refunds, f := c.listRefunds(ctx, "list refunds", ref)
	if f != nil {
		return ledger.Totals{}, f.err()
	}
	refunded, failed := sumRefunds(refunds)
	if pi.AmountReceived == 0 {
		refunded = 0 // what was released
	}
	t := toTotals(pi, pi.LatestCharge, refunded)
	if charged := refundedOf(pi.LatestCharge); t.Problem == "" && pi.AmountReceived > 0 && (charged < refunded || charged > refunded+failed) {
		t.Problem = fmt.Sprintf("the charge has refunded %d, its refunds add up to %d, in Stripe's units", charged, refunded)
	}
	disputed, f := c.disputed(ctx, ref)
	switch {
	case f != nil && errors.Is(f.Kind, order.ErrRejected):
		t.Problem = f.Error()
	case f != nil:
		return ledger.Totals{}, f.err()
	}
	t.Disputed = disputed.Amount
	return t, nil
}

// sumRefunds returns what refunds have moved or will move, and what those moved that
// have failed or were canceled, in Stripe's units.
func sumRefunds(refunds []*sdk.Refund) (moved, failed int64) {
	for _, r := range refunds {
		if order.ParseRefundStatus(string(r.Status)).Moves() {
			moved += r.Amount
		} else {
			failed += r.Amount
		}
	}
	return moved, failed
}

// refundedOf returns what a charge has refunded, in Stripe's units. What was released
// counts as refunded at this API version.
func refundedOf(ch *sdk.Charge) int64 {
	switch {
	case ch == nil:
		return 0
	case !ch.Captured: // there is more to capture
		return ch.AmountRefunded
	}
	return max(ch.AmountRefunded-(ch.Amount-ch.AmountCaptured), 0)
}

// Reversals returns the refunds and disputes made since a time, by payment. A refund
// that only released an authorization does not count.
func (c *Client) Reversals(ctx context.Context, since time.Time) (map[string]ledger.Reversed, error) {
	from := &sdk.RangeQueryParams{GreaterThanOrEqual: since.Unix()}
	refunds := map[string][]*sdk.Refund{} // by payment, the newest first
	p := &sdk.RefundListParams{ListParams: c.listParams(ctx), CreatedRange: from}
	p.AddExpand("data.charge") // for withoutReleases
	it := c.refunds.List(p)
	for it.Next() {
		if r := it.Refund(); named(r.PaymentIntent) {
			refunds[r.PaymentIntent.ID] = append(refunds[r.PaymentIntent.ID], r)
		}
	}
	if err := it.Err(); err != nil {
		return nil, classify("list refunds", read, err).err()
	}
	all := map[string]ledger.Reversed{}
	for ref, its := range refunds {
		slices.Reverse(its)
		its = withoutReleases(its)
		if len(its) == 0 {
			continue
		}
		moved, _ := sumRefunds(its)
		m, err := fromStripe(moved, strings.ToUpper(string(its[0].Currency)))
		if err != nil {
			m.Amount = -1 // agrees with nothing
		}
		all[ref] = ledger.Reversed{Refunded: m.Amount}
	}
	disputes := c.disputes.List(&sdk.DisputeListParams{ListParams: c.listParams(ctx), CreatedRange: from})
	for disputes.Next() {
		if d := disputes.Dispute(); named(d.PaymentIntent) {
			r := all[d.PaymentIntent.ID]
			r.Disputed = true
			all[d.PaymentIntent.ID] = r
		}
	}
	if err := disputes.Err(); err != nil {
		return nil, classify("list disputes", read, err).err()
	}
	return all, nil
}
