package images

import (
	"image/color"
	"runtime"
	"sync"
)

// lightSteps are finer than the darkest steps of sRGB.
const lightSteps = 1 << 13

// valueOf is sRGB's value of an amount of light, made once.
var valueOf = sync.OnceValue(func() *[lightSteps + 1]byte {
	t := new([lightSteps + 1]byte)
	for i := range t {
		t[i] = clamp8(int32(encodeSRGB(float64(i)/lightSteps)*255 + 0.5))
	}
	return t
})

// convert turns a scaled image's colours into those of sRGB, in place. What
// sRGB cannot show becomes the nearest on each channel. A nil space, and a
// image without colours, are left as they are.
func (s *space) convert(p planes) {
	if s == nil || len(p.all) < 3 {
		return
	}
	row := s.convertPair
	if p.alpha {
		row = s.convertShowing
	}
	pairs := ceil(p.h, 2) // rows that share their colours
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

// of is a colour in sRGB.
func (s *space) of(r, g, b byte, values *[lightSteps + 1]byte) (byte, byte, byte) {
	lr, lg, lb := s.curves[0][r], s.curves[1][g], s.curves[2][b]
	value := func(m *[3]float32) byte {
		light := m[0]*lr + m[1]*lg + m[2]*lb
		return values[int(min(max(light, 0), 1)*lightSteps+0.5)]
	}
	return value(&s.matrix[0]), value(&s.matrix[1]), value(&s.matrix[2])
}

// convertPair converts two rows of pixels, of which each four share a colour.
func (s *space) convertPair(p planes, pair int, values *[lightSteps + 1]byte) {
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

// convertShowing converts two rows of pixels that show through.
func (s *space) convertShowing(p planes, pair int, values *[lightSteps + 1]byte) {
	for y := 2 * pair; y < min(2*pair+2, p.h); y++ {
		reds, greens, blues, alphas := p.all[0].row(y), p.all[1].row(y), p.all[2].row(y), p.all[3].row(y)
		for x, a := range alphas {
			if a == 0 {
				continue
			}
			r, g, b := s.of(part(reds[x], a), part(greens[x], a), part(blues[x], a), values)
			reds[x], greens[x], blues[x] = shows(r, a), shows(g, a), shows(b, a)
		}
	}
}

// part is how strong a colour is of which so much shows; shows is the way back.
func part(c, a byte) byte  { return byte(min((uint32(c)*255+uint32(a)/2)/uint32(a), 255)) }
func shows(c, a byte) byte { return byte((uint32(c)*uint32(a) + 127) / 255) }
