package images

import "bytes"

// maxScans is how many scans a JPEG may have. Encoders use about ten. Each scan
// costs time for every block, however few bytes it has, so a small file with
// many scans could keep a decoder busy for hours.
const maxScans = 100

// jpegFrame collects what the markers of a JPEG declare.
type jpegFrame struct {
	h           Header
	progressive bool
	h1, v1      [4]int // sampling factors
	components  int
	rgb         bool // stored as RGB, which the decoder converts in a buffer of its own
	scans       int
	profile     profileParts
}

// readJPEG walks from marker to marker up to the end of the image.
func readJPEG(b []byte) (Header, error) {
	f := jpegFrame{h: Header{Format: JPEG}}
	rest := b[2:]
	for {
		i := bytes.IndexByte(rest, 0xff)
		if i < 0 || i+1 >= len(rest) {
			return Header{}, refuse(Truncated, "the file ends before the image does")
		}
		marker := rest[i+1]
		if marker == 0xff { // a fill byte
			rest = rest[i+1:]
			continue
		}
		rest = rest[i+2:]
		if marker == 0 || marker == 0x01 || marker >= 0xd0 && marker <= 0xd7 {
			continue // part of the coded data, or a marker without a body
		}
		if marker == 0xd9 {
			return f.end()
		}
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
		rest = rest[n:]
	}
}

func (f *jpegFrame) segment(marker byte, body []byte) error {
	switch {
	case marker == 0xda:
		if f.scans++; f.scans > maxScans {
			return refuse(Unsupported, "more than %d scans", maxScans)
		}
	case marker == 0xe1 && f.scans == 0 && f.h.Orientation == 0:
		if tiff, ok := bytes.CutPrefix(body, []byte("Exif\x00\x00")); ok {
			f.h.Orientation = orientation(tiff)
		}
	case marker == 0xe2:
		f.profile.add(body)
	case marker == 0xee: // Adobe's marker, which declares the colour transform
		f.rgb = f.rgb || len(body) >= 12 && string(body[:5]) == "Adobe" && body[11] == 0
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
		return refuse(Unsupported, "%d components", f.components)
	}
	f.rgb = f.rgb || f.components == 3 && body[6] == 'R' && body[9] == 'G' && body[12] == 'B'
	for i := range f.components {
		s := body[6+3*i+1]
		f.h1[i], f.v1[i] = int(s>>4), int(s&15)
		if f.h1[i] < 1 || f.h1[i] > 4 || f.v1[i] < 1 || f.v1[i] > 4 {
			return refuse(Broken, "a sampling factor of %d × %d", f.h1[i], f.v1[i])
		}
	}
	return nil
}

// end adds up the memory that decoding takes: each component's samples, padded
// to whole units; their four-byte coefficients if the JPEG is progressive; and
// four bytes a pixel if the decoder converts CMYK or RGB.
func (f *jpegFrame) end() (Header, error) {
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
	return f.h, nil
}

func ceil(n, by int) int { return (n + by - 1) / by }
