package images_test

import (
	"bytes"
	"image/color"
)

// component is a colour component of a JPEG that coded writes.
type component struct {
	h, v   int                      // sampling factors
	sample func(c color.NRGBA) byte // of a colour
}

func luma(c color.NRGBA) byte   { y, _, _ := color.RGBToYCbCr(c.R, c.G, c.B); return y }
func blueOf(c color.NRGBA) byte { _, cb, _ := color.RGBToYCbCr(c.R, c.G, c.B); return cb }
func redOf(c color.NRGBA) byte  { _, _, cr := color.RGBToYCbCr(c.R, c.G, c.B); return cr }

// ycc returns the components of a photo with these sampling factors.
func ycc(factors ...int) []component {
	all := []component{{sample: luma}, {sample: blueOf}, {sample: redOf}}
	for i := range all {
		all[i].h, all[i].v = factors[i]/10, factors[i]%10
	}
	return all
}

// inks returns the components of inverted CMYK without black, as Adobe stores it.
func inks(factors ...int) []component {
	all := []component{
		{sample: func(c color.NRGBA) byte { return c.R }},
		{sample: func(c color.NRGBA) byte { return c.G }},
		{sample: func(c color.NRGBA) byte { return c.B }},
		{sample: func(color.NRGBA) byte { return 255 }},
	}
	for i := range all {
		all[i].h, all[i].v = factors[i]/10, factors[i]%10
	}
	return all
}

// bits writes a JPEG's coded data.
type bits struct {
	out []byte
	n   int // bits in the last byte
}

func (b *bits) write(v, n int) {
	for n--; n >= 0; n-- {
		if b.n == 0 {
			b.out = append(b.out, 0)
		}
		b.out[len(b.out)-1] |= byte(v>>n&1) << (7 - b.n)
		b.n = (b.n + 1) % 8
	}
}

// flush pads the last byte with ones and escapes what looks like a marker.
func (b *bits) flush() []byte {
	for b.n != 0 {
		b.write(1, 1)
	}
	return bytes.ReplaceAll(b.out, []byte{0xff}, []byte{0xff, 0})
}

// block writes a block of one value: its difference from the one before, in one
// of twelve codes of four bits, and an end-of-block code of one bit.
func (b *bits) block(difference int) {
	size, v := 0, max(difference, -difference)
	for ; v>>size > 0; size++ {
	}
	if difference < 0 {
		difference += 1<<size - 1
	}
	b.write(size, 4)
	b.write(difference, size)
	b.write(0, 1)
}

// coded writes the quarters, 64 × 64 pixels, as a baseline JPEG with any
// sampling factors, in one scan or in one for each component.
func coded(components []component, separate bool) []byte {
	const side = 64
	m := quarters(side, side)
	b := append([]byte("\xff\xd8\xff\xdb\x00\x43\x00"), bytes.Repeat([]byte{8}, 64)...)
	b = append(b, 0xff, 0xc0, 0, byte(8+3*len(components)), 8, 0, side, 0, side, byte(len(components)))
	hMax, vMax := 1, 1
	for i, c := range components {
		b = append(b, byte(i+1), byte(c.h<<4|c.v), 0)
		hMax, vMax = max(hMax, c.h), max(vMax, c.v)
	}
	b = append(b, "\xff\xc4\x00\x1f\x00\x00\x00\x00\x0c\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b"...)
	b = append(b, "\xff\xc4\x00\x14\x10\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"...)
	scan := func(first, last int) {
		b = append(b, 0xff, 0xda, 0, byte(6+2*(last-first)), byte(last-first))
		for i := first; i < last; i++ {
			b = append(b, byte(i+1), 0)
		}
		b = append(b, 0, 63, 0)
		var data bits
		before := make([]int, last)
		block := func(i, x, y int) {
			c := components[i]
			x, y = min(x*8*hMax/c.h, side-1), min(y*8*vMax/c.v, side-1)
			v := int(c.sample(m.NRGBAAt(x, y))) - 128
			data.block(v - before[i])
			before[i] = v
		}
		if last-first == 1 {
			for y := range side * components[first].v / vMax / 8 {
				for x := range side * components[first].h / hMax / 8 {
					block(first, x, y)
				}
			}
		} else {
			for unit := range (side + 8*vMax - 1) / (8 * vMax) * ((side + 8*hMax - 1) / (8 * hMax)) {
				across := (side + 8*hMax - 1) / (8 * hMax)
				for i := first; i < last; i++ {
					for n := range components[i].h * components[i].v {
						block(i, unit%across*components[i].h+n%components[i].h, unit/across*components[i].v+n/components[i].h)
					}
				}
			}
		}
		b = append(b, data.flush()...)
	}
	if separate {
		for i := range components {
			scan(i, i+1)
		}
	} else {
		scan(0, len(components))
	}
	return append(b, 0xff, 0xd9)
}

// video returns what telephones append to a photo: bytes that contain markers of
// a JPEG by chance.
func video() []byte {
	b := []byte("\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom\xff\x00\xff\xd0\x01\x02\xff\xc4\x00\x03\x7f\xff\xc0\x00\x02\xff\xda\xff\xff")
	return append(append(b, bytes.Repeat([]byte{7}, 5000)...), "\xff\xd9<script>"...)
}
