package images

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/webp"
)

// decode decodes an image whose header ReadHeader has accepted. It stops when ctx
// ends. A panic of the decoder counts as a broken file.
func decode(ctx context.Context, h Header) (img image.Image, err error) {
	defer func() {
		if v := recover(); v != nil {
			img, err = nil, refuse(Broken, "the file is damaged (the decoder panicked: %v)", v)
		}
	}()
	r := &reader{ctx: ctx, Reader: bytes.NewReader(h.data)}
	switch h.Format {
	case JPEG:
		img, err = jpeg.Decode(r)
	case PNG:
		img, err = png.Decode(r)
	case GIF:
		img, err = gif.Decode(r) // the first frame
	case WebP:
		img, err = webp.Decode(r)
	default:
		return nil, refuse(UnknownType, "%q", h.Format)
	}
	var unsupported jpeg.UnsupportedError
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return nil, refuse(Truncated, "the file ends before the image does")
	case errors.As(err, &unsupported):
		return nil, refuse(Unsupported, "a JPEG of a rare kind (%s)", string(unsupported))
	case err != nil && h.endless:
		return nil, refuse(Truncated, "the file ends before the image does")
	case err != nil:
		return nil, refuse(Broken, "the file is damaged (%v)", err)
	}
	if b := img.Bounds(); h.Format != GIF && (b.Dx() != h.Width || b.Dy() != h.Height) {
		return nil, refuse(Broken, "the header says %d × %d pixels, there are %d × %d", h.Width, h.Height, b.Dx(), b.Dy())
	}
	if h.Format == WebP {
		toFullRange(img)
	}
	return img, nil
}

// reader fails once its context has ended.
type reader struct {
	ctx context.Context
	*bytes.Reader
}

func (r *reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	// It reads in portions, so that the context is checked often.
	return r.Reader.Read(p[:min(len(p), 64<<10)])
}

// toFullRange converts WebP's levels (black is 16, white is 235) to JPEG's full
// range, which image.YCbCr holds everywhere else. The WebP decoder does not
// convert them.
func toFullRange(img image.Image) {
	var m *image.YCbCr
	switch img := img.(type) {
	case *image.YCbCr:
		m = img
	case *image.NYCbCrA:
		m = &img.YCbCr
	default:
		return
	}
	var luma, chroma [256]byte
	for i := range 256 {
		luma[i] = clamp8((int32(i-16)*510/219 + 1) >> 1)
		chroma[i] = clamp8((int32(i-128)*510/224+1)>>1 + 128)
	}
	for i, v := range m.Y {
		m.Y[i] = luma[v]
	}
	for i, v := range m.Cb {
		m.Cb[i] = chroma[v]
	}
	for i, v := range m.Cr {
		m.Cr[i] = chroma[v]
	}
}

func clamp8(v int32) byte { return byte(min(max(v, 0), 255)) }
