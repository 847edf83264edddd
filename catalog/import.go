package catalog

import (
	"slices"
	"time"

	"purser/order"
)

// ImportKind is the kind of an import.
type ImportKind string

// The kinds of imports. Products are added, or changed in the fields that the
// file has. Stock and prices of products that exist are staged and then
// switched all at once, or not at all.
const (
	ImportProducts ImportKind = "products"
	ImportStock    ImportKind = "stock"
	ImportPrices   ImportKind = "prices"
)

// ImportState is an import's state.
type ImportState string

// The states of an import, in their order. The last two are final.
const (
	ImportReceiving ImportState = "receiving" // the file is being received
	ImportReading   ImportState = "reading"   // the rows are being checked and staged
	ImportApplying  ImportState = "applying"  // the rows are being written to the catalogue
	ImportIndexing  ImportState = "indexing"  // the changed products are being indexed
	ImportDone      ImportState = "done"
	ImportRefused   ImportState = "refused" // nothing was changed; Why says the reason
)

// Final reports whether the import has ended.
func (s ImportState) Final() bool { return s == ImportDone || s == ImportRefused }

// Import is the import of a file of products, stock or prices into the
// catalogue. Only its workflow advances it.
type Import struct {
	ID          string      `json:"id"`
	Kind        ImportKind  `json:"kind"`
	Name        string      `json:"name,omitempty"` // of the file
	DryRun      bool        `json:"dryRun,omitempty"`
	Actor       string      `json:"actor"`
	Correlation string      `json:"correlationId,omitempty"`
	State       ImportState `json:"state"`
	Why         string      `json:"why,omitempty"`

	// A dry run counts what an import would do.
	Bytes     int64 `json:"bytes"`     // received bytes
	Read      int64 `json:"read"`      // bytes that were read
	Lines     int64 `json:"lines"`     // lines that were read
	Rows      int64 `json:"rows"`      // valid rows that were read
	Bad       int64 `json:"bad"`       // rows with an error
	Applied   int64 `json:"applied"`   // rows that added or changed a product
	Added     int64 `json:"added"`     // of Applied, rows that added a product
	Unchanged int64 `json:"unchanged"` // rows that changed nothing
	Indexed   int64 `json:"indexed"`   // products that were indexed

	// Digest is a digest of the file; "" if none was stored.
	Digest string `json:"-"`
	// Mark identifies the products that the import changed and that are not
	// indexed yet.
	Mark int64 `json:"-"`

	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"`
}

// Ready reports whether the file was received and the import can run.
func (i Import) Ready() bool { return i.State != ImportReceiving && !i.State.Final() }

// RowFault is one error in a row of a file.
type RowFault struct {
	Line int64  `json:"line"`
	SKU  string `json:"sku,omitempty"`
	Fault
}

// Row is a row of a file: a SKU and new values of the product's fields. A nil
// field leaves the product's field as it is.
type Row struct {
	SKU                string              `json:"sku"`
	Name               *string             `json:"name,omitempty"`
	Description        *string             `json:"description,omitempty"`
	Brand              *string             `json:"brand,omitempty"`
	Category           *string             `json:"category,omitempty"`
	Tags               *[]string           `json:"tags,omitempty"`
	Rating             *int64              `json:"rating,omitempty"`
	Parent             *string             `json:"parent,omitempty"`
	Options            *map[string]string  `json:"options,omitempty"`
	Price              *int64              `json:"price,omitempty"`
	Currency           *string             `json:"currency,omitempty"`
	OnHand             *int64              `json:"onHand,omitempty"`
	Inactive           *bool               `json:"inactive,omitempty"`
	Shipping           *order.ShippingNeed `json:"shipping,omitempty"`
	Weight             *int64              `json:"weight,omitempty"`
	Length             *int64              `json:"length,omitempty"`
	Width              *int64              `json:"width,omitempty"`
	Height             *int64              `json:"height,omitempty"`
	HSCode             *string             `json:"hsCode,omitempty"`
	Origin             *string             `json:"origin,omitempty"`
	CustomsValue       *int64              `json:"customsValue,omitempty"`
	CustomsCurrency    *string             `json:"customsCurrency,omitempty"`
	CustomsDescription *string             `json:"customsDescription,omitempty"`
	Delivery           *string             `json:"delivery,omitempty"`
}

// Onto returns the product with the row's values.
func (r Row) Onto(p Product) Product {
	set(&p.Name, r.Name)
	set(&p.Description, r.Description)
	set(&p.Brand, r.Brand)
	set(&p.Category, r.Category)
	set(&p.Tags, r.Tags)
	set(&p.Rating, r.Rating)
	set(&p.Parent, r.Parent)
	set(&p.Options, r.Options)
	set(&p.Price, r.Price)
	set(&p.Currency, r.Currency)
	set(&p.OnHand, r.OnHand)
	set(&p.Inactive, r.Inactive)
	set(&p.Shipping, r.Shipping)
	set(&p.Delivery, r.Delivery)
	set(&p.Weight, r.Weight)
	set(&p.Length, r.Length)
	set(&p.Width, r.Width)
	set(&p.Height, r.Height)
	set(&p.HSCode, r.HSCode)
	set(&p.Origin, r.Origin)
	set(&p.CustomsValue, r.CustomsValue)
	set(&p.CustomsCurrency, r.CustomsCurrency)
	set(&p.CustomsDescription, r.CustomsDescription)
	p.SKU = r.SKU
	return p
}

func set[T any](field, value *T) {
	if value != nil {
		*field = *value
	}
}

// Faults returns the errors in the row's values.
func (r Row) Faults() []Fault {
	said := map[string]bool{
		"sku": true, "name": r.Name != nil, "description": r.Description != nil, "brand": r.Brand != nil, "category": r.Category != nil,
		"tags": r.Tags != nil, "rating": r.Rating != nil, "parent": r.Parent != nil, "options": r.Options != nil,
		"price": r.Price != nil, "currency": r.Currency != nil, "onHand": r.OnHand != nil,
		"shipping": r.Shipping != nil, "delivery": r.Delivery != nil && r.Shipping != nil,
		"weight": r.Weight != nil, "length": r.Length != nil && r.Width != nil && r.Height != nil, "width": r.Width != nil, "height": r.Height != nil,
		"hsCode": r.HSCode != nil, "origin": r.Origin != nil, "customsValue": r.CustomsValue != nil && r.CustomsCurrency != nil,
		"customsCurrency": r.CustomsValue != nil && r.CustomsCurrency != nil, "customsDescription": r.CustomsDescription != nil,
	}
	return slices.DeleteFunc(r.Onto(Product{}).Faults(), func(f Fault) bool { return !said[f.Field] })
}

// LinedRow is a row and the line it begins on.
type LinedRow struct {
	Line int64
	Row
}

// Slice is the rows of a part of an import's file, from one byte to another.
type Slice struct {
	Import         string
	From           int64 // the first byte
	ToByte, ToLine int64
	Rows           []LinedRow
	Faults         []RowFault
	Bad            int64 // rows with faults
}
