package config

import (
	"errors"
	"time"
)

// Catalogue holds the settings of the catalogue and its maintenance. It is part of
// Config.
type Catalogue struct {
	ImportMax      int64         `help:"The most bytes that an imported file may have." env:"PURSER_IMPORT_MAX" default:"1073741824"`
	ReconcileEvery time.Duration `help:"How often the search index is compared with the catalogue and repaired. 0: only on request." env:"PURSER_RECONCILE_EVERY" default:"1h"`

	SampleCatalogue bool `help:"Load the sample products into an empty catalogue even with the real Stripe. With the sandbox's Stripe they are always loaded." env:"PURSER_SAMPLE_CATALOGUE"`

	KeepProductChanges time.Duration `help:"How long product changes are kept, with their actors and Idempotency-Keys; 24h or more." env:"PURSER_KEEP_PRODUCT_CHANGES" default:"2160h"`
}

func (c *Catalogue) checkCatalogue() error {
	if c.ImportMax < 1 {
		return errors.New("PURSER_IMPORT_MAX: want 1 or more")
	}
	if c.ReconcileEvery != 0 && c.ReconcileEvery < time.Minute {
		return errors.New("PURSER_RECONCILE_EVERY: want 1m or more, or 0")
	}
	if c.KeepProductChanges < 24*time.Hour {
		return errors.New("PURSER_KEEP_PRODUCT_CHANGES: want 24h or more")
	}
	return nil
}
