// Package images checks images from untrusted sources and renders the sizes
// that a shop shows of them. It does no I/O beyond the readers it is given.
//
// An image is checked before it is decoded: its length, its type as its content
// shows it, its dimensions, and the memory that decoding it would take. Only
// pixels are kept: metadata (where the photo was taken, with which camera) and
// any data after the image's end are dropped.
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

// Sizes returns all sizes, from large to small: each is scaled from the one
// before.
func Sizes() []Size {
	return []Size{{"large", 1600}, {"medium", 800}, {"small", 400}, {"thumbnail", 150}}
}

// Format is an image's type, as its content shows it.
type Format string

// The formats that can be read. Only JPEG and PNG are written.
const (
	JPEG Format = "image/jpeg"
	PNG  Format = "image/png"
	WebP Format = "image/webp"
	GIF  Format = "image/gif"
)

// Formats returns the formats that can be read. An upload may declare no other.
func Formats() []Format { return []Format{JPEG, PNG, WebP, GIF} }

// Extension returns the file name extension of the format, with its dot.
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

// Limits bound the resources that an image may take. The zero value of a field
// means its default.
type Limits struct {
	// Bytes is the size of the file. A longer file is not read to its end.
	// Default 10 MB.
	Bytes int64
	// Pixels is width times height. Default 50 million.
	Pixels int64
	// Memory is how many bytes decoding may take, estimated from the file's
	// header: a progressive JPEG or a 16-bit PNG takes several times as much
	// as a plain one. Default 256 MB.
	Memory int64
}

// The defaults of Limits.
const (
	MaxBytes  = 10 << 20
	MaxPixels = 50_000_000
	MaxMemory = 256 << 20
	// MaxSide is the longest side, in pixels, that a JPEG can have. No shop
	// needs more.
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

// Reason is the code for why an image was refused. Programs may rely on it: the
// codes do not change.
type Reason string

// The reasons.
const (
	Empty         Reason = "empty"
	TooLarge      Reason = "too_large"       // bytes
	UnknownType   Reason = "unknown_type"    // not an image, or of a type that is not accepted
	Truncated     Reason = "truncated"       // the file ends before the image does
	Broken        Reason = "broken"          // the file contradicts itself
	Unsupported   Reason = "unsupported"     // a rare variant of an accepted type
	TooManyPixels Reason = "too_many_pixels" // or too long a side
	TooMuchMemory Reason = "too_much_memory" // decoding it would take too much
)

// Refusal is the error for an image that is not accepted. It is permanent: the
// same bytes will be refused again.
type Refusal struct {
	Reason Reason
	Detail string // for people
}

func (r *Refusal) Error() string { return fmt.Sprintf("image refused: %s: %s", r.Reason, r.Detail) }

// refuse returns a refusal that says what is wrong and what a shopkeeper can do
// about it.
func refuse(r Reason, format string, args ...any) *Refusal {
	return &Refusal{Reason: r, Detail: fmt.Sprintf(format, args...) + ": " + remedy(r)}
}

func remedy(r Reason) string {
	switch r {
	case Empty, Truncated:
		return "upload it again"
	case TooLarge, TooManyPixels, TooMuchMemory:
		return "save it smaller"
	case UnknownType, Broken, Unsupported:
	}
	return "save it again as a plain JPEG, or as a plain PNG if it is transparent"
}

// Read reads a file of at most most bytes; 0 means MaxBytes. It refuses a longer
// file with a *Refusal, without reading it to its end. Any other error is the
// reader's.
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
