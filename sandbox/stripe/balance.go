package stripe

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The fees and the calendar of the balance that the stand-in keeps: those of a card
// from the European Economic Area (https://stripe.com/pricing), as integers.
const (
	balanceCurrency = "eur"
	feePerMille     = 14   // 1.4 %
	feeFixed        = 25   // for each charge
	disputeFee      = 2000 // for each dispute; it is not returned
	availableAfter  = 2 * 24 * time.Hour
)

// rates are how many millionths of a euro one major unit of a currency is worth. A
// currency without a rate has a balance of its own, as at Stripe if the shop has a
// bank account in it. No rate changes, so that tests can count on them.
var rates = map[string]int64{"usd": 920_000, "gbp": 1_160_000, "chf": 1_040_000, "jpy": 6_100, "isk": 6_700, "ugx": 240, "sek": 88_000, "dkk": 134_000, "pln": 234_000}

// wholeUnits are the currencies whose amounts have no decimals.
const wholeUnits = "bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf"

// BalanceTransaction is one change of the shop's balance.
type BalanceTransaction struct {
	ID                string       `json:"id"`
	Object            string       `json:"object"`
	Amount            int64        `json:"amount"`
	AvailableOn       int64        `json:"available_on"`
	Created           int64        `json:"created"`
	Currency          string       `json:"currency"`
	Description       *string      `json:"description"`
	ExchangeRate      *json.Number `json:"exchange_rate"`
	Fee               int64        `json:"fee"`
	FeeDetails        []FeeDetail  `json:"fee_details"`
	Net               int64        `json:"net"`
	ReportingCategory string       `json:"reporting_category"`
	Source            string       `json:"source"`
	Status            string       `json:"status"`
	Type              string       `json:"type"`
}

func (b *BalanceTransaction) key() string { return b.ID }

// FeeDetail is one of the fees of a balance transaction.
type FeeDetail struct {
	Amount      int64   `json:"amount"`
	Application *string `json:"application"`
	Currency    string  `json:"currency"`
	Description string  `json:"description"`
	Type        string  `json:"type"`
}

// Payout is money sent to the shop's bank account.
type Payout struct {
	ID                 string `json:"id"`
	Object             string `json:"object"`
	Amount             int64  `json:"amount"`
	ArrivalDate        int64  `json:"arrival_date"`
	Automatic          bool   `json:"automatic"`
	BalanceTransaction string `json:"balance_transaction"`
	Created            int64  `json:"created"`
	Currency           string `json:"currency"`
	// FailureBalanceTransaction returned the money of a payout that failed.
	FailureBalanceTransaction *string           `json:"failure_balance_transaction"`
	Livemode                  bool              `json:"livemode"`
	Metadata                  map[string]string `json:"metadata"`
	Method                    string            `json:"method"`
	Status                    string            `json:"status"`
	Type                      string            `json:"type"`
}

func (p *Payout) key() string { return p.ID }

// inBalance converts an amount to the currency of the balance; the rate is nil if
// it is the same.
func inBalance(amount int64, currency string) (int64, string, *json.Number) {
	perMajor, converted := rates[currency]
	if !converted {
		return amount, currency, nil
	}
	unit := int64(1_000_000)
	if strings.Contains(wholeUnits, currency) {
		unit = 10_000
	}
	sign := int64(1)
	if amount < 0 {
		sign = -1
	}
	decimals := strconv.FormatInt(1_000_000+perMajor%1_000_000, 10)[1:]
	rate := json.Number(strings.TrimRight(strconv.FormatInt(perMajor/1_000_000, 10)+"."+decimals, "0"))
	return sign * ((sign*amount*perMajor + unit/2) / unit), balanceCurrency, &rate
}

// balanceStep adds to a step what its changes do to the balance: captures, refunds,
// refunds that failed, disputes, and disputes that were won.
func (t *txn) balanceStep() {
	if ch := t.Charge; ch != nil {
		before := int64(0)
		if was := t.s.charges.by[ch.ID]; was != nil {
			before = was.AmountCaptured
		}
		if taken := ch.AmountCaptured - before; taken > 0 {
			amount, _, _ := inBalance(taken, ch.Currency)
			t.move("charge", "charge", ch.ID, taken, ch.Currency, (amount*feePerMille+500)/1000+feeFixed)
		}
	}
	if r := t.Refund; r != nil && !t.Released && !t.s.released[r.ID] {
		was := t.s.refunds.by[r.ID]
		if was == nil {
			t.move("refund", "refund", r.ID, -r.Amount, r.Currency, 0)
		}
		if failed := "failed"; r.Status == failed && (was == nil || was.Status != failed) {
			t.move("refund_failure", "refund_failure", r.ID, r.Amount, r.Currency, 0)
		}
	}
	if d := t.Dispute; d != nil {
		switch was := t.s.disputes.by[d.ID]; {
		case was == nil:
			t.move("adjustment", "dispute", d.ID, -d.Amount, d.Currency, disputeFee)
		case d.Status == "won" && was.Status != d.Status:
			t.move("adjustment", "dispute_reversal", d.ID, d.Amount, d.Currency, 0)
		}
	}
}

