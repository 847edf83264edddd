package images

import (
	"encoding/binary"
	"hash/crc32"
)

const pngSignature = "\x89PNG\r\n\x1a\n"

// pngEnd is the last chunk of every PNG.
const pngEnd = "\x00\x00\x00\x00IEND\xae\x42\x60\x82"

// pngFile collects what the chunks of a PNG declare.
type pngFile struct {
	h            Header
	colour       byte // the colour type
	palette      bool // the palette was seen
	pixels       bool // pixels were seen
	profiled     bool // a profile was seen
	transparency int  // where the chunk of transparent colours is; 0: nowhere
	faulty       bool // the decoder would refuse what browsers pass over
}

// readPNG walks over the chunks up to the last one. A faulty chunk that the
// pixels do not depend on counts for nothing, as in browsers.
func readPNG(b []byte) (Header, error) {
	f := pngFile{h: Header{Format: PNG}}
	for at := len(pngSignature); ; {
		kind, body, err := pngChunk(b[at:])
		switch {
		case err != nil && (kind == "IDAT" || !f.pixels):
			return Header{}, err
		case err != nil: // the end is missing; the decoder finds out whether all pixels are there
			f.faulty, f.h.endless = true, true
			f.repair(b[:at])
			return f.h, nil
		case kind == "IEND":
			f.repair(b[:at])
			return f.h, nil
		}
		if at == len(pngSignature) {
			if err := f.header(kind, body); err != nil {
				return Header{}, err
			}
		}
		f.chunk(at, kind, body, intact(b[at:], body))
		at += len(body) + 12
	}
}

// pngChunk returns the first chunk of b.
func pngChunk(b []byte) (kind string, body []byte, err error) {
	if len(b) < 8 {
		return "", nil, refuse(Truncated, "the file ends before the image does")
	}
	n, kind := binary.BigEndian.Uint32(b), string(b[4:8])
	if int64(n) > int64(len(b)-12) {
		return kind, nil, refuse(Truncated, "the file ends before the image does")
	}
	return kind, b[8 : 8+n], nil
}

// intact reports whether the checksum of the chunk that b begins with is right.
func intact(b, body []byte) bool {
	end := 8 + len(body)
	return crc32.ChecksumIEEE(b[4:end]) == binary.BigEndian.Uint32(b[end:])
}

func (f *pngFile) chunk(at int, kind string, body []byte, intact bool) {
	switch {
	case kind == "PLTE":
		f.palette = true
	case kind == "IDAT":
		f.pixels = true
	case critical(kind): // the decoder decides
	case !intact:
		f.faulty = true
	case kind == "tRNS":
		if f.transparency == 0 && f.fits(body) {
			f.transparency = at
		} else {
			f.faulty = true
		}
	case kind == "eXIf":
		f.h.Orientation = orientation(body)
	case kind == "iCCP" && !f.profiled: // only the first: a file may hold thousands
		f.profiled = true
		f.h.space = readProfile(inflated(body))
	}
}

// critical reports whether the pixels depend on a kind of chunk.
func critical(kind string) bool { return kind[0]&0x20 == 0 }

// fits reports whether a chunk of transparent colours is of the right length for
// the colour type, and in the right place.
func (f *pngFile) fits(body []byte) bool {
	const grey, rgb, palette = 0, 2, 3
	switch f.colour {
	case grey:
		return len(body) == 2 && !f.pixels
	case rgb:
		return len(body) == 6 && !f.pixels
	case palette:
		return len(body) <= 256 && f.palette && !f.pixels
	}
	return false
}

// repair removes the chunks that the decoder does not need from a faulty file,
// which ends before its last chunk.
func (f *pngFile) repair(b []byte) {
	if !f.faulty {
		return
	}
	data := make([]byte, 0, len(b)+len(pngEnd))
	data = append(data, pngSignature...)
	for at := len(pngSignature); at < len(b); {
		kind, body, _ := pngChunk(b[at:])
		next := at + len(body) + 12
		if critical(kind) || at == f.transparency {
			data = append(data, b[at:next]...)
		}
		at = next
	}
	f.h.data = append(data, pngEnd...)
	f.h.Memory += int64(cap(data))
}

// header reads the dimensions and how much memory a pixel takes. The decoder
// uses eight bytes a pixel for 16-bit channels and at most four for 8-bit
// channels, and twice as much for an interlaced image, whose passes it keeps in
// addition to the result.
func (f *pngFile) header(kind string, b []byte) error {
	if kind != "IHDR" || len(b) != 13 {
		return refuse(Broken, "a PNG without a header")
	}
	w, ht := binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
	if w > MaxSide || ht > MaxSide {
		return refuse(TooManyPixels, "%d × %d pixels, a side may have %d", w, ht, MaxSide)
	}
	f.h.Width, f.h.Height, f.colour = int(w), int(ht), b[9]
	bytes := int64(4)
	if b[8] == 16 {
		bytes = 8
	}
	if b[12] != 0 {
		bytes *= 2
	}
	f.h.Memory = int64(w)*int64(ht)*bytes + int64(w)*16
	return nil
}
