package images

import "encoding/binary"

// orientation returns EXIF's orientation from its first directory. It returns 1
// (upright) if there is no such tag or its value is invalid. The value should be
// a SHORT, but some software writes another kind of integer.
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
	)
	entries := tiff[at+2:]
	for range order.Uint16(tiff[at:]) {
		if len(entries) < entry {
			return 1
		}
		if order.Uint16(entries) == tag {
			return exifInteger(order, entries)
		}
		entries = entries[entry:]
	}
	return 1
}

// exifInteger returns the first value of an entry that holds integers from 1 to
// 8, or else 1. Values of more than four bytes stand elsewhere and do not count.
func exifInteger(order binary.ByteOrder, entry []byte) int {
	const (
		byteType, shortType, longType       = 1, 3, 4
		signedByte, signedShort, signedLong = 6, 8, 9
	)
	value, count := entry[8:], order.Uint32(entry[4:])
	var v, size uint32
	switch order.Uint16(entry[2:]) {
	case byteType, signedByte:
		v, size = uint32(value[0]), 1
	case shortType, signedShort:
		v, size = uint32(order.Uint16(value)), 2
	case longType, signedLong:
		v, size = order.Uint32(value), 4
	}
	if size == 0 || count > 4/size || v < 1 || v > 8 {
		return 1
	}
	return int(v)
}
