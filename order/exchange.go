package order

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Credit is the provider of payments that are made with the value of goods that came back
// to another order. The order that they came back to refunds such a payment.
const Credit = "credit"

// ExchangePayWithin is how long a shopper has to pay the difference of an exchange, whom
// nobody asks at a checkout.
const ExchangePayWithin = 7 * day

// Credit reports whether the payment is made with the value of goods that came back.
func (p Payment) Credit() bool { return p.Provider == Credit }

// AtProvider reports whether a payment provider takes and refunds the payment, or is
// asked to.
func (p Payment) AtProvider() bool { return !p.Manual() && !p.Credit() }

// Exchange is the goods that a shopper wants instead of those of a return. The value of
// what comes back pays for them, in another order.
type Exchange struct {
	Lines []RequestLine `json:"lines"`
	// OrderID is the order with these goods; it is known from when it is placed.
	OrderID ID `json:"orderId,omitempty"`
	// Offered is the value that is kept for that order, and Credit how much of it pays for
	// the order, which is known when it is placed.
	Offered Money `json:"offered,omitzero"`
	Credit  Money `json:"credit,omitzero"`
	// Returned are the parts of the credit that have come back from that order.
	Returned []CreditPart `json:"returned,omitempty"`
	// Refused says why there is no such order; the value is refunded then.
	Refused string `json:"refused,omitempty"`
}

// CreditPart is a part of a credit that has come back, under the ID of the refund that
// was planned for it.
type CreditPart struct {
	ID     string `json:"id"`
	Amount int64  `json:"amount"` // minor units
}

// decided reports whether it is known what became of the exchange.
func (x *Exchange) decided() bool { return x == nil || x.Credit.Currency != "" || x.Refused != "" }

// CameBack returns how much of the credit has come back, in minor units.
func (x *Exchange) CameBack() (sum int64) {
	for _, p := range x.Returned {
		sum += p.Amount
	}
	return sum
}

// Exchanging reports whether it is still to be decided whether the goods of a return
// are exchanged.
func (r Return) Exchanging() bool { return !r.Exchange.decided() }

// ExchangeOf says whose goods' value pays for an order.
type ExchangeOf struct {
	OrderID  ID     `json:"orderId"`
	ReturnID string `json:"returnId"`
	// Credit is the value that was offered, in minor units of the order's currency. What
	// the order costs less than that is refunded there.
	Credit int64 `json:"credit"`
}

// Reference returns the reference of the payment that the credit makes.
func (x ExchangeOf) Reference() string { return string(x.OrderID) + "/" + x.ReturnID }

// Hash returns the fingerprint of the request for the order. It is the same whatever the
// goods are worth, so that a repeated request finds the order that the first has placed.
func (x ExchangeOf) Hash() string {
	sum := sha256.Sum256([]byte("purser exchange\n" + x.Reference()))
	return hex.EncodeToString(sum[:16])
}

// ExchangeID returns the ID of the order that the goods of a return are exchanged for.
func (id ID) ExchangeID(returnID string) ID {
	sum := sha256.Sum256([]byte("purser exchange order\n" + string(id) + "\n" + returnID))
	return newID(sum[:])
}

// ExchangeRequest asks for the order that the goods of a return are exchanged for.
type ExchangeRequest struct {
	ID          ID         `json:"id"`
	Of          ExchangeOf `json:"of"`
	Request     Request    `json:"request"`
	Correlation string     `json:"correlationId"`
	// Ended asks only what came of earlier requests: a person does not want it any more.
	Ended bool `json:"ended,omitempty"`
}

// CreditReturn asks the order whose goods' value was given as credit to take a part of it
// back and refund it.
type CreditReturn struct {
	From     ID     `json:"from"` // the order that the credit paid for
	ReturnID string `json:"returnId"`
	ID       string `json:"id"` // of the refund in that order
	Amount   Money  `json:"amount"`
	// Rest says that everything is given back that is left, at most the amount.
	Rest   bool   `json:"rest,omitempty"`
	Reason string `json:"reason"`
}

// parts returns how an order that costs a total is paid: with at most what is
// offered as credit, and the rest by the shopper.
func (x ExchangeOf) parts(total Money) (credit, rest Money) {
	n := min(max(x.Credit, 0), total.Amount)
	return Money{n, total.Currency}, Money{total.Amount - n, total.Currency}
}

// firstPayments returns the payments of an order that is placed at a time and paid with
// the credit: the credit, and what the shopper still has to pay.
func (x ExchangeOf) firstPayments(total Money, placed time.Time) []Payment {
	credit, rest := x.parts(total)
	payments := []Payment{{
		Number: 1, Provider: Credit, Reference: x.Reference(), Status: PaymentCaptured, Amount: credit.Amount, Captured: credit.Amount, AuthorizedAt: placed,
	}}
	if rest.Amount > 0 {
		payments = append(payments, Payment{Number: 2, Amount: rest.Amount})
	}
	return payments
}

// CheckExchange fails with ErrBelowMinimum or ErrAmount if the shopper cannot be charged
// the difference between what an order costs and the credit.
func (o Order) CheckExchange() error {
	if o.ExchangeOf == nil || o.Free() {
		return nil
	}
	if _, rest := o.ExchangeOf.parts(o.Total); rest.Amount > 0 {
		if err := rest.Payable(); err != nil {
			return fmt.Errorf("the difference to the credit: %w", err)
		}
	}
	return nil
}

