package images

import (
	"bytes"
	"hash/fnv"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"strings"
)

// The sample images have the dimensions of a small photo.
const sampleWidth, sampleHeight = 1200, 900

// Sample draws the image of a sample product and returns it as a JPEG: a still
// life on a table in front of a wall, in colours that follow from the SKU. The
// same SKU always gets the same image.
func Sample(sku string) []byte {
	m := image.NewRGBA(image.Rect(0, 0, sampleWidth, sampleHeight))
	h := fnv.New32a()
	_, _ = h.Write([]byte(sku)) // never fails
	seed := h.Sum32()
	paint(m, float64(seed%360), seed)
	for _, s := range stillLife(sku) {
		s.draw(m, hue(sku, float64(seed%360)))
	}
	var b bytes.Buffer
	_ = jpeg.Encode(&b, m, &jpeg.Options{Quality: 90}) // writes to memory: never fails
	return b.Bytes()
}

// hue returns the hue of a colour or a product that the SKU names, or else the
// hue opposite to own.
func hue(sku string, own float64) float64 {
	for _, named := range []struct {
		word    string
		degrees float64
	}{{"blue", 215}, {"red", 4}, {"green", 140}, {"lamp", 42}, {"tea", 150}, {"oud", 28}, {"striped", 220}} {
		if strings.Contains(sku, named.word) {
			return named.degrees
		}
	}
	return math.Mod(own+180, 360)
}

// paint draws the wall and the table, lit from one side, with a little grain.
func paint(m *image.RGBA, degrees float64, seed uint32) {
	const horizon = 0.68 * sampleHeight
	for y := range sampleHeight {
		for x := range sampleWidth {
			light := 0.93 - 0.25*math.Hypot(float64(x)/sampleWidth-0.28, float64(y)/sampleHeight-0.22)
			c := hsl(degrees, 0.22, light)
			if fy := float64(y); fy > horizon {
				c = hsl(degrees+24, 0.26, light-0.16-0.08*(fy-horizon)/(sampleHeight-horizon))
			}
			seed = seed*1664525 + 1013904223
			grain := int(seed>>29) - 3
			m.SetRGBA(x, y, color.RGBA{lift(c.R, grain), lift(c.G, grain), lift(c.B, grain), 255})
		}
	}
}

func lift(v uint8, by int) uint8 { return clamp8(int32(v) + int32(by)) }

// shape is a rounded box or an ellipse. Its measures are fractions of the
// image's height, from the middle of the table's edge: x to the right, y up.
type shape struct {
	x, y, w, h float64 // middle and half sides
	round      float64 // radius of the corners; as large as w and h for an ellipse
	hole       float64 // width of the rim that is drawn; 0 fills the shape
	hue, light float64 // offset of the hue in degrees; lightness
	colour     float64 // saturation
	stripes    int
}

