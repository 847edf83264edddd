package catalog

import (
	"fmt"
	"strings"
)

// Document is what the search index knows of one product: enough to find it
// and to show it in a list. The catalogue is the truth, this is its shadow.
type Document struct {
	ID          string   `json:"id"` // DocumentID(SKU), see Complete
	SKU         string   `json:"sku"`
	Version     int64    `json:"version"` // of the product; a lower one never replaces a higher one
	Name        string   `json:"name"`
	Description string   `json:"description,omitempty"`
	Brand       string   `json:"brand,omitempty"`
	Category    string   `json:"category,omitempty"`
	Tags        []string `json:"tags,omitempty"`
	Price       int64    `json:"price"`    // minor units of Currency
	Currency    string   `json:"currency"` // ISO 4217, upper case
	Available   int64    `json:"available"`
	InStock     bool     `json:"inStock"`          // Available > 0, as something to filter by
	Rating      int64    `json:"rating"`           // hundredths of a star: 450 is 4.5; 0: not rated
	Stars       int64    `json:"stars"`            // whole ones, for counting by
	Group       string   `json:"group,omitempty"`  // what its variants have in common
	Added       int64    `json:"added"`            // when it came into the catalogue, Unix seconds
	Images      []string `json:"images,omitempty"` // addresses; the first is the main one
	Thumbnail   string   `json:"thumbnail,omitempty"`
}

// Complete fills in what follows from the rest. Adapters call it before they
// send a document.
func (d Document) Complete() Document {
	d.ID, d.InStock, d.Stars = DocumentID(d.SKU), d.Available > 0, d.Rating/100
	return d
}

// Key says which state of which product a document is, for comparing an index
// with the catalogue.
type Key struct {
	SKU     string `json:"sku"`
	Version int64  `json:"version"`
}

// DocumentID is a SKU in the characters that a search engine takes for an id
// (letters, digits, "-" and "_"): any other byte, and "_" itself, becomes "_"
// and two hexadecimal digits, so that no two SKUs share an id.
func DocumentID(sku string) string {
	var b strings.Builder
	for i := range len(sku) {
		if c := sku[i]; plainInID(c) {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "_%02X", c)
		}
	}
	return b.String()
}

func plainInID(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-'
}
