package stripe

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// debitTime is how long a direct debit is processing, if the configuration does not
// say it: five business days usually
// (https://docs.stripe.com/payments/sepa-debit/accept-a-payment).
const debitTime = 7 * 24 * time.Hour

// delayedTime is how long a debit at least is processing whose test account says
// that it is delayed.
const delayedTime = 3 * time.Minute

const notProcessed = "payment_intent_payment_attempt_failed"

// debits are the ends of debits from Stripe's test accounts, by the names of the test
// payment methods, which also name the account's country
// (https://docs.stripe.com/payments/sepa-debit/accept-a-payment#test-integration).
var debits = map[string]card{
	"success":                       {},
	"successDelayed":                {delayed: true},
	"failed":                        {code: notProcessed, message: "The payment failed."},
	"failedDelayed":                 {code: notProcessed, message: "The payment failed.", delayed: true},
	"disputed":                      {dispute: "fraudulent"},
	"exceedsWeeklyVolumeLimit":      {code: "charge_exceeds_source_limit", message: "The account would exceed its weekly volume limit."},
	"exceedsWeeklyTransactionLimit": {code: "charge_exceeds_weekly_limit", message: "The account would exceed its weekly transaction limit."},
	"insufficientFunds":             {code: "insufficient_funds", message: "The account has insufficient funds."},
}

// ibans maps test accounts to the ends of their debits and their countries.
var ibans = map[string]string{
	"AT611904300234573201": "pm_success_at", "AT321904300235473204": "pm_successDelayed_at", "AT861904300235473202": "pm_failed_at",
	"AT051904300235473205": "pm_failedDelayed_at", "AT591904300235473203": "pm_disputed_at",
	"AT981904300000343434": "pm_exceedsWeeklyVolumeLimit_at", "AT601904300000121212": "pm_exceedsWeeklyTransactionLimit_at",
	"AT981904300002222227": "pm_insufficientFunds_at",

	"DE89370400440532013000": "pm_success_de", "DE08370400440532013003": "pm_successDelayed_de", "DE62370400440532013001": "pm_failed_de",
	"DE78370400440532013004": "pm_failedDelayed_de", "DE35370400440532013002": "pm_disputed_de",

	"FR1420041010050500013M02606": "pm_success_fr", "FR3020041010050500013M02609": "pm_successDelayed_fr", "FR8420041010050500013M02607": "pm_failed_fr",
	"FR7920041010050500013M02600": "pm_failedDelayed_fr", "FR5720041010050500013M02608": "pm_disputed_fr",
}

// methodOfIBAN returns the test payment method of an account.
func methodOfIBAN(iban string) (method string, ok bool) {
	method, ok = ibans[strings.ToUpper(strings.ReplaceAll(iban, " ", ""))]
	return method, ok
}

// findDebit returns the test payment method of a debit.
func findDebit(method string) (card, bool) {
	for iban, m := range ibans {
		if m == method {
			end, _, _ := strings.Cut(strings.TrimPrefix(m, "pm_"), "_")
			c := debits[end]
			c.kind, c.last4 = "sepa_debit", iban[len(iban)-4:]
			return c, true
		}
	}
	return card{}, false
}

// debit submits a direct debit. Its charge is pending until the bank decides.
func (t *txn) debit(in *Intent, c card) {
	ch := t.newCharge(in, c)
	ch.Status = pending
	in.Status = processing
	after := t.s.DebitTime()
	if c.delayed {
		after = max(after, delayedTime)
	}
	due := t.now.Add(after)
	t.Due = &due
	t.emit("charge.pending", ch)
	t.emit("payment_intent.processing", in)
}

// DecideDebits applies the banks' decisions on the debits whose time has come. Run
// calls it every second.
func (s *Server) DecideDebits() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.conf.Now()
	for _, id := range slices.Sorted(maps.Keys(s.due)) {
		if now.Before(s.due[id]) {
			continue
		}
		t := s.begin("")
		in := t.intent(s.intents.by[id])
		c, _ := findCard(*in.PaymentMethod)
		t.decide(in, c)
		if err := s.commit(t); err != nil {
			return err
		}
	}
	return nil
}

// decide applies the bank's decision on a debit.
func (t *txn) decide(in *Intent, c card) {
	ch := t.charge(*in.LatestCharge)
	if c.code != "" {
		_ = t.declineCharge(in, ch, c)
		return
	}
	t.captureAtOnce(in, ch)
}

// decided returns a debit that ends as somebody has decided.
func (c card) decided(ok bool) card {
	if ok {
		c.code = ""
	} else if c.code == "" {
		c.code, c.message = notProcessed, "The payment failed."
	}
	return c
}
