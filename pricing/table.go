package pricing

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"purser/order"
)

// ErrTable means that a pricing table cannot be used. The text says where it is wrong
// and what is allowed.
var ErrTable = errors.New("invalid pricing table")

// The limits of a table.
const (
	maxTable = 4 << 20 // bytes
	maxRules = 10_000  // of each kind
)

// Table holds the shop's rules for prices: docs/pricing.md describes its file. The
// zero Table has no tax, no fee and no discount.
type Table struct {
	Taxes     []TaxRule      `json:"taxes"`
	Shipping  []ShippingRule `json:"shipping"`
	Discounts []DiscountRule `json:"discounts"`
}

// TaxRule is a tax in a country, or in a part of it.
type TaxRule struct {
	Country     string   `json:"country"`
	PostalCodes []string `json:"postalCodes"` // prefixes; empty: the whole country
	Currency    string   `json:"currency"`    // empty: all
	Name        string   `json:"name"`
	Rate        string   `json:"rate"`     // in per cent
	Included    bool     `json:"included"` // the catalogue's prices contain it
	Shipping    bool     `json:"shipping"` // it is for the shipping fee, too
	SKUs        []string `json:"skus"`     // empty: all goods
}

// ShippingRule is a way to ship, and what it costs. Amounts are in major units.
type ShippingRule struct {
	Method    string   `json:"method"`
	Name      string   `json:"name"`
	Countries []string `json:"countries"` // empty: all
	Currency  string   `json:"currency"`
	Fee       string   `json:"fee"`
	FreeFrom  string   `json:"freeFrom"` // what the goods must cost, less discounts; empty: never free

	fee, freeFrom int64
}

// DiscountRule is a discount that a code gives. Amounts are in major units.
type DiscountRule struct {
	Code     string              `json:"code"`
	Per      order.DiscountScope `json:"per"`
	Percent  string              `json:"percent"`
	Amount   string              `json:"amount"`
	Currency string              `json:"currency"` // empty: all, if there is no amount and no minimum
	Minimum  string              `json:"minimum"`  // what the goods must cost
	SKUs     []string            `json:"skus"`     // empty: all goods
	From     time.Time           `json:"from"`     // zero: it was always valid
	Until    time.Time           `json:"until"`    // the first moment at which it is not valid; zero: for ever
	Combines bool                `json:"combines"` // it can be used with others that combine

	amount, minimum int64
}

// Parse reads a table. It is strict: an unknown or repeated member, a number where a
// decimal string belongs and a rule that contradicts itself fail with ErrTable.
func Parse(b []byte) (*Table, error) {
	if len(b) > maxTable {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrTable, maxTable)
	}
	t := &Table{}
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")) // some editors begin a file with it
	if err := json.Unmarshal(b, t, json.RejectUnknownMembers(true)); err != nil {
		return nil, fmt.Errorf("%w: %s", ErrTable, jsonFault(err))
	}
	if err := t.check(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTable, err)
	}
	return t, nil
}

// jsonFault says in the reader's words what is wrong with the JSON.
func jsonFault(err error) string {
	var syntax *jsontext.SyntacticError
	var kind *json.SemanticError
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName) && errors.As(err, &syntax):
		return fmt.Sprintf("%s: appears twice", syntax.JSONPointer)
	case errors.As(err, &syntax):
		return fmt.Sprintf("%s: not valid JSON in UTF-8 at byte %d", syntax.JSONPointer, syntax.ByteOffset)
	case errors.As(err, &kind) && errors.Is(err, json.ErrUnknownName):
		return fmt.Sprintf("%s: unknown member", kind.JSONPointer)
	case errors.As(err, &kind) && kind.JSONKind == '0':
		return fmt.Sprintf("%s: want a text: put the number into quotes, such as \"8.875\"", kind.JSONPointer)
	case errors.As(err, &kind):
		return fmt.Sprintf("%s: the value has the wrong type", kind.JSONPointer)
	}
	return "not valid JSON"
}