// Credited returns how much of the order is paid with credit, in minor units.
func (o Order) Credited() (sum int64) {
	for _, p := range o.Payments {
		if p.Credit() && !p.Surplus {
			sum += p.Captured
		}
	}
	return sum
}

// PaidByCredit reports whether the credit pays for the whole order, so that the shopper
// is asked for nothing.
func (o Order) PaidByCredit() bool { return o.Credited() > 0 && o.Credited() >= o.Total.Amount }

// Taken returns how much of the order's money the shopper has paid for it, in minor
// units: without the credit and without surplus payments.
func (o Order) Taken() int64 { return o.Captured() - o.Credited() }

// CreditOut returns how much of the value of a return's goods pays for another order at
// present, in minor units.
func (o Order) CreditOut(returnID string) (sum int64) {
	for _, r := range o.Refunds {
		if r.Status == RefundCredited && r.ReturnID == returnID {
			sum += r.Amount.Amount
		}
	}
	return sum
}

// CreditToTakeBack returns how much of the credit of a return the order that was placed
// does not need, in minor units: taken is what it needs.
func (o Order) CreditToTakeBack(back Return, taken int64) int64 {
	return max(o.CreditOut(back.ID)-max(taken-back.Exchange.CameBack(), 0), 0)
}

// creditBack begins the IDs of the refunds of credit that has come back from the order
// that it paid for.
const creditBack = "exchange-"

// CreditBackID returns the ID of the refund of a credit that comes back: it is made of
// the return and of the refund in the order that the credit paid for. No caller can use it
// for another refund.
func (r Return) CreditBackID(refundID string) string {
	return r.creditBackPrefix() + shortHash(refundID)
}

func (r Return) creditBackPrefix() string { return creditBack + shortHash(r.ID) + "-" }

// IsCreditBack reports whether a refund is of a credit of the return that has come back.
func (r Return) IsCreditBack(refundID string) bool {
	return strings.HasPrefix(refundID, r.creditBackPrefix())
}

func shortHash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:8])
}

// TookBack returns the part of a credit that came back under the ID of a refund, or of a
// part of it; nil if none did.
func (x *Exchange) TookBack(id string) *CreditPart {
	for i, p := range x.Returned {
		if p.ID == id || strings.HasPrefix(p.ID, id+":") || strings.HasPrefix(id, p.ID+":") {
			return &x.Returned[i]
		}
	}
	return nil
}

// clone returns a copy that shares nothing with x.
func (x *Exchange) clone() *Exchange {
	if x == nil {
		return nil
	}
	c := *x
	c.Lines, c.Returned = slices.Clone(x.Lines), slices.Clone(x.Returned)
	return &c
}

// CloneReturns returns copies of returns that share nothing with them that changes.
func CloneReturns(returns []Return) []Return {
	all := slices.Clone(returns)
	for i := range all {
		all[i].Exchange = all[i].Exchange.clone()
	}
	return all
}

// Uncredit takes an amount back from the credit of a return: it returns the order's
// refunds without it, and the refunds that the shopper gets instead, under an ID, from the
// payments that had given the credit. What was paid without a payment provider is in none
// of these: a person must pay it back.
func (o Order) Uncredit(back Return, id string, amount int64) (left, parts []Refund) {
	number := 0
	for _, r := range o.Refunds {
		if r.ID == id || strings.HasPrefix(r.ID, id+":") {
			number++
		}
	}
	for _, r := range o.Refunds {
		n := min(r.Amount.Amount, amount)
		if r.Status != RefundCredited || r.ReturnID != back.ID || n <= 0 {
			left = append(left, r)
			continue
		}
		amount -= n
		manual := o.paymentOf(r).Manual()
		if n == r.Amount.Amount && id == back.RefundIDToBe() && !manual { // nothing of it was ever used
			r.Status, r.CreditTo = RefundRequested, ""
			parts = append(parts, r)
			continue
		}
		part := Refund{ID: id, PaymentRef: r.PaymentRef, Amount: Money{n, r.Amount.Currency}, Reason: r.Reason, Status: RefundRequested, Asked: r.Asked, ReturnID: back.ID}
		r.Amount.Amount -= n
		left = append(left, r)
		if manual {
			continue
		}
		if number++; number > 1 {
			part.ID = fmt.Sprintf("%s:%d", id, number)
		}
		parts = append(parts, part)
	}
	return left, parts
}

// paymentOf returns the payment that a refund is of.
func (o Order) paymentOf(r Refund) Payment {
	for _, p := range o.Payments {
		if p.Reference == r.PaymentRef {
			return p
		}
	}
	return Payment{}
}

// PlanExchange returns the value of goods that came back as credit for the order that
// they are exchanged for: what PlanReturn would refund, less what was refunded for them
// before. It returns nothing if nothing is left.
func (o Order) PlanExchange(back Return, refunded int64) ([]Refund, error) {
	return o.planBack(back, refunded, o.ID.ExchangeID(back.ID))
}
