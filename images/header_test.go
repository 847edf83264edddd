package images_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"image"
	"image/gif"
	"io"
	"strings"
	"testing"

	"purser/images"
)

// TestReadHeaderRefuses proves IMG-2, IMG-8, F59, F60 and F61: ReadHeader
// refuses each hostile or broken file with its reason, before a pixel is
// decoded.
func TestReadHeaderRefuses(t *testing.T) {
	photo := asJPEG(t, quarters(64, 48))
	for _, tt := range []struct {
		name   string
		data   []byte
		reason images.Reason
	}{
		{name: "nothing", reason: images.Empty},
		{name: "a text", data: []byte("hello"), reason: images.UnknownType},
		{name: "a page", data: []byte("<html><script>alert(1)</script></html>"), reason: images.UnknownType},
		{name: "a page followed by an image", data: append([]byte("<html>"), photo...), reason: images.UnknownType},
		{name: "SVG", data: []byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`), reason: images.UnknownType},
		{name: "TIFF", data: []byte("II*\x00\x08\x00\x00\x00"), reason: images.UnknownType},
		{name: "BMP", data: append([]byte("BM"), make([]byte, 60)...), reason: images.UnknownType},
		{name: "HEIC", data: []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00"), reason: images.UnknownType},
		{name: "a RIFF file of sound", data: []byte("RIFF\x04\x00\x00\x00WAVE"), reason: images.UnknownType},
		{name: "too many bytes", data: append(photo, make([]byte, images.MaxBytes)...), reason: images.TooLarge},

		{name: "a PNG bomb", data: pngHeader(50_000, 50_000, 8, 2), reason: images.TooManyPixels},
		{name: "a PNG with a side of two billion", data: pngHeader(1<<31-1, 1, 8, 2), reason: images.TooManyPixels},
		{name: "a PNG whose pixels overflow", data: pngHeader(1<<32-1, 1<<32-1, 8, 2), reason: images.TooManyPixels},
		{name: "a PNG of 16 bits over the memory limit", data: pngHeader(7000, 7000, 16, 6), reason: images.TooMuchMemory},
		{name: "a PNG without width", data: pngHeader(0, 10, 8, 2), reason: images.Broken},
		{name: "a PNG without header", data: append([]byte("\x89PNG\r\n\x1a\n"), chunk("IDAT", make([]byte, 13))...), reason: images.Broken},
		{name: "a PNG with a chunk beyond the end", data: append([]byte("\x89PNG\r\n\x1a\n\xff\xff\xff\xff"), "IHDR    "...), reason: images.Truncated},

		{name: "a JPEG bomb", data: jpegHeader(65_535, 65_535, false), reason: images.TooManyPixels},
		{name: "a progressive JPEG over the memory limit", data: jpegHeader(6000, 6000, true), reason: images.TooMuchMemory},
		{name: "an RGB JPEG over the memory limit", data: rgbHeader(7050, 7050), reason: images.TooMuchMemory},
		{name: "a JPEG of a thousand scans", data: scans(1000), reason: images.Unsupported},
		{name: "a JPEG without a frame", data: []byte("\xff\xd8\xff\xd9"), reason: images.Broken},
		{name: "an arithmetic JPEG", data: bytes.Replace(jpegHeader(8, 8, false), []byte{0xff, 0xc0}, []byte{0xff, 0xc9}, 1), reason: images.Unsupported},
		{name: "a JPEG with an invalid marker length", data: []byte("\xff\xd8\xff\xe0\x00\x01\xff\xd9"), reason: images.Broken},

		{name: "a GIF bomb", data: append([]byte("GIF89a\xff\xff\xff\xff"), make([]byte, 16)...), reason: images.TooManyPixels},
		{name: "half a GIF header", data: []byte("GIF89a\xff"), reason: images.Truncated},

		{name: "a WebP with a chunk of two gigabytes", data: riff(riffChunk("VP8 ", 1<<31-1, make([]byte, 20))), reason: images.Truncated},
		{name: "a WebP that claims to be longer", data: binary.LittleEndian.AppendUint32([]byte("RIFF"), 1<<30)[:8:8], reason: images.UnknownType},
		{name: "an animated WebP", data: riff(riffChunk("VP8X", 10, []byte{2, 0, 0, 0, 63, 0, 0, 47, 0, 0}), riffChunk("ANIM", 6, make([]byte, 6))), reason: images.Unsupported},
		{name: "a WebP bomb", data: riff(riffChunk("VP8X", 10, []byte{0, 0, 0, 0, 0x3f, 0x9c, 0, 0x3f, 0x9c, 0}), riffChunk("VP8L", 0, nil)), reason: images.TooManyPixels},
		{name: "an empty WebP", data: riff(), reason: images.Broken},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := images.ReadHeader(tt.data, images.Limits{})
			wantRefusal(t, err, tt.reason)
		})
	}
}

// rgbHeader returns a JPEG that claims subsampled RGB, which the decoder
// converts to four bytes a pixel.
func rgbHeader(w, h int) []byte {
	b := withSegment(jpegHeader(w, h, false), 0xee, []byte("Adobe\x00\x64\x00\x00\x00\x00\x00"))
	return bytes.Replace(b, []byte{3, 1, 0x11, 0, 2}, []byte{3, 1, 0x22, 0, 2}, 1)
}

// scans returns a small JPEG with n scans.
func scans(n int) []byte {
	b := jpegHeader(1000, 1000, true)
	scan := b[len(b)-16 : len(b)-2]
	return append(append(b[:len(b)-2:len(b)-2], bytes.Repeat(scan, n)...), 0xff, 0xd9)
}

func wantRefusal(t *testing.T, err error, reason images.Reason) {
	t.Helper()
	var r *images.Refusal
	if !errors.As(err, &r) || r.Reason != reason || r.Detail == "" {
		t.Errorf("got %v, want it refused: %s", err, reason)
	}
}

// TestTruncated cuts a file of each format at every length: ReadHeader and the
// decoder must accept none of them as a complete image. Only the marker that
// says that the image ends here may be missing.
func TestTruncated(t *testing.T) {
	gifData := film(t)
	for name, tt := range map[string]struct {
		data []byte
		end  int // the length of the end marker
	}{
		"jpeg": {data: asJPEG(t, quarters(64, 48)), end: 2}, "progressive": {data: file(t, "progressive.jpg"), end: 2},
		"png":        {data: asPNG(t, quarters(64, 48)), end: 12},
		"lossy webp": {data: file(t, "lossy.webp")}, "lossless webp": {data: file(t, "lossless.webp")},
		"gif": {data: gifData[:firstFrame(t, gifData)]},
	} {
		t.Run(name, func(t *testing.T) {
			uncut := render(t, tt.data)["large"].Digest
			for n := range tt.data {
				if n >= len(tt.data)-tt.end {
					if cut := render(t, tt.data[:n])["large"].Digest; cut != uncut {
						t.Errorf("cut in the end marker, after %d of %d bytes, it looks different", n, len(tt.data))
					}
					continue
				}
				_, err := images.Scale(context.Background(), tt.data[:n], images.Limits{})
				var r *images.Refusal
				if !errors.As(err, &r) {
					t.Fatalf("cut after %d of %d bytes: %v, want it refused", n, len(tt.data), err)
				}
			}
		})
	}
}

// firstFrame returns how many bytes of a GIF the decoder needs for its first
// frame.
func firstFrame(t *testing.T, data []byte) int {
	t.Helper()
	for n := range data {
		if _, err := gif.Decode(bytes.NewReader(data[:n])); err == nil {
			return n
		}
	}
	t.Fatal("no frame")
	return 0
}

// TestReadLimit proves F60: a file over the limit is not read to its end.
func TestReadLimit(t *testing.T) {
	endless := &counted{Reader: zeros{}}
	_, err := images.Read(endless, 1000)
	wantRefusal(t, err, images.TooLarge)
	if endless.n > 64<<10 {
		t.Errorf("%d bytes were read of a file over 1000", endless.n)
	}
	if b, err := images.Read(strings.NewReader("12345"), 5); err != nil || len(b) != 5 {
		t.Errorf("a file of exactly the limit: %q, %v", b, err)
	}
	if _, err := images.Read(io.MultiReader(strings.NewReader("12"), broken{}), 5); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("the reader's error: %v", err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrClosedPipe }

type counted struct {
	io.Reader
	n int
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += n
	return n, err
}

// TestReadHeader checks that the type follows from the content, whatever the
// file's name.
func TestReadHeader(t *testing.T) {
	film := film(t)
	for _, tt := range []struct {
		name        string
		data        []byte
		format      images.Format
		orientation int
	}{
		{name: "a PNG called .jpg", data: asPNG(t, quarters(64, 48)), format: images.PNG, orientation: 1},
		{name: "a JPEG", data: asJPEG(t, quarters(64, 48)), format: images.JPEG, orientation: 1},
		{name: "a progressive JPEG", data: file(t, "progressive.jpg"), format: images.JPEG, orientation: 1},
		{name: "a CMYK JPEG", data: file(t, "cmyk.jpg"), format: images.JPEG, orientation: 1},
		{name: "a grey JPEG", data: asJPEG(t, image.NewGray(image.Rect(0, 0, 64, 48))), format: images.JPEG, orientation: 1},
		{name: "a GIF", data: film, format: images.GIF, orientation: 1},
		{name: "a WebP", data: file(t, "lossy.webp"), format: images.WebP, orientation: 1},
		{name: "a JPEG with a script after its end", data: append(asJPEG(t, quarters(64, 48)), "<script>alert(1)</script>"...), format: images.JPEG, orientation: 1},
		{name: "a JPEG held sideways", data: withSegment(asJPEG(t, quarters(64, 48)), 0xe1, append([]byte("Exif\x00\x00"), exif(binary.BigEndian, 6)...)), format: images.JPEG, orientation: 6},
		{name: "a JPEG with an invalid orientation", data: withSegment(asJPEG(t, quarters(64, 48)), 0xe1, append([]byte("Exif\x00\x00"), exif(binary.LittleEndian, 9)...)), format: images.JPEG, orientation: 1},
	} {
		pixels := int64(64 * 48)
		if tt.format == images.GIF {
			pixels = 2 * 32 * 24 // those of the first frame, twice
		}
		h, err := images.ReadHeader(tt.data, images.Limits{})
		if err != nil || h.Format != tt.format || h.Width != 64 || h.Height != 48 || h.Orientation != tt.orientation || h.Memory < pixels {
			t.Errorf("%s: %+v, %v", tt.name, h, err)
		}
	}
}
