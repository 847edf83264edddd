package images

import "encoding/binary"

// orientation returns EXIF's orientation from its first directory. It returns 1
// (upright) if there is no such tag or its value is invalid.
func orientation(tiff []byte) int {
	if len(tiff) < 8 {
		return 1
	}
	var order binary.ByteOrder
	switch string(tiff[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return 1
	}
	at := int64(order.Uint32(tiff[4:]))
	if at+2 > int64(len(tiff)) {
		return 1
	}
	const (
		entry = 12
		tag   = 0x0112
		short = 3
	)
	entries := tiff[at+2:]
	for range order.Uint16(tiff[at:]) {
		if len(entries) < entry {
			return 1
		}
		if order.Uint16(entries) == tag {
			v := order.Uint16(entries[8:])
			if order.Uint16(entries[2:]) != short || v < 1 || v > 8 {
				return 1
			}
			return int(v)
		}
		entries = entries[entry:]
	}
	return 1
}
