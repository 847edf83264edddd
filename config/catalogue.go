package config

import (
	"errors"
	"time"
)

// Catalogue says how the catalogue and its index are looked after.
type Catalogue struct {
	ImportMax      int64         `help:"Bytes that an imported file may have." env:"PURSER_IMPORT_MAX" default:"1073741824"`
	ReconcileEvery time.Duration `help:"How often the search index is compared with the catalogue and repaired; 0: only when told." env:"PURSER_RECONCILE_EVERY" default:"1h"`
}

func (c *Catalogue) checkCatalogue() error {
	if c.ImportMax < 1 {
		return errors.New("PURSER_IMPORT_MAX: want 1 or more")
	}
	if c.ReconcileEvery != 0 && c.ReconcileEvery < time.Minute {
		return errors.New("PURSER_RECONCILE_EVERY: want 1m or more, or 0")
	}
	return nil
}
