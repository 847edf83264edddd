package images_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/gif"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"purser/images"
)

// withChunk inserts chunks before a PNG's first chunk of a kind.
func withChunk(b []byte, kind string, chunks ...[]byte) []byte {
	at := bytes.Index(b, []byte(kind)) - 4
	return slices.Concat(b[:at], bytes.Join(chunks, nil), b[at:])
}

// spoilt returns a chunk with a wrong checksum.
func spoilt(kind string, body []byte) []byte {
	b := chunk(kind, body)
	b[len(b)-1] ^= 1
	return b
}

// TestFaultyChunks proves IMG-5: a PNG is shown whatever is wrong with the chunks
// that its pixels do not depend on, as browsers show it; a fault of the pixels
// themselves is refused.
func TestFaultyChunks(t *testing.T) {
	plain := asPNG(t, quarters(64, 64))
	colours := image.NewPaletted(image.Rect(0, 0, 64, 64), color.Palette{red, green, blue, white})
	for y := range 64 {
		for x := range 64 {
			colours.SetColorIndex(x, y, byte(x/32+y/32*2))
		}
	}
	palette := asPNG(t, colours)
	seeThrough := []color.NRGBA{red, green, blue, none}
	var rgb []byte
	for _, v := range []byte{white.R, white.G, white.B} {
		rgb = append(rgb, 0, v)
	}
	without := func(b []byte) []byte { return slices.Clone(b[:len(b)-12]) }
	change := func(b []byte, kind string, offset int) []byte {
		b = slices.Clone(b)
		b[bytes.Index(b, []byte(kind))+offset] ^= 1
		return b
	}
	for _, tt := range []struct {
		name   string
		data   []byte
		want   []color.NRGBA // nil: refused
		reason images.Reason
	}{
		{name: "tEXt", data: withChunk(plain, "IDAT", spoilt("tEXt", []byte("Comment\x00hello"))), want: fullColours},
		{name: "zTXt", data: withChunk(plain, "IDAT", spoilt("zTXt", []byte("Comment\x00\x00x"))), want: fullColours},
		{name: "iTXt", data: withChunk(plain, "IDAT", spoilt("iTXt", []byte("XML:com.adobe.xmp\x00\x00\x00\x00\x00<x/>"))), want: fullColours},
		{name: "iCCP", data: withICCP(plain, nil, 0), want: fullColours},
		{name: "a profile of another space", data: withChunk(plain, "IDAT", spoiltProfile(t)), want: fullColours},
		{name: "eXIf", data: withChunk(plain, "IDAT", spoilt("eXIf", exif(binary.BigEndian, 6))), want: fullColours},
		{name: "gAMA, pHYs, tIME and one of its own", data: withChunk(plain, "IDAT", spoilt("gAMA", make([]byte, 4)), spoilt("pHYs", make([]byte, 9)), spoilt("tIME", nil), spoilt("shOp", nil)), want: fullColours},
		{name: "behind the pixels", data: withChunk(plain, "IEND", spoilt("tEXt", []byte("x\x00y"))), want: fullColours},
		{name: "thousands", data: withChunk(plain, "IDAT", bytes.Repeat(spoilt("tEXt", nil), 9000)), want: fullColours},
		{name: "beside a transparent colour", data: withChunk(plain, "IDAT", chunk("tRNS", rgb), spoilt("tEXt", nil)), want: seeThrough},
		{name: "beside transparent colours of a palette", data: withChunk(palette, "IDAT", spoilt("tEXt", nil), chunk("tRNS", []byte{255, 255, 255, 0})), want: seeThrough},
		{name: "a transparent colour", data: withChunk(plain, "IDAT", spoilt("tRNS", rgb)), want: fullColours},
		{name: "a transparent colour of the wrong length", data: withChunk(plain, "IDAT", chunk("tRNS", rgb[:2])), want: fullColours},
		{name: "too many transparent colours", data: withChunk(palette, "IDAT", chunk("tRNS", make([]byte, 257))), want: fullColours},
		{name: "a transparent colour twice", data: withChunk(plain, "IDAT", chunk("tRNS", rgb), chunk("tRNS", rgb)), want: seeThrough},
		{name: "a transparent colour behind the pixels", data: withChunk(plain, "IEND", chunk("tRNS", rgb)), want: fullColours},
		{name: "transparent colours before the palette", data: withChunk(palette, "PLTE", chunk("tRNS", []byte{255, 0})), want: fullColours},
		{name: "a transparent colour of a transparent image", data: withChunk(file(t, "alpha.png"), "IDAT", chunk("tRNS", rgb)), want: seeThrough},
		{name: "no end", data: without(plain), want: fullColours},
		{name: "half an end", data: plain[:len(plain)-5], want: fullColours},
		{name: "a film instead of the end", data: append(without(plain), video()...), want: fullColours},
		{name: "a text without an end", data: without(withChunk(plain, "IEND", spoilt("tEXt", nil))), want: fullColours},

		{name: "a changed pixel", data: change(plain, "IDAT", 9), reason: images.Broken},
		{name: "a changed palette", data: change(palette, "PLTE", 4), reason: images.Broken},
		{name: "changed dimensions", data: change(plain, "IHDR", 7), reason: images.Broken},
		{name: "cut off in its pixels", data: plain[:bytes.Index(plain, []byte("IDAT"))+20], reason: images.Truncated},
		{name: "no pixels", data: slices.Concat(plain[:33], chunk("IEND", nil)), reason: images.Broken},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.want != nil {
				wantQuarters(t, shown(t, render(t, tt.data)["large"]), 8, tt.want...)
				return
			}
			_, err := images.Scale(t.Context(), tt.data, images.Limits{})
			wantRefusal(t, err, tt.reason)
		})
	}
}

