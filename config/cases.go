package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"purser/order"
)

// Cases holds the settings about what a person decides.
type Cases struct {
	ApproveAbove []string      `help:"Above which amounts a decision that pays money back or keeps it needs a second person, by currency and in minor units, such as EUR=50000,JPY=80000. It holds for orders that are placed from then on. Default: one person decides about any amount." env:"PURSER_APPROVE_ABOVE"`
	SweepCases   time.Duration `help:"How often open cases are looked at, and matters that have no case are looked for." env:"PURSER_SWEEP_CASES" default:"1h"`
}

// Approval returns above which amounts a decision needs a second person; nil: never.
func (c *Config) Approval() (order.Approval, error) {
	var a order.Approval
	for _, entry := range c.ApproveAbove {
		currency, number, _ := strings.Cut(strings.TrimSpace(entry), "=")
		amount, err := strconv.ParseInt(number, 10, 64)
		if _, unknown := order.Exponent(currency); err != nil || unknown != nil || amount < 0 {
			return nil, fmt.Errorf("PURSER_APPROVE_ABOVE: %q: want a currency and an amount in minor units, such as EUR=50000", entry)
		}
		if _, twice := a[currency]; twice {
			return nil, fmt.Errorf("PURSER_APPROVE_ABOVE: %s comes twice", currency)
		}
		if a == nil {
			a = order.Approval{}
		}
		a[currency] = amount
	}
	return a, nil
}

func (c *Config) checkCases() error {
	if c.SweepCases < time.Minute {
		return fmt.Errorf("PURSER_SWEEP_CASES: %s: want a minute or more", c.SweepCases)
	}
	_, err := c.Approval()
	return err
}
