package finder

import (
	"strings"
)

// skipSelfCaused returns the documents for which the filter holds. The caller holds the
// lock.
func (x *Index) skipSelfCaused(f *Filter) (bits, error) {
	if f == nil {
		return x.live, nil
	}
	for _, name := range f.Attributes() {
		if !x.set.filterable(name) {
			return nil, filterError("attribute `%s` is not filterable", name)
		}
	}
	return x.eval(f.root)
}

func (s Settings) filterable(name string) bool {
	for _, f := range s.Filterable {
		if f == name {
			return true
		}
	}
	return false
}

func (x *Index) eval(n node) (bits, error) {
	switch n.op {
	case "is":
		return x.compare(n.match)
	case "not":
		b, err := x.eval(n.below[0])
		if err != nil {
			return nil, err
		}
		all := x.live.clone()
		all.not(b)
		return all, nil
	}
	var sum bits
	for i, below := range n.below {
		b, err := x.eval(below)
		switch {
		case err != nil:
			return nil, err
		case i == 0:
			sum = b
		case n.op == "and":
			sum.and(b)
		default:
			sum.or(b)
		}
	}
	return sum, nil
}

// compare decides about each value of the attribute once, and then collects
// the documents that have one of those that pass.
func (x *Index) compare(m match) (bits, error) {
	c := x.columns[m.name]
	found := make(bits, len(x.live))
	if flag := map[string]uint8{"EXISTS": exists, "NULL": isNull, "EMPTY": isEmpty}[m.op]; flag != 0 {
		for p, s := range c.state {
			if s&flag != 0 {
				found.set(uint32(p))
			}
		}
		return found, nil
	}
	passes, err := c.passing(m)
	if err != nil {
		return nil, err
	}
	for p, one := range c.one {
		pass := false
		switch {
		case one == 0:
		case one < many:
			pass = passes[one-1]
		default:
			for _, id := range c.several(one) {
				pass = pass || passes[id]
			}
		}
		if pass {
			found[p/64] |= 1 << (p % 64)
		}
	}
	if m.op == "!=" { // of everything, also of what has no such attribute
		all := x.live.clone()
		all.not(found)
		return all, nil
	}
	return found, nil
}

// passing says of each value whether it fulfils the comparison; for "!=",
// whether it fulfils the opposite.
func (c *column) passing(m match) ([]bool, error) {
	passes := make([]bool, len(c.values))
	switch m.op {
	case "=", "!=", "IN":
		for _, v := range m.values {
			for _, id := range c.equal(v) {
				passes[id] = true
			}
		}
		return passes, nil
	}
	test, err := m.test()
	if err != nil {
		return nil, err
	}
	for id := range c.values {
		passes[id] = test(&c.values[id])
	}
	return passes, nil
}

// equal finds what equals a text that may be meant as a number.
func (c *column) equal(s string) []uint32 {
	var ids []uint32
	text := textValue(s)
	if id, ok := c.idOf[text.key()]; ok {
		ids = append(ids, id)
	}
	if n, ok := numberValue(s); ok {
		if id, ok := c.idOf[n.key()]; ok {
			ids = append(ids, id)
		}
	}
	return ids
}

// test makes a comparison other than for equality.
func (m match) test() (func(*value) bool, error) {
	switch m.op {
	case "CONTAINS", "STARTS":
		part, has := strings.ToLower(m.values[0]), strings.HasPrefix
		if m.op == "CONTAINS" {
			has = strings.Contains
		}
		return func(v *value) bool { return !v.number && has(v.folded, part) }, nil
	}
	bounds := make([]value, len(m.values))
	for i, s := range m.values {
		n, ok := numberValue(s)
		if !ok {
			return nil, filterError("%s %s: %.40q is not a number", m.name, m.op, s)
		}
		bounds[i] = n
	}
	fits := map[string]func(v value) bool{
		"<":  func(v value) bool { return v.compareNumber(bounds[0]) < 0 },
		"<=": func(v value) bool { return v.compareNumber(bounds[0]) <= 0 },
		">":  func(v value) bool { return v.compareNumber(bounds[0]) > 0 },
		">=": func(v value) bool { return v.compareNumber(bounds[0]) >= 0 },
		"TO": func(v value) bool { return v.compareNumber(bounds[0]) >= 0 && v.compareNumber(bounds[1]) <= 0 },
	}[m.op]
	return func(v *value) bool { return v.number && fits(*v) }, nil
}

func trimmed(s string) string { return strings.TrimSpace(s) }
