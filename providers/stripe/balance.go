package stripe

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	sdk "github.com/stripe/stripe-go/v76"

	"purser/ledger"
	"purser/order"
)

// listPage is how many objects Stripe lists at once.
const listPage = 100

// listParams returns the parameters that every list carries.
func (c *Client) listParams(ctx context.Context) sdk.ListParams {
	p := sdk.ListParams{Context: ctx, Limit: sdk.Int64(listPage)}
	if c.conf.Account != "" {
		p.StripeAccount = sdk.String(c.conf.Account)
	}
	return p
}

// Settlements calls f with the balance transactions from a time up to and including
// another, page by page, the latest first. The zero time is no limit. One that cannot
// be read has a problem.
func (c *Client) Settlements(ctx context.Context, from, to time.Time, f func(page []ledger.Settlement) error) error {
	const op = "list balance transactions"
	p := &sdk.BalanceTransactionListParams{ListParams: c.listParams(ctx), CreatedRange: &sdk.RangeQueryParams{}}
	if !from.IsZero() {
		p.CreatedRange.GreaterThanOrEqual = from.Unix()
	}
	if !to.IsZero() {
		p.CreatedRange.LesserThanOrEqual = to.Unix()
	}
	p.AddExpand("data.source") // for the payment, and for the amount that the shopper paid
	var page []ledger.Settlement
	it := c.balance.List(p)
	for it.Next() {
		b := it.BalanceTransaction()
		if b.ID == "" {
			return classify(op, read, errNoAnswer).err()
		}
		if page = append(page, toSettlement(b)); len(page) == listPage {
			if err := f(page); err != nil {
				return err
			}
			page = nil
		}
	}
	if err := it.Err(); err != nil {
		return classify(op, read, err).err()
	}
	if len(page) == 0 {
		return nil
	}
	return f(page)
}

// Settlement returns one balance transaction.
func (c *Client) Settlement(ctx context.Context, id string) (ledger.Settlement, error) {
	const op = "get balance transaction"
	if err := checkID(id); err != nil {
		return ledger.Settlement{}, noSuch(op, err).err()
	}
	p := &sdk.BalanceTransactionParams{Params: c.params(ctx, "")}
	p.AddExpand("source")
	b, err := c.balance.Get(id, p)
	if err != nil {
		return ledger.Settlement{}, classify(op, read, err).err()
	}
	if b.ID != id {
		return ledger.Settlement{}, classify(op, read, errNoAnswer).err()
	}
	return toSettlement(b), nil
}

// settlementKinds maps Stripe's reporting categories
// (https://docs.stripe.com/reports/reporting-categories); all others are
// ledger.SettlementOther.
var settlementKinds = map[sdk.BalanceTransactionReportingCategory]ledger.SettlementKind{
	sdk.BalanceTransactionReportingCategoryCharge:                 ledger.SettlementCharge,
	sdk.BalanceTransactionReportingCategoryChargeFailure:          ledger.SettlementCharge,
	sdk.BalanceTransactionReportingCategoryRefund:                 ledger.SettlementRefund,
	sdk.BalanceTransactionReportingCategoryRefundFailure:          ledger.SettlementRefund,
	sdk.BalanceTransactionReportingCategoryPartialCaptureReversal: ledger.SettlementRefund,
	sdk.BalanceTransactionReportingCategoryDispute:                ledger.SettlementDispute,
	sdk.BalanceTransactionReportingCategoryDisputeReversal:        ledger.SettlementDispute,
	sdk.BalanceTransactionReportingCategoryPayout:                 ledger.SettlementPayout,
	sdk.BalanceTransactionReportingCategoryPayoutReversal:         ledger.SettlementPayout,
	sdk.BalanceTransactionReportingCategoryFee:                    ledger.SettlementFee,
	sdk.BalanceTransactionReportingCategoryTax:                    ledger.SettlementFee,
}

// toSettlement converts Stripe's balance transaction to ours.
func toSettlement(b *sdk.BalanceTransaction) ledger.Settlement {
	s := ledger.Settlement{ID: b.ID, Party: provider, Kind: settlementKinds[b.ReportingCategory]}
	if s.Kind == "" {
		s.Kind = ledger.SettlementOther
	}
	if b.Created > 0 && b.Created <= latest {
		s.At = time.Unix(b.Created, 0).UTC()
	}
	if err := readAmounts(b, &s); err != nil {
		s.Problem = err.Error()
	}
	return s
}

