package images_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"testing"
)

// The files in testdata, written by libvips 8.14, show four quarters of a 64 × 48
// image: red, green, blue, and white (transparent in the files named alpha).
var (
	red   = color.NRGBA{200, 40, 40, 255}
	green = color.NRGBA{40, 180, 60, 255}
	blue  = color.NRGBA{40, 60, 200, 255}
	white = color.NRGBA{240, 240, 240, 255}
	none  = color.NRGBA{}
)

func file(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// quarters draws the four quarters in an image of any size.
func quarters(w, h int) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.SetNRGBA(x, y, [2][2]color.NRGBA{{red, green}, {blue, white}}[2*y/h][2*x/w])
		}
	}
	return m
}

func asJPEG(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func asPNG(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// withSegment inserts a marker segment right after a JPEG's start.
func withSegment(b []byte, marker byte, body []byte) []byte {
	seg := append([]byte{0xff, marker, byte((len(body) + 2) >> 8), byte(len(body) + 2)}, body...)
	return append(append(append([]byte{}, b[:2]...), seg...), b[2:]...)
}

// exif returns an EXIF block with an orientation and a GPS position.
func exif(order binary.AppendByteOrder, orientation uint16) []byte {
	b := []byte("MM\x00*")
	if order.String() == "LittleEndian" {
		b = []byte("II*\x00")
	}
	b = order.AppendUint32(b, 8)
	b = order.AppendUint16(b, 2)
	for _, e := range []struct{ tag, value uint16 }{{0x0112, orientation}, {0x8825, 7}} { // the second is GPS
		b = order.AppendUint16(b, e.tag)
		b = order.AppendUint16(b, 3)
		b = order.AppendUint32(b, 1)
		b = order.AppendUint16(b, e.value)
		b = order.AppendUint16(b, 0)
	}
	return append(b, "GPS 52.5200 N 13.4050 E"...)
}

// chunk returns a PNG chunk.
func chunk(kind string, body []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	b = append(append(b, kind...), body...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

// pngHeader returns a PNG that claims dimensions but holds no pixels.
func pngHeader(w, h uint32, bits, kind byte) []byte {
	body := binary.BigEndian.AppendUint32(nil, w)
	body = binary.BigEndian.AppendUint32(body, h)
	body = append(body, bits, kind, 0, 0, 0)
	return bytes.Join([][]byte{[]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", body), chunk("IDAT", nil), chunk("IEND", nil)}, nil)
}

// jpegHeader returns a JPEG that claims dimensions but holds no pixels.
func jpegHeader(w, h int, progressive bool) []byte {
	sof := byte(0xc0)
	if progressive {
		sof = 0xc2
	}
	return []byte{
		0xff, 0xd8,
		0xff, sof, 0, 17, 8, byte(h >> 8), byte(h), byte(w >> 8), byte(w), 3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0,
		0xff, 0xda, 0, 12, 3, 1, 0, 2, 0, 3, 0, 0, 63, 0,
		0xff, 0xd9,
	}
}

// riff wraps chunks into a WebP.
func riff(chunks ...[]byte) []byte {
	body := append([]byte("WEBP"), bytes.Join(chunks, nil)...)
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}

func riffChunk(kind string, claimed uint32, body []byte) []byte {
	return append(binary.LittleEndian.AppendUint32([]byte(kind), claimed), body...)
}

// film returns a GIF of two frames: a small red one in a corner, then a blue one.
func film(t testing.TB) []byte {
	t.Helper()
	frame := func(r image.Rectangle, c color.Color) *image.Paletted {
		m := image.NewPaletted(r, color.Palette{c, color.Black})
		return m
	}
	var b bytes.Buffer
	err := gif.EncodeAll(&b, &gif.GIF{
		Image: []*image.Paletted{frame(image.Rect(32, 24, 64, 48), red), frame(image.Rect(0, 0, 64, 48), blue)},
		Delay: []int{10, 10}, Config: image.Config{Width: 64, Height: 48},
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
