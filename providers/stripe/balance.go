package stripe

import (
	"context"
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

// Settlements calls f with the balance transactions since a time, page by page, the
// latest first. One that cannot be read is passed to f as a problem.
func (c *Client) Settlements(ctx context.Context, since time.Time, f func(page []ledger.Settlement, problems []error) error) error {
	const op = "list balance transactions"
	p := &sdk.BalanceTransactionListParams{ListParams: c.listParams(ctx)}
	if !since.IsZero() {
		p.CreatedRange = &sdk.RangeQueryParams{GreaterThanOrEqual: since.Unix()}
	}
	p.AddExpand("data.source") // for the payment, and for the amount that the shopper paid
	var page []ledger.Settlement
	var problems []error
	it := c.balance.List(p)
	for it.Next() {
		s, err := toSettlement(it.BalanceTransaction())
		if err != nil {
			problems = append(problems, err)
			continue
		}
		if page = append(page, s); len(page) == listPage {
			if err := f(page, problems); err != nil {
				return err
			}
			page, problems = nil, nil
		}
	}
	if err := it.Err(); err != nil {
		return classify(op, read, err).err()
	}
	if len(page)+len(problems) == 0 {
		return nil
	}
	return f(page, problems)
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
func toSettlement(b *sdk.BalanceTransaction) (ledger.Settlement, error) {
	currency := strings.ToUpper(string(b.Currency))
	s := ledger.Settlement{ID: b.ID, Party: provider, Kind: settlementKinds[b.ReportingCategory], At: time.Unix(b.Created, 0).UTC()}
	if s.Kind == "" {
		s.Kind = ledger.SettlementOther
	}
	if b.ID == "" || b.Created <= 0 || b.Created > latest {
		return s, fmt.Errorf("balance transaction %.64q: not readable", b.ID)
	}
	for _, a := range []struct {
		from int64
		to   *int64
	}{{b.Amount, &s.Amount.Amount}, {b.Fee, &s.Fee}, {b.Net, &s.Net}} {
		m, err := fromStripe(a.from, currency)
		if err != nil {
			return s, fmt.Errorf("balance transaction %s: %w", b.ID, err)
		}
		*a.to = m.Amount
	}
	s.Amount.Currency = currency
	intent, paid, paidIn := sourceOf(b.Source)
	if named(intent) {
		s.Ref = intent.ID
	}
	if paidIn == "" {
		return s, nil
	}
	s.Paid = s.Amount
	if paidIn != currency { // the amount of the source, which Stripe has converted
		if b.Amount < 0 {
			paid = -paid
		}
		var err error
		if s.Paid, err = fromStripe(paid, paidIn); err != nil {
			return s, fmt.Errorf("balance transaction %s: %w", b.ID, err)
		}
	}
	return s, nil
}

// sourceOf returns the payment of a balance transaction's source, and the amount and
// the currency that the shopper paid; the currency is empty if there is no payment.
func sourceOf(s *sdk.BalanceTransactionSource) (intent *sdk.PaymentIntent, amount int64, currency string) {
	var c sdk.Currency
	switch {
	case s == nil:
	case s.Charge != nil:
		intent, amount, c = s.Charge.PaymentIntent, s.Charge.AmountCaptured, s.Charge.Currency
	case s.Refund != nil:
		intent, amount, c = s.Refund.PaymentIntent, s.Refund.Amount, s.Refund.Currency
	case s.Dispute != nil:
		intent, amount, c = s.Dispute.PaymentIntent, s.Dispute.Amount, s.Dispute.Currency
	}
	return intent, amount, strings.ToUpper(string(c))
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
