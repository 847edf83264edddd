package images

import (
	"image"
	"image/color"
)

// plane holds one channel's samples.
type plane struct {
	w, h int
	pix  []byte // row by row
}

func newPlane(w, h int) plane { return plane{w, h, make([]byte, w*h)} }

func (p plane) row(y int) []byte { return p.pix[y*p.w : (y+1)*p.w] }

// planes are an image in the form in which it is scaled: brightness and two
// colour channels at half the resolution, because the eye sees less detail in
// colour; or, if it is transparent, red, green and blue, multiplied by alpha,
// and alpha.
type planes struct {
	w, h  int
	alpha bool
	all   []plane // Y, Cb, Cr (only Y if it is grey), or R, G, B, A
}

// lines reads rows of an image's channels. Channels of one size are read
// together, so that a pixel is converted once.
type lines struct {
	first int // index of the first plane
	n     int // number of planes
	w, h  int
	// each reads row y into rows, or replaces the slices of rows by its own.
	each func(y int, rows [][]byte)
}

// source is an image to scale: a decoded image, or one that is already scaled.
type source struct {
	w, h  int // of the image
	alpha bool
	all   []lines
}

// channels returns how many planes the source has.
func (s source) channels() (n int) {
	for _, l := range s.all {
		n += l.n
	}
	return n
}

// asSource returns a scaled image as the source of a smaller one.
func (p planes) asSource() source {
	s := source{w: p.w, h: p.h, alpha: p.alpha}
	for i, pl := range p.all {
		s.all = append(s.all, lines{first: i, n: 1, w: pl.w, h: pl.h, each: func(y int, rows [][]byte) { rows[0] = pl.row(y) }})
	}
	return s
}

// from returns a decoded image as a source. A frame smaller than the image (of
// a GIF) lies on a transparent background.
func from(img image.Image, h Header) source {
	s := source{w: h.Width, h: h.Height}
	frame := img.Bounds()
	whole := frame == image.Rect(0, 0, h.Width, h.Height) || frame.Dx() == h.Width && frame.Dy() == h.Height && h.Format != GIF
	opaque, ok := img.(interface{ Opaque() bool })
	s.alpha = !whole || ok && !opaque.Opaque()
	switch m := img.(type) {
	case *image.YCbCr:
		s.all = fromYCbCr(m)
	case *image.Gray:
		s.all = []lines{{n: 1, w: s.w, h: s.h, each: func(y int, rows [][]byte) { rows[0] = m.Pix[y*m.Stride:][:s.w] }}}
	default:
		wide := wideOf(img)
		n, put := 3, putYCbCr
		if s.alpha {
			n, put = 4, putRGBA
		}
		s.all = []lines{{n: n, w: s.w, h: s.h, each: func(y int, rows [][]byte) {
			for x := range s.w {
				var c color.RGBA64
				if p := (image.Point{x, y}); whole {
					c = wide(x+frame.Min.X, y+frame.Min.Y)
				} else if p.In(frame) {
					c = wide(x, y)
				}
				put(rows, x, c)
			}
		}}}
	}
	return s
}

func fromYCbCr(m *image.YCbCr) []lines {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	cw, ch := chromaSize(m)
	y0, c0 := m.YOffset(m.Rect.Min.X, m.Rect.Min.Y), m.COffset(m.Rect.Min.X, m.Rect.Min.Y)
	return []lines{
		{first: 0, n: 1, w: w, h: h, each: func(y int, rows [][]byte) { rows[0] = m.Y[y0+y*m.YStride:][:w] }},
		{first: 1, n: 2, w: cw, h: ch, each: func(y int, rows [][]byte) {
			rows[0], rows[1] = m.Cb[c0+y*m.CStride:][:cw], m.Cr[c0+y*m.CStride:][:cw]
		}},
	}
}

func chromaSize(m *image.YCbCr) (w, h int) {
	w, h = m.Rect.Dx(), m.Rect.Dy()
	across, down := subsampling(m.SubsampleRatio)
	return ceil(w, across), ceil(h, down)
}

func subsampling(r image.YCbCrSubsampleRatio) (across, down int) {
	switch r {
	case image.YCbCrSubsampleRatio422:
		return 2, 1
	case image.YCbCrSubsampleRatio420:
		return 2, 2
	case image.YCbCrSubsampleRatio440:
		return 1, 2
	case image.YCbCrSubsampleRatio411:
		return 4, 1
	case image.YCbCrSubsampleRatio410:
		return 4, 2
	}
	return 1, 1
}

// wideOf returns a function that reads any image's pixels with 16 bits a
// channel, multiplied by alpha.
func wideOf(img image.Image) func(x, y int) color.RGBA64 {
	switch m := img.(type) {
	case *image.Paletted:
		var table [256]color.RGBA64 // an index beyond the palette is transparent
		for i, c := range m.Palette[:min(len(m.Palette), 256)] {
			table[i] = color.RGBA64Model.Convert(c).(color.RGBA64)
		}
		return func(x, y int) color.RGBA64 { return table[m.Pix[m.PixOffset(x, y)]] }
	case image.RGBA64Image:
		return m.RGBA64At
	}
	return func(x, y int) color.RGBA64 { return color.RGBA64Model.Convert(img.At(x, y)).(color.RGBA64) }
}

func putYCbCr(rows [][]byte, x int, c color.RGBA64) {
	rows[0][x], rows[1][x], rows[2][x] = color.RGBToYCbCr(byte(c.R>>8), byte(c.G>>8), byte(c.B>>8))
}

func putRGBA(rows [][]byte, x int, c color.RGBA64) {
	rows[0][x], rows[1][x], rows[2][x], rows[3][x] = byte(c.R>>8), byte(c.G>>8), byte(c.B>>8), byte(c.A>>8)
}
