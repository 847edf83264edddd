package images

import (
	"bytes"
	"math"
	"slices"
)

// maxScans is how many scans a JPEG may have. Encoders use about ten. Each scan
// costs time for every block, however few bytes it has, so a small file with
// many scans could keep a decoder busy for hours.
const maxScans = 100

// jpegFrame collects what the markers of a JPEG declare.
type jpegFrame struct {
	h           Header
	progressive bool
	ids         [4]byte // of the components
	h1, v1      [4]int  // sampling factors
	components  int
	adobe       bool      // has Adobe's marker, which declares the colour transform
	rgb         bool      // stored as RGB, which the decoder converts in a buffer of its own
	exact       [4]uint64 // the coefficients of each component that the scans so far hold in full
	scans       int
	profile     profileParts
}

// readJPEG walks from marker to marker up to the end of the image: its end
// marker, or whatever follows the last scan if the end marker is missing. Some
// cameras and editors omit it, or append a film in its place.
func readJPEG(b []byte) (Header, error) {
	f := jpegFrame{h: Header{Format: JPEG}}
	for at := 2; ; {
		i := bytes.IndexByte(b[at:], 0xff)
		if i < 0 || at+i+1 >= len(b) {
			if f.complete() {
				return f.end(b, len(b))
			}
			return Header{}, refuse(Truncated, "the file ends before the image does")
		}
		at += i
		marker := b[at+1]
		switch {
		case marker == 0xff: // a fill byte
			at++
			continue
		case marker == 0 || marker == 0x01 || marker >= 0xd0 && marker <= 0xd7:
			at += 2 // part of the coded data, or a marker without a body
			continue
		case marker == 0xd9 || f.complete():
			return f.end(b, at)
		case marker == 0xd8:
			return Header{}, refuse(Broken, "a JPEG within a JPEG")
		}
		rest := b[at+2:]
		if len(rest) < 2 {
			return Header{}, refuse(Truncated, "the file ends within a marker")
		}
		n := int(rest[0])<<8 | int(rest[1])
		if n < 2 {
			return Header{}, refuse(Broken, "a marker with a length of %d", n)
		}
		if n > len(rest) {
			return Header{}, refuse(Truncated, "the file ends within a marker")
		}
		if err := f.segment(marker, rest[2:n]); err != nil {
			return Header{}, err
		}
		at += 2 + n
	}
}

func (f *jpegFrame) segment(marker byte, body []byte) error {
	switch {
	case marker == 0xda:
		if f.scans++; f.scans > maxScans {
			return refuse(Unsupported, "a JPEG of more than %d scans", maxScans)
		}
		f.scan(body)
	case marker == 0xe1 && f.scans == 0 && f.h.Orientation == 0:
		if tiff, ok := bytes.CutPrefix(body, []byte("Exif\x00")); ok && len(tiff) > 0 { // a byte to fill up follows, which should be 0
			f.h.Orientation = orientation(tiff[1:])
		}
	case marker == 0xe2:
		f.profile.add(body)
	case marker == 0xee && len(body) >= 12 && string(body[:5]) == "Adobe":
		f.adobe = true
		f.rgb = f.rgb || body[11] == 0
	case marker >= 0xc0 && marker <= 0xc2:
		return f.frame(marker, body)
	case marker >= 0xc3 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc:
		return refuse(Unsupported, "a lossless or arithmetic JPEG")
	}
	return nil
}

// frame reads the dimensions and the sampling factors of the components.
func (f *jpegFrame) frame(marker byte, body []byte) error {
	if f.components != 0 {
		return refuse(Broken, "two frames")
	}
	if len(body) < 6 || len(body) < 6+3*int(body[5]) {
		return refuse(Broken, "a frame header of %d bytes", len(body))
	}
	if body[0] != 8 {
		return refuse(Unsupported, "a JPEG of %d bits", body[0])
	}
	f.progressive = marker == 0xc2
	f.h.Height, f.h.Width = int(body[1])<<8|int(body[2]), int(body[3])<<8|int(body[4])
	f.components = int(body[5])
	if f.components != 1 && f.components != 3 && f.components != 4 {
		return refuse(Unsupported, "a JPEG of %d colour components", f.components)
	}
	f.rgb = f.rgb || f.components == 3 && body[6] == 'R' && body[9] == 'G' && body[12] == 'B'
	for i := range f.components {
		s := body[6+3*i+1]
		f.ids[i] = body[6+3*i]
		f.h1[i], f.v1[i] = int(s>>4), int(s&15)
		if f.h1[i] < 1 || f.h1[i] > 4 || f.v1[i] < 1 || f.v1[i] > 4 {
			return refuse(Broken, "a sampling factor of %d × %d", f.h1[i], f.v1[i])
		}
	}
	return nil
}