// spoiltProfile returns a profile that would change the colours, with a wrong
// checksum.
func spoiltProfile(t *testing.T) []byte {
	t.Helper()
	whole := withICCP(asPNG(t, quarters(1, 1)), gamuts["Display P3"].profile(), 1)
	at := bytes.Index(whole, []byte("iCCP")) - 4
	b := slices.Clone(whole[at : at+12+int(binary.BigEndian.Uint32(whole[at:]))])
	b[len(b)-1] ^= 1
	return b
}

// gifOf returns a GIF of two frames on a screen of any size, which Go's encoder
// would not write: the first shows the quarters, from a corner on.
func gifOf(t testing.TB, screen, corner [2]int, extensions ...string) []byte {
	t.Helper()
	frame := func(colours ...color.Color) *image.Paletted {
		m := image.NewPaletted(image.Rect(0, 0, 64, 64), colours)
		for y := range 64 {
			for x := range 64 {
				m.SetColorIndex(x, y, byte(x/32+y/32*2)%byte(len(colours)))
			}
		}
		return m
	}
	var w bytes.Buffer
	if err := gif.EncodeAll(&w, &gif.GIF{
		Image: []*image.Paletted{frame(red, green, blue, white), frame(color.Black)}, Delay: []int{0, 0},
		Config: image.Config{ColorModel: color.Palette{red, green, blue, white}, Width: 64, Height: 64},
	}); err != nil {
		t.Fatal(err)
	}
	b := w.Bytes()
	at := bytes.IndexByte(b[25:], 0x21) + 25 // the first extension follows the palette of four colours
	b = slices.Concat(b[:at], []byte(strings.Join(extensions, "")), b[at:])
	put := func(at, x, y int) {
		binary.LittleEndian.PutUint16(b[at:], uint16(x))
		binary.LittleEndian.PutUint16(b[at+2:], uint16(y))
	}
	put(6, screen[0], screen[1])
	put(bytes.Index(b, []byte("\x2c\x00\x00\x00\x00\x40\x00\x40\x00"))+1, corner[0], corner[1])
	return b
}

// TestGIFScreen proves IMG-5: a GIF whose first frame does not fit on its screen
// is shown, on a screen that is enlarged.
func TestGIFScreen(t *testing.T) {
	xy := func(x, y int) [2]int { return [2]int{x, y} }
	outside := gifOf(t, xy(64, 64), xy(0, 0))
	second := bytes.LastIndex(outside, []byte("\x2c\x00\x00\x00\x00\x40\x00\x40\x00"))
	binary.LittleEndian.PutUint16(outside[second+1:], 500)
	for _, tt := range []struct {
		name string
		data []byte
		want [2]int // the dimensions
	}{
		{name: "as it should be", data: gifOf(t, xy(64, 64), xy(0, 0)), want: xy(64, 64)},
		{name: "no screen", data: gifOf(t, xy(0, 0), xy(0, 0)), want: xy(64, 64)},
		{name: "no screen, and a corner", data: gifOf(t, xy(0, 0), xy(60_000, 60_000)), want: xy(64, 64)},
		{name: "no width", data: gifOf(t, xy(0, 64), xy(9, 0)), want: xy(64, 64)},
		{name: "a pixel too narrow", data: gifOf(t, xy(63, 64), xy(0, 0)), want: xy(64, 64)},
		{name: "a pixel too low", data: gifOf(t, xy(64, 63), xy(0, 0)), want: xy(64, 64)},
		{name: "a screen of one pixel", data: gifOf(t, xy(1, 1), xy(0, 0)), want: xy(64, 64)},
		{name: "the second frame outside", data: outside, want: xy(64, 64)},
		{name: "an unknown extension", data: gifOf(t, xy(64, 64), xy(0, 0), "\x21\x99\x03abc\x00"), want: xy(64, 64)},
		{name: "a control of five bytes", data: gifOf(t, xy(64, 64), xy(0, 0), "\x21\xf9\x05\x00\x00\x00\x00\x00\x00"), want: xy(64, 64)},
		{name: "a comment, a text and XMP", data: gifOf(t, xy(63, 63), xy(0, 0), "\x21\xfe\x02hi\x00", "\x21\x01\x0cabcdefghijkl\x01x\x00", "\x21\xff\x0bXMP DataXMP\x03<x>\x00"), want: xy(64, 64)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := render(t, tt.data)["large"]
			if v.Width != tt.want[0] || v.Height != tt.want[1] {
				t.Errorf("%d × %d, want %v", v.Width, v.Height, tt.want)
			}
			wantQuarters(t, shown(t, v), 8, fullColours...)
		})
	}
	v := render(t, gifOf(t, xy(80, 64), xy(64, 64)))["large"] // the frame lies outside altogether
	if m := shown(t, v); v.Width != 128 || v.Height != 128 || !near(m.At(80, 80), red, 8) || !near(m.At(120, 120), white, 8) || !near(m.At(30, 30), none, 0) {
		t.Errorf("a frame outside of its screen: %d × %d", v.Width, v.Height)
	}
}

