package images

import (
	"errors"
	"image"
	"image/color"
	"math"
)

// Likeness measures how similar two images look.
type Likeness struct {
	PSNR float64 `json:"psnr_db"` // of the three colours; above 40 dB nobody sees a difference
	SSIM float64 `json:"ssim"`    // of brightness, on windows of 8 × 8; 1: identical
}

// compare compares two images, which must have the same size.
func compare(a, b image.Image) (Likeness, error) {
	if a.Bounds().Size() != b.Bounds().Size() {
		return Likeness{}, errors.New("the images differ in size")
	}
	size := a.Bounds().Size()
	la, lb := make([]float64, size.X*size.Y), make([]float64, size.X*size.Y)
	var squares float64
	for y := range size.Y {
		for x := range size.X {
			p, q := rgbAt(a, x, y), rgbAt(b, x, y)
			for _, d := range []int{int(p.R) - int(q.R), int(p.G) - int(q.G), int(p.B) - int(q.B)} {
				squares += float64(d * d)
			}
			la[y*size.X+x], lb[y*size.X+x] = brightness(p), brightness(q)
		}
	}
	mean := squares / float64(3*size.X*size.Y)
	l := Likeness{PSNR: 99, SSIM: ssim(la, lb, size)}
	if mean > 0 {
		l.PSNR = min(99, 10*math.Log10(255*255/mean))
	}
	return l, nil
}

func rgbAt(m image.Image, x, y int) color.NRGBA {
	o := m.Bounds().Min
	return color.NRGBAModel.Convert(m.At(o.X+x, o.Y+y)).(color.NRGBA)
}

func brightness(c color.NRGBA) float64 {
	return 0.299*float64(c.R) + 0.587*float64(c.G) + 0.114*float64(c.B)
}

// ssim returns the mean structural similarity (Wang and others, 2004) over windows
// of 8 × 8 pixels at steps of 4.
func ssim(a, b []float64, size image.Point) float64 {
	const (
		side, step = 8, 4
		c1, c2     = (0.01 * 255) * (0.01 * 255), (0.03 * 255) * (0.03 * 255)
	)
	var sum, n float64
	for y := 0; y+side <= size.Y; y += step {
		for x := 0; x+side <= size.X; x += step {
			var ma, mb, aa, bb, ab float64
			for j := range side {
				for i := range side {
					p, q := a[(y+j)*size.X+x+i], b[(y+j)*size.X+x+i]
					ma, mb, aa, bb, ab = ma+p, mb+q, aa+p*p, bb+q*q, ab+p*q
				}
			}
			const of = side * side
			ma, mb = ma/of, mb/of
			va, vb, cov := aa/of-ma*ma, bb/of-mb*mb, ab/of-ma*mb
			sum += (2*ma*mb + c1) * (2*cov + c2) / ((ma*ma + mb*mb + c1) * (va + vb + c2))
			n++
		}
	}
	if n == 0 {
		return 1
	}
	return sum / n
}
