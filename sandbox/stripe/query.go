package stripe

import (
	"strconv"
	"strings"
)

// The query language of searches (https://docs.stripe.com/search#search-query-language):
// clauses such as currency:'eur', -status:"canceled", amount>=1000,
// metadata['order_id']:'1' and metadata['order_id']:null, combined by AND, which is the
// default, or by OR.

// maxClauses is how many clauses a query may have.
const maxClauses = 10

// query is a parsed query.
type query struct {
	clauses []clause
	any     bool // one clause is enough
}

// clause is one condition.
type clause struct {
	not   bool
	field string
	key   string // of the metadata
	op    string
	value string
	null  bool // the field is absent
	n     int64
}

// numeric reports whether a field of an intent is a number; all others are compared as
// a whole.
var numeric = map[string]bool{"amount": true, "created": true, "currency": false, "metadata": false, "status": false}

// parseQuery parses a query. It refuses what the language does not have, and the fields
// that the stand-in's intents do not have.
func parseQuery(text string) (q query, e *Error) {
	p := parser{rest: strings.TrimLeft(text, " ")}
	joined := ""
	for p.rest != "" && p.problem == "" {
		if len(q.clauses) > 0 {
			word := p.join()
			if joined != "" && word != joined {
				p.fail("AND and OR cannot be combined in one query")
			}
			joined = word
		}
		q.clauses = append(q.clauses, p.clause())
		p.rest = p.separated()
	}
	switch {
	case p.problem != "":
	case len(q.clauses) == 0:
		p.fail("it has no clause")
	case len(q.clauses) > maxClauses:
		p.fail("it has more than 10 clauses")
	}
	if p.problem != "" {
		return q, invalid("", "query", "We were unable to parse your search query: "+p.problem+".")
	}
	q.any = joined == "OR"
	return q, nil
}

// parser reads a query from its beginning. After a problem it goes on with what is left,
// and its result does not count.
type parser struct{ rest, problem string }

func (p *parser) fail(problem string) {
	if p.problem == "" {
		p.problem = problem
	}
}

// separated returns what is left behind the spaces after a clause.
func (p *parser) separated() string {
	rest := strings.TrimLeft(p.rest, " ")
	if rest != "" && rest == p.rest {
		p.fail("clauses are separated by a space, AND or OR")
	}
	return rest
}

// join reads the word between two clauses.
func (p *parser) join() string {
	word, rest, spaced := strings.Cut(p.rest, " ")
	switch upper := strings.ToUpper(word); upper {
	case "AND", "OR":
		if p.rest = strings.TrimLeft(rest, " "); !spaced || p.rest == "" {
			p.fail("no clause follows " + upper)
		}
		return upper
	}
	return "AND"
}

// take removes one of the beginnings and returns it, or "".
func (p *parser) take(beginnings ...string) string {
	for _, b := range beginnings {
		if rest, ok := strings.CutPrefix(p.rest, b); ok {
			p.rest = rest
			return b
		}
	}
	return ""
}

func (p *parser) clause() (c clause) {
	c.not = p.take("-") != ""
	end := strings.IndexFunc(p.rest, func(r rune) bool { return (r < 'a' || r > 'z') && r != '_' })
	c.field = p.rest[:max(end, 0)]
	p.rest = p.rest[len(c.field):]
	number, known := numeric[c.field]
	if !known {
		p.fail("a clause begins with amount, created, currency, metadata or status, the fields that the sandbox searches")
		return c
	}
	if c.field == "metadata" {
		open := p.take("[")
		key, quoted := p.quoted()
		c.key = key
		if open == "" || !quoted || p.take("]") == "" {
			p.fail("the key of the metadata is given as in metadata['key']")
		}
	}
	switch c.op = p.take(">=", "<=", ">", "<", "=", ":", "~"); {
	case c.op == "":
		p.fail("an operator follows the field")
	case c.op != ":" && (!number || c.op == "~"):
		p.fail("the operator " + c.op + " is not supported by the field " + c.field)
	}
	p.value(&c, number)
	return c
}

// value reads the value of a clause.
func (p *parser) value(c *clause, number bool) {
	var quoted bool
	if c.value, quoted = p.quoted(); !quoted {
		end := strings.IndexByte(p.rest+" ", ' ')
		c.value, p.rest = p.rest[:end], p.rest[end:]
	}
	var err error
	switch {
	case !quoted && (c.value == "null" || c.value == "NULL"):
		if c.null = true; c.op != ":" {
			p.fail("null is compared by :")
		}
	case number:
		if c.n, err = strconv.ParseInt(c.value, 10, 64); err != nil {
			p.fail("the field " + c.field + " is compared to a whole number")
		}
	case !quoted:
		p.fail("the value of " + c.field + " is quoted")
	}
}

// quoted reads a text in single or double quotes, in which a backslash escapes a quote.
func (p *parser) quoted() (text string, ok bool) {
	quote := p.take("'", `"`)
	if quote == "" {
		return "", false
	}
	var b strings.Builder
	for i := 0; i < len(p.rest); i++ {
		switch c := p.rest[i]; {
		case c == '\\' && i+1 < len(p.rest):
			i++
			b.WriteByte(p.rest[i])
		case c == quote[0]:
			p.rest = p.rest[i+1:]
			return b.String(), true
		default:
			b.WriteByte(c)
		}
	}
	p.fail("a quote is not closed")
	return "", true
}

func (q query) matches(in *Intent) bool {
	for _, c := range q.clauses {
		if c.matches(in) == q.any {
			return q.any
		}
	}
	return !q.any
}

func (c clause) matches(in *Intent) bool {
	var text string
	present := true
	switch c.field {
	case "amount":
		return c.compares(in.Amount) != c.not
	case "created":
		return c.compares(in.Created) != c.not
	case "currency":
		text = in.Currency
	case "status":
		text = in.Status
	case "metadata":
		text, present = in.Metadata[c.key]
	}
	if c.null {
		return present == c.not
	}
	return (present && strings.EqualFold(text, c.value)) != c.not
}

// compares compares a number, which is never null, with the clause's.
func (c clause) compares(n int64) bool {
	switch c.op {
	case ">":
		return n > c.n
	case ">=":
		return n >= c.n
	case "<":
		return n < c.n
	case "<=":
		return n <= c.n
	}
	return n == c.n && !c.null
}
