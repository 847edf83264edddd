package images_test

import (
	"bytes"
	"errors"
	"image"
	"slices"
	"testing"

	"purser/images"
)

// TestCutOff proves IMG-8: wherever a file is cut off, it is shown if all pixels are
// there, and otherwise refused as cut off, so that the shopkeeper uploads it again
// and does not convert it in vain.
func TestCutOff(t *testing.T) {
	xy := func(x, y int) [2]int { return [2]int{x, y} }
	for _, tt := range []struct {
		name  string
		data  []byte
		known int // so many bytes show the format
	}{
		{name: "GIF", data: gifOf(t, xy(64, 64), xy(0, 0)), known: 6},
		{name: "GIF without a screen", data: gifOf(t, xy(0, 0), xy(0, 0), "\x21\xfe\x02hi\x00"), known: 6},
		{name: "JPEG", data: asJPEG(t, quarters(32, 24)), known: 3},
		{name: "JPEG of three scans", data: coded(ycc(11, 11, 11), true), known: 3},
		{name: "PNG", data: asPNG(t, quarters(32, 24)), known: 8},
		{name: "grey PNG", data: asPNG(t, image.NewGray(image.Rect(0, 0, 40, 30))), known: 8},
		{name: "lossy WebP", data: file(t, "lossy.webp"), known: 12},
	} {
		t.Run(tt.name, func(t *testing.T) {
			step := max(len(tt.data)/150, 1)
			for n := tt.known; n < len(tt.data); n += step {
				_, err := images.Scale(t.Context(), tt.data[:n], images.Limits{})
				var r *images.Refusal
				if err != nil && (!errors.As(err, &r) || r.Reason != images.Truncated) {
					t.Errorf("%d of %d bytes: %v, want it to be shown or refused as truncated", n, len(tt.data), err)
				}
			}
		})
	}
}

// TestDamagedGIF proves IMG-8: a GIF that contradicts itself is not taken for one
// that was cut off.
func TestDamagedGIF(t *testing.T) {
	whole := gifOf(t, [2]int{64, 64}, [2]int{})
	change := func(at int, to byte) []byte {
		b := slices.Clone(whole)
		b[at] = to
		return b
	}
	const descriptor = "\x2c\x00\x00\x00\x00\x40\x00\x40\x00\x00"
	pixels := bytes.Index(whole, []byte(descriptor)) + len(descriptor)
	for _, tt := range []struct {
		name string
		data []byte
	}{
		{name: "codes of 13 bits", data: change(pixels, 13)},
		{name: "no codes", data: change(pixels+1, 0)},
		{name: "a block of an unknown kind", data: change(25, 0x99)},
		{name: "no frame", data: append(slices.Clone(whole[:25]), 0x3b)},
		{name: "no frame, and no screen", data: []byte("GIF89a\x00\x00\x00\x00\x00\x00\x00\x3b")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := images.Scale(t.Context(), tt.data, images.Limits{})
			wantRefusal(t, err, images.Broken)
		})
	}
}
