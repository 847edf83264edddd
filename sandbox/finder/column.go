package finder

import (
	"cmp"
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

// value is one value an attribute has somewhere.
type value struct {
	text   string // as it is shown
	folded string // as it is compared, if it is text
	number bool
	whole  bool // number is exactly int
	int    int64
	float  float64
	order  uint64 // values with a lower one sort first; with the same one, ask compare
}

// A document's values of one attribute. Each value has a number of its own,
// so that a filter decides about each value once and then looks numbers up.
type column struct {
	values []value  // by value id
	orders []uint64 // their orders, close together
	idOf   map[string]uint32

	one   []uint32 // by place: value id + 1; 0 for none; from many on, where in more there are several
	more  []uint32 // how many, and then their value ids
	state []uint8  // by place
}

const many = 1 << 31

// several are the value ids that one stands for.
func (c *column) several(one uint32) []uint32 {
	at := one - many
	return c.more[at+1 : at+1+c.more[at]]
}

// What can be asked of an attribute beside its values.
const (
	exists uint8 = 1 << iota
	isNull
	isEmpty
)

func newColumn() *column {
	return &column{idOf: make(map[string]uint32)}
}

func (c *column) put(p uint32, v any, there bool) {
	for int(p) >= len(c.one) {
		c.one, c.state = append(c.one, 0), append(c.state, 0)
	}
	if !there {
		return
	}
	c.state[p] = exists
	switch v := v.(type) {
	case nil:
		c.state[p] |= isNull
	case string:
		if v == "" {
			c.state[p] |= isEmpty
		}
	case []any:
		if len(v) == 0 {
			c.state[p] |= isEmpty
		}
	case map[string]any:
		if len(v) == 0 {
			c.state[p] |= isEmpty
		}
	}
	switch ids := c.ids(nil, v); len(ids) {
	case 0:
	case 1:
		c.one[p] = ids[0] + 1
	default:
		c.one[p] = many + uint32(len(c.more))
		c.more = append(append(c.more, uint32(len(ids))), ids...)
	}
}

func (c *column) clear(p uint32) {
	if int(p) < len(c.one) {
		c.one[p], c.state[p] = 0, 0 // what stands in more is left there until the next start
	}
}

func (c *column) ids(into []uint32, v any) []uint32 {
	switch v := v.(type) {
	case string:
		return appendNew(into, c.id(textValue(v)))
	case bool:
		return appendNew(into, c.id(textValue(strconv.FormatBool(v))))
	case json.Number:
		if n, ok := numberValue(v.String()); ok {
			return appendNew(into, c.id(n))
		}
	case []any:
		for _, e := range v {
			into = c.ids(into, e)
		}
	}
	return into
}

func appendNew(ids []uint32, id uint32) []uint32 {
	for _, have := range ids {
		if have == id {
			return ids
		}
	}
	return append(ids, id)
}

func (c *column) id(v value) uint32 {
	key := "s" + v.folded
	if v.number {
		key = "n" + v.text
	}
	if id, ok := c.idOf[key]; ok {
		return id
	}
	id := uint32(len(c.values))
	c.values, c.orders = append(c.values, v), append(c.orders, v.order)
	c.idOf[key] = id
	return id
}

// textValue compares without regard to case, as Meilisearch's filters do.
func textValue(s string) value {
	v := value{text: strings.Clone(s), folded: strings.ToLower(strings.TrimSpace(s)), order: 1 << 63}
	if v.folded == v.text {
		v.folded = v.text // one string is enough
	}
	for i := range 8 { // text comes after numbers, so its order has the top bit
		b := byte(0)
		if i < len(v.folded) {
			b = v.folded[i]
		}
		v.order |= uint64(b) << (56 - 8*i) >> 1
	}
	return v
}

// numberValue reads a number. Whole ones, such as amounts in minor units, are
// kept and compared exactly.
func numberValue(s string) (value, bool) {
	v := value{number: true}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		v.whole, v.int, v.float = true, n, float64(n)
		v.text = strconv.FormatInt(n, 10)
	} else {
		f, err := strconv.ParseFloat(s, 64)
		if err != nil || math.IsInf(f, 0) || math.IsNaN(f) || strings.ContainsAny(s, "xX_") {
			return value{}, false
		}
		if f == 0 {
			f = 0 // no negative zero
		}
		v.float = f
		v.text = strconv.FormatFloat(f, 'f', -1, 64)
		if f == math.Trunc(f) && math.Abs(f) < 1<<53 {
			v.whole, v.int = true, int64(f)
		}
	}
	b := math.Float64bits(v.float)
	if b>>63 == 1 {
		b = ^b
	} else {
		b |= 1 << 63
	}
	v.order = b >> 1
	return v, true
}

// compare orders values: numbers, then text.
func (v value) compare(o value) int {
	switch {
	case v.number && !o.number:
		return -1
	case !v.number && o.number:
		return 1
	case v.number:
		return v.compareNumber(o)
	}
	return cmp.Or(cmp.Compare(v.order, o.order), strings.Compare(v.folded, o.folded))
}

func (v value) compareNumber(o value) int {
	if v.whole && o.whole {
		return cmp.Compare(v.int, o.int)
	}
	return cmp.Compare(v.float, o.float)
}
