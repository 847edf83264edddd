package images

import (
	"encoding/binary"
	"slices"
)

// gifFrame is the place of the first frame, which alone is shown, in a file.
type gifFrame struct {
	at      int    // of its descriptor
	table   int    // the end of the palette of all frames
	control []byte // the extension with its transparent colour; nil if it has none
	strange bool   // there are extensions that the decoder does not know
	screen  [2]int
	corner  [2]int
	size    [2]int
}

// readGIF reads the logical screen and the place of the first frame on it. The
// screen should contain the frame; if it does not, it is made to.
func readGIF(b []byte) (Header, error) {
	if len(b) < 13 {
		return Header{}, refuse(Truncated, "the file ends within its header")
	}
	f := gifFrame{screen: [2]int{int(binary.LittleEndian.Uint16(b[6:])), int(binary.LittleEndian.Uint16(b[8:]))}}
	found := f.find(b)
	switch {
	case !found && f.cutOff(b):
		return Header{}, refuse(Truncated, "the file ends before the image does")
	case !found: // the decoder reports why
		return Header{Format: GIF, Width: f.screen[0], Height: f.screen[1], Memory: 2 * int64(f.screen[0]) * int64(f.screen[1])}, nil
	}
	// The decoder reorders the rows of an interlaced frame in a second copy.
	h := Header{Format: GIF, Memory: 2 * int64(f.size[0]) * int64(f.size[1]), endless: f.end(b) > len(b)}
	if wrong := f.fit(); wrong || f.strange {
		h.data = f.repaired(b)
		h.Memory += int64(len(h.data))
	}
	h.Width, h.Height = f.screen[0], f.screen[1]
	return h, nil
}

// These begin a frame, and what describes it.
const gifDescriptor, gifExtension = 0x2c, 0x21

// cutOff reports whether find has come to the end of the file, and not to something
// that is no frame.
func (f *gifFrame) cutOff(b []byte) bool {
	return f.at >= len(b) || b[f.at] == gifDescriptor || b[f.at] == gifExtension
}

// find walks over the extensions before the first frame.
func (f *gifFrame) find(b []byte) bool {
	const control = 0xf9
	f.table = 13 + tableSize(b[10])
	for f.at = f.table; len(b) >= f.at+10; {
		switch b[f.at] {
		case gifDescriptor:
			for axis := range f.size {
				f.corner[axis] = int(binary.LittleEndian.Uint16(b[f.at+1+2*axis:]))
				f.size[axis] = int(binary.LittleEndian.Uint16(b[f.at+5+2*axis:]))
			}
			return true
		case gifExtension:
			end := subBlocks(b, f.at+2)
			switch label := b[f.at+1]; {
			case label == control && end == f.at+8: // a block of four bytes, and the end
				f.control = b[f.at:end]
			case label != 0x01 && label != 0xfe && label != 0xff: // a text, a comment, an application's
				f.strange = true
			}
			f.at = end
		default:
			return false
		}
	}
	return false
}

// tableSize returns how many bytes the palette takes that flags announce.
func tableSize(flags byte) int {
	const tableFlag = 0x80
	if flags&tableFlag == 0 {
		return 0
	}
	return 3 << (flags&7 + 1)
}

// end returns where the frame ends: behind its descriptor, its palette, the size of
// its codes, and the codes. It may return an index beyond the end of the file.
func (f *gifFrame) end(b []byte) int {
	const descriptor, codeSize = 10, 1
	return subBlocks(b, f.at+descriptor+tableSize(b[f.at+descriptor-1])+codeSize)
}

// subBlocks returns where the blocks that begin at at end. It may return an
// index beyond the end of the file.
func subBlocks(b []byte, at int) int {
	for at < len(b) && b[at] != 0 {
		at += 1 + int(b[at])
	}
	return at + 1
}

// fit enlarges the screen so that it contains the frame. A screen without an
// extent says nothing about where the frame lies on it, so it becomes as large
// as the frame. It returns whether anything was wrong.
func (f *gifFrame) fit() (wrong bool) {
	for axis, size := range f.size {
		switch side := f.screen[axis]; {
		case side == 0:
			wrong, f.corner[axis], f.screen[axis] = true, 0, size
		case side < f.corner[axis]+size:
			wrong, f.screen[axis] = true, f.corner[axis]+size
		}
	}
	return wrong
}

// repaired returns the file with the screen and the corner that fit has set, and
// without extensions that do not matter for the first frame.
func (f *gifFrame) repaired(b []byte) []byte {
	data := slices.Concat(b[:f.table], f.control, b[f.at:])
	for axis := range f.size {
		binary.LittleEndian.PutUint16(data[6+2*axis:], uint16(f.screen[axis]))
		binary.LittleEndian.PutUint16(data[f.table+len(f.control)+1+2*axis:], uint16(f.corner[axis]))
	}
	return data
}
