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

// quality is that of every JPEG made.
const quality = 85

// Variant is an image in one size, encoded.
type Variant struct {
	Size          string
	Format        Format // JPEG, or PNG where something shows through
	Width, Height int
	Data          []byte
	Digest        string // SHA-256 of Data, hexadecimal
}

// Scaled is an image in all its sizes, not yet encoded. What it was decoded
// from is gone: it takes a few megabytes.
type Scaled struct {
	Header Header
	sizes  map[string]planes
}

// Scale looks at an image, decodes it once and scales it to all sizes, each
// from the one before, none enlarged, none less than a pixel. It fails with a
// *Refusal, or with the context.
func Scale(ctx context.Context, data []byte, l Limits) (*Scaled, error) {
	h, err := Look(data, l)
	if err != nil {
		return nil, err
	}
	img, err := decode(ctx, data, h)
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
			p = upright(scaled(src, shrunk(w, ht, size.Side), shrunk(ht, w, size.Side), mirror{across, down}), h.Orientation)
			h.space.convert(p)
			if swap {
				w, ht = ht, w
			}
		} else {
			p = scaled(src, shrunk(w, ht, size.Side), shrunk(ht, w, size.Side), mirror{})
		}
		s.sizes[size.Name], src = p, p.asSource()
	}
	return s, nil
}

// shrunk is a side's length once the longer of it and other is at most most.
func shrunk(side, other, most int) int {
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

// Render makes all sizes of an image, in the order of Sizes, encoded side by
// side.
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

// nrgba takes the transparency out of the colours again, as PNG keeps them.
func (p planes) nrgba() image.Image {
	m := image.NewNRGBA(image.Rect(0, 0, p.w, p.h))
	r, g, b, a := p.all[0].pix, p.all[1].pix, p.all[2].pix, p.all[3].pix
	for i, alpha := range a {
		if alpha > 0 {
			m.Pix[4*i], m.Pix[4*i+1], m.Pix[4*i+2], m.Pix[4*i+3] = part(r[i], alpha), part(g[i], alpha), part(b[i], alpha), alpha
		}
	}
	return m
}
