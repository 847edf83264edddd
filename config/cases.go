package config

import (
	"fmt"
	"time"

	"purser/workflows/orders"
)

// Cases holds the settings about what a person decides.
type Cases struct {
	ApproveAbove []string      `help:"Above which amounts a decision that pays money back or keeps it needs a second person, by currency and in minor units, such as EUR=50000,JPY=80000. A currency that is missing needs one for every amount. It holds for orders that are placed from then on; give it to api and worker alike. Default: one person decides about any amount." env:"PURSER_APPROVE_ABOVE"`
	SweepCases   time.Duration `help:"How often open cases are looked at, and matters that have no case are looked for." env:"PURSER_SWEEP_CASES" default:"1h"`
}

func (c *Config) checkCases() error {
	if c.SweepCases < time.Minute {
		return fmt.Errorf("PURSER_SWEEP_CASES: %s: want a minute or more", c.SweepCases)
	}
	if _, err := orders.ParseApproval(c.ApproveAbove); err != nil {
		return fmt.Errorf("PURSER_APPROVE_ABOVE: %w", err)
	}
	return nil
}