// scan notes which coefficients a scan holds in full. A scan of a progressive
// JPEG holds a band of them, and may leave their lowest bits to a later scan.
// The decoder refuses an invalid scan; here it counts for nothing.
func (f *jpegFrame) scan(body []byte) {
	if len(body) < 1 || len(body) != 4+2*int(body[0]) {
		return
	}
	first, last, missingBits := byte(0), byte(63), byte(0)
	if f.progressive {
		spectrum := body[len(body)-3:]
		first, last, missingBits = spectrum[0], spectrum[1], spectrum[2]&15
	}
	if first > last || last > 63 || first == 0 && last != 0 && f.progressive || missingBits != 0 {
		return
	}
	band := (uint64(2)<<last - 1) &^ (uint64(1)<<first - 1)
	for i := range int(body[0]) {
		for c, id := range f.ids[:f.components] {
			if id == body[1+2*i] {
				f.exact[c] |= band
			}
		}
	}
}

// complete reports whether the scans so far hold the whole image, so that no
// valid file has another one.
func (f *jpegFrame) complete() bool {
	for _, exact := range f.exact[:f.components] {
		if exact != math.MaxUint64 {
			return false
		}
	}
	return f.components > 0
}

// These are the parts that some files lack and the decoder requires: the end
// marker; and Adobe's marker before CMYK. Without it the colours are read as
// browsers read them, which is as Adobe stores them.
const (
	jpegEnd   = "\xff\xd9"
	jpegAdobe = "\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00"
)

// repaired returns the image, which ends at end, with the parts that it lacks.
func (f *jpegFrame) repaired(b []byte, end int) []byte {
	adobe := ""
	if f.components == 4 && !f.adobe {
		adobe = jpegAdobe
	}
	f.h.endless = !bytes.HasPrefix(b[end:], []byte(jpegEnd))
	if adobe == "" && !f.h.endless {
		return b[:end+len(jpegEnd)]
	}
	f.h.Memory += int64(len(b))
	return slices.Concat(b[:2], []byte(adobe), b[2:end], []byte(jpegEnd))
}

// end adds up the memory that decoding takes: each component's samples, padded
// to whole units; their four-byte coefficients if the JPEG is progressive; and
// four bytes a pixel if the decoder converts CMYK or RGB.
func (f *jpegFrame) end(b []byte, end int) (Header, error) {
	if f.components == 0 || f.scans == 0 {
		return Header{}, refuse(Broken, "a JPEG without an image")
	}
	hMax, vMax := 1, 1
	if f.components > 1 {
		for i := range f.components {
			hMax, vMax = max(hMax, f.h1[i]), max(vMax, f.v1[i])
		}
	}
	units := int64(ceil(f.h.Width, 8*hMax)) * int64(ceil(f.h.Height, 8*vMax))
	var samples int64
	for i := range f.components {
		perUnit := 64
		if f.components > 1 {
			perUnit *= f.h1[i] * f.v1[i]
		}
		samples += units * int64(perUnit)
	}
	if f.components == 3 {
		f.h.space = readProfile(f.profile.whole())
	}
	f.h.Memory = samples
	if f.progressive {
		f.h.Memory += 4 * samples
	}
	if f.components == 4 || f.rgb {
		f.h.Memory += 4 * int64(f.h.Width) * int64(f.h.Height)
	}
	f.h.data = f.repaired(b, end)
	return f.h, nil
}

func ceil(n, by int) int { return (n + by - 1) / by }
