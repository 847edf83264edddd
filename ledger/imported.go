package ledger

import (
	"cmp"
	"fmt"
	"slices"

	"purser/order"
)

// SettlementBooks are a settlement as the record has it, and what the ledger has of
// it.
type SettlementBooks struct {
	Doubt   Doubt    // names the settlement
	OrderID order.ID // empty: it belongs to no order that is known
	Payment int
	// Recorded is the settlement as the provider had it when it was imported; without
	// an ID it is not recorded.
	Recorded Settlement
	Balances []SettlementBalance
}

// SettlementBalance is what the entries of a settlement add up to on one account:
// debits less credits.
type SettlementBalance struct {
	Account Account
	Amount  order.Money
}

// side identifies a balance of a settlement. A conversion has two on Exchange.
type side struct {
	account  Account
	currency string
}

func sidesOf(s Settlement) (map[side]int64, error) {
	sides := map[side]int64{}
	entries, err := s.Entries()
	for _, e := range entries {
		sides[side{e.Debit, e.Amount.Currency}] += e.Amount.Amount
		sides[side{e.Credit, e.Amount.Currency}] -= e.Amount.Amount
	}
	return sides, err
}

// CompareSettlement returns where the ledger or the provider differ from the record
// about a settlement. has is nil if the provider does not have it.
func CompareSettlement(b SettlementBooks, has *Settlement) []Difference {
	books, record, provider := map[side]int64{}, map[side]int64{}, map[side]int64{}
	for _, a := range b.Balances {
		books[side{a.Account, a.Amount.Currency}] += a.Amount.Amount
	}
	recorded := b.Recorded.ID != ""
	if recorded {
		record, _ = sidesOf(b.Recorded) // only what adds up is recorded
	}
	why, unbooked := "the provider does not have the balance transaction", ""
	if has != nil {
		its := *has
		if recorded {
			its = its.asImported(b.Recorded)
		}
		var err error
		if provider, err = sidesOf(its); err != nil {
			unbooked = "the balance transaction cannot be booked: " + err.Error()
		}
		why = its.differsFrom(b.Recorded)
	}
	var all []Difference
	for _, s := range union(record, books, provider) {
		d := b.difference(s, record[s], books[s])
		if record[s] != books[s] {
			d.Why = "the ledger differs from the record"
		}
		if unbooked == "" {
			have := provider[s]
			d.Provider = &have
			if have != record[s] || !recorded {
				d.Why = why
			}
		}
		if d.Why != "" {
			all = append(all, d)
		}
	}
	if has != nil && !recorded {
		b.Recorded.Ref, b.Recorded.Amount.Currency = has.Ref, has.Amount.Currency
	}
	switch balance := (side{Balance, b.Recorded.Amount.Currency}); {
	case unbooked != "":
		d := b.difference(balance, record[balance], books[balance])
		d.Why = unbooked
		all = slices.DeleteFunc(all, func(o Difference) bool { return o.Account == d.Account && o.Currency == d.Currency })
		all = append(all, d)
	case len(all) == 0 && recorded && has != nil && why != "": // not in an amount
		d := b.difference(balance, record[balance], books[balance])
		d.Why = why
		all = append(all, d)
	}
	slices.SortFunc(all, func(a, b Difference) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Currency, b.Currency))
	})
	return all
}

func (b SettlementBooks) difference(s side, record, books int64) Difference {
	return Difference{
		OrderID: b.OrderID, Payment: b.Payment, Ref: b.Recorded.Ref, Party: b.Doubt.Party, Source: b.Doubt.Source,
		Account: s.account, Currency: s.currency, Record: record, Ledger: books,
	}
}

// Same reports whether a provider has a settlement as it was when it was imported.
func (s Settlement) Same(recorded Settlement) bool {
	return s.asImported(recorded).differsFrom(recorded) == ""
}

// differsFrom says how the provider's settlement differs from the recorded one; it
// returns "" if it does not.
func (s Settlement) differsFrom(recorded Settlement) string {
	switch {
	case recorded.ID == "":
		return "the balance transaction is not in the ledger"
	case s.Problem != "":
		return s.Problem
	case s.Ref != recorded.Ref:
		return fmt.Sprintf("the provider has the balance transaction for the payment %.64q", s.Ref)
	case !s.At.Equal(recorded.At):
		return "the provider has the balance transaction at " + s.At.UTC().Format("2006-01-02 15:04:05")
	case s.Amount != recorded.Amount, s.Paid != recorded.Paid, s.Fee != recorded.Fee, s.Net != recorded.Net, s.Kind != recorded.Kind:
		return "the provider differs from the record"
	}
	return ""
}

// asImported returns the provider's settlement, with what the shopper paid as it was
// when it was imported, if more of the same charge was captured since: the provider
// lists the captured amount of the charge with each of its settlements.
func (s Settlement) asImported(recorded Settlement) Settlement {
	converted := s.Paid.Currency != s.Amount.Currency
	if converted && s.Kind == SettlementCharge && s.Paid.Currency == recorded.Paid.Currency && s.Paid.Amount > recorded.Paid.Amount {
		s.Paid = recorded.Paid
	}
	return s
}
