package images_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"image"
	"image/color"
	"math"
	"slices"
	"testing"

	"purser/images"
)

// gamut is a colour space as an independent source describes it: the primaries
// in a profile, and the matrix from its linear light to the light of sRGB.
type gamut struct {
	primaries [9]float64 // X, Y, Z of red, green and blue, at D50
	curve     []byte
	light     func(v float64) float64
	toSRGB    [9]float64
}

func s15(all ...float64) (b []byte) {
	for _, v := range all {
		b = binary.BigEndian.AppendUint32(b, uint32(int32(math.Round(v*65536))))
	}
	return b
}

func srgbLight(v float64) float64 {
	if v <= 0.04045 {
		return v / 12.92
	}
	return math.Pow((v+0.055)/1.055, 2.4)
}

func srgbValue(l float64) float64 {
	l = min(max(l, 0), 1)
	if l <= 0.0031308 {
		return l * 12.92
	}
	return 1.055*math.Pow(l, 1/2.4) - 0.055
}

// srgbCurve returns sRGB's curve as a formula, table the same as 1,024 points.
func srgbCurve() []byte {
	return append([]byte("para\x00\x00\x00\x00\x00\x03\x00\x00"), s15(2.4, 1/1.055, 0.055/1.055, 1/12.92, 0.04045)...)
}

func table() []byte {
	b := []byte("curv\x00\x00\x00\x00\x00\x00\x04\x00")
	for i := range 1024 {
		b = binary.BigEndian.AppendUint16(b, uint16(math.Round(srgbLight(float64(i)/1023)*65535)))
	}
	return b
}

var gamuts = map[string]gamut{
	"Display P3": {
		primaries: [9]float64{0.51512, 0.24120, -0.00105, 0.29198, 0.69225, 0.04189, 0.15710, 0.06657, 0.78407},
		curve:     srgbCurve(), light: srgbLight,
		toSRGB: [9]float64{1.2249401, -0.2249404, 0, -0.0420569, 1.0420571, 0, -0.0196376, -0.0786361, 1.0982735},
	},
	"Display P3 with a table": {
		primaries: [9]float64{0.51512, 0.24120, -0.00105, 0.29198, 0.69225, 0.04189, 0.15710, 0.06657, 0.78407},
		curve:     table(), light: srgbLight,
		toSRGB: [9]float64{1.2249401, -0.2249404, 0, -0.0420569, 1.0420571, 0, -0.0196376, -0.0786361, 1.0982735},
	},
	"Adobe RGB": {
		primaries: [9]float64{0.60974, 0.31111, 0.01947, 0.20528, 0.62567, 0.06087, 0.14919, 0.06322, 0.74457},
		curve:     []byte("curv\x00\x00\x00\x00\x00\x00\x00\x01\x02\x33"), // 2.199
		light:     func(v float64) float64 { return math.Pow(v, 2.19921875) },
		toSRGB:    [9]float64{1.3983557, -0.3983559, 0, 0, 1, 0, 0, -0.0429289, 1.0429400},
	},
	"sRGB": {
		primaries: [9]float64{0.43607, 0.22249, 0.01392, 0.38515, 0.71687, 0.09708, 0.14307, 0.06061, 0.71410},
		curve:     srgbCurve(), light: srgbLight,
		toSRGB: [9]float64{1, 0, 0, 0, 1, 0, 0, 0, 1},
	},
}

// profile returns the gamut as a profile.
func (g gamut) profile() []byte {
	b := make([]byte, 128)
	copy(b[12:], "mntrRGB XYZ ")
	copy(b[36:], "acsp")
	tags := [][2]string{}
	for i, c := range []string{"r", "g", "b"} {
		tags = append(tags, [2]string{c + "XYZ", "XYZ \x00\x00\x00\x00" + string(s15(g.primaries[3*i:3*i+3]...))}, [2]string{c + "TRC", string(g.curve)})
	}
	b = binary.BigEndian.AppendUint32(b, uint32(len(tags)))
	at := len(b) + 12*len(tags)
	var data []byte
	for _, t := range tags {
		b = append(b, t[0]...)
		b = binary.BigEndian.AppendUint32(b, uint32(at+len(data)))
		b = binary.BigEndian.AppendUint32(b, uint32(len(t[1])))
		data = append(data, t[1]...)
		data = append(data, make([]byte, -len(t[1])&3)...)
	}
	return append(b, data...)
}

// srgb returns a colour of the gamut in sRGB.
func (g gamut) srgb(c color.NRGBA) color.NRGBA {
	in := [3]float64{g.light(float64(c.R) / 255), g.light(float64(c.G) / 255), g.light(float64(c.B) / 255)}
	var out [3]byte
	for i := range out {
		out[i] = byte(math.Round(255 * srgbValue(g.toSRGB[3*i]*in[0]+g.toSRGB[3*i+1]*in[1]+g.toSRGB[3*i+2]*in[2])))
	}
	return color.NRGBA{out[0], out[1], out[2], c.A}
}

