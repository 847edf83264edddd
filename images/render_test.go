package images_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"testing"

	"purser/images"
)

func render(t *testing.T, data []byte) map[string]images.Variant {
	t.Helper()
	all, err := images.Render(context.Background(), data, images.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	by := map[string]images.Variant{}
	for i, v := range all {
		if v.Size != images.Sizes()[i].Name || len(v.Digest) != 64 {
			t.Errorf("variant %d is %q, digest %q", i, v.Size, v.Digest)
		}
		by[v.Size] = v
	}
	return by
}

// shown decodes a variant and checks its dimensions against the declared ones.
func shown(t *testing.T, v images.Variant) image.Image {
	t.Helper()
	decode := jpeg.Decode
	if v.Format == images.PNG {
		decode = png.Decode
	}
	m, err := decode(bytes.NewReader(v.Data))
	if err != nil {
		t.Fatal(err)
	}
	if m.Bounds() != image.Rect(0, 0, v.Width, v.Height) {
		t.Errorf("%s is %v, it declares %d × %d", v.Size, m.Bounds(), v.Width, v.Height)
	}
	return m
}

// near reports whether two colours differ by at most by on each channel.
func near(a, b color.Color, by int) bool {
	p, q := color.NRGBAModel.Convert(a).(color.NRGBA), color.NRGBAModel.Convert(b).(color.NRGBA)
	if p.A == 0 && q.A == 0 {
		return true
	}
	for _, d := range []int{int(p.R) - int(q.R), int(p.G) - int(q.G), int(p.B) - int(q.B), int(p.A) - int(q.A)} {
		if d > by || d < -by {
			return false
		}
	}
	return true
}

// wantQuarters checks the middle of each quarter: top left, top right, bottom
// left, bottom right.
func wantQuarters(t *testing.T, m image.Image, by int, want ...color.NRGBA) {
	t.Helper()
	w, h := m.Bounds().Dx(), m.Bounds().Dy()
	for i, c := range want {
		x, y := w/4+i%2*w/2, h/4+i/2*h/2
		if got := m.At(x, y); !near(got, c, by) {
			t.Errorf("at %d, %d: %v, want %v", x, y, color.NRGBAModel.Convert(got), c)
		}
	}
}

// TestRenderKinds proves IMG-6 and F61: every kind of file renders to the same
// image, as a PNG only if it is transparent.
func TestRenderKinds(t *testing.T) {
	for _, tt := range []struct {
		name   string
		data   []byte
		format images.Format
		by     int
		want   []color.NRGBA
	}{
		{name: "jpeg", data: asJPEG(t, quarters(64, 48)), format: images.JPEG, by: 8, want: []color.NRGBA{red, green, blue, white}},
		{name: "progressive", data: file(t, "progressive.jpg"), format: images.JPEG, by: 8, want: []color.NRGBA{red, green, blue, white}},
		{name: "cmyk", data: file(t, "cmyk.jpg"), format: images.JPEG, by: 80, want: []color.NRGBA{red, green, blue, white}},
		{name: "png", data: asPNG(t, quarters(64, 48)), format: images.JPEG, by: 8, want: []color.NRGBA{red, green, blue, white}},
		{name: "sixteen bits", data: file(t, "sixteen.png"), format: images.JPEG, by: 8, want: []color.NRGBA{red, green, blue, white}},
		{name: "interlaced", data: file(t, "interlaced.png"), format: images.JPEG, by: 8, want: []color.NRGBA{red, green, blue, white}},
		{name: "transparent png", data: file(t, "alpha.png"), format: images.PNG, by: 1, want: []color.NRGBA{red, green, blue, none}},
		{name: "lossy webp", data: file(t, "lossy.webp"), format: images.JPEG, by: 12, want: []color.NRGBA{red, green, blue, white}},
		{name: "lossless webp", data: file(t, "lossless.webp"), format: images.JPEG, by: 8, want: []color.NRGBA{red, green, blue, white}},
		{name: "transparent webp", data: file(t, "alpha.webp"), format: images.PNG, by: 12, want: []color.NRGBA{red, green, blue, none}},
		{name: "transparent lossless webp", data: file(t, "alpha-lossless.webp"), format: images.PNG, by: 1, want: []color.NRGBA{red, green, blue, none}},
		{name: "film", data: film(t), format: images.PNG, by: 1, want: []color.NRGBA{none, none, none, red}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := render(t, tt.data)["large"]
			if v.Format != tt.format {
				t.Errorf("the format is %s, want %s", v.Format, tt.format)
			}
			wantQuarters(t, shown(t, v), tt.by, tt.want...)
		})
	}
}

