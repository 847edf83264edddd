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

// shown decodes a variant and holds its dimensions against what it says.
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
		t.Errorf("%s is %v, it says %d × %d", v.Size, m.Bounds(), v.Width, v.Height)
	}
	return m
}

// near compares colours, as far as JPEG keeps them.
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

// wantQuarters looks at the middle of each quarter: left top, right top, left
// bottom, right bottom.
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

// TestRenderKinds is IMG-6 and F61: whatever kind of file it was, the same
// image comes out, and PNG only where something shows through.
func TestRenderKinds(t *testing.T) {
	for _, tt := range []struct {
		name   string
		data   []byte
		format images.Format
		by     int
		want   []color.NRGBA
	}{
		{"jpeg", asJPEG(t, quarters(64, 48)), images.JPEG, 8, []color.NRGBA{red, green, blue, white}},
		{"progressive", file(t, "progressive.jpg"), images.JPEG, 8, []color.NRGBA{red, green, blue, white}},
		{"cmyk", file(t, "cmyk.jpg"), images.JPEG, 80, []color.NRGBA{red, green, blue, white}},
		{"png", asPNG(t, quarters(64, 48)), images.JPEG, 8, []color.NRGBA{red, green, blue, white}},
		{"sixteen bits", file(t, "sixteen.png"), images.JPEG, 8, []color.NRGBA{red, green, blue, white}},
		{"interlaced", file(t, "interlaced.png"), images.JPEG, 8, []color.NRGBA{red, green, blue, white}},
		{"transparent png", file(t, "alpha.png"), images.PNG, 1, []color.NRGBA{red, green, blue, none}},
		{"lossy webp", file(t, "lossy.webp"), images.JPEG, 12, []color.NRGBA{red, green, blue, white}},
		{"lossless webp", file(t, "lossless.webp"), images.JPEG, 8, []color.NRGBA{red, green, blue, white}},
		{"transparent webp", file(t, "alpha.webp"), images.PNG, 12, []color.NRGBA{red, green, blue, none}},
		{"transparent lossless webp", file(t, "alpha-lossless.webp"), images.PNG, 1, []color.NRGBA{red, green, blue, none}},
		{"film", film(t), images.PNG, 1, []color.NRGBA{none, none, none, red}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := render(t, tt.data)["large"]
			if v.Format != tt.format {
				t.Errorf("it is %s, want %s", v.Format, tt.format)
			}
			wantQuarters(t, shown(t, v), tt.by, tt.want...)
		})
	}
}

// TestRenderOrientations is IMG-5: held any of eight ways, the image comes out
// upright.
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
		for _, side := range []int{97, 200} { // odd sides: colours have half a pixel over
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

// TestRenderDimensions is IMG-5 and N25: never enlarged, never less than a pixel, the
// shape kept.
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

// TestRenderStrips is IMG-5: nothing of where and with what an image was
// taken comes out again, nor what hides behind it (F61).
func TestRenderStrips(t *testing.T) {
	data := asJPEG(t, quarters(300, 200))
	data = withSegment(data, 0xe1, append([]byte("Exif\x00\x00"), exif(binary.LittleEndian, 6)...))
	data = withSegment(data, 0xfe, []byte("GPS in a comment"))
	data = append(data, "GPS <script>"...)
	withText := asPNG(t, quarters(300, 200))
	withText = append(withText[:len(withText)-12:len(withText)-12], append(chunk("tEXt", []byte("Comment\x00GPS")), chunk("IEND", nil)...)...)
	for name, in := range map[string][]byte{"jpeg": data, "png": withText, "png that stays one": file(t, "alpha.png")} {
		for size, v := range render(t, in) {
			for _, trace := range []string{"Exif", "GPS", "script", "tEXt", "ICC_PROFILE"} {
				if bytes.Contains(v.Data, []byte(trace)) {
					t.Errorf("%s: %s holds %q", name, size, trace)
				}
			}
		}
	}
}

// TestRenderRepeats: a resumed rendering makes the very same bytes, so a
// variant made before a crash stands beside one made after (F64).
func TestRenderRepeats(t *testing.T) {
	data := asJPEG(t, quarters(1000, 700))
	first := render(t, data)
	s, err := images.Scale(context.Background(), data, images.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []string{"thumbnail", "small"} { // only what is missing
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

// TestGradient: scaling neither shifts nor darkens an image.
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
