package ledger_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"purser/ledger"
	"purser/order"
)

// orderOf returns an order in euros with these payments and refunds.
func orderOf(payments []order.Payment, refunds ...order.Refund) order.Order {
	return order.Order{ID: "ord_1", Total: order.Money{Amount: 1450, Currency: "EUR"}, Payments: payments, Refunds: refunds}
}

func describe(entries []ledger.Entry) (all []string) {
	for _, e := range entries {
		all = append(all, fmt.Sprintf("%d %s %s: %s to %s %d", e.Payment, e.Party, e.Ref, e.Credit, e.Debit, e.Amount.Amount))
	}
	return all
}

func refundOf(amount int64, status order.RefundStatus, paidOut bool) order.Refund {
	return order.Refund{ID: "r", PaymentRef: "pi_1", Amount: order.Money{Amount: amount, Currency: "EUR"}, Status: status, PaidOut: paidOut}
}

// TestEntries (PAY-2): each change of an amount leads to one entry, in the direction
// in which the money moved.
func TestEntries(t *testing.T) {
	held := order.Payment{Number: 1, Provider: "stripe", Reference: "pi_1", Authorized: 1450}
	taken := held
	taken.Captured = 1450
	refunded := taken
	refunded.Refunded = 450
	disputed := taken
	disputed.Disputed = 1450
	surplus := refunded
	surplus.Surplus = true
	voided := held
	voided.Authorized = 0
	transfer := order.Payment{Number: 1, Provider: order.Manual, Reference: "T-1", Captured: 1500}
	for _, c := range []struct {
		name     string
		was, now order.Order
		want     []string
	}{
		{name: "nothing", was: orderOf([]order.Payment{{Number: 1}}), now: orderOf([]order.Payment{{Number: 1, Reference: "pi_1", Provider: "stripe"}})},
		{name: "held", now: orderOf([]order.Payment{held}), want: []string{"1 stripe pi_1: holds to authorized 1450"}},
		{name: "voided", was: orderOf([]order.Payment{held}), now: orderOf([]order.Payment{voided}), want: []string{"1 stripe pi_1: authorized to holds 1450"}},
		{name: "captured", was: orderOf([]order.Payment{held}), now: orderOf([]order.Payment{taken}), want: []string{"1 stripe pi_1: captured to clearing 1450"}},
		{
			name: "held and captured", now: orderOf([]order.Payment{taken}),
			want: []string{"1 stripe pi_1: holds to authorized 1450", "1 stripe pi_1: captured to clearing 1450"},
		},
		{
			name: "refunded", was: orderOf([]order.Payment{taken}), now: orderOf([]order.Payment{refunded}, refundOf(450, order.RefundSucceeded, false)),
			want: []string{"1 stripe pi_1: clearing to refunded 450"},
		},
		{
			name: "paid out by a person", was: orderOf([]order.Payment{taken}), now: orderOf([]order.Payment{refunded}, refundOf(450, order.RefundSucceeded, true)),
			want: []string{"1 manual pi_1: clearing to refunded 450"},
		},
		{
			name: "a refund that failed", was: orderOf([]order.Payment{refunded}, refundOf(450, order.RefundPending, false)), now: orderOf([]order.Payment{taken}, refundOf(450, order.RefundFailed, false)),
			want: []string{"1 stripe pi_1: refunded to clearing 450"},
		},
		{
			name: "a refund that failed and was then paid out", was: orderOf([]order.Payment{refunded}, refundOf(450, order.RefundPending, false)),
			now:  orderOf([]order.Payment{refunded}, refundOf(450, order.RefundFailed, false), refundOf(450, order.RefundSucceeded, true)),
			want: []string{"1 manual pi_1: clearing to refunded 450", "1 stripe pi_1: refunded to clearing 450"},
		},
		{
			name: "refunded instead of paid out", was: orderOf([]order.Payment{taken}),
			now:  orderOf([]order.Payment{refunded}, refundOf(450, order.RefundCanceled, true), refundOf(450, order.RefundSucceeded, false)),
			want: []string{"1 stripe pi_1: clearing to refunded 450"},
		},
		{name: "disputed", was: orderOf([]order.Payment{taken}), now: orderOf([]order.Payment{disputed}), want: []string{"1 stripe pi_1: clearing to disputed 1450"}},
		{name: "the dispute is won", was: orderOf([]order.Payment{disputed}), now: orderOf([]order.Payment{taken}), want: []string{"1 stripe pi_1: disputed to clearing 1450"}},
		{
			name: "it was a surplus", was: orderOf([]order.Payment{refunded}), now: orderOf([]order.Payment{surplus}),
			want: []string{"1 stripe pi_1: clearing to captured 1450", "1 stripe pi_1: surplus to clearing 1450", "1 stripe pi_1: clearing to surplus 450", "1 stripe pi_1: refunded to clearing 450"},
		},
		{name: "a transfer", now: orderOf([]order.Payment{transfer}), want: []string{"1 manual T-1: captured to clearing 1500"}},
		{name: "a lost payment", was: orderOf([]order.Payment{taken}), want: []string{"1 stripe pi_1: authorized to holds 1450", "1 stripe pi_1: clearing to captured 1450"}},
	} {
		got := describe(ledger.Entries(c.was, c.now, ledger.ByOrder))
		slices.Sort(got)
		slices.Sort(c.want)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

// TestSettlement (REC-4): a settlement moves money in the currency of the balance,
// with its fee apart.
func TestSettlement(t *testing.T) {
	euro := func(n int64) order.Money { return order.Money{Amount: n, Currency: "EUR"} }
	for _, c := range []struct {
		name string
		of   ledger.Settlement
		want []string
		err  error
	}{
		{name: "a charge", of: ledger.Settlement{Kind: ledger.SettlementCharge, Paid: euro(1450), Amount: euro(1450), Fee: 45, Net: 1405}, want: []string{"settlements to balance 14.50 EUR", "balance to fees 0.45 EUR"}},
		{name: "a refund", of: ledger.Settlement{Kind: ledger.SettlementRefund, Paid: euro(-450), Amount: euro(-450), Net: -450}, want: []string{"balance to settlements 4.50 EUR"}},
		{
			name: "a dispute", of: ledger.Settlement{Kind: ledger.SettlementDispute, Paid: euro(-1450), Amount: euro(-1450), Fee: 2000, Net: -3450},
			want: []string{"balance to settlements 14.50 EUR", "balance to fees 20.00 EUR"},
		},
		{
			name: "a dispute that was won", of: ledger.Settlement{Kind: ledger.SettlementDispute, Paid: euro(1450), Amount: euro(1450), Fee: -2000, Net: 3450},
			want: []string{"settlements to balance 14.50 EUR", "fees to balance 20.00 EUR"},
		},
		{name: "a payout", of: ledger.Settlement{Kind: ledger.SettlementPayout, Amount: euro(-1405), Net: -1405}, want: []string{"balance to payouts 14.05 EUR"}},
		{name: "a fee for the month", of: ledger.Settlement{Kind: ledger.SettlementFee, Amount: euro(-200), Net: -200}, want: []string{"balance to fees 2.00 EUR"}},
		{name: "anything else", of: ledger.Settlement{Kind: ledger.SettlementOther, Amount: euro(7), Net: 7}, want: []string{"adjustments to balance 0.07 EUR"}},
		{name: "a kind that is not known", of: ledger.Settlement{Kind: "new", Amount: euro(7), Net: 7}, want: []string{"adjustments to balance 0.07 EUR"}},
		{
			name: "in another currency", of: ledger.Settlement{Kind: ledger.SettlementRefund, Paid: order.Money{Amount: -500, Currency: "JPY"}, Amount: euro(-310), Net: -310},
			want: []string{"exchange to settlements 500 JPY", "balance to exchange 3.10 EUR"},
		},
		{name: "of nothing", of: ledger.Settlement{Kind: ledger.SettlementOther, Amount: euro(0)}},
		{name: "that does not add up", of: ledger.Settlement{Kind: ledger.SettlementCharge, Amount: euro(1450), Fee: 45, Net: 1450}, err: ledger.ErrUnbalanced},
	} {
		entries, err := c.of.Entries()
		var got []string
		for _, e := range entries {
			got = append(got, fmt.Sprintf("%s to %s %s", e.Credit, e.Debit, e.Amount))
		}
		if diff := cmp.Diff(c.want, got); diff != "" || !errors.Is(err, c.err) {
			t.Errorf("%s: %v (-want +got):\n%s", c.name, err, diff)
		}
	}
}

// TestCompare (REC-3, REC-6): captured, refunded and disputed are the same in the
// record, in the ledger and at the provider, or the difference is named.
func TestCompare(t *testing.T) {
	p := order.Payment{Number: 1, Provider: "stripe", Reference: "pi_1", Authorized: 1450, Captured: 1450, Refunded: 450}
	surplus := p
	surplus.Surplus = true
	manual := p
	manual.Provider = order.Manual
	refund := refundOf(450, order.RefundSucceeded, false)
	agreed := ledger.Totals{Ref: "pi_1", Currency: "EUR", Captured: 1450, Refunded: 450}
	for _, c := range []struct {
		name   string
		order  order.Order
		has    ledger.Totals
		remove int // 1: the first entry, and so on
		want   []string
	}{
		{name: "all agree", order: orderOf([]order.Payment{p}, refund), has: agreed},
		{name: "a surplus agrees", order: orderOf([]order.Payment{surplus}, refund), has: agreed},
		{name: "nothing is known of the provider", order: orderOf([]order.Payment{p}, refund)},
		{name: "a manual payment has no provider", order: orderOf([]order.Payment{manual}, refund), has: ledger.Totals{Ref: "pi_1", Currency: "EUR"}},
		{name: "an entry is missing", order: orderOf([]order.Payment{p}, refund), has: agreed, remove: 2, want: []string{"captured 1450 0 1450", "clearing 1000 -450 -"}},
		{name: "another entry is missing", order: orderOf([]order.Payment{p}, refund), has: agreed, remove: 1, want: []string{"authorized 1450 0 -"}},
		{name: "captured less", order: orderOf([]order.Payment{p}, refund), has: ledger.Totals{Ref: "pi_1", Currency: "EUR", Captured: 1000, Refunded: 450}, want: []string{"captured 1450 1450 1000"}},
		{name: "another refund", order: orderOf([]order.Payment{p}, refund), has: ledger.Totals{Ref: "pi_1", Currency: "EUR", Captured: 1450, Refunded: 950}, want: []string{"refunded 450 450 950"}},
		{name: "the refund is gone", order: orderOf([]order.Payment{p}, refund), has: ledger.Totals{Ref: "pi_1", Currency: "EUR", Captured: 1450}, want: []string{"refunded 450 450 0"}},
		{name: "another refund of a surplus", order: orderOf([]order.Payment{surplus}, refund), has: ledger.Totals{Ref: "pi_1", Currency: "EUR", Captured: 1450, Refunded: 950}, want: []string{"surplus 1000 1000 500"}},
		{name: "a dispute", order: orderOf([]order.Payment{p}, refund), has: ledger.Totals{Ref: "pi_1", Currency: "EUR", Captured: 1450, Refunded: 450, Disputed: 1000}, want: []string{"disputed 0 0 1000"}},
		{name: "another currency", order: orderOf([]order.Payment{p}, refund), has: ledger.Totals{Ref: "pi_1", Currency: "USD", Captured: 1450, Refunded: 450}, want: []string{"captured 1450 1450 1450", "refunded 450 450 450"}},
		{name: "a refund that was asked for, before", order: orderOf([]order.Payment{p}, refundOf(450, order.RefundRequested, false)), has: ledger.Totals{Ref: "pi_1", Currency: "EUR", Captured: 1450}},
		{name: "a refund that was asked for, after", order: orderOf([]order.Payment{p}, refundOf(450, order.RefundRequested, false)), has: agreed},
		{name: "more than was asked for", order: orderOf([]order.Payment{p}, refundOf(450, order.RefundRequested, false)), has: ledger.Totals{Ref: "pi_1", Currency: "EUR", Captured: 1450, Refunded: 900}, want: []string{"refunded 450 450 900"}},
		{name: "unreadable amounts", order: orderOf([]order.Payment{p}, refund), has: ledger.Totals{Ref: "pi_1", Currency: "EUR", Problem: "half a króna"}, want: []string{"captured 1450 1450 -"}},
		{name: "paid out by a person", order: orderOf([]order.Payment{p}, refundOf(450, order.RefundSucceeded, true)), has: ledger.Totals{Ref: "pi_1", Currency: "EUR", Captured: 1450}},
	} {
		books := ledger.Books{Order: c.order}
		for i, e := range ledger.Entries(order.Order{}, c.order, ledger.ByOrder) {
			if i+1 == c.remove {
				continue
			}
			books.Balances = append(books.Balances,
				ledger.AccountBalance{Payment: e.Payment, Party: e.Party, Ref: e.Ref, Account: e.Debit, Amount: e.Amount.Amount},
				ledger.AccountBalance{Payment: e.Payment, Party: e.Party, Ref: e.Ref, Account: e.Credit, Amount: -e.Amount.Amount})
		}
		totals := map[string]ledger.Totals{}
		if c.has.Ref != "" {
			totals[c.has.Ref] = c.has
		}
		var got []string
		for _, d := range ledger.Compare(books, totals) {
			provider := "-"
			if d.Provider != nil {
				provider = fmt.Sprint(*d.Provider)
			}
			got = append(got, fmt.Sprintf("%s %d %d %s", d.Account, d.Record, d.Ledger, provider))
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

// TestExchange (PAY-2, REC-3): the value of goods that were exchanged moves from one order's
// books to the other's, and back: each order agrees with its entries and its provider, and the
// account of credit has nothing in all.
func TestExchange(t *testing.T) {
	euro := func(n int64) order.Money { return order.Money{Amount: n, Currency: "EUR"} }
	first := order.Payment{Number: 1, Provider: "stripe", Reference: "pi_1", Authorized: 2900, Captured: 2900}
	credit := order.Payment{Number: 1, Provider: order.Credit, Reference: "ord_1/rt1", Captured: 1450}
	credited := func(n int64) order.Refund {
		return order.Refund{ID: "return-rt1", PaymentRef: "pi_1", Amount: euro(n), Status: order.RefundCredited, CreditTo: "ord_2"}
	}
	with := func(p order.Payment, refunded int64, refunds ...order.Refund) order.Order {
		p.Refunded = refunded
		return orderOf([]order.Payment{p}, refunds...)
	}
	steps := []struct {
		first, second order.Order
		refunded      int64 // at the provider of the first
		want          []string
	}{
		{first: with(first, 0)},
		{first: with(first, 1450, credited(1450)), second: with(credit, 0), want: []string{"1 credit pi_1: clearing to refunded 1450", "1 credit ord_1/rt1: captured to clearing 1450"}},
		{
			first:    with(first, 1450, credited(1000), order.Refund{ID: "exchange-1", PaymentRef: "pi_1", Amount: euro(450), Status: order.RefundSucceeded}),
			second:   with(credit, 450, order.Refund{ID: "r1", PaymentRef: "ord_1/rt1", Amount: euro(450), Status: order.RefundSucceeded}),
			refunded: 450,
			want:     []string{"1 credit pi_1: refunded to clearing 450", "1 stripe pi_1: clearing to refunded 450", "1 credit ord_1/rt1: clearing to refunded 450"},
		},
	}
	var all [2][]ledger.Entry
	for i, s := range steps[1:] {
		was := steps[i]
		changes := [2][]ledger.Entry{ledger.Entries(was.first, s.first, ledger.ByOrder), ledger.Entries(was.second, s.second, ledger.ByOrder)}
		got := append(describe(changes[0]), describe(changes[1])...)
		slices.Sort(got)
		slices.Sort(s.want)
		if diff := cmp.Diff(s.want, got); diff != "" {
			t.Errorf("step %d (-want +got):\n%s", i+1, diff)
		}
		sum := int64(0)
		for n, entries := range changes {
			all[n] = append(all[n], entries...)
			for _, e := range all[n] {
				if e.Party != order.Credit {
					continue
				}
				if e.Debit == ledger.Clearing {
					sum += e.Amount.Amount
				}
				if e.Credit == ledger.Clearing {
					sum -= e.Amount.Amount
				}
			}
		}
		if sum != 0 {
			t.Errorf("step %d: credit has %d in all", i+1, sum)
		}
		totals := map[string]ledger.Totals{"pi_1": {Ref: "pi_1", Currency: "EUR", Captured: 2900, Refunded: s.refunded}}
		for n, o := range []order.Order{s.first, s.second} {
			entries := all[n]
			if n == 0 {
				entries = append(ledger.Entries(order.Order{}, steps[0].first, ledger.ByOrder), entries...)
			}
			books := ledger.Books{Order: o}
			for _, e := range entries {
				books.Balances = append(books.Balances,
					ledger.AccountBalance{Payment: e.Payment, Party: e.Party, Ref: e.Ref, Account: e.Debit, Amount: e.Amount.Amount},
					ledger.AccountBalance{Payment: e.Payment, Party: e.Party, Ref: e.Ref, Account: e.Credit, Amount: -e.Amount.Amount})
			}
			if d := ledger.Compare(books, totals); len(d) != 0 {
				t.Errorf("step %d, order %d: %+v", i+1, n+1, d)
			}
		}
		if asked := ledger.ToAsk(s.second); len(asked) != 0 {
			t.Errorf("a provider is asked about credit: %+v", asked)
		}
	}
}
