package images

import (
	"bytes"
	"encoding/binary"

	"golang.org/x/image/webp"
)

// readWebP walks over the chunks. Each must lie within the file, because the
// decoder allocates as much memory as a chunk declares.
func readWebP(b []byte) (Header, error) {
	h := Header{Format: WebP}
	end := 8 + int64(binary.LittleEndian.Uint32(b[4:]))
	if end > int64(len(b)) {
		return Header{}, refuse(Truncated, "the file ends before the image does")
	}
	if end < 12 {
		return Header{}, refuse(Broken, "a container of %d bytes", end)
	}
	var lossless, alpha, seen, profiled bool
	for rest := b[12:end]; len(rest) >= 8; {
		n := int64(binary.LittleEndian.Uint32(rest[4:]))
		if n > int64(len(rest)-8) {
			return Header{}, refuse(Truncated, "the file ends within a chunk")
		}
		body := rest[8 : 8+n]
		switch string(rest[:4]) {
		case "VP8X":
			if n >= 1 && body[0]&2 != 0 {
				return Header{}, refuse(Unsupported, "an animated WebP")
			}
		case "VP8 ":
			seen = true
		case "VP8L":
			seen, lossless = true, true
		case "ALPH":
			alpha = true
		case "ICCP":
			if !profiled { // only the first: a file may hold thousands
				profiled = true
				h.space = readProfile(body)
			}
		case "EXIF":
			h.Orientation = orientation(bytes.TrimPrefix(body, []byte("Exif\x00\x00")))
		}
		rest = rest[min(8+n+n&1, int64(len(rest))):]
	}
	if !seen {
		return Header{}, refuse(Broken, "a WebP without an image")
	}
	c, err := webp.DecodeConfig(bytes.NewReader(b))
	if err != nil {
		return Header{}, refuse(Broken, "%v", err)
	}
	h.Width, h.Height = c.Width, c.Height
	h.Memory = webpMemory(int64(ceil(c.Width, 16)*16)*int64(ceil(c.Height, 16)*16), lossless, alpha)
	return h, nil
}

// webpMemory returns how many bytes decoding takes. A lossless part holds its
// pixels twice and, at worst, a set of code tables for every block of 16 pixels.
func webpMemory(pixels int64, lossless, alpha bool) int64 {
	const (
		tables   = 54_000 // bytes of the largest set
		mostSets = 2600
	)
	m := pixels * 2
	if lossless || alpha {
		m += 8*pixels + min(pixels/16+1, mostSets)*tables
	}
	return m
}
