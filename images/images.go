// Package images looks at a stranger's image with suspicion and makes the
// sizes a shop shows of it. It does no I/O beyond the readers it is given.
//
// An image is looked at before it is decoded: its bytes, its type as its
// content tells it, its dimensions, and what decoding it would take in memory.
// Only pixels come out again: what the file says beside them (where it was
// taken, with which camera) and whatever hides behind its end stays behind.
package images

import (
	"bytes"
	"fmt"
	"io"
)

// Size is one of the sizes an image is shown in.
type Size struct {
	Name string
	Side int // the longest side at most, in pixels
}

// Sizes are all sizes, from large to small: each is made from the one before.
func Sizes() []Size {
	return []Size{{"large", 1600}, {"medium", 800}, {"small", 400}, {"thumbnail", 150}}
}

// Format is an image's type, as its content tells it.
type Format string

// The formats that are read. JPEG and PNG are written.
const (
	JPEG Format = "image/jpeg"
	PNG  Format = "image/png"
	WebP Format = "image/webp"
	GIF  Format = "image/gif"
)

// Formats are the formats that are read, the only ones that may be declared.
func Formats() []Format { return []Format{JPEG, PNG, WebP, GIF} }

// Extension is the ending of a file of this format.
func (f Format) Extension() string {
	switch f {
	case JPEG:
		return ".jpg"
	case PNG:
		return ".png"
	case WebP:
		return ".webp"
	case GIF:
		return ".gif"
	}
	return ""
}

// Limits are what an image may take. The zero value of a field means its
// default.
type Limits struct {
	// Bytes of the file. More are refused unread. Default 10 MB.
	Bytes int64
	// Pixels of the image: width times height. Default 50 million.
	Pixels int64
	// Memory that decoding may take, by the file's header: a progressive
	// JPEG or one of 16 bits takes several times that of a plain one. Default
	// 256 MB.
	Memory int64
}

// The defaults of Limits.
const (
	MaxBytes  = 10 << 20
	MaxPixels = 50_000_000
	MaxMemory = 256 << 20
	// MaxSide is the most a JPEG can have. No shop needs more.
	MaxSide = 65_535
)

func (l Limits) withDefaults() Limits {
	if l.Bytes <= 0 {
		l.Bytes = MaxBytes
	}
	if l.Pixels <= 0 {
		l.Pixels = MaxPixels
	}
	if l.Memory <= 0 {
		l.Memory = MaxMemory
	}
	return l
}

// Reason is why an image was refused, for programs: stable.
type Reason string

// The reasons.
const (
	Empty         Reason = "empty"
	TooLarge      Reason = "too_large"       // bytes
	UnknownType   Reason = "unknown_type"    // no image, or of a type not taken
	Truncated     Reason = "truncated"       // the file ends before the image does
	Broken        Reason = "broken"          // it contradicts itself
	Unsupported   Reason = "unsupported"     // of a taken type, but of a rare kind
	TooManyPixels Reason = "too_many_pixels" // or too long a side
	TooMuchMemory Reason = "too_much_memory" // decoding it would take too much
)

// Refusal is the error of an image that is not taken. It is final: the same
// bytes will be refused again.
type Refusal struct {
	Reason Reason
	Detail string // for people
}

func (r *Refusal) Error() string { return fmt.Sprintf("image refused: %s: %s", r.Reason, r.Detail) }

func refuse(r Reason, format string, args ...any) *Refusal {
	return &Refusal{Reason: r, Detail: fmt.Sprintf(format, args...)}
}

// Read reads a file of at most so many bytes; 0 means MaxBytes. A longer one
// is refused without being read to its end. Any other error is the reader's.
func Read(r io.Reader, most int64) ([]byte, error) {
	if most <= 0 {
		most = MaxBytes
	}
	var b bytes.Buffer
	n, err := b.ReadFrom(io.LimitReader(r, most+1))
	switch {
	case n > most:
		return nil, refuse(TooLarge, "more than %d bytes", most)
	case err != nil:
		return nil, err
	}
	return b.Bytes(), nil
}
