package images

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"image"
	"image/jpeg"
	"image/png"
	"sync"
)

// quality is the quality of every JPEG that is written.
const quality = 85

// Variant is an encoded image in one size.
type Variant struct {
	Size          string
	Format        Format // JPEG, or PNG if the image is transparent
	Width, Height int
	Data          []byte
	Digest        string // SHA-256 of Data, hexadecimal
}

// Scaled is an image in all its sizes, not yet encoded. It does not hold the
// original, so it takes a few megabytes only.
type Scaled struct {
	Header Header
	sizes  map[string]planes
}

// Scale checks an image, decodes it once and scales it to all sizes, each from
// the one before. It never enlarges an image, and no side becomes shorter than a
// pixel. The error is a *Refusal or the context's.
func Scale(ctx context.Context, data []byte, l Limits) (*Scaled, error) {
	h, err := ReadHeader(data, l)
	if err != nil {
		return nil, err
	}
	img, err := decode(ctx, h)
	if err != nil {
		return nil, err
	}
	across, down, swap := orientationSteps(h.Orientation)
	s := &Scaled{Header: h, sizes: map[string]planes{}}
	src := from(img, h)
	w, ht := h.Width, h.Height
	img = nil
	for i, size := range Sizes() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		var p planes
		if i == 0 {
			p = upright(scaled(src, scaledSide(w, ht, size.Side), scaledSide(ht, w, size.Side), mirror{across, down}), h.Orientation)
			h.space.convert(p)
			if swap {
				w, ht = ht, w
			}
		} else {
			p = scaled(src, scaledSide(w, ht, size.Side), scaledSide(ht, w, size.Side), mirror{})
		}
		s.sizes[size.Name], src = p, p.asSource()
	}
	return s, nil
}

// scaledSide returns a side's length after scaling both sides so that the longer
// of side and other is at most most.
func scaledSide(side, other, most int) int {
	long := max(side, other)
	if long <= most {
		return side
	}
	return max(1, (2*side*most+long)/(2*long))
}

// Encode encodes one of the Sizes.
func (s *Scaled) Encode(size string) (Variant, error) {
	p := s.sizes[size]
	v := Variant{Size: size, Format: JPEG, Width: p.w, Height: p.h}
	var b bytes.Buffer
	var err error
	if p.alpha {
		v.Format = PNG
		err = png.Encode(&b, p.nrgba())
	} else {
		b.Grow(p.w*p.h/4 + 1024)
		err = jpeg.Encode(&b, p.opaque(), &jpeg.Options{Quality: quality})
	}
	if err != nil {
		return Variant{}, err
	}
	sum := sha256.Sum256(b.Bytes())
	v.Data, v.Digest = b.Bytes(), hex.EncodeToString(sum[:])
	return v, nil
}

// Render returns all sizes of an image, in the order of Sizes. It encodes them
// in parallel.
func Render(ctx context.Context, data []byte, l Limits) ([]Variant, error) {
	s, err := Scale(ctx, data, l)
	if err != nil {
		return nil, err
	}
	sizes := Sizes()
	variants, errs := make([]Variant, len(sizes)), make([]error, len(sizes))
	var all sync.WaitGroup
	for i, size := range sizes {
		all.Go(func() { variants[i], errs[i] = s.Encode(size.Name) })
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return variants, nil
}

func (p planes) opaque() image.Image {
	y := p.all[0]
	if len(p.all) == 1 {
		return &image.Gray{Pix: y.pix, Stride: y.w, Rect: image.Rect(0, 0, p.w, p.h)}
	}
	return &image.YCbCr{
		Y: y.pix, Cb: p.all[1].pix, Cr: p.all[2].pix, YStride: y.w, CStride: p.all[1].w,
		SubsampleRatio: image.YCbCrSubsampleRatio420, Rect: image.Rect(0, 0, p.w, p.h),
	}
}

// nrgba returns the image with its colours divided by alpha, as PNG stores them.
func (p planes) nrgba() image.Image {
	m := image.NewNRGBA(image.Rect(0, 0, p.w, p.h))
	r, g, b, a := p.all[0].pix, p.all[1].pix, p.all[2].pix, p.all[3].pix
	for i, alpha := range a {
		if alpha > 0 {
			m.Pix[4*i], m.Pix[4*i+1], m.Pix[4*i+2], m.Pix[4*i+3] = unpremultiply(r[i], alpha), unpremultiply(g[i], alpha), unpremultiply(b[i], alpha), alpha
		}
	}
	return m
}