// move adds a balance transaction over an amount in the currency of its source.
func (t *txn) move(typ, category, source string, amount int64, currency string, fee int64) *BalanceTransaction {
	b := &BalanceTransaction{
		ID: newID("txn_3"), Object: "balance_transaction", AvailableOn: t.now.Add(availableAfter).Unix(), Created: t.now.Unix(),
		Fee: fee, FeeDetails: []FeeDetail{}, ReportingCategory: category, Source: source, Status: "pending", Type: typ,
	}
	b.Amount, b.Currency, b.ExchangeRate = inBalance(amount, currency)
	b.Net = b.Amount - fee
	if fee != 0 {
		b.FeeDetails = []FeeDetail{{Amount: fee, Currency: b.Currency, Description: "Stripe processing fees", Type: "stripe_fee"}}
	}
	t.Balance = append(t.Balance, b)
	return b
}

// payOut sends what is available to the shop's bank account, as Stripe does with
// automatic payouts, at most once a day. s.mu must be held.
func (s *Server) payOut(now time.Time) error {
	day := now.UTC().Format(time.DateOnly)
	if s.paidOut == day {
		return nil
	}
	available := map[string]int64{}
	for _, b := range s.balance.all {
		if b.AvailableOn <= now.Unix() {
			available[b.Currency] += b.Net
		}
	}
	for currency, amount := range available {
		if amount <= 0 {
			continue
		}
		t := s.begin("")
		p := &Payout{
			ID: newID("po_3"), Object: "payout", Amount: amount, ArrivalDate: now.Add(24 * time.Hour).Unix(), Automatic: true, Created: now.Unix(),
			Currency: currency, Metadata: map[string]string{}, Method: "standard", Status: "paid", Type: "bank_account",
		}
		b := t.move("payout", "payout", p.ID, 0, currency, 0)
		b.Amount, b.Net, b.Currency, b.ExchangeRate, b.AvailableOn, b.Status = -amount, -amount, currency, nil, now.Unix(), "available"
		p.BalanceTransaction, t.Payout = b.ID, p
		t.emit("payout.paid", p)
		if err := s.commit(t); err != nil {
			return err
		}
	}
	s.paidOut = day
	return nil
}

func (s *Server) listBalance(c *call) (any, *Error) {
	typ, source, payout, currency := c.form.text("type"), c.form.text("source"), c.form.text("payout"), c.form.text("currency")
	if payout != "" {
		return nil, invalid("", "payout", "The sandbox does not list the transactions of a payout.")
	}
	return page(c, &s.balance, func(b *BalanceTransaction) int64 { return b.Created }, func(b *BalanceTransaction) bool {
		return (typ == "" || b.Type == typ) && (source == "" || b.Source == source) && (currency == "" || b.Currency == currency)
	}, func(b *BalanceTransaction) any { return c.shownBalance(b) })
}

func (s *Server) getBalance(c *call) (any, *Error) {
	id := c.r.PathValue("txn")
	if b, ok := s.balance.by[id]; ok {
		return c.shownBalance(b), nil
	}
	return nil, missing("id", "balance transaction", id)
}

// shownBalance returns a balance transaction as it is now.
func (c *call) shownBalance(b *BalanceTransaction) *BalanceTransaction {
	shown := *b
	if b.AvailableOn <= c.now.Unix() {
		shown.Status = "available"
	}
	return &shown
}

// expandedBalance is a balance transaction that has its source instead of the
// source's id.
type expandedBalance struct {
	*BalanceTransaction
	Source any `json:"source"`
}

// expandSource returns a balance transaction with its source.
func (c *call) expandSource(b *BalanceTransaction) expandedBalance {
	e := expandedBalance{b, b.Source}
	switch {
	case c.s.charges.by[b.Source] != nil:
		e.Source = c.s.charges.by[b.Source]
	case c.s.refunds.by[b.Source] != nil:
		e.Source = c.s.refunds.by[b.Source]
	case c.s.disputes.by[b.Source] != nil:
		e.Source = c.s.disputes.by[b.Source]
	case c.s.payouts.by[b.Source] != nil:
		e.Source = c.s.payouts.by[b.Source]
	}
	return e
}

// FailPayout has the bank return a payout that was sent: the money is in the balance
// again.
func (s *Server) FailPayout(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, ok := s.payouts.by[id]
	if !ok || old.Status == "failed" {
		return fmt.Errorf("stripe sandbox: no payout %q that can fail", id)
	}
	t := s.begin("")
	p := *old
	b := t.move("payout_failure", "payout_reversal", p.ID, 0, p.Currency, 0)
	b.Amount, b.Net, b.Currency, b.ExchangeRate, b.AvailableOn, b.Status = p.Amount, p.Amount, p.Currency, nil, t.now.Unix(), "available"
	p.Status, p.FailureBalanceTransaction, t.Payout = "failed", &b.ID, &p
	t.emit("payout.failed", &p)
	return s.commit(t)
}

func (s *Server) listDisputes(c *call) (any, *Error) {
	intent, charge := c.form.text("payment_intent"), c.form.text("charge")
	if e := c.known(intent, charge); e != nil {
		return nil, e
	}
	return page(c, &s.disputes, func(d *Dispute) int64 { return d.Created }, func(d *Dispute) bool {
		return (intent == "" || d.PaymentIntent == intent) && (charge == "" || d.Charge == charge)
	}, func(d *Dispute) any { return d })
}