// withParts puts a profile into a JPEG, in two parts.
func withParts(b, profile []byte) []byte {
	half := len(profile) / 2
	second := append([]byte("ICC_PROFILE\x00\x02\x02"), profile[half:]...)
	first := append([]byte("ICC_PROFILE\x00\x01\x02"), profile[:half]...)
	return withSegment(withSegment(b, 0xe2, second), 0xe2, first)
}

// withICCP puts a profile into a PNG the given number of times.
func withICCP(b, profile []byte, times int) []byte {
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	_, _ = z.Write(profile)
	_ = z.Close()
	const header = 8 + 25 // signature and IHDR
	return slices.Concat(b[:header], bytes.Repeat(chunk("iCCP", append([]byte("x\x00\x00"), packed.Bytes()...)), times), b[header:])
}

func flat(c color.NRGBA, w, h int) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i := 0; i < len(m.Pix); i += 4 {
		m.Pix[i], m.Pix[i+1], m.Pix[i+2], m.Pix[i+3] = c.R, c.G, c.B, c.A
	}
	return m
}

// TestColours proves IMG-2: an image with another profile than sRGB, which most
// telephones use, keeps its colours although its profile is stripped.
func TestColours(t *testing.T) {
	for name, g := range gamuts {
		for _, c := range []color.NRGBA{
			{200, 60, 40, 255},
			{40, 180, 70, 255},
			{30, 60, 210, 255},
			{120, 120, 120, 255},
			{255, 255, 255, 255},
			{0, 0, 0, 255},
			{230, 200, 40, 255},
			{0, 255, 0, 255},
			{12, 20, 9, 255},
			{200, 60, 40, 128},
		} {
			m, profile := flat(c, 33, 301), g.profile()
			files := map[string][]byte{"PNG": withICCP(asPNG(t, m), profile, 3)}
			if c.A == 255 {
				files["JPEG"] = withParts(asJPEG(t, m), profile)
			}
			for kind, data := range files {
				for size, v := range render(t, data) {
					got := color.NRGBAModel.Convert(shown(t, v).At(v.Width/2, v.Height/2)).(color.NRGBA)
					if want := g.srgb(c); !near(got, want, 5) {
						t.Errorf("%s, %s, %s: %v is shown as %v, want %v", name, kind, size, c, got, want)
					}
					if bytes.Contains(v.Data, []byte("ICC_PROFILE")) || bytes.Contains(v.Data, []byte("iCCP")) {
						t.Errorf("%s, %s, %s: the profile is still there", name, kind, size)
					}
				}
			}
		}
	}
}

// TestBrokenProfiles checks that an invalid profile is ignored, wherever it is
// broken.
func TestBrokenProfiles(t *testing.T) {
	c := color.NRGBA{200, 60, 40, 255}
	photo := asJPEG(t, flat(c, 16, 16))
	profile := gamuts["Display P3"].profile()
	for n := range len(profile) {
		cut := withSegment(photo, 0xe2, append([]byte("ICC_PROFILE\x00\x01\x01"), profile[:n]...))
		spoilt := slices.Clone(profile)
		spoilt[n] ^= 0xff
		for _, data := range [][]byte{cut, withSegment(photo, 0xe2, append([]byte("ICC_PROFILE\x00\x01\x01"), spoilt...))} {
			if _, err := images.Render(t.Context(), data, images.Limits{}); err != nil {
				t.Fatalf("at %d: %v", n, err)
			}
		}
	}
}

// TestRenderRareKinds proves F61: transparent grey, and a palette with one
// transparent colour.
func TestRenderRareKinds(t *testing.T) {
	const w, h = 64, 48
	in := func(x, y int) int { return x/(w/2) + y/(h/2)*2 } // which quarter
	var grey []byte
	for y := range h {
		grey = append(grey, 0) // no filter
		for x := range w {
			grey = append(grey, [4]byte{255, 0, 128, 77}[in(x, y)], [4]byte{255, 255, 128, 0}[in(x, y)])
		}
	}
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	_, _ = z.Write(grey)
	_ = z.Close()
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, w), h)
	greyAlpha := slices.Concat([]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", append(head, 8, 4, 0, 0, 0)), chunk("IDAT", packed.Bytes()), chunk("IEND", nil))
	palette := image.NewPaletted(image.Rect(0, 0, w, h), color.Palette{red, green, blue, none})
	for y := range h {
		for x := range w {
			palette.SetColorIndex(x, y, byte(in(x, y)))
		}
	}
	for name, tt := range map[string]struct {
		data []byte
		want []color.NRGBA
	}{
		"transparent grey": {greyAlpha, []color.NRGBA{{255, 255, 255, 255}, {0, 0, 0, 255}, {128, 128, 128, 128}, none}},
		"a palette":        {asPNG(t, palette), []color.NRGBA{red, green, blue, none}},
	} {
		v := render(t, tt.data)["large"]
		if v.Format != images.PNG {
			t.Errorf("%s: the format is %s", name, v.Format)
		}
		wantQuarters(t, shown(t, v), 1, tt.want...)
	}
}
