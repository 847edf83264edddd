package finder

import (
	mathbits "math/bits"
)

// bits is a set of places.
type bits []uint64

func (b *bits) set(p uint32) {
	for int(p/64) >= len(*b) {
		*b = append(*b, 0)
	}
	(*b)[p/64] |= 1 << (p % 64)
}

func (b bits) clear(p uint32) {
	if int(p/64) < len(b) {
		b[p/64] &^= 1 << (p % 64)
	}
}

func (b bits) clone() bits { return append(bits(nil), b...) }

// and keeps what is in o too. What lies beyond o's end is in none.
func (b bits) and(o bits) {
	for i := range b {
		if i < len(o) {
			b[i] &= o[i]
		} else {
			b[i] = 0
		}
	}
}

// or adds o, which is no longer than b.
func (b bits) or(o bits) {
	for i := range o {
		b[i] |= o[i]
	}
}

// not takes o away.
func (b bits) not(o bits) {
	for i := range min(len(b), len(o)) {
		b[i] &^= o[i]
	}
}

// each calls f with every place, in order.
func (b bits) each(f func(p uint32)) {
	for i, w := range b {
		for w != 0 {
			f(uint32(i*64 + mathbits.TrailingZeros64(w)))
			w &= w - 1
		}
	}
}
