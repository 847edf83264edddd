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

// TestLookRefuses is IMG-2, IMG-8, F59, F60 and F61: each hostile or broken
// file is refused at the door, before a pixel is decoded, with its reason.
func TestLookRefuses(t *testing.T) {
	photo := asJPEG(t, quarters(64, 48))
	for _, tt := range []struct {
		name   string
		data   []byte
		reason images.Reason
	}{
		{"nothing", nil, images.Empty},
		{"a text", []byte("hello"), images.UnknownType},
		{"a page", []byte("<html><script>alert(1)</script></html>"), images.UnknownType},
		{"a page with an image behind", append([]byte("<html>"), photo...), images.UnknownType},
		{"SVG", []byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`), images.UnknownType},
		{"TIFF", []byte("II*\x00\x08\x00\x00\x00"), images.UnknownType},
		{"BMP", append([]byte("BM"), make([]byte, 60)...), images.UnknownType},
		{"HEIC", []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00"), images.UnknownType},
		{"a RIFF of sound", []byte("RIFF\x04\x00\x00\x00WAVE"), images.UnknownType},
		{"too many bytes", append(photo, make([]byte, images.MaxBytes)...), images.TooLarge},

		{"a PNG bomb", pngHeader(50_000, 50_000, 8, 2), images.TooManyPixels},
		{"a PNG with a side of two billion", pngHeader(1<<31-1, 1, 8, 2), images.TooManyPixels},
		{"a PNG whose pixels overflow", pngHeader(1<<32-1, 1<<32-1, 8, 2), images.TooManyPixels},
		{"a PNG of 16 bits over the memory", pngHeader(7000, 7000, 16, 6), images.TooMuchMemory},
		{"a PNG without width", pngHeader(0, 10, 8, 2), images.Broken},
		{"a PNG without header", append([]byte("\x89PNG\r\n\x1a\n"), chunk("IDAT", make([]byte, 13))...), images.Broken},
		{"a PNG with a chunk beyond the end", append([]byte("\x89PNG\r\n\x1a\n\xff\xff\xff\xff"), "IHDR    "...), images.Truncated},

		{"a JPEG bomb", jpegHeader(65_535, 65_535, false), images.TooManyPixels},
		{"a progressive JPEG over the memory", jpegHeader(6000, 6000, true), images.TooMuchMemory},
		{"an RGB JPEG over the memory", rgbHeader(7050, 7050), images.TooMuchMemory},
		{"a JPEG of a thousand scans", scans(1000), images.Unsupported},
		{"a JPEG without a frame", []byte("\xff\xd8\xff\xd9"), images.Broken},
		{"an arithmetic JPEG", bytes.Replace(jpegHeader(8, 8, false), []byte{0xff, 0xc0}, []byte{0xff, 0xc9}, 1), images.Unsupported},
		{"a JPEG with an odd marker length", []byte("\xff\xd8\xff\xe0\x00\x01\xff\xd9"), images.Broken},

		{"a GIF bomb", append([]byte("GIF89a\xff\xff\xff\xff"), make([]byte, 16)...), images.TooManyPixels},
		{"half a GIF header", []byte("GIF89a\xff"), images.Truncated},

		{"a WebP with a chunk of two gigabytes", riff(riffChunk("VP8 ", 1<<31-1, make([]byte, 20))), images.Truncated},
		{"a WebP that says it is longer", binary.LittleEndian.AppendUint32([]byte("RIFF"), 1<<30)[:8:8], images.UnknownType},
		{"an animated WebP", riff(riffChunk("VP8X", 10, []byte{2, 0, 0, 0, 63, 0, 0, 47, 0, 0}), riffChunk("ANIM", 6, make([]byte, 6))), images.Unsupported},
		{"a WebP bomb", riff(riffChunk("VP8X", 10, []byte{0, 0, 0, 0, 0x3f, 0x9c, 0, 0x3f, 0x9c, 0}), riffChunk("VP8L", 0, nil)), images.TooManyPixels},
		{"an empty WebP", riff(), images.Broken},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := images.Look(tt.data, images.Limits{})
			wantRefusal(t, err, tt.reason)
		})
	}
}

// rgbHeader claims colours that the decoder turns around, in four bytes a
// pixel, though they are subsampled.
func rgbHeader(w, h int) []byte {
	b := withSegment(jpegHeader(w, h, false), 0xee, []byte("Adobe\x00\x64\x00\x00\x00\x00\x00"))
	return bytes.Replace(b, []byte{3, 1, 0x11, 0, 2}, []byte{3, 1, 0x22, 0, 2}, 1)
}

// scans is a small JPEG that goes over its image again and again.
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

// TestTruncated cuts a file of each format everywhere: no cut may pass
// through the door and the decoder as a whole image.
func TestTruncated(t *testing.T) {
	gifData := film(t)
	for name, data := range map[string][]byte{
		"jpeg": asJPEG(t, quarters(64, 48)), "progressive": file(t, "progressive.jpg"), "png": asPNG(t, quarters(64, 48)),
		"lossy webp": file(t, "lossy.webp"), "lossless webp": file(t, "lossless.webp"),
		"gif": gifData[:firstFrame(t, gifData)],
	} {
		t.Run(name, func(t *testing.T) {
			for n := range data {
				_, err := images.Scale(context.Background(), data[:n], images.Limits{})
				var r *images.Refusal
				if !errors.As(err, &r) {
					t.Fatalf("cut after %d of %d bytes: %v, want it refused", n, len(data), err)
				}
			}
			if _, err := images.Scale(context.Background(), data, images.Limits{}); err != nil {
				t.Errorf("uncut: %v", err)
			}
		})
	}
}

// firstFrame is how many bytes of a GIF the decoder needs for its first frame.
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

// TestRead is F60: a file over the limit is not read to its end.
func TestRead(t *testing.T) {
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

// TestLookSees: the type is what the content says, whatever it is called.
func TestLookSees(t *testing.T) {
	film := film(t)
	for _, tt := range []struct {
		name   string
		data   []byte
		format images.Format
		turned int
	}{
		{"a PNG called .jpg", asPNG(t, quarters(64, 48)), images.PNG, 1},
		{"a JPEG", asJPEG(t, quarters(64, 48)), images.JPEG, 1},
		{"a progressive JPEG", file(t, "progressive.jpg"), images.JPEG, 1},
		{"a CMYK JPEG", file(t, "cmyk.jpg"), images.JPEG, 1},
		{"a grey JPEG", asJPEG(t, image.NewGray(image.Rect(0, 0, 64, 48))), images.JPEG, 1},
		{"a GIF", film, images.GIF, 1},
		{"a WebP", file(t, "lossy.webp"), images.WebP, 1},
		{"a JPEG with a script behind its end", append(asJPEG(t, quarters(64, 48)), "<script>alert(1)</script>"...), images.JPEG, 1},
		{"a JPEG held sideways", withSegment(asJPEG(t, quarters(64, 48)), 0xe1, append([]byte("Exif\x00\x00"), exif(binary.BigEndian, 6)...)), images.JPEG, 6},
		{"a JPEG held nonsensically", withSegment(asJPEG(t, quarters(64, 48)), 0xe1, append([]byte("Exif\x00\x00"), exif(binary.LittleEndian, 9)...)), images.JPEG, 1},
	} {
		h, err := images.Look(tt.data, images.Limits{})
		if err != nil || h.Format != tt.format || h.Width != 64 || h.Height != 48 || h.Orientation != tt.turned || h.Memory < 64*48 {
			t.Errorf("%s: %+v, %v", tt.name, h, err)
		}
	}
}
