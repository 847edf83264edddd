package templates

import (
	"fmt"

	"purser/order"
)

// What can be wrong with a letter beside its data. Both are order.ErrInvalid.
var (
	// ErrTemplate: there is no template of this name.
	ErrTemplate error = refusal("there is no such letter")
	// ErrLocale: it is no locale at all (BCP 47), as against one there is no
	// language for.
	ErrLocale error = refusal("not a locale")
)

type refusal string

func (r refusal) Error() string { return string(r) }
func (refusal) Unwrap() error   { return order.ErrInvalid }

// FieldError is data that a template cannot be written with. It is
// order.ErrInvalid.
type FieldError struct {
	Template Template
	Field    string // of the data, or a key of a campaign's words
	Problem  string
}

func (e *FieldError) Error() string {
	return fmt.Sprintf("letter %s: %s %s", e.Template, e.Field, e.Problem)
}

// Unwrap makes it order.ErrInvalid.
func (e *FieldError) Unwrap() error { return order.ErrInvalid }