// TestGIFMemory proves IMG-8: a screen that says little bounds nothing; the frame
// is what counts.
func TestGIFMemory(t *testing.T) {
	bomb := func(screen, corner, size [2]int) []byte {
		b := gifOf(t, screen, corner)
		at := bytes.Index(b[28:], []byte("\x40\x00\x40\x00")) + 28
		binary.LittleEndian.PutUint16(b[at:], uint16(size[0]))
		binary.LittleEndian.PutUint16(b[at+2:], uint16(size[1]))
		return b
	}
	for _, tt := range []struct {
		name   string
		data   []byte
		limits images.Limits
		reason images.Reason
	}{
		{name: "no screen", data: bomb([2]int{}, [2]int{}, [2]int{65_535, 65_535}), reason: images.TooManyPixels},
		{name: "a small screen", data: bomb([2]int{10, 10}, [2]int{}, [2]int{20_000, 20_000}), reason: images.TooManyPixels},
		{name: "far outside", data: bomb([2]int{10, 10}, [2]int{60_000, 60_000}, [2]int{1, 1}), reason: images.TooManyPixels},
		{name: "beyond the longest side", data: bomb([2]int{10, 10}, [2]int{65_535, 0}, [2]int{64, 64}), reason: images.TooManyPixels},
		{name: "over the memory limit", data: bomb([2]int{}, [2]int{}, [2]int{6000, 6000}), limits: images.Limits{Memory: 64 << 20}, reason: images.TooMuchMemory},
		{name: "a frame without pixels", data: bomb([2]int{}, [2]int{}, [2]int{0, 0}), reason: images.Broken},
	} {
		_, err := images.ReadHeader(tt.data, tt.limits)
		t.Run(tt.name, func(t *testing.T) { wantRefusal(t, err, tt.reason) })
	}
}

// TestRefusalsAdvise checks that a refusal tells the shopkeeper what to do.
func TestRefusalsAdvise(t *testing.T) {
	for _, tt := range []struct {
		data []byte
		want string
	}{
		{data: nil, want: "upload it again"},
		{data: asPNG(t, quarters(9, 9))[:50], want: "upload it again"},
		{data: pngHeader(50_000, 50_000, 8, 2), want: "save it smaller"},
		{data: make([]byte, images.MaxBytes+1), want: "save it smaller"},
		{data: []byte("<svg/>"), want: "save it again as a plain JPEG"},
		{data: coded(ycc(22, 11, 12), false), want: "save it again as a plain JPEG"},
		{data: []byte("\xff\xd8\xff\xd9"), want: "save it again as a plain JPEG"},
	} {
		_, err := images.Scale(context.Background(), tt.data, images.Limits{})
		var r *images.Refusal
		if !errors.As(err, &r) || !strings.Contains(r.Detail, ": "+tt.want) {
			t.Errorf("%v, want it to say %q", err, tt.want)
		}
	}
}

// TestOddFilesElsewhere has libvips, where it is installed, read the odd files:
// they are what the other tests say they are.
func TestOddFilesElsewhere(t *testing.T) {
	vips, err := exec.LookPath("vips")
	if err != nil {
		t.Skip("libvips is not installed")
	}
	photo := coded(ycc(22, 11, 11), false)
	for name, data := range map[string][]byte{
		"sampling.jpg": coded(ycc(22, 11, 12), false),
		"across.jpg":   coded(ycc(22, 21, 11), false),
		"endless.jpg":  photo[:len(photo)-2],
		"film.jpg":     append(slices.Clone(photo[:len(photo)-2]), video()...),
		"chunk.png":    withChunk(asPNG(t, quarters(64, 64)), "IDAT", spoilt("tEXt", []byte("x\x00y"))),
		"screen.gif":   gifOf(t, [2]int{}, [2]int{}),
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			in, out := filepath.Join(dir, name), filepath.Join(dir, "out.png")
			if err := os.WriteFile(in, data, 0o600); err != nil {
				t.Fatal(err)
			}
			if said, err := exec.CommandContext(t.Context(), vips, "copy", in, out).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, said)
			}
			b, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			wantQuarters(t, shown(t, images.Variant{Format: images.PNG, Width: 64, Height: 64, Data: b}), 12, fullColours...)
		})
	}
}
