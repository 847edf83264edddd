package images_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/color/palette"
	"image/gif"
	"runtime"
	"slices"
	"testing"

	"purser/images"
)

// TestMemoryIsBounded proves IMG-8: all allocations from the first byte to the
// last scaled pixel, garbage included, stay below the header's estimate, so
// that the limit bounds the memory for every file. Scaling itself takes little:
// the large size is at most 1600 × 1600.
func TestMemoryIsBounded(t *testing.T) {
	const scaling = 24 << 20
	wide := image.NewNRGBA64(image.Rect(0, 0, 400, 400))
	wide.SetNRGBA64(3, 3, color.NRGBA64{A: 9})
	paletted := image.NewPaletted(image.Rect(0, 0, 1000, 1100), palette.Plan9)
	var film bytes.Buffer
	if err := gif.Encode(&film, paletted, nil); err != nil {
		t.Fatal(err)
	}
	photo, big := asJPEG(t, quarters(1700, 1000)), asPNG(t, quarters(600, 500))
	for name, data := range map[string][]byte{
		"photo":       photo,
		"grey":        asJPEG(t, image.NewGray(image.Rect(0, 0, 1000, 1200))),
		"strip":       asJPEG(t, quarters(20_000, 1)),
		"png":         big,
		"palette":     asPNG(t, paletted),
		"16 bits":     asPNG(t, wide),
		"gif":         film.Bytes(),
		"progressive": file(t, "progressive.jpg"),
		"cmyk":        file(t, "cmyk.jpg"),
		"interlaced":  file(t, "interlaced.png"),
		"lossy":       file(t, "lossy.webp"),
		"lossless":    file(t, "lossless.webp"),
		"transparent": file(t, "alpha.webp"),
		"endless":     slices.Clone(photo[:len(photo)-2]),
		"endless png": big[:len(big)-12],
		"no screen":   append([]byte("GIF89a\x00\x00\x00\x00"), film.Bytes()[10:]...),
		"cmyk alone":  coded(inks(11, 11, 11, 11), false),
	} {
		h, err := images.ReadHeader(data, images.Limits{})
		if err != nil {
			t.Fatal(name, err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err = images.Scale(context.Background(), data, images.Limits{})
		runtime.ReadMemStats(&after)
		took := int64(after.TotalAlloc - before.TotalAlloc)
		if err != nil || took > h.Memory+scaling {
			t.Errorf("%s: %d MB allocated, estimated %d, %v", name, took>>20, h.Memory>>20, err)
		}
		if h.Format != images.WebP && h.Memory > 1<<20 && took < h.Memory/3 {
			t.Errorf("%s: %d MB allocated, estimated as much as %d", name, took>>20, h.Memory>>20)
		}
	}
}

// FuzzScale checks that any file is either scaled to images of the right sizes
// or refused with a reason.
func FuzzScale(f *testing.F) {
	for _, name := range []string{
		"lossy.webp", "lossless.webp", "alpha.webp", "alpha-lossless.webp", "cmyk.jpg", "progressive.jpg", "sixteen.png", "interlaced.png", "alpha.png",
	} {
		f.Add(file(f, name))
	}
	photo := asJPEG(f, quarters(64, 48))
	f.Add(photo)
	f.Add(withSegment(photo, 0xe1, append([]byte("Exif\x00\x00"), exif(binary.BigEndian, 6)...)))
	f.Add(append(photo, "<script>"...))
	f.Add(photo[:len(photo)/2])
	f.Add(asPNG(f, quarters(9, 700)))
	f.Add(pngHeader(50_000, 50_000, 8, 2))
	f.Add(jpegHeader(65_535, 65_535, true))
	f.Add(scans(1000))
	f.Add(riff(riffChunk("VP8 ", 1<<31-1, make([]byte, 20))))
	for _, data := range oddFiles(f) {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		limits := images.Limits{Pixels: 1 << 18, Memory: 16 << 20}
		s, err := images.Scale(context.Background(), data, limits)
		var r *images.Refusal
		if errors.As(err, &r) {
			return
		}
		if err != nil {
			t.Fatalf("not a refusal: %v", err)
		}
		for _, size := range images.Sizes() {
			v, err := s.Encode(size.Name)
			if err != nil {
				t.Fatal(err)
			}
			if v.Width < 1 || v.Height < 1 || max(v.Width, v.Height) > min(size.Side, max(s.Header.Width, s.Header.Height)) {
				t.Fatalf("%s is %d × %d, of %+v", size.Name, v.Width, v.Height, s.Header)
			}
		}
	})
}

// oddFiles returns files with the faults that browsers pass over.
func oddFiles(t testing.TB) [][]byte {
	photo, plain := coded(ycc(22, 11, 11), false), asPNG(t, quarters(16, 16))
	progressive := file(t, "progressive.jpg")
	return [][]byte{
		coded(ycc(22, 11, 12), false),
		coded(ycc(11, 11, 11), true),
		coded(inks(11, 11, 11, 11), false),
		photo[:len(photo)-2],
		append(slices.Clone(photo[:len(photo)-2]), video()...),
		progressive[:len(progressive)-2],
		withSegment(photo, 0xe1, append([]byte("Exif\x00\x00"), entry(binary.LittleEndian, 4, 1, []byte{6, 0, 0, 0})...)),
		withSegment(photo, 0xe1, append([]byte("Exif\x00\x00"), entry(binary.BigEndian, 1, 1, []byte{8, 0, 0, 0})...)),
		withChunk(plain, "IDAT", spoilt("tEXt", []byte("x\x00y")), chunk("tRNS", make([]byte, 6))),
		withChunk(plain, "IEND", spoilt("iCCP", nil)),
		plain[:len(plain)-12],
		gifOf(t, [2]int{}, [2]int{}),
		gifOf(t, [2]int{63, 63}, [2]int{2, 2}, "\x21\x99\x03abc\x00"),
	}
}

// FuzzReadHeader fuzzes the reading of headers alone, which is faster.
func FuzzReadHeader(f *testing.F) {
	f.Add(asJPEG(f, quarters(8, 8)))
	f.Add(asPNG(f, quarters(8, 8)))
	f.Add(file(f, "alpha.webp"))
	f.Add([]byte("GIF89a\x01\x00\x01\x00\x00\x00\x00"))
	for _, data := range oddFiles(f) {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := images.ReadHeader(data, images.Limits{Pixels: 1000})
		var r *images.Refusal
		switch {
		case err == nil && (h.Width < 1 || h.Height < 1 || h.Width*h.Height > 1000 || h.Orientation < 1 || h.Orientation > 8):
			t.Fatalf("accepted: %+v", h)
		case err != nil && !errors.As(err, &r):
			t.Fatalf("not a refusal: %v", err)
		}
	})
}
