package images

import "bytes"

// Header describes an image by what its file declares before it is decoded.
type Header struct {
	Format        Format
	Width, Height int // as stored, before Orientation
	// Orientation is how the camera was held, 1 to 8 as in EXIF; 1 is
	// upright.
	Orientation int
	// space is the colour space; nil means sRGB.
	space *space
	// Memory is the most that decoding takes, in bytes.
	Memory int64
	// data is the file as the decoder reads it: without faults that browsers
	// pass over, and the decoder would not.
	data []byte
	// endless is true if the file has no end marker, or ends within its first
	// frame, so that it was cut off if the decoder misses anything.
	endless bool
}

// ReadHeader reads a file's structure, not its pixels, and refuses a file that is
// not an image of a known type, ends too early or exceeds the limits. It ignores
// file names and declared types. Data after the image's end is neither read nor
// refused: phones append a video there, which is never stored or shown.
func ReadHeader(data []byte, l Limits) (Header, error) {
	l = l.withDefaults()
	switch {
	case len(data) == 0:
		return Header{}, refuse(Empty, "no bytes")
	case int64(len(data)) > l.Bytes:
		return Header{}, refuse(TooLarge, "%d bytes, at most %d are accepted", len(data), l.Bytes)
	}
	h, err := parseHeader(data)
	if err != nil {
		return Header{}, err
	}
	if h.Orientation < 1 || h.Orientation > 8 {
		h.Orientation = 1
	}
	if h.data == nil {
		h.data = data
	}
	pixels := int64(h.Width) * int64(h.Height)
	switch {
	case h.Width < 1 || h.Height < 1:
		return Header{}, refuse(Broken, "%d × %d pixels", h.Width, h.Height)
	case h.Width > MaxSide || h.Height > MaxSide:
		return Header{}, refuse(TooManyPixels, "%d × %d pixels, a side may have %d", h.Width, h.Height, MaxSide)
	case pixels > l.Pixels:
		return Header{}, refuse(TooManyPixels, "%d × %d pixels, at most %d are accepted", h.Width, h.Height, l.Pixels)
	case h.Memory > l.Memory:
		return Header{}, refuse(TooMuchMemory, "decoding takes %d MB, at most %d are allowed", h.Memory>>20, l.Memory>>20)
	}
	return h, nil
}

// parseHeader detects the format by the first bytes. Everything else is unknown,
// whether another image format (SVG, TIFF, BMP, HEIC) or a page with a script.
func parseHeader(b []byte) (Header, error) {
	switch {
	case bytes.HasPrefix(b, []byte("\xff\xd8\xff")):
		return readJPEG(b)
	case bytes.HasPrefix(b, []byte(pngSignature)):
		return readPNG(b)
	case bytes.HasPrefix(b, []byte("GIF87a")), bytes.HasPrefix(b, []byte("GIF89a")):
		return readGIF(b)
	case len(b) >= 12 && string(b[:4]) == "RIFF" && string(b[8:12]) == "WEBP":
		return readWebP(b)
	}
	return Header{}, refuse(UnknownType, "neither JPEG, PNG, WebP nor GIF")
}
