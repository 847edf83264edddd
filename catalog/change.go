package catalog

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
)

// Change is what somebody wants of a product. Fields left out leave what they
// stand for as it is. The product's workflow takes changes in the order in
// which they come and is the only one who carries them out.
type Change struct {
	// ID names the change: the same one is carried out once, whoever repeats
	// it.
	ID          string `json:"id"`
	Actor       string `json:"actor"`
	Correlation string `json:"correlationId,omitempty"`

	// IfVersion and IfRevision make the change fail with ErrVersion if the
	// product has moved on. Version 0 is a product that does not exist.
	IfVersion  *int64 `json:"ifVersion,omitempty"`
	IfRevision *int64 `json:"ifRevision,omitempty"`
	// IfExists makes it fail with ErrVersion if there is no such product.
	IfExists bool `json:"ifExists,omitempty"`

	// Put describes the product again, or for the first time. Its OnHand
	// counts for a new product only: to set the stock from a description
	// that was read a while ago would bring back what was sold meanwhile. Its
	// Images and Version count for nothing.
	Put *Product `json:"put,omitempty"`
	// Price without a currency is in the one that the product is sold in.
	Price    *Price `json:"price,omitempty"`
	OnHand   *int64 `json:"onHand,omitempty"`  // counted: so many there are
	Receive  int64  `json:"receive,omitempty"` // so many more came in (or, below zero, are gone)
	Inactive *bool  `json:"inactive,omitempty"`
	// AddImage publishes an image, or replaces the one with its ID.
	AddImage  *Image `json:"addImage,omitempty"`
	DropImage string `json:"dropImage,omitempty"` // its ID
	Delete    bool   `json:"delete,omitempty"`
}

// Price is an amount in minor units of a currency.
type Price struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency,omitempty"`
}

// Apply returns the product as changed. exists is false for one that never
// was, or was deleted.
func (c Change) Apply(p Stocked, exists bool) (Product, error) {
	version := int64(0)
	if exists {
		version = p.Version
	}
	switch {
	case c.IfVersion != nil && *c.IfVersion != version:
		return p.Product, fmt.Errorf("%w: it is at version %d, the change is meant for %d", ErrVersion, version, *c.IfVersion)
	case c.IfRevision != nil && *c.IfRevision != p.Revision:
		return p.Product, fmt.Errorf("%w: its stock has moved", ErrVersion)
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

// Fingerprint is what a change asks for, as JSON and as a digest of that: the
// same for everybody who asks for the same, under whatever ID. What counts for
// nothing is left out: whoever reads a product and sends it back, and reads it
// again before the second try, asks for the same.
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

// Stock returns how many pieces there are after the change.
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
