package images

import "math"

// The fixed-point precision: weights have 14 fractional bits, and rows that are
// scaled across keep 6, so that rounding twice causes no visible error.
const (
	weightBits = 14
	keptBits   = 6
)

// filter holds, for each sample of a scaled row or column, the source samples
// that it is computed from: taps samples from at on, with their weights.
type filter struct {
	taps    int // a multiple of four
	at      []int32
	weights []int32
}

// newFilter returns a filter that scales src samples, which cover an extent of
// from pixels, to dst samples, which cover to pixels. It uses Catmull and Rom's
// cubic, widened when scaling down so that every sample contributes. shift moves
// the result by a fraction of a sample. The border samples are repeated beyond
// the border.
func newFilter(src, dst int, from, to, shift float64) filter {
	scale := from / to
	stretch := max(scale, 1)
	reach := 2 * stretch
	taps := 4 * ceil(min(2*int(math.Ceil(reach))+1, src), 4)
	f := filter{taps: taps, at: make([]int32, dst), weights: make([]int32, dst*taps)}
	raw := make([]float64, taps)
	for i := range dst {
		center := (float64(i)+0.5+shift)*scale - 0.5
		first := int(math.Ceil(center - reach))
		last := int(math.Floor(center + reach))
		at := min(max(first, 0), src-1)
		clear(raw)
		var sum float64
		for s := first; s <= last; s++ {
			w := catmullRom((float64(s) - center) / stretch)
			raw[min(max(s, 0), src-1)-at] += w
			sum += w
		}
		f.at[i] = int32(at)
		fix(f.weights[i*taps:(i+1)*taps], raw, sum)
	}
	return f
}

// fix converts weights to fixed-point numbers whose sum is exactly one.
func fix(whole []int32, raw []float64, sum float64) {
	const one = 1 << weightBits
	rest, largest := int32(one), 0
	for k, w := range raw {
		whole[k] = int32(math.Round(w / sum * one))
		rest -= whole[k]
		if whole[k] > whole[largest] {
			largest = k
		}
	}
	whole[largest] += rest
}

// catmullRom is a cubic that passes through its points: it keeps the image
// sharp, with little ringing.
func catmullRom(x float64) float64 {
	x = math.Abs(x)
	switch {
	case x < 1:
		return (1.5*x-2.5)*x*x + 1
	case x < 2:
		return ((-0.5*x+2.5)*x-4)*x + 2
	}
	return 0
}

// across scales one row. src is taps samples longer than the image's row, so
// that no tap reaches beyond its end.
func (f *filter) across(dst []int16, src []byte) {
	for x := range dst {
		w := f.weights[x*f.taps:][:f.taps]
		s := src[f.at[x]:][:f.taps]
		var sum int32
		for len(w) >= 4 && len(s) >= 4 {
			sum += int32(s[0])*w[0] + int32(s[1])*w[1] + int32(s[2])*w[2] + int32(s[3])*w[3]
			w, s = w[4:], s[4:]
		}
		const drop = weightBits - keptBits
		dst[x] = int16((sum + 1<<(drop-1)) >> drop)
	}
}

// down computes one row of the result from taps rows that across has scaled,
// with their weights.
func down(dst []byte, rows [][]int16, weights []int32, sum []int32) {
	sum = sum[:len(dst)]
	for k := 0; k+4 <= len(rows); k += 4 {
		a, b, c, d := rows[k][:len(dst)], rows[k+1][:len(dst)], rows[k+2][:len(dst)], rows[k+3][:len(dst)]
		wa, wb, wc, wd := weights[k], weights[k+1], weights[k+2], weights[k+3]
		if k == 0 {
			for x := range sum {
				sum[x] = int32(a[x])*wa + int32(b[x])*wb + int32(c[x])*wc + int32(d[x])*wd
			}
			continue
		}
		for x := range sum {
			sum[x] += int32(a[x])*wa + int32(b[x])*wb + int32(c[x])*wc + int32(d[x])*wd
		}
	}
	const drop = weightBits + keptBits
	for x, v := range sum {
		v = (v + 1<<(drop-1)) >> drop
		if uint32(v) > 255 {
			v = int32(clamp8(v))
		}
		dst[x] = byte(v)
	}
}
