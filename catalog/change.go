package catalog

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
)

// Change is a requested change of a product. Empty fields leave their subject as
// it is. Only the product's workflow applies changes, in the order of their
// arrival.
type Change struct {
	// ID identifies the change: it is applied once, however often it is
	// repeated.
	ID          string `json:"id"`
	Actor       string `json:"actor"`
	Correlation string `json:"correlationId,omitempty"`

	// IfVersion and IfRevision make the change fail with ErrVersion if the
	// product has another one. Version 0 means that it does not exist.
	IfVersion  *int64 `json:"ifVersion,omitempty"`
	IfRevision *int64 `json:"ifRevision,omitempty"`
	// IfExists makes it fail with ErrVersion if there is no such product.
	IfExists bool `json:"ifExists,omitempty"`

	// Put creates the product or replaces its description. Its OnHand is used
	// for a new product only: an older description would bring back stock that
	// was sold in the meantime. Its Images and Version are ignored.
	Put *Product `json:"put,omitempty"`
	// Price without a currency is in the product's currency.
	Price    *Price `json:"price,omitempty"`
	OnHand   *int64 `json:"onHand,omitempty"`  // the counted stock
	Receive  int64  `json:"receive,omitempty"` // pieces that arrived (or, below zero, were removed)
	Inactive *bool  `json:"inactive,omitempty"`
	// AddImage publishes an image, or replaces the one with its ID.
	AddImage  *Image `json:"addImage,omitempty"`
	DropImage string `json:"dropImage,omitempty"` // the image's ID
	Delete    bool   `json:"delete,omitempty"`
}

// Price is an amount in minor units of a currency.
type Price struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency,omitempty"`
}

// Apply returns the changed product. exists is false for a product that never
// existed or was deleted. It fails with ErrVersion, ErrNotFound or ErrInvalid.
func (c Change) Apply(p Stocked, exists bool) (Product, error) {
	version := int64(0)
	if exists {
		version = p.Version
	}
	switch {
	case c.IfVersion != nil && *c.IfVersion != version:
		return p.Product, fmt.Errorf("%w: it is at version %d, the change is meant for %d", ErrVersion, version, *c.IfVersion)
	case c.IfRevision != nil && *c.IfRevision != p.Revision:
		return p.Product, fmt.Errorf("%w: its stock has changed", ErrVersion)
	case c.IfExists && !exists:
		return p.Product, fmt.Errorf("%w: there is no such product", ErrVersion)
	case !exists && c.Put == nil:
		return p.Product, fmt.Errorf("%w: %s", ErrNotFound, p.SKU)
	}
	was := p.Product
	if c.Put != nil {
		put := *c.Put
		if put.SKU != was.SKU {
			return was, fmt.Errorf("%w: sku: the product is %q, got %.70q", ErrInvalid, was.SKU, put.SKU)
		}
		put.Version = was.Version
		if put.Images = nil; exists {
			put.OnHand, put.Images = was.OnHand, was.Images
		}
		was = put
	}
	if c.Price != nil {
		was.Price = c.Price.Amount
		if c.Price.Currency != "" {
			was.Currency = c.Price.Currency
		}
	}
	if c.Inactive != nil {
		was.Inactive = *c.Inactive
	}
	was.Images = c.images(was.Images)
	was.OnHand = c.Stock(was.OnHand)
	if err := was.Validate(); err != nil {
		return p.Product, err
	}
	was.Version++
	return was, nil
}

// Fingerprint returns the content of a change as JSON, and a digest of the JSON.
// Both are equal for equal requests, whatever their ID. They omit ignored
// fields, so that a client that reads a product, sends it back, and reads it
// again before a retry still makes the same request.
func (c Change) Fingerprint() (what, digest string, err error) {
	c.ID, c.Actor, c.Correlation = "", "", ""
	if c.Put != nil {
		put := *c.Put
		put.Version, put.Images = 0, nil
		if c.IfExists || c.IfVersion != nil && *c.IfVersion > 0 {
			put.OnHand = 0
		}
		c.Put = &put
	}
	b, err := json.Marshal(c)
	if err != nil {
		return "", "", err
	}
	sum := sha256.Sum256(b)
	return string(b), hex.EncodeToString(sum[:16]), nil
}

// Stock returns the number of pieces on hand after the change.
func (c Change) Stock(onHand int64) int64 {
	if c.OnHand != nil {
		onHand = *c.OnHand
	}
	return onHand + c.Receive
}

func (c Change) images(was []Image) []Image {
	if c.AddImage == nil && c.DropImage == "" {
		return was
	}
	now := slices.DeleteFunc(slices.Clone(was), func(p Image) bool { return p.ID == c.DropImage })
	if c.AddImage == nil {
		return now
	}
	if i := slices.IndexFunc(now, func(p Image) bool { return p.ID == c.AddImage.ID }); i >= 0 {
		now[i] = *c.AddImage
		return now
	}
	return append(now, *c.AddImage)
}
