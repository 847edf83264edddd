package catalog

import "purser/text"

// Document is a product in the search index, with the data to find it and to
// show it in a list. It is derived from the catalogue.
type Document struct {
	ID          string   `json:"id"` // DocumentID(SKU), see Complete
	SKU         string   `json:"sku"`
	Version     int64    `json:"version"` // of the product; a lower one never replaces a higher one
	Name        string   `json:"name"`
	Description string   `json:"description,omitempty"`
	Brand       string   `json:"brand,omitempty"`
	Category    string   `json:"category,omitempty"`
	Tags        []string `json:"tags,omitempty"`
	Options     []string `json:"options,omitempty"` // the values of the variant's options, such as 42 and blue
	Price       int64    `json:"price"`             // minor units of Currency
	Currency    string   `json:"currency"`          // ISO 4217, upper case
	Available   int64    `json:"available"`
	InStock     bool     `json:"inStock"`          // Available > 0, for filtering
	Rating      int64    `json:"rating"`           // hundredths of a star: 450 is 4.5; 0: not rated
	Stars       int64    `json:"stars"`            // whole stars, for counting
	Group       string   `json:"group,omitempty"`  // the product's Parent
	Added       int64    `json:"added"`            // when it was added to the catalogue, Unix seconds
	Images      []string `json:"images,omitempty"` // URLs; the first is the main image
	Thumbnail   string   `json:"thumbnail,omitempty"`
}

// Complete fills in the derived fields. Adapters call it before they send a
// document.
func (d Document) Complete() Document {
	d.ID, d.InStock, d.Stars = DocumentID(d.SKU), d.Available > 0, d.Rating/100
	return d
}

// Key is a document's product and version, for comparing an index with the
// catalogue.
type Key struct {
	SKU     string `json:"sku"`
	Version int64  `json:"version"`
}

// DocumentID returns a SKU in the characters that a search engine allows in an
// id.
func DocumentID(sku string) string { return text.Word.Encode(sku) }
