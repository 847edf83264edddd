package images_test

import (
	"context"
	"encoding/binary"
	"image/color"
	"slices"
	"strings"
	"testing"

	"purser/images"
)

var fullColours = []color.NRGBA{red, green, blue, white}

// TestOddSampling proves IMG-8: a photo whose colours are sampled in a way that
// the decoder does not know is refused with the reason and a remedy. A later
// decoder may know it; then it must be shown right.
func TestOddSampling(t *testing.T) {
	for _, tt := range []struct {
		name       string
		components []component
		separate   bool
	}{
		{name: "chroma planes of two sizes", components: ycc(22, 11, 12)},
		{name: "the other plane", components: ycc(22, 12, 11)},
		{name: "across", components: ycc(22, 21, 11)},
		{name: "in three scans", components: ycc(22, 11, 12), separate: true},
		{name: "more colour than brightness", components: ycc(11, 21, 21)},
		{name: "a third", components: ycc(31, 11, 11)},
		{name: "CMYK", components: inks(21, 11, 11, 21)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			data := coded(tt.components, tt.separate)
			s, err := images.Scale(t.Context(), data, images.Limits{})
			if err == nil {
				v, err := s.Encode("large")
				if err != nil {
					t.Fatal(err)
				}
				wantQuarters(t, shown(t, v), 12, fullColours...)
				return
			}
			wantRefusal(t, err, images.Unsupported)
			for _, part := range []string{"subsampling", "save it again as a plain JPEG"} {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%v does not say %q", err, part)
				}
			}
		})
	}
}

// TestIncompleteJPEG proves IMG-5: a JPEG that lacks a marker, and whose pixels
// are all there, is shown as browsers show it.
func TestIncompleteJPEG(t *testing.T) {
	photo, progressive := coded(ycc(22, 11, 11), false), file(t, "progressive.jpg")
	without := func(b []byte) []byte { return slices.Clone(b[:len(b)-2]) }
	adobe := func(transform byte) []byte { return append([]byte("Adobe\x00\x64\x00\x00\x00\x00"), transform) }
	for _, tt := range []struct {
		name string
		data []byte
		by   int
	}{
		{name: "as it should be", data: photo, by: 8},
		{name: "a film appended", data: append(slices.Clone(photo), video()...), by: 8},
		{name: "no end marker", data: without(photo), by: 8},
		{name: "half an end marker", data: append(without(photo), 0xff), by: 8},
		{name: "a film instead of the end marker", data: append(without(photo), video()...), by: 8},
		{name: "zeros instead of the end marker", data: append(without(photo), make([]byte, 5000)...), by: 8},
		{name: "another photo instead of the end marker", data: append(without(photo), asJPEG(t, flat(red, 8, 8))...), by: 8},
		{name: "a comment instead of the end marker", data: append(without(photo), "\xff\xfe\x00\x05abc"...), by: 8},
		{name: "a restart instead of the end marker", data: append(without(photo), 0xff, 0xd0), by: 8},
		{name: "three scans without an end marker", data: without(coded(ycc(11, 11, 11), true)), by: 8},
		{name: "three scans with a film", data: append(without(coded(ycc(11, 11, 11), true)), video()...), by: 8},
		{name: "progressive without an end marker", data: without(progressive), by: 8},
		{name: "progressive with a film", data: append(without(progressive), video()...), by: 8},
		{name: "CMYK with Adobe's marker", data: withSegment(coded(inks(11, 11, 11, 11), false), 0xee, adobe(0)), by: 4},
		{name: "CMYK without Adobe's marker", data: coded(inks(11, 11, 11, 11), false), by: 4},
		{name: "CMYK with a marker that is not Adobe's", data: withSegment(coded(inks(11, 11, 11, 11), false), 0xee, []byte("Ducky\x00\x01\x00\x04\x00\x00\x00")), by: 4},
		{name: "subsampled CMYK without Adobe's marker", data: coded(inks(22, 11, 11, 22), false), by: 4},
		{name: "CMYK in four scans, without both", data: without(coded(inks(11, 11, 11, 11), true)), by: 4},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wantQuarters(t, shown(t, render(t, tt.data)["large"]), tt.by, fullColours...)
		})
	}
}

// TestMissingScans proves IMG-8: without an end marker, a JPEG whose next scan
// might follow is not complete.
func TestMissingScans(t *testing.T) {
	three := coded(ycc(11, 11, 11), true)
	progressive := file(t, "progressive.jpg")
	cut := func(b []byte, scans int) []byte {
		for at := range b {
			if b[at] == 0xff && b[at+1] == 0xda {
				if scans--; scans < 0 {
					return slices.Clone(b[:at])
				}
			}
		}
		t.Fatal("too few scans")
		return nil
	}
	for _, tt := range []struct {
		name   string
		data   []byte
		reason images.Reason
	}{
		{name: "one of three", data: cut(three, 1), reason: images.Truncated},
		{name: "two of three", data: cut(three, 2), reason: images.Truncated},
		{name: "one progressive", data: cut(progressive, 1), reason: images.Truncated},
		{name: "two of three and a film", data: append(cut(three, 2), "\x00\x00\x00\x18ftypmp42"...), reason: images.Truncated},
		{name: "cut off in its last scan", data: three[:len(three)-9], reason: images.Truncated},
		{name: "begun twice", data: append([]byte("\xff\xd8"), three...), reason: images.Broken},
		{name: "begun again after a scan", data: append(cut(three, 1), three...), reason: images.Broken},
		{name: "begun again before its first scan", data: append(cut(progressive, 0), progressive...), reason: images.Broken},
	} {
		_, err := images.Scale(context.Background(), tt.data, images.Limits{})
		t.Run(tt.name, func(t *testing.T) { wantRefusal(t, err, tt.reason) })
	}
}