// TestRenderOrientations proves IMG-5: with each of the eight orientations, the
// rendered image is upright.
func TestRenderOrientations(t *testing.T) {
	for o, want := range map[uint16][]color.NRGBA{
		1: {red, green, blue, white},
		2: {green, red, white, blue},
		3: {white, blue, green, red},
		4: {blue, white, red, green},
		5: {red, blue, green, white},
		6: {blue, red, white, green},
		7: {white, green, blue, red},
		8: {green, white, red, blue},
	} {
		for _, side := range []int{97, 200} { // with an odd side, the last colour sample covers one pixel only
			t.Run(fmt.Sprint(o, " ", side), func(t *testing.T) {
				data := asJPEG(t, quarters(side, side/2+1))
				data = withSegment(data, 0xe1, append([]byte("Exif\x00\x00"), exif(binary.LittleEndian, o)...))
				for size, v := range render(t, data) {
					if standing := v.Height > v.Width; standing != (o >= 5) {
						t.Errorf("%s is %d × %d", size, v.Width, v.Height)
					}
					wantQuarters(t, shown(t, v), 12, want...)
				}
			})
		}
	}
}

// TestRenderDimensions proves IMG-5 and N25: an image is never enlarged, no side
// is shorter than a pixel, and the proportions stay the same.
func TestRenderDimensions(t *testing.T) {
	type wh [2]int
	for from, want := range map[wh][4]wh{
		{1700, 100}: {{1600, 94}, {800, 47}, {400, 24}, {150, 9}},
		{100, 1700}: {{94, 1600}, {47, 800}, {24, 400}, {9, 150}},
		{600, 900}:  {{600, 900}, {533, 800}, {267, 400}, {100, 150}},
		{1600, 1}:   {{1600, 1}, {800, 1}, {400, 1}, {150, 1}},
		{1, 20000}:  {{1, 1600}, {1, 800}, {1, 400}, {1, 150}},
		{20000, 1}:  {{1600, 1}, {800, 1}, {400, 1}, {150, 1}},
		{1, 1}:      {{1, 1}, {1, 1}, {1, 1}, {1, 1}},
		{3, 2}:      {{3, 2}, {3, 2}, {3, 2}, {3, 2}},
		{401, 399}:  {{401, 399}, {401, 399}, {400, 398}, {150, 149}},
	} {
		for _, encode := range []func(testing.TB, image.Image) []byte{asJPEG, asPNG} {
			by := render(t, encode(t, quarters(from[0], from[1])))
			for i, s := range images.Sizes() {
				v := by[s.Name]
				shown(t, v)
				if got := (wh{v.Width, v.Height}); got != want[i] {
					t.Errorf("%v %s: %v, want %v", from, s.Name, got, want[i])
				}
			}
		}
	}
}

// TestRenderStrips proves IMG-5 and F61: rendering drops the metadata (where and
// with which camera a photo was taken) and any data after the image's end.
func TestRenderStrips(t *testing.T) {
	data := asJPEG(t, quarters(300, 200))
	data = withSegment(data, 0xe1, append([]byte("Exif\x00\x00"), exif(binary.LittleEndian, 6)...))
	data = withSegment(data, 0xfe, []byte("GPS in a comment"))
	data = append(data, "GPS <script>"...)
	withText := asPNG(t, quarters(300, 200))
	withText = append(withText[:len(withText)-12:len(withText)-12], append(chunk("tEXt", []byte("Comment\x00GPS")), chunk("IEND", nil)...)...)
	for name, in := range map[string][]byte{"jpeg": data, "png": withText, "png that stays a png": file(t, "alpha.png")} {
		for size, v := range render(t, in) {
			for _, trace := range []string{"Exif", "GPS", "script", "tEXt", "ICC_PROFILE"} {
				if bytes.Contains(v.Data, []byte(trace)) {
					t.Errorf("%s: %s holds %q", name, size, trace)
				}
			}
		}
	}
}

// TestRenderRepeats proves F64: a resumed rendering produces the same bytes, so
// variants from before and after a crash fit together.
func TestRenderRepeats(t *testing.T) {
	data := asJPEG(t, quarters(1000, 700))
	first := render(t, data)
	s, err := images.Scale(context.Background(), data, images.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []string{"thumbnail", "small"} { // only the missing ones
		v, err := s.Encode(size)
		if err != nil || v.Digest != first[size].Digest {
			t.Errorf("%s: %s, %v; the first time %s", size, v.Digest, err, first[size].Digest)
		}
	}
}

func TestScaleEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := images.Scale(ctx, asJPEG(t, quarters(64, 48)), images.Limits{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// TestGradient checks that scaling neither shifts nor darkens an image.
func TestGradient(t *testing.T) {
	m := image.NewGray(image.Rect(0, 0, 1000, 40))
	for y := range 40 {
		for x := range 1000 {
			m.SetGray(x, y, color.Gray{uint8(x / 4)})
		}
	}
	small := shown(t, render(t, asPNG(t, m))["small"])
	for x := 10; x < 390; x += 10 {
		want := color.Gray{uint8((float64(x)+0.5)*2.5/4 - 0.5)}
		if !near(small.At(x, 8), want, 2) {
			t.Errorf("at %d: %v, want %v", x, small.At(x, 8), want)
		}
	}
}
