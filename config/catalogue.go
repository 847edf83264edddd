package config

import (
	"errors"
	"time"
)

// Catalogue says how the catalogue and its index are looked after.
type Catalogue struct {
	ImportMax      int64         `help:"Bytes that an imported file may have." env:"PURSER_IMPORT_MAX" default:"1073741824"`
	ReconcileEvery time.Duration `help:"How often the search index is compared with the catalogue and repaired; 0: only when told, and then old imports and changes, and the bytes of old webhooks, are kept too." env:"PURSER_RECONCILE_EVERY" default:"1h"`

	SampleCatalogue bool `help:"Load the sample products into an empty catalogue also where the real Stripe takes the money. With the sandbox's Stripe they are always loaded." env:"PURSER_SAMPLE_CATALOGUE"`

	KeepProductChanges time.Duration `help:"For how long it is known who changed a product, and the Idempotency-Key of that change; 24h or more." env:"PURSER_KEEP_PRODUCT_CHANGES" default:"2160h"`
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
