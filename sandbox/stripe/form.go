package stripe

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// form holds a request's parameters, and which of them the endpoint has read; the
// others are unknown to it.
type form struct {
	values url.Values
	taken  map[string]bool
}

func (f *form) take(names ...string) {
	if f.taken == nil {
		f.taken = map[string]bool{}
	}
	for _, n := range names {
		f.taken[n] = true
	}
}

// text returns a parameter, or "" if it is absent.
func (f *form) text(name string) string {
	f.take(name)
	return f.values.Get(name)
}

// optional returns a parameter, or nil if it is absent or empty.
func (f *form) optional(name string) *string {
	if v := f.text(name); v != "" {
		return &v
	}
	return nil
}

// number returns an integer parameter and whether it is present.
func (f *form) number(name string) (n int64, present bool, e *Error) {
	v := f.text(name)
	if v == "" {
		return 0, false, nil
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || v[0] == '+' {
		return 0, true, invalid("parameter_invalid_integer", name, "Invalid integer: "+v)
	}
	return n, true, nil
}

// hash returns the values of a parameter such as metadata[order_id], by key.
func (f *form) hash(name string) map[string]string {
	m := map[string]string{}
	for k, v := range f.values {
		if rest, ok := strings.CutPrefix(k, name+"["); ok && strings.HasSuffix(rest, "]") {
			f.take(k)
			m[strings.TrimSuffix(rest, "]")] = v[0]
		}
	}
	return m
}

// all returns the distinct values of a parameter that is a list, such as
// expand[0] or expand[].
func (f *form) all(name string) []string {
	var found []string
	for k, values := range f.values {
		if strings.HasPrefix(k, name+"[") {
			f.take(k)
			found = append(found, values...)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// choice returns a parameter that must be one of the allowed values; the first
// is the default.
func (f *form) choice(name string, allowed ...string) (string, *Error) {
	v := f.text(name)
	if v == "" {
		return allowed[0], nil
	}
	if !slices.Contains(allowed, v) {
		return "", invalid("", name, "Invalid "+name+": must be one of "+strings.Join(allowed, ", "))
	}
	return v, nil
}

// unknown refuses parameters that the stand-in does not know. Ignoring them would
// hide a mistake that Stripe refuses.
func (f *form) unknown() *Error {
	for k := range f.values {
		if !f.taken[k] {
			return invalid("parameter_unknown", k, "Received unknown parameter: "+k)
		}
	}
	return nil
}

// span is a range of times, such as created[gte].
type span struct{ from, to int64 }

func (f *form) span(name string) (span, *Error) {
	s := span{to: 1 << 62}
	for _, b := range []struct {
		param string
		set   func(int64)
	}{
		{name, func(n int64) { s.from, s.to = n, n }},
		{name + "[gte]", func(n int64) { s.from = n }},
		{name + "[gt]", func(n int64) { s.from = n + 1 }},
		{name + "[lte]", func(n int64) { s.to = n }},
		{name + "[lt]", func(n int64) { s.to = n - 1 }},
	} {
		n, present, e := f.number(b.param)
		if e != nil {
			return s, e
		}
		if present {
			b.set(n)
		}
	}
	return s, nil
}

// limit returns the length of a page.
func (f *form) limit() (int, *Error) {
	limit, present, e := f.number("limit")
	switch {
	case e != nil:
		return 0, e
	case !present:
		return 10, nil
	case limit < 1 || limit > 100:
		return 0, invalid("", "limit", "The limit must be between 1 and 100.")
	}
	return int(limit), nil
}

// page returns a page of a collection, newest first, with the request's limit,
// cursor and range of times.
func page[T interface{ key() string }](c *call, b *collection[T], created func(T) int64, match func(T) bool, show func(T) any) (any, *Error) {
	limit, e := c.form.limit()
	if e != nil {
		return nil, e
	}
	when, e := c.form.span("created")
	if e != nil {
		return nil, e
	}
	if e := c.form.exclusive("starting_after", "ending_before"); e != nil {
		return nil, e
	}
	start, e := cursor(c, "starting_after", b, len(b.all))
	if e != nil {
		return nil, e
	}
	stop, e := cursor(c, "ending_before", b, -1)
	if e != nil {
		return nil, e
	}
	l := list{Object: "list", Data: []any{}, URL: c.r.URL.Path}
	fits := func(v T) bool { return created(v) >= when.from && created(v) <= when.to && match(v) }
	if stop >= 0 { // the page just newer than the cursor
		for i := stop + 1; i < len(b.all) && !l.HasMore; i++ {
			if l.HasMore = fits(b.all[i]) && len(l.Data) == limit; fits(b.all[i]) && !l.HasMore {
				l.Data = append(l.Data, show(b.all[i]))
			}
		}
		slices.Reverse(l.Data)
		return l, nil
	}
	for i := start - 1; i >= 0 && created(b.all[i]) >= when.from && !l.HasMore; i-- {
		if l.HasMore = fits(b.all[i]) && len(l.Data) == limit; fits(b.all[i]) && !l.HasMore {
			l.Data = append(l.Data, show(b.all[i]))
		}
	}
	return l, nil
}

// cursor returns the index of the object that a cursor parameter names, or none.
func cursor[T interface{ key() string }](c *call, name string, b *collection[T], none int) (int, *Error) {
	id := c.form.text(name)
	if id == "" {
		return none, nil
	}
	i, ok := b.at[id]
	if !ok {
		return 0, &Error{status: http.StatusBadRequest, Type: "invalid_request_error", Code: "resource_missing", Param: name, Message: "No such object: '" + id + "'"}
	}
	return i, nil
}

// invalid returns the error for a request that is refused before any work has
// begun.
func invalid(code, param, message string) *Error {
	e := &Error{status: http.StatusBadRequest, Type: "invalid_request_error", Code: code, Param: param, Message: message}
	if code != "" {
		e.DocURL = "https://stripe.com/docs/error-codes/" + strings.ReplaceAll(code, "_", "-")
	}
	return e
}

func missing(param, object, id string) *Error {
	e := invalid("resource_missing", param, "No such "+object+": '"+id+"'")
	e.status = http.StatusNotFound
	return e
}
