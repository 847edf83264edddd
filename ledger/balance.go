package ledger

import (
	"errors"
	"fmt"
	"time"

	"purser/order"
)

var (
	// ErrUnbalanced means that the amounts of a settlement contradict each other.
	ErrUnbalanced = errors.New("a settlement that does not add up")
	// ErrUnreadable means that a settlement has a problem.
	ErrUnreadable = errors.New("a settlement that cannot be read")
)

// Settlement is one change of the balance that a provider keeps for the shop.
type Settlement struct {
	ID    string         `json:"id"` // the provider's
	Party string         `json:"party"`
	Kind  SettlementKind `json:"kind"`
	// Ref is the reference of the payment that it belongs to; empty if it belongs to
	// none.
	Ref string `json:"ref,omitempty"`
	// Paid is the amount in the currency that the shopper paid in, and Amount the same
	// in the balance's currency; both are below zero if money left the balance. Paid is
	// zero if there is no payment.
	Paid   order.Money `json:"paid,omitzero"`
	Amount order.Money `json:"amount"`
	Fee    int64       `json:"fee"` // in the balance's currency; below zero: it was returned
	Net    int64       `json:"net"` // Amount - Fee
	At     time.Time   `json:"at"`
	// Problem says why it cannot be read; its amounts do not count then.
	Problem string `json:"problem,omitempty"`
}

// SettlementKind says why the balance changed.
type SettlementKind string

// The kinds of settlements.
const (
	SettlementCharge  SettlementKind = "charge"
	SettlementRefund  SettlementKind = "refund"  // also one that failed: the money comes back
	SettlementDispute SettlementKind = "dispute" // also one that was won
	SettlementPayout  SettlementKind = "payout"  // also one that failed
	SettlementFee     SettlementKind = "fee"     // a fee that belongs to no payment
	SettlementOther   SettlementKind = "other"
)

// contra returns the account whose money changed the balance.
func (k SettlementKind) contra() Account {
	switch k {
	case SettlementCharge, SettlementRefund, SettlementDispute:
		return Settlements
	case SettlementPayout:
		return Payouts
	case SettlementFee:
		return Fees
	case SettlementOther:
	}
	return Adjustments
}

// Entries returns the entries of a settlement. It fails with ErrUnbalanced if the
// amount less the fee is not the net amount, and with ErrUnreadable if it has a
// problem.
func (s Settlement) Entries() ([]Entry, error) {
	if s.Problem != "" {
		return nil, fmt.Errorf("%w: %s", ErrUnreadable, s.Problem)
	}
	if s.Amount.Amount-s.Fee != s.Net {
		return nil, fmt.Errorf("%w: %s: %d less a fee of %d is not %d", ErrUnbalanced, s.ID, s.Amount.Amount, s.Fee, s.Net)
	}
	var entries []Entry
	move := func(debit, credit Account, amount order.Money) {
		if amount.Amount < 0 {
			debit, credit, amount.Amount = credit, debit, -amount.Amount
		}
		if amount.Amount != 0 {
			entries = append(entries, Entry{
				Kind: BySettlement, Ref: s.Ref, Party: s.Party, Debit: debit, Credit: credit, Amount: amount,
				Source: s.ID, Line: len(entries) + 1, At: s.At,
			})
		}
	}
	contra := s.Kind.contra()
	if contra == Settlements && s.Paid.Currency != "" && s.Paid.Currency != s.Amount.Currency {
		move(Exchange, Settlements, s.Paid)
		contra = Exchange
	}
	move(Balance, contra, s.Amount)
	move(Fees, Balance, order.Money{Amount: s.Fee, Currency: s.Amount.Currency})
	return entries, nil
}

// Booked is what came of booking settlements.
type Booked struct {
	Entries  int64 // that were added
	Unbooked int   // settlements that cannot be booked
}

// ImportProgress says how far the settlements are imported.
type ImportProgress struct {
	// Until is the time of the last settlement of a complete import: all before it are
	// booked. It is zero if there was none.
	Until time.Time
	// Newest and Oldest are the limits of what an import has booked that broke off, the
	// latest first; zero if none did.
	Newest, Oldest time.Time
}
