// Package catalog is the vocabulary of what a shop sells. It does no I/O.
package catalog

import (
	"errors"
	"slices"
)

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
	// ErrNoImport: there is no such import.
	ErrNoImport = errors.New("no such import")
	// ErrMovedOn: the import is further than the caller thinks.
	ErrMovedOn = errors.New("the import has moved on")
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
	Inactive bool    `json:"inactive,omitempty" doc:"Kept, but not for sale"`
	Images   []Image `json:"images,omitempty" doc:"Read only: they come by upload"`
	// Version rises by one with each change of what is written here, but not
	// when stock moves.
	Version int64 `json:"version,omitempty" doc:"Read only"`
}

// Image is a published image of a product: all of its renditions exist.
type Image struct {
	ID         string      `json:"id"` // the upload it came from
	Alt        string      `json:"alt,omitempty"`
	Renditions []Rendition `json:"renditions"`
}

// Rendition is an image in one size.
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

// ForSale reports whether shoppers may find and order it.
func (p Stocked) ForSale() bool { return !p.Deleted && !p.Inactive }

// Shows reports whether an image is among the product's.
func (p Product) Shows(image string) bool {
	return slices.ContainsFunc(p.Images, func(has Image) bool { return has.ID == image })
}

// Document is the product as the search index shows it. address turns a
// image's key into where a browser finds it; nil leaves keys as they are.
func (p Stocked) Document(address func(key string) string) Document {
	d := Document{
		SKU: p.SKU, Version: p.Revision, Name: p.Name, Description: p.Description, Brand: p.Brand, Category: p.Category,
		Tags: p.Tags, Price: p.Price, Currency: p.Currency, Available: p.Available, Rating: p.Rating, Group: p.Parent, Added: p.Added,
	}
	for _, image := range p.Images {
		shown, thumbnail := image.shown()
		if address != nil {
			shown, thumbnail = address(shown), address(thumbnail)
		}
		if d.Thumbnail == "" {
			d.Thumbnail = thumbnail
		}
		d.Images = append(d.Images, shown)
	}
	return d.Complete()
}

// shown returns the keys of the rendition that a list shows and of its
// thumbnail; where there is none of that name, of the first.
func (p Image) shown() (medium, thumbnail string) {
	for _, r := range p.Renditions {
		if medium == "" || r.Name == "medium" {
			medium = r.Key
		}
		if thumbnail == "" || r.Name == "thumbnail" {
			thumbnail = r.Key
		}
	}
	return medium, thumbnail
}

// Changed is how a change ended.
type Changed struct {
	ID      string // of the change
	Product Stocked
	Err     error // why it was refused: one of this package's errors
}

// Revision says which state of a product the record has.
type Revision struct {
	SKU      string
	Revision int64
	ForSale  bool
	Due      bool // the index has still to be given it, and somebody will
}

// Drift is what a comparison of index and record found.
type Drift struct {
	Products  int64 `json:"products"`  // for sale
	Documents int64 `json:"documents"` // in the index
	Missing   int64 `json:"missing"`   // for sale, not in the index
	Stale     int64 `json:"stale"`     // an older state in the index
	Ahead     int64 `json:"ahead"`     // a newer one, which the record does not know
	Orphans   int64 `json:"strays"`    // in the index, not for sale
	Due       int64 `json:"due"`       // behind, and on their way: no drift
	Repaired  int64 `json:"repaired"`
	// Unbalanced are products whose stock and reservations do not agree;
	// -1: not looked at.
	Unbalanced int64 `json:"unbalanced"`
	TookMS     int64 `json:"tookMs"`
}

// Found is how many products the index was wrong about.
func (d Drift) Found() int64 { return d.Missing + d.Stale + d.Ahead + d.Orphans }

// Rebuilt is how a rebuild of the index went.
type Rebuilt struct {
	Put      int64 `json:"put"`      // documents in the new index
	CaughtUp int64 `json:"caughtUp"` // of them put again, since they had changed meanwhile
	Drift    Drift `json:"drift"`    // found and repaired right after the swap
}
