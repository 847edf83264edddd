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
}

// valueKey tells values apart: text by its folded form, numbers by theirs.
type valueKey struct {
	text   string
	number bool
}

// A document's values of one attribute. Each value has a number of its own,
// so that a filter decides about each value once and then looks numbers up.
type column struct {
	values []value  // by value id
	orders []uint64 // the lower sorts first; of the same, compare tells
	idOf   map[valueKey]uint32

	one   []uint32         // by place: value id + 1; 0 for none; from many on, where in more there are several
	more  []uint32         // how many, and then their value ids
	holes map[int][]uint32 // by how many: where in more there were as many
	state []uint8          // by place
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
	return &column{idOf: make(map[valueKey]uint32), holes: make(map[int][]uint32)}
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
		c.one[p] = many + c.keep(ids)
	}
}

// keep puts several value ids into more, where there were as many before if
// there is such a place: a document that is replaced again and again takes no
// more memory each time.
func (c *column) keep(ids []uint32) (at uint32) {
	if holes := c.holes[len(ids)]; len(holes) > 0 {
		at, c.holes[len(ids)] = holes[len(holes)-1], holes[:len(holes)-1]
		copy(c.more[at+1:], ids)
		return at
	}
	at = uint32(len(c.more))
	c.more = append(append(c.more, uint32(len(ids))), ids...)
	return at
}

func (c *column) clear(p uint32) {
	if int(p) >= len(c.one) {
		return
	}
	if one := c.one[p]; one >= many {
		n := int(c.more[one-many])
		c.holes[n] = append(c.holes[n], one-many)
	}
	c.one[p], c.state[p] = 0, 0
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
	key := v.key()
	if id, ok := c.idOf[key]; ok {
		return id
	}
	id := uint32(len(c.values))
	c.values, c.orders = append(c.values, v), append(c.orders, v.order())
	c.idOf[key] = id
	return id
}

func (v *value) key() valueKey {
	if v.number {
		return valueKey{v.text, true}
	}
	return valueKey{v.folded, false}
}

// order is a number by which values sort, as far as it goes.
func (v *value) order() uint64 {
	if v.number {
		b := math.Float64bits(v.float)
		if b>>63 == 1 {
			b = ^b
		} else {
			b |= 1 << 63
		}
		return b >> 1
	}
	order := uint64(1 << 63) // text comes after numbers
	for i := range min(8, len(v.folded)) {
		order |= uint64(v.folded[i]) << (56 - 8*i) >> 1
	}
	return order
}

// textValue compares without regard to case, as Meilisearch's filters do.
func textValue(s string) value {
	v := value{text: s, folded: strings.ToLower(strings.TrimSpace(s))}
	if v.folded == v.text {
		v.folded = v.text // one string is enough
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
		return v, true
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) || strings.ContainsAny(s, "xX_") {
		return value{}, false
	}
	if f == 0 {
		f = 0 // no negative zero
	}
	v.float, v.text = f, strconv.FormatFloat(f, 'f', -1, 64)
	if f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		v.whole, v.int = true, int64(f)
	}
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
	return strings.Compare(v.folded, o.folded)
}

func (v value) compareNumber(o value) int {
	if v.whole && o.whole {
		return cmp.Compare(v.int, o.int)
	}
	return cmp.Compare(v.float, o.float)
}
