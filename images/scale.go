package images

import (
	"runtime"
	"sync"
)

// mirror records along which axes an image will be mirrored once it is scaled.
type mirror struct{ across, down bool }

// scaled scales a source to w × h pixels: brightness at full resolution, colour
// at half of it each way, as JPEG stores it.
func scaled(s source, w, h int, t mirror) planes {
	p := planes{w: w, h: h, alpha: s.alpha, all: make([]plane, s.channels())}
	for _, l := range s.all {
		// Channels that are read together may go to planes of two sizes.
		for i := 0; i < l.n; {
			n := l.n - i
			dw, dh := w, h
			across, down := 1, 1
			if !s.alpha {
				if l.first+i > 0 {
					dw, dh, across, down = ceil(w, 2), ceil(h, 2), 2, 2
				} else {
					n = 1
				}
			}
			for k := range n {
				p.all[l.first+i+k] = newPlane(dw, dh)
			}
			j := job{lines: l, skip: i, dst: p.all[l.first+i : l.first+i+n]}
			j.fit(s, w, h, across, down, t)
			j.run()
			i += n
		}
	}
	return p
}

// job scales planes of one size.
type job struct {
	lines
	skip         int // how many of the channels that lines reads are left out
	dst          []plane
	wide, height filter
}

// fit chooses the filters. The extent of a plane need not be a whole number of
// samples: three pixels have one and a half colour samples. If the image will be
// mirrored and its last colour sample covers one pixel only, the colours are
// shifted by half a sample now.
func (j *job) fit(s source, w, h, across, down int, t mirror) {
	srcAcross, srcDown := float64(ratio(s.w, j.w)), float64(ratio(s.h, j.h))
	shift := func(mirrored bool, n, by int) float64 {
		if mirrored && by == 2 && n%2 == 1 {
			return -0.5
		}
		return 0
	}
	j.wide = newFilter(j.w, j.dst[0].w, float64(s.w)/srcAcross, float64(w)/float64(across), shift(t.across, w, across))
	j.height = newFilter(j.h, j.dst[0].h, float64(s.h)/srcDown, float64(h)/float64(down), shift(t.down, h, down))
}

// ratio returns how many pixels one sample covers.
func ratio(pixels, samples int) int {
	for _, by := range []int{1, 2, 4} {
		if ceil(pixels, by) == samples {
			return by
		}
	}
	return 1
}

// fewRows is the least number of rows that is worth a goroutine.
const fewRows = 64

// run divides the rows of the result among the processors.
func (j *job) run() {
	rows := j.dst[0].h
	parts := max(1, min(runtime.GOMAXPROCS(0), rows/fewRows))
	var all sync.WaitGroup
	for i := range parts {
		all.Go(func() { j.band(rows*i/parts, rows*(i+1)/parts) })
	}
	all.Wait()
}

// band computes the rows from first up to but not including last. It scales each
// row of the source across once and keeps it only while it is needed, so that no
// intermediate image is held.
func (j *job) band(first, last int) {
	taps, width := j.height.taps, j.dst[0].w
	n := len(j.dst)
	kept := make([][][]int16, n) // by plane and row, modulo taps
	for p := range kept {
		kept[p] = make([][]int16, taps)
		for k := range kept[p] {
			kept[p][k] = make([]int16, width)
		}
	}
	buffers := make([][]byte, j.n)
	for p := range buffers {
		buffers[p] = make([]byte, j.w)
	}
	var (
		rows    = make([][]byte, j.n)
		padded  = make([]byte, j.w+j.wide.taps)
		sum     = make([]int32, width)
		ordered = make([][]int16, taps)
		next    = 0
	)
	for y := first; y < last; y++ {
		at := int(j.height.at[y])
		for next = max(next, at); next < min(at+taps, j.h); next++ {
			copy(rows, buffers)
			j.each(next, rows)
			for p := range n {
				copy(padded, rows[j.skip+p])
				j.wide.across(kept[p][next%taps], padded)
			}
		}
		for p := range n {
			for k := range ordered { // rows beyond the last have no weight
				ordered[k] = kept[p][min(at+k, j.h-1)%taps]
			}
			down(j.dst[p].row(y), ordered, j.height.weights[y*taps:][:taps], sum)
		}
	}
}
