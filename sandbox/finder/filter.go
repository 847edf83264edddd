package finder

import (
	"errors"
	"slices"
)

// ErrFilter is a filter that cannot be understood, or names an attribute that
// is not filterable.
var ErrFilter = errors.New("invalid filter")

// The bounds of a filter.
const (
	maxFilter = 64 << 10 // bytes of one expression
	maxDepth  = 100      // of brackets and NOTs
	maxParts  = 1000     // comparisons, each of which walks over all documents
)

// Filter is a condition on documents; nil is none.
type Filter struct{ root node }

// node is a part of a condition.
type node struct {
	op    string // "and", "or", "not", "is" for a comparison
	below []node
	match match
}

// match is one comparison with an attribute.
type match struct {
	name   string
	op     string // "=", "!=", "<", "<=", ">", ">=", "TO", "IN", "EXISTS", "NULL", "EMPTY", "CONTAINS", "STARTS"
	values []string
}

// ParseFilter reads a filter as it comes in JSON: a string, or an array whose
// parts must all hold; of a part that is an array itself, one.
func ParseFilter(v any) (*Filter, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case string:
		if trimmed(v) == "" {
			return nil, nil
		}
		root, err := parse(v)
		if err != nil {
			return nil, err
		}
		return checked(root)
	case []any:
		all := node{op: "and"}
		for _, part := range v {
			n, err := parsePart(part)
			if err != nil {
				return nil, err
			}
			all.below = append(all.below, n)
		}
		if len(all.below) == 0 {
			return nil, nil
		}
		return checked(all)
	}
	return nil, filterError("want a string or an array")
}

func checked(root node) (*Filter, error) {
	if n := root.parts(); n > maxParts {
		return nil, filterError("%d comparisons, more than %d", n, maxParts)
	}
	return &Filter{root}, nil
}

// parts counts the comparisons.
func (n node) parts() int {
	sum := 0
	if n.op == "is" {
		sum = 1
	}
	for _, b := range n.below {
		sum += b.parts()
	}
	return sum
}

func parsePart(v any) (node, error) {
	switch v := v.(type) {
	case string:
		return parse(v)
	case []any:
		some := node{op: "or"}
		for _, s := range v {
			text, ok := s.(string)
			if !ok {
				return node{}, filterError("want strings in the inner array")
			}
			n, err := parse(text)
			if err != nil {
				return node{}, err
			}
			some.below = append(some.below, n)
		}
		return some, nil
	}
	return node{}, filterError("want strings or arrays of strings in the array")
}

// Attributes are the names a filter speaks of.
func (f *Filter) Attributes() []string {
	if f == nil {
		return nil
	}
	var names []string
	var walk func(n node)
	walk = func(n node) {
		if n.op == "is" {
			names = append(names, n.match.name)
		}
		for _, b := range n.below {
			walk(b)
		}
	}
	walk(f.root)
	slices.Sort(names)
	return slices.Compact(names)
}

// parser reads one filter expression.
type parser struct {
	text  string
	at    int // the end of ahead
	ahead lexeme
	err   error
	depth int
}

func parse(text string) (node, error) {
	if len(text) > maxFilter {
		return node{}, filterError("longer than %d bytes", maxFilter)
	}
	p := &parser{text: text}
	p.step()
	n := p.either()
	if p.err == nil && !p.ahead.end() {
		p.fail("unexpected %q at byte %d", p.ahead.text, p.ahead.at)
	}
	return n, p.err
}

// step moves on to the next piece and returns the one before.
func (p *parser) step() lexeme {
	was := p.ahead
	if p.err == nil {
		p.ahead, p.at, p.err = next(p.text, p.at)
	}
	if p.err != nil {
		p.ahead = lexeme{} // the end, so that every loop ends
	}
	return was
}

func (p *parser) accept(s string) bool {
	if !p.ahead.is(s) {
		return false
	}
	p.step()
	return true
}

func (p *parser) expect(s string) {
	if !p.accept(s) {
		p.fail("want %s at byte %d", s, p.ahead.at)
	}
}

func (p *parser) fail(format string, args ...any) {
	if p.err == nil {
		p.err = filterError(format, args...)
	}
	p.ahead = lexeme{}
}

// either: both, or another.
func (p *parser) either() node {
	n := node{op: "or", below: []node{p.both()}}
	for p.accept("OR") {
		n.below = append(n.below, p.both())
	}
	if len(n.below) == 1 {
		return n.below[0]
	}
	return n
}

func (p *parser) both() node {
	n := node{op: "and", below: []node{p.not()}}
	for p.accept("AND") {
		n.below = append(n.below, p.not())
	}
	if len(n.below) == 1 {
		return n.below[0]
	}
	return n
}

func (p *parser) not() node {
	p.depth++
	defer func() { p.depth-- }()
	switch {
	case p.depth > maxDepth:
		p.fail("nested deeper than %d", maxDepth)
		return node{}
	case p.accept("NOT"):
		return node{op: "not", below: []node{p.not()}}
	case p.accept("("):
		n := p.either()
		p.expect(")")
		return n
	}
	return p.comparison()
}

func (p *parser) value() string {
	if !p.ahead.isValue() {
		p.fail("want a name or a value at byte %d", p.ahead.at)
		return ""
	}
	return p.step().text
}

func negated(no bool, m match) node {
	n := node{op: "is", match: m}
	if no {
		return node{op: "not", below: []node{n}}
	}
	return n
}

// comparison: a name and what is said of it.
func (p *parser) comparison() node {
	m := match{name: p.value()}
	for _, op := range []string{"=", "!=", "<", "<=", ">", ">="} {
		if p.accept(op) {
			m.op, m.values = op, []string{p.value()}
			return negated(false, m)
		}
	}
	if p.accept("IS") {
		no := p.accept("NOT")
		if m.op = "NULL"; !p.accept("NULL") {
			m.op = "EMPTY"
			p.expect("EMPTY")
		}
		return negated(no, m)
	}
	no := p.accept("NOT")
	switch {
	case p.accept("EXISTS"):
		m.op = "EXISTS"
	case p.accept("IN"):
		m.op, m.values = "IN", p.list()
	case p.accept("CONTAINS"):
		m.op, m.values = "CONTAINS", []string{p.value()}
	case p.accept("STARTS"):
		p.expect("WITH")
		m.op, m.values = "STARTS", []string{p.value()}
	case !no && p.ahead.isValue(): // price 10 TO 20
		from := p.value()
		p.expect("TO")
		m.op, m.values = "TO", []string{from, p.value()}
	default:
		p.fail("want an operator at byte %d", p.ahead.at)
	}
	return negated(no, m)
}

func (p *parser) list() []string {
	var values []string
	p.expect("[")
	for p.err == nil && !p.ahead.is("]") {
		values = append(values, p.value())
		if !p.accept(",") {
			break
		}
	}
	p.expect("]")
	return values
}