// entry returns EXIF whose only entry is the orientation, with a type, a count
// and the four bytes of its value.
func entry(order binary.AppendByteOrder, kind uint16, count uint32, value []byte) []byte {
	b := []byte("MM\x00*")
	if order == binary.LittleEndian {
		b = []byte("II*\x00")
	}
	b = order.AppendUint16(order.AppendUint32(b, 8), 1)
	b = order.AppendUint32(order.AppendUint16(order.AppendUint16(b, 0x0112), kind), count)
	return append(append(b, value...), 0, 0, 0, 0)
}

// TestOrientationTypes proves IMG-5: an orientation is followed whatever kind of
// integer it is written as; another value is ignored.
func TestOrientationTypes(t *testing.T) {
	photo := asJPEG(t, quarters(64, 48))
	for _, order := range []binary.AppendByteOrder{binary.BigEndian, binary.LittleEndian} {
		short, long := order.AppendUint16(nil, 6), order.AppendUint32(nil, 6)
		for _, tt := range []struct {
			name  string
			kind  uint16
			count uint32
			value []byte
			want  int
		}{
			{name: "BYTE", kind: 1, count: 1, value: []byte{6, 0, 0, 0}, want: 6},
			{name: "SHORT", kind: 3, count: 1, value: append(short, 0, 0), want: 6},
			{name: "LONG", kind: 4, count: 1, value: long, want: 6},
			{name: "SBYTE", kind: 6, count: 1, value: []byte{6, 0, 0, 0}, want: 6},
			{name: "SSHORT", kind: 8, count: 1, value: append(short, 0, 0), want: 6},
			{name: "SLONG", kind: 9, count: 1, value: long, want: 6},
			{name: "two SHORTs", kind: 3, count: 2, value: append(short, 0, 9), want: 6},
			{name: "no count", kind: 4, count: 0, value: long, want: 6},
			{name: "an offset", kind: 3, count: 3, value: append(short, 0, 0), want: 1},
			{name: "an absurd count", kind: 1, count: 1<<32 - 1, value: []byte{6, 0, 0, 0}, want: 1},
			{name: "LONG 0", kind: 4, count: 1, value: make([]byte, 4), want: 1},
			{name: "BYTE 9", kind: 1, count: 1, value: []byte{9, 0, 0, 0}, want: 1},
			{name: "LONG 262", kind: 4, count: 1, value: order.AppendUint32(nil, 262), want: 1},
			{name: "SLONG -6", kind: 9, count: 1, value: order.AppendUint32(nil, 1<<32-6), want: 1},
			{name: "RATIONAL", kind: 5, count: 1, value: long, want: 1},
			{name: "ASCII", kind: 2, count: 2, value: []byte("6\x00\x00\x00"), want: 1},
		} {
			exif := entry(order, tt.kind, tt.count, tt.value)
			for format, data := range map[string][]byte{
				"jpeg": withSegment(photo, 0xe1, append([]byte("Exif\x00\x00"), exif...)),
				"png":  withChunk(asPNG(t, quarters(64, 48)), "IDAT", chunk("eXIf", exif)),
			} {
				h, err := images.ReadHeader(data, images.Limits{})
				if err != nil || h.Orientation != tt.want {
					t.Errorf("%s, %s, %s: %d, %v, want %d", tt.name, order, format, h.Orientation, err, tt.want)
				}
			}
		}
	}
	for name, head := range map[string]string{"a space": "Exif\x00 ", "ones": "Exif\x00\xff", "a one": "Exif\x00\x01"} { // instead of the second zero
		h, err := images.ReadHeader(withSegment(photo, 0xe1, append([]byte(head), exif(binary.BigEndian, 6)...)), images.Limits{})
		if err != nil || h.Orientation != 6 {
			t.Errorf("filled up with %s: %d, %v, want 6", name, h.Orientation, err)
		}
	}
	for _, head := range []string{"Exif\x00", "Exif", "Exig\x00\x00"} {
		h, err := images.ReadHeader(withSegment(photo, 0xe1, []byte(head)), images.Limits{})
		if err != nil || h.Orientation != 1 {
			t.Errorf("%q alone: %d, %v, want 1", head, h.Orientation, err)
		}
	}
	data := withSegment(photo, 0xe1, append([]byte("Exif\x00\x00"), entry(binary.BigEndian, 4, 1, []byte{0, 0, 0, 6})...))
	wantQuarters(t, shown(t, render(t, data)["large"]), 12, blue, red, white, green)
}