// stillLife returns the shapes that a sample product's image is drawn from, the
// rearmost first.
func stillLife(sku string) []shape {
	shadow := shape{x: 0.05, y: -0.005, w: 0.3, h: 0.03, round: 1, light: 0.45, colour: 0.1}
	body := func(w, h, round float64) shape {
		return shape{y: h, w: w, h: h, round: round, light: 0.5, colour: 0.55}
	}
	switch {
	case strings.Contains(sku, "mug"):
		return []shape{shadow, {x: 0.22, y: 0.2, w: 0.12, h: 0.13, round: 0.1, hole: 0.035, light: 0.42, colour: 0.5}, body(0.2, 0.22, 0.06), {y: 0.42, w: 0.19, h: 0.035, round: 1, light: 0.86, colour: 0.2}}
	case strings.Contains(sku, "kettle"):
		return []shape{shadow, {y: 0.46, w: 0.17, h: 0.16, round: 0.12, hole: 0.03, light: 0.25, colour: 0.1}, {x: 0.3, y: 0.32, w: 0.12, h: 0.035, round: 0.03, light: 0.62, colour: 0.05}, body(0.26, 0.2, 0.16), {y: 0.43, w: 0.05, h: 0.04, round: 1, light: 0.2, colour: 0.1}}
	case strings.Contains(sku, "tea"):
		return []shape{shadow, body(0.18, 0.27, 0.03), {y: 0.56, w: 0.15, h: 0.04, round: 0.02, light: 0.7, colour: 0.3}, {y: 0.27, w: 0.14, h: 0.13, round: 0.02, hue: 40, light: 0.85, colour: 0.4}}
	case strings.Contains(sku, "shirt"):
		return []shape{{x: 0.28, y: 0.42, w: 0.12, h: 0.1, round: 0.05, light: 0.4, colour: 0.4, stripes: 3}, {x: -0.28, y: 0.42, w: 0.12, h: 0.1, round: 0.05, light: 0.4, colour: 0.4, stripes: 3}, {y: 0.28, w: 0.22, h: 0.26, round: 0.04, light: 0.4, colour: 0.4, stripes: 8}, {y: 0.54, w: 0.08, h: 0.04, round: 1, light: 0.8, colour: 0.2}}
	case strings.Contains(sku, "poster"):
		return []shape{{y: 0.34, w: 0.26, h: 0.34, light: 0.95, colour: 0.1}, {y: 0.38, w: 0.22, h: 0.27, light: 0.7, colour: 0.4}, {x: 0.06, y: 0.5, w: 0.06, h: 0.06, round: 1, hue: 160, light: 0.6, colour: 0.7}, {y: 0.2, w: 0.22, h: 0.09, light: 0.35, colour: 0.5}}
	case strings.Contains(sku, "bowl"):
		return []shape{shadow, {y: 0.02, w: 0.09, h: 0.03, round: 0.02, light: 0.35, colour: 0.3}, {y: 0.17, w: 0.26, h: 0.14, round: 0.13, light: 0.55, colour: 0.3}, {y: 0.29, w: 0.25, h: 0.045, round: 1, hue: 30, light: 0.72, colour: 0.3}}
	case strings.Contains(sku, "oil"):
		return []shape{shadow, body(0.13, 0.2, 0.05), {y: 0.43, w: 0.04, h: 0.05, round: 0.01, light: 0.55, colour: 0.5}, {y: 0.52, w: 0.055, h: 0.055, round: 0.02, light: 0.18, colour: 0.2}, {y: 0.17, w: 0.09, h: 0.08, round: 0.01, light: 0.9, colour: 0.2}}
	case strings.Contains(sku, "lamp"):
		return []shape{shadow, {y: 0.6, w: 0.1, h: 0.1, round: 0.1, hole: 0.02, light: 0.4, colour: 0.6}, {y: 0.04, w: 0.2, h: 0.04, round: 0.02, light: 0.4, colour: 0.6}, {y: 0.27, w: 0.17, h: 0.2, round: 0.06, light: 0.88, colour: 0.5}, {y: 0.24, w: 0.05, h: 0.1, round: 1, hue: 8, light: 0.66, colour: 1}, {y: 0.49, w: 0.18, h: 0.035, round: 0.02, light: 0.4, colour: 0.6}}
	}
	return []shape{shadow, body(0.22, 0.24, 0.08), {x: 0.06, y: 0.3, w: 0.09, h: 0.09, round: 1, hue: 40, light: 0.75, colour: 0.5}}
}

// draw fills the shape, lit from the left, with a smooth edge.
func (s shape) draw(m *image.RGBA, degrees float64) {
	const unit, left, bottom = sampleHeight, sampleWidth / 2, 0.8 * sampleHeight
	cx, cy := left+s.x*unit, bottom-s.y*unit
	w, h := s.w*unit, s.h*unit
	for y := max(0, int(cy-h)-2); y < min(sampleHeight, int(cy+h)+2); y++ {
		for x := max(0, int(cx-w)-2); x < min(sampleWidth, int(cx+w)+2); x++ {
			dx, dy := float64(x)-cx, float64(y)-cy
			cover := min(max(0.5-s.distance(dx/unit, dy/unit)*unit, 0), 1)
			if cover == 0 {
				continue
			}
			light := s.light + 0.1 - 0.2*(dx/w+1)/2
			if s.stripes > 0 && int((dy/h+1)*float64(s.stripes))%2 == 0 {
				light = 0.9
			}
			under := m.RGBAAt(x, y)
			over := hsl(degrees+s.hue, s.colour, light)
			m.SetRGBA(x, y, color.RGBA{mix(under.R, over.R, cover), mix(under.G, over.G, cover), mix(under.B, over.B, cover), 255})
		}
	}
}

// distance returns how far a point is outside of the shape; it is negative
// inside.
func (s shape) distance(x, y float64) float64 {
	var d float64
	if s.round >= s.w && s.round >= s.h {
		d = (math.Hypot(x/s.w, y/s.h) - 1) * min(s.w, s.h)
	} else {
		qx, qy := math.Abs(x)-s.w+s.round, math.Abs(y)-s.h+s.round
		d = math.Hypot(max(qx, 0), max(qy, 0)) + min(max(qx, qy), 0) - s.round
	}
	if s.hole > 0 {
		d = math.Abs(d+s.hole/2) - s.hole/2
	}
	return d
}

func mix(a, b uint8, part float64) uint8 { return uint8(float64(a)*(1-part) + float64(b)*part + 0.5) }

// hsl returns a colour by its hue in degrees, its saturation and its lightness.
func hsl(degrees, colour, light float64) color.RGBA {
	light = min(max(light, 0), 1)
	reach := colour * min(light, 1-light)
	channel := func(n float64) uint8 {
		k := math.Mod(n+degrees/30+24, 12)
		return uint8(255*(light-reach*max(-1, min(k-3, 9-k, 1))) + 0.5)
	}
	return color.RGBA{channel(0), channel(8), channel(4), 255}
}
