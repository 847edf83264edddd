package images

import "encoding/binary"

const pngSignature = "\x89PNG\r\n\x1a\n"

// readPNG walks over the chunks up to the last one.
func readPNG(b []byte) (Header, error) {
	h := Header{Format: PNG}
	rest, profiled := b[len(pngSignature):], false
	for first := true; ; first = false {
		if len(rest) < 12 {
			return Header{}, refuse(Truncated, "the file ends before the image does")
		}
		n := binary.BigEndian.Uint32(rest)
		kind := string(rest[4:8])
		if int64(n) > int64(len(rest)-12) {
			return Header{}, refuse(Truncated, "the file ends within a chunk")
		}
		body := rest[8 : 8+n]
		switch {
		case first && (kind != "IHDR" || n != 13):
			return Header{}, refuse(Broken, "a PNG without a header")
		case first:
			if err := h.readIHDR(body); err != nil {
				return Header{}, err
			}
		case kind == "eXIf":
			h.Orientation = orientation(body)
		case kind == "iCCP" && !profiled: // only the first: a file may hold thousands
			profiled = true
			h.space = readProfile(inflated(body))
		case kind == "IEND":
			return h, nil
		}
		rest = rest[12+n:]
	}
}

// readIHDR reads the dimensions and how much memory a pixel takes. The decoder
// uses eight bytes a pixel for 16-bit channels and at most four for 8-bit
// channels, and twice as much for an interlaced image, whose passes it keeps in
// addition to the result.
func (h *Header) readIHDR(b []byte) error {
	w, ht := binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
	if w > MaxSide || ht > MaxSide {
		return refuse(TooManyPixels, "%d × %d pixels, a side may have %d", w, ht, MaxSide)
	}
	h.Width, h.Height = int(w), int(ht)
	bytes := int64(4)
	if b[8] == 16 {
		bytes = 8
	}
	if b[12] != 0 {
		bytes *= 2
	}
	h.Memory = int64(w)*int64(ht)*bytes + int64(w)*16
	return nil
}
