// Package catalog defines what a shop sells: products, their changes, imports,
// images and search. It does no I/O.
package catalog

import (
	"errors"
	"maps"
	"slices"

	"purser/order"
)

// The errors of products and of their changes. Each is a result for the caller,
// not a fault of this program.
var (
	// ErrInvalid means that a product cannot be sold as described.
	ErrInvalid = errors.New("invalid product")
	// ErrNotFound means that there is no such product.
	ErrNotFound = errors.New("no such product")
	// ErrVersion means that the product is not at the version that the change
	// requires.
	ErrVersion = errors.New("the product was changed in the meantime")
	// ErrReserved means that the remaining stock would be less than what is
	// reserved for orders.
	ErrReserved = errors.New("stock is reserved for orders")
	// ErrNoImport means that there is no such import.
	ErrNoImport = errors.New("no such import")
	// ErrMovedOn means that the import's progress is not what the caller
	// expected.
	ErrMovedOn = errors.New("the import has moved on")
	// ErrOtherChange means that the id was used for another change.
	ErrOtherChange = errors.New("the id was used for another change")
)

// Product is an article that can be ordered. A variant (a colour, a size) is a
// product of its own with its own SKU; variants have a common Parent.
type Product struct {
	SKU         string            `json:"sku"`
	Name        string            `json:"name"`
	Description string            `json:"description,omitempty"`
	Brand       string            `json:"brand,omitempty"`
	Category    string            `json:"category,omitempty"`
	Tags        []string          `json:"tags,omitempty"`
	Rating      int64             `json:"rating,omitempty" doc:"Hundredths of a star, at most 500; 0: not rated"`
	Parent      string            `json:"parent,omitempty" doc:"The name that the variants of a product share"`
	Options     map[string]string `json:"options,omitempty" doc:"The features of this variant, such as size and colour"`
	Price       int64             `json:"price"`    // minor units of Currency
	Currency    string            `json:"currency"` // ISO 4217, upper case
	// OnHand is the number of pieces in the warehouse, including those reserved
	// for orders.
	OnHand int64 `json:"onHand"`
	// Inactive hides a product from the search and prevents orders of it.
	Inactive bool `json:"inactive,omitempty" doc:"Kept, but not for sale"`
	// Goods is what the sending depends on.
	order.Goods
	// Delivery is mailed to shoppers when they have paid.
	Delivery string  `json:"delivery,omitempty" doc:"For shipping none: the link or the instructions that the shopper is mailed when the order is paid, at most 1000 characters"`
	Images   []Image `json:"images,omitempty" doc:"Read only: images are added by upload"`
	// Version rises by one with each change of these fields, but not when an
	// order changes the stock.
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
	// Available is the number of pieces that can be ordered: on hand and not
	// reserved. It is never below zero.
	Available int64 `json:"available"`
	// Revision rises with every change, also when an order changes the stock.
	// It is the document's version in the search index.
	Revision int64 `json:"revision"`
	Added    int64 `json:"added"` // Unix seconds
	Deleted  bool  `json:"-"`
}

// ForSale reports whether shoppers may find and order it.
func (p Stocked) ForSale() bool { return !p.Deleted && !p.Inactive }

// Shows reports whether the product has an image.
func (p Product) Shows(image string) bool {
	return slices.ContainsFunc(p.Images, func(has Image) bool { return has.ID == image })
}

// Document returns the product's document for the search index. address returns
// the URL of an image's key; nil leaves keys as they are.
func (p Stocked) Document(address func(key string) string) Document {
	d := Document{
		SKU: p.SKU, Version: p.Revision, Name: p.Name, Description: p.Description, Brand: p.Brand, Category: p.Category,
		Tags: p.Tags, Price: p.Price, Currency: p.Currency, Available: p.Available, Rating: p.Rating, Group: p.Parent, Added: p.Added,
	}
	for _, name := range slices.Sorted(maps.Keys(p.Options)) {
		d.Options = append(d.Options, p.Options[name])
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

// shown returns the keys of the medium rendition and of the thumbnail; if there
// is no rendition of that name, of the first one.
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

// Changed is the outcome of a change.
type Changed struct {
	ID      string // of the change
	Product Stocked
	Err     error // why it was refused: one of this package's errors
}

// Revision is the state of a product in the record, for comparisons.
type Revision struct {
	SKU      string
	Revision int64
	ForSale  bool
	Due      bool // the index does not have it yet, but an update is scheduled
}

// Drift is the result of comparing the index with the record.
type Drift struct {
	Products  int64 `json:"products"`  // for sale
	Documents int64 `json:"documents"` // in the index
	Missing   int64 `json:"missing"`   // for sale, not in the index
	Stale     int64 `json:"stale"`     // an older state in the index
	Ahead     int64 `json:"ahead"`     // a newer state, which the record does not have
	Orphans   int64 `json:"strays"`    // in the index, not for sale
	Due       int64 `json:"due"`       // outdated, but about to be updated: not counted as drift
	Repaired  int64 `json:"repaired"`
	// Unbalanced counts products whose stock and reservations do not agree;
	// -1: not checked.
	Unbalanced int64 `json:"unbalanced"`
	TookMS     int64 `json:"tookMs"`
}

// Found returns how many documents were wrong.
func (d Drift) Found() int64 { return d.Missing + d.Stale + d.Ahead + d.Orphans }

// Rebuilt is the result of a rebuild of the index.
type Rebuilt struct {
	Put      int64 `json:"put"`      // documents in the new index
	CaughtUp int64 `json:"caughtUp"` // documents put again, because their products changed during the rebuild
	Drift    Drift `json:"drift"`    // found and repaired right after the swap
}