// readAmounts reads the amounts and the payment of a balance transaction.
func readAmounts(b *sdk.BalanceTransaction, s *ledger.Settlement) error {
	if s.At.IsZero() {
		return fmt.Errorf("it was made at %d, which is not a time", b.Created)
	}
	currency := strings.ToUpper(string(b.Currency))
	for _, a := range []struct {
		from int64
		to   *int64
	}{{b.Amount, &s.Amount.Amount}, {b.Fee, &s.Fee}, {b.Net, &s.Net}} {
		m, err := fromStripe(a.from, currency)
		if err != nil {
			return err
		}
		*a.to = m.Amount
	}
	s.Amount.Currency = currency
	from := sourceOf(b.Source)
	s.Ref = from.ref
	switch {
	case from.problem != "":
		return errors.New(from.problem)
	case from.whole && from.currency == currency && abs(b.Amount) != from.amount:
		return fmt.Errorf("it is about %d, and its source about %d, in Stripe's units of %s", b.Amount, from.amount, currency)
	case !from.paid:
		return nil
	case from.currency == currency:
		s.Paid = s.Amount
		return nil
	case b.Amount < 0: // the amount of the source, which Stripe has converted
		from.amount = -from.amount
	}
	var err error
	s.Paid, err = fromStripe(from.amount, from.currency)
	return err
}

func abs(n int64) int64 { return max(n, -n) }

// origin is what the source of a balance transaction says.
type origin struct {
	ref      string // of the payment
	amount   int64  // in Stripe's units
	currency string
	paid     bool   // by a shopper, or back to one
	whole    bool   // the transaction is about the whole amount
	problem  string // why the source contradicts the transaction
}

// sourceOf reads the source of a balance transaction.
func sourceOf(s *sdk.BalanceTransactionSource) (from origin) {
	var intent *sdk.PaymentIntent
	var c sdk.Currency
	switch {
	case s == nil:
	case s.Charge != nil: // one that is captured in parts has several transactions
		intent, from.amount, c, from.paid = s.Charge.PaymentIntent, s.Charge.AmountCaptured, s.Charge.Currency, true
	case s.Refund != nil:
		intent, from.amount, c, from.paid, from.whole = s.Refund.PaymentIntent, s.Refund.Amount, s.Refund.Currency, true, true
	case s.Dispute != nil:
		intent, from.amount, c, from.paid = s.Dispute.PaymentIntent, s.Dispute.Amount, s.Dispute.Currency, true
	case s.Payout != nil:
		from.amount, c, from.whole = s.Payout.Amount, s.Payout.Currency, true
		if failed := s.Payout.Status == sdk.PayoutStatusFailed || s.Payout.Status == sdk.PayoutStatusCanceled; failed && s.Payout.FailureBalanceTransaction == nil {
			from.problem = fmt.Sprintf("its payout %.64q has the status %s, and the money did not come back", s.Payout.ID, s.Payout.Status)
		}
	}
	if named(intent) {
		from.ref = intent.ID
	}
	from.currency = strings.ToUpper(string(c))
	return from
}

// disputed returns how much of a payment is disputed, or was lost in a dispute.
func (c *Client) disputed(ctx context.Context, intent string) (sum order.Money, f *failure) {
	p := &sdk.DisputeListParams{ListParams: c.listParams(ctx), PaymentIntent: sdk.String(intent)}
	it := c.disputes.List(p)
	for it.Next() {
		d := it.Dispute()
		if s := disputeStatus(d.Status); s == order.DisputeWon || s == order.DisputeInquiry {
			continue
		}
		m, err := fromStripe(d.Amount, strings.ToUpper(string(d.Currency)))
		if err != nil {
			return sum, rejected("list disputes", "unreadable_amount", err)
		}
		sum.Amount += m.Amount
	}
	if err := it.Err(); err != nil {
		return sum, classify("list disputes", read, err)
	}
	return sum, nil
}
