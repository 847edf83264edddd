package images

import (
	"image/color"
	"runtime"
	"sync"
)

// lightSteps is the number of steps of linear light, which are finer than the
// darkest steps of sRGB.
const lightSteps = 1 << 13

// valueOf returns the table of sRGB's values by linear light. It computes the
// table once.
var valueOf = sync.OnceValue(func() *[lightSteps + 1]byte {
	t := new([lightSteps + 1]byte)
	for i := range t {
		t[i] = clamp8(int32(encodeSRGB(float64(i)/lightSteps)*255 + 0.5))
	}
	return t
})

// convert converts a scaled image's colours to sRGB, in place. It clips colours
// that sRGB cannot show on each channel. With a nil space it does nothing, nor
// to an image without colours.
func (s *space) convert(p planes) {
	if s == nil || len(p.all) < 3 {
		return
	}
	row := s.convertOpaque
	if p.alpha {
		row = s.convertTransparent
	}
	pairs := ceil(p.h, 2) // of rows that share their colour samples
	parts := max(1, min(runtime.GOMAXPROCS(0), pairs/fewRows))
	values := valueOf()
	var all sync.WaitGroup
	for i := range parts {
		all.Go(func() {
			for y := pairs * i / parts; y < pairs*(i+1)/parts; y++ {
				row(p, y, values)
			}
		})
	}
	all.Wait()
}

// of returns a colour of the space in sRGB.
func (s *space) of(r, g, b byte, values *[lightSteps + 1]byte) (byte, byte, byte) {
	lr, lg, lb := s.curves[0][r], s.curves[1][g], s.curves[2][b]
	value := func(m *[3]float32) byte {
		light := m[0]*lr + m[1]*lg + m[2]*lb
		return values[int(min(max(light, 0), 1)*lightSteps+0.5)]
	}
	return value(&s.matrix[0]), value(&s.matrix[1]), value(&s.matrix[2])
}

// convertOpaque converts two rows of pixels, in which every four pixels share a
// colour sample.
func (s *space) convertOpaque(p planes, pair int, values *[lightSteps + 1]byte) {
	blues, reds := p.all[1].row(pair), p.all[2].row(pair)
	for x := range blues {
		var cb, cr, n int
		blue, red := blues[x], reds[x]
		for y := 2 * pair; y < min(2*pair+2, p.h); y++ {
			luma := p.all[0].row(y)
			for i := 2 * x; i < min(2*x+2, p.w); i++ {
				r, g, b := color.YCbCrToRGB(luma[i], blue, red)
				l, u, v := color.RGBToYCbCr(s.of(r, g, b, values))
				luma[i] = l
				cb, cr, n = cb+int(u), cr+int(v), n+1
			}
		}
		blues[x], reds[x] = byte((cb+n/2)/n), byte((cr+n/2)/n)
	}
}

// convertTransparent converts two rows of pixels of a transparent image.
func (s *space) convertTransparent(p planes, pair int, values *[lightSteps + 1]byte) {
	for y := 2 * pair; y < min(2*pair+2, p.h); y++ {
		reds, greens, blues, alphas := p.all[0].row(y), p.all[1].row(y), p.all[2].row(y), p.all[3].row(y)
		for x, a := range alphas {
			if a == 0 {
				continue
			}
			r, g, b := s.of(unpremultiply(reds[x], a), unpremultiply(greens[x], a), unpremultiply(blues[x], a), values)
			reds[x], greens[x], blues[x] = premultiply(r, a), premultiply(g, a), premultiply(b, a)
		}
	}
}

// unpremultiply divides a colour value by its alpha; premultiply multiplies it.
func unpremultiply(c, a byte) byte { return byte(min((uint32(c)*255+uint32(a)/2)/uint32(a), 255)) }
func premultiply(c, a byte) byte   { return byte((uint32(c)*uint32(a) + 127) / 255) }
