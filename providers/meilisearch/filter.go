package meilisearch

import (
	"strconv"
	"strings"

	"purser/catalog"
)

// filters are the conditions of a query, which are joined by AND. Their names
// are ours; their values come from shoppers and are quoted.
func filters(q catalog.Query) []string {
	var all []string
	oneOf := func(name string, values []string) {
		if len(values) > 0 {
			all = append(all, name+" IN ["+strings.Join(literals(values), ", ")+"]")
		}
	}
	oneOf("brand", q.Brands)
	oneOf("category", q.Categories)
	oneOf("tags", q.Tags)
	oneOf("group", q.Groups)
	if q.Currency != "" {
		oneOf("currency", []string{q.Currency})
	}
	atLeast := func(name, op string, n int64) {
		if n > 0 {
			all = append(all, name+" "+op+" "+strconv.FormatInt(n, 10))
		}
	}
	atLeast("price", ">=", q.PriceFrom)
	atLeast("price", "<=", q.PriceTo)
	atLeast("rating", ">=", q.MinRating)
	if q.InStock {
		all = append(all, "inStock = true")
	}
	return all
}

// literals quotes values. It skips a value that cannot be written in a filter,
// because no product can be found by it.
func literals(values []string) []string {
	var quoted []string
	for _, v := range values {
		if l, ok := literal(v); ok {
			quoted = append(quoted, l)
		}
	}
	return quoted
}

// literal quotes a value. In Meilisearch's filters a backslash keeps the next
// character from closing the quotes, but is removed only before the quote
// itself. So a backslash stands for itself, and a value with a backslash before
// a quote, or at its end, needs the other kind of quotes, or cannot be written.
// literal reads its result back to find out.
func literal(v string) (string, bool) {
	for _, quote := range []string{`"`, `'`} {
		inside := strings.ReplaceAll(v, quote, `\`+quote)
		if got, ok := unquoted(inside, quote[0]); ok && got == v {
			return quote + inside + quote, true
		}
	}
	return "", false
}

// unquoted reads a quoted text as Meilisearch does, and reports whether the
// quotes close at the end.
func unquoted(inside string, quote byte) (string, bool) {
	escaped := false
	for i := 0; i < len(inside); i++ {
		switch inside[i] {
		case quote:
			return "", false
		case '\\':
			if i++; i == len(inside) {
				return "", false // the backslash would escape the closing quote
			}
			escaped = escaped || inside[i] == quote
		}
	}
	if escaped {
		inside = strings.ReplaceAll(inside, `\`+string(quote), string(quote))
	}
	return inside, true
}
