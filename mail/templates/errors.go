package templates

import (
	"fmt"

	"purser/order"
)

// The errors other than of a mail's data. Both wrap order.ErrInvalid.
var (
	// ErrTemplate means that no template has the name.
	ErrTemplate error = refusal("there is no such mail template")
	// ErrLocale means that the locale of a campaign's words is not a BCP 47 tag, in
	// contrast to a tag of a language without texts.
	ErrLocale error = refusal("not a locale")
)

type refusal string

func (r refusal) Error() string { return string(r) }
func (refusal) Unwrap() error   { return order.ErrInvalid }

// FieldError means that a mail cannot be written with the given data. It wraps
// order.ErrInvalid.
type FieldError struct {
	Template Template
	Field    string // of the data, or a placeholder in a campaign's words
	Problem  string
}

func (e *FieldError) Error() string {
	return fmt.Sprintf("mail template %s: %s %s", e.Template, e.Field, e.Problem)
}

// Unwrap returns order.ErrInvalid.
func (e *FieldError) Unwrap() error { return order.ErrInvalid }
