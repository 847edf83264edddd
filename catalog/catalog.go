// Package catalog is the vocabulary of what a shop sells. It does no I/O.
package catalog

import "errors"

// What can be wrong with a product or a change of one. Each is an answer for
// the caller, not a fault of ours.
var (
	// ErrInvalid marks a product that cannot be sold as described.
	ErrInvalid = errors.New("invalid product")
	// ErrNotFound: there is no such product.
	ErrNotFound = errors.New("no such product")
	// ErrVersion: the product is not at the version the change is meant for.
	ErrVersion = errors.New("the product was changed meanwhile")
	// ErrReserved: more pieces are set aside for orders than would be left.
	ErrReserved = errors.New("pieces are set aside for orders")
	// ErrOtherChange: the id of a change was used for another one.
	ErrOtherChange = errors.New("the id was used for another change")
)

// Product is one thing that can be ordered. A variant (the blue one, the one
// in size M) is a product of its own with a SKU of its own; what variants have
// in common is their Parent.
type Product struct {
	SKU         string            `json:"sku"`
	Name        string            `json:"name"`
	Description string            `json:"description,omitempty"`
	Brand       string            `json:"brand,omitempty"`
	Category    string            `json:"category,omitempty"`
	Tags        []string          `json:"tags,omitempty"`
	Rating      int64             `json:"rating,omitempty" doc:"Hundredths of a star, at most 500; 0: not rated"`
	Parent      string            `json:"parent,omitempty" doc:"What the variants of a product have in common"`
	Options     map[string]string `json:"options,omitempty" doc:"What sets this variant apart, such as size and colour"`
	Price       int64             `json:"price"`    // minor units of Currency
	Currency    string            `json:"currency"` // ISO 4217, upper case
	// OnHand are the pieces in the warehouse, those set aside for orders
	// included.
	OnHand int64 `json:"onHand"`
	// Inactive keeps a product out of the search and from being ordered.
	Inactive bool      `json:"inactive,omitempty" doc:"Kept, but not for sale"`
	Pictures []Picture `json:"pictures,omitempty" doc:"Read only: they come by upload"`
	// Version rises by one with each change of what is written here, but not
	// when stock moves.
	Version int64 `json:"version,omitempty" doc:"Read only"`
}

// Picture is a published picture of a product: all of its renditions exist.
type Picture struct {
	ID         string      `json:"id"` // the upload it came from
	Alt        string      `json:"alt,omitempty"`
	Renditions []Rendition `json:"renditions"`
}

// Rendition is a picture in one size.
type Rendition struct {
	Name   string `json:"name"` // thumbnail, small, medium, large
	Key    string `json:"key"`  // in the object store
	Type   string `json:"type"` // image/jpeg
	Width  int    `json:"width"`
	Height int    `json:"height"`
	Bytes  int64  `json:"bytes,omitempty"`
}

// Stocked is a product as the record has it.
type Stocked struct {
	Product
	// Available are the pieces that can be ordered: on hand and not set
	// aside. Never below zero.
	Available int64 `json:"available"`
	// Revision rises with every change, also when stock moves: what the
	// search index carries as its version.
	Revision int64 `json:"revision"`
	Added    int64 `json:"added"` // Unix seconds
	Deleted  bool  `json:"-"`
}
