package images

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"io"
	"math"
)

// maxProfile is the size in bytes of the longest colour profile that is read.
// The profiles of cameras and screens have a few kilobytes.
const maxProfile = 1 << 20

// space is a colour space of red, green and blue that differs from sRGB. Each
// value passes through its curve, which returns linear light; the matrix then
// converts the three to the linear light of sRGB.
type space struct {
	curves [3][256]float32
	matrix [3][3]float32
}

// toSRGB converts the XYZ of profiles (D50) to the linear light of sRGB.
var toSRGB = [3][3]float64{
	{3.1338561, -1.6168667, -0.4906146},
	{-0.9787684, 1.9161415, 0.0334540},
	{0.0719453, -0.2289914, 1.4052427},
}

// readProfile reads a profile of red, green and blue primaries with a curve
// each, which telephones, cameras and screens use. It returns nil for sRGB
// itself, and for an unknown or invalid profile: such an image is treated as
// sRGB.
func readProfile(b []byte) *space {
	if len(b) < 132 || len(b) > maxProfile || string(b[16:20]) != "RGB " || string(b[20:24]) != "XYZ " {
		return nil
	}
	s := new(space)
	var primaries [3][3]float64 // by row: X, Y, Z
	for i, names := range [3][2]string{{"rXYZ", "rTRC"}, {"gXYZ", "gTRC"}, {"bXYZ", "bTRC"}} {
		xyz := profileTag(b, names[0])
		if len(xyz) < 20 || string(xyz[:4]) != "XYZ " {
			return nil
		}
		for row := range 3 {
			primaries[row][i] = fixed(xyz[8+4*row:])
		}
		curve := readCurve(profileTag(b, names[1]))
		if curve == nil {
			return nil
		}
		for v := range 256 {
			light := curve(float64(v) / 255)
			if math.IsNaN(light) {
				return nil
			}
			s.curves[i][v] = float32(min(max(light, 0), 1))
		}
	}
	for row, white := range [3]float64{0.9642, 1, 0.8249} { // the three must add up to white
		if sum := primaries[row][0] + primaries[row][1] + primaries[row][2]; math.Abs(sum-white) > 0.05 {
			return nil
		}
	}
	for row := range 3 {
		for column := range 3 {
			for k := range 3 {
				s.matrix[row][column] += float32(toSRGB[row][k] * primaries[k][column])
			}
		}
	}
	if s.isSRGB() {
		return nil
	}
	return s
}

// isSRGB reports whether the space differs from sRGB too little to be visible.
func (s *space) isSRGB() bool {
	for row := range 3 {
		for column := range 3 {
			want := float32(0)
			if row == column {
				want = 1
			}
			if math.Abs(float64(s.matrix[row][column]-want)) > 0.01 {
				return false
			}
		}
		for v := range 256 {
			if math.Abs(encodeSRGB(float64(s.curves[row][v]))*255-float64(v)) > 1.5 {
				return false
			}
		}
	}
	return true
}

// encodeSRGB returns sRGB's value, 0 to 1, of linear light.
func encodeSRGB(light float64) float64 {
	if light <= 0.0031308 {
		return light * 12.92
	}
	return 1.055*math.Pow(light, 1/2.4) - 0.055
}

// profileTag returns a tag's data, or nil if the profile lacks the tag.
func profileTag(b []byte, name string) []byte {
	const entry = 12
	entries := b[132:]
	for range min(binary.BigEndian.Uint32(b[128:]), 200) {
		if len(entries) < entry {
			return nil
		}
		if string(entries[:4]) == name {
			at, n := uint64(binary.BigEndian.Uint32(entries[4:])), uint64(binary.BigEndian.Uint32(entries[8:]))
			if at+n > uint64(len(b)) {
				return nil
			}
			return b[at : at+n]
		}
		entries = entries[entry:]
	}
	return nil
}

func fixed(b []byte) float64 { return float64(int32(binary.BigEndian.Uint32(b))) / 65536 }

// readCurve returns the function from values to linear light, or nil if the
// curve cannot be read.
func readCurve(b []byte) func(float64) float64 {
	if len(b) < 12 {
		return nil
	}
	switch string(b[:4]) {
	case "curv":
		return readTable(b[12:], binary.BigEndian.Uint32(b[8:]))
	case "para":
		return readFormula(b[12:], binary.BigEndian.Uint16(b[8:]))
	}
	return nil
}

func readTable(b []byte, n uint32) func(float64) float64 {
	switch {
	case n == 0:
		return func(v float64) float64 { return v }
	case uint64(len(b)) < 2*uint64(n):
		return nil
	case n == 1:
		gamma := float64(binary.BigEndian.Uint16(b)) / 256
		return func(v float64) float64 { return math.Pow(v, gamma) }
	}
	return func(v float64) float64 {
		at := v * float64(n-1)
		i := min(int(at), int(n)-2)
		low, high := float64(binary.BigEndian.Uint16(b[2*i:])), float64(binary.BigEndian.Uint16(b[2*i+2:]))
		return (low + (high-low)*(at-float64(i))) / 65535
	}
}

// readFormula reads a curve of one of ICC's five forms. All of them are
// (a·v + b)^g + e from d on, and c·v + f below.
func readFormula(b []byte, form uint16) func(float64) float64 {
	counts := [5]int{1, 3, 4, 5, 7}
	if int(form) >= len(counts) || len(b) < 4*counts[form] {
		return nil
	}
	var p [7]float64 // g, a, b, c, d, e, f
	p[1] = 1
	for i := range counts[form] {
		p[i] = fixed(b[4*i:])
	}
	g, a, bb, c, d, e, f := p[0], p[1], p[2], p[3], p[4], p[5], p[6]
	switch form {
	case 0:
		d = 0
	case 1, 2: // the fourth parameter, if any, is added to both parts
		if a == 0 {
			return nil
		}
		c, d, e, f = 0, -bb/a, p[3], p[3]
	}
	return func(v float64) float64 {
		if v < d {
			return c*v + f
		}
		return math.Pow(max(a*v+bb, 0), g) + e
	}
}

// profileParts collects the parts into which a JPEG splits its profile.
type profileParts struct {
	parts map[byte][]byte
	count byte
}

// add adds an APP2 segment. It ignores segments that hold no part of a profile.
func (p *profileParts) add(body []byte) {
	part, ok := bytes.CutPrefix(body, []byte("ICC_PROFILE\x00"))
	if !ok || len(part) < 2 {
		return
	}
	if p.parts == nil {
		p.parts = make(map[byte][]byte)
	}
	p.parts[part[0]], p.count = part[2:], part[1]
}

// whole returns the profile, or nil if the image has no profile or a part is
// missing.
func (p *profileParts) whole() []byte {
	var all []byte
	for i := range int(p.count) {
		part, ok := p.parts[byte(i+1)]
		if !ok || len(all)+len(part) > maxProfile {
			return nil
		}
		all = append(all, part...)
	}
	return all
}

// inflated returns the profile of a PNG's iCCP chunk, which holds a name and
// the compressed profile. It returns nil if the chunk cannot be read.
func inflated(body []byte) []byte {
	_, packed, ok := bytes.Cut(body, []byte{0})
	if !ok || len(packed) < 1 || packed[0] != 0 {
		return nil
	}
	z, err := zlib.NewReader(bytes.NewReader(packed[1:]))
	if err != nil {
		return nil
	}
	b, err := io.ReadAll(io.LimitReader(z, maxProfile+1))
	if err != nil {
		return nil
	}
	return b
}
