package config

import (
	"errors"
	"time"
)

// Ledger holds the settings of the ledger's checks. It is part of Config.
type Ledger struct {
	LedgerEvery time.Duration `help:"How often Stripe's balance transactions are imported, and the ledger is compared with the orders that changed and with Stripe; once a night with all orders of the last month. 0: only on request." env:"PURSER_LEDGER_EVERY" default:"15m"`
}

func (l *Ledger) checkLedger() error {
	if l.LedgerEvery != 0 && l.LedgerEvery < time.Minute {
		return errors.New("PURSER_LEDGER_EVERY: want 1m or more, or 0")
	}
	return nil
}
