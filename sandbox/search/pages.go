package search

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	bolt "go.etcd.io/bbolt"
)

// pages are those of a Bolt file. Bolt follows them wherever they lead: in a
// circle until there is no memory left, and out of the file. So it is seen to
// before Bolt reads any that they form a tree.
type pages struct {
	file []byte // up to the last page in use
	size uint64 // of a page
	seen map[uint64]bool
}

// The kinds of pages and what they begin with.
const (
	branchPage   = 0x01
	leafPage     = 0x02
	metaPage     = 0x04
	freePage     = 0x10
	bucketEntry  = 0x01
	pageHeader   = 16
	pageEntry    = 16 // in a branch and in a leaf
	bucketHeader = 16
)

var errPages = errors.New("its pages are no tree")

// checkPages looks at the pages of a file that Bolt has opened, which means
// that it found the first two well.
func checkPages(tx *bolt.Tx, file []byte) error {
	p := pages{file: file[:tx.Size()], size: uint64(tx.DB().Info().PageSize), seen: make(map[uint64]bool)}
	for i := range uint64(2) {
		page, err := p.take(i, metaPage)
		if err != nil {
			return err
		}
		meta := page[pageHeader:]
		if n := binary.NativeEndian.Uint64(meta[48:]); n != uint64(tx.ID()) {
			continue
		}
		if _, err := p.take(binary.NativeEndian.Uint64(meta[32:]), freePage); err != nil {
			return err
		}
	}
	return p.tree(uint64(tx.Cursor().Bucket().Root()))
}

func kind(page []byte) uint16 { return binary.NativeEndian.Uint16(page[8:]) }

// take returns a page of one of these kinds, with those that it goes on in.
// Nobody may have taken them before.
func (p *pages) take(id uint64, kinds ...uint16) ([]byte, error) {
	all := uint64(len(p.file)) / p.size
	if id >= all {
		return nil, errPages
	}
	page := p.file[id*p.size:]
	n := 1 + uint64(binary.NativeEndian.Uint32(page[12:]))
	if binary.NativeEndian.Uint64(page) != id || !slices.Contains(kinds, kind(page)) || n > all-id {
		return nil, errPages
	}
	for i := id; i < id+n; i++ {
		if p.seen[i] {
			return nil, errPages
		}
		p.seen[i] = true
	}
	return page[:n*p.size], nil
}

func (p *pages) tree(id uint64) error {
	page, err := p.take(id, branchPage, leafPage)
	if err == nil {
		err = p.entries(page)
	}
	if err != nil {
		return fmt.Errorf("page %d: %w", id, err)
	}
	return nil
}

// entries looks at all that a page holds.
func (p *pages) entries(page []byte) error {
	if len(page) < pageHeader {
		return errPages
	}
	n := int(binary.NativeEndian.Uint16(page[10:]))
	if pageHeader+n*pageEntry > len(page) {
		return errPages
	}
	for i := range n {
		var err error
		at := page[pageHeader+i*pageEntry:]
		if kind(page) == leafPage {
			err = p.leaf(at)
		} else if _, ok := behind(at, at[:4], at[4:8]); ok {
			err = p.tree(binary.NativeEndian.Uint64(at[8:]))
		} else {
			err = errPages
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// leaf looks at an entry of a leaf: a key and a value, or a bucket, which is
// held there if it is small and has pages of its own if not.
func (p *pages) leaf(at []byte) error {
	rest, ok := behind(at, at[4:8], at[8:12])
	n := binary.NativeEndian.Uint32(at[12:])
	if !ok || uint64(n) > uint64(len(rest)) {
		return errPages
	}
	value := rest[:n]
	switch {
	case binary.NativeEndian.Uint32(at)&bucketEntry == 0:
		return nil
	case n < bucketHeader:
		return errPages
	}
	if root := binary.NativeEndian.Uint64(value); root != 0 {
		return p.tree(root)
	}
	if inner := value[bucketHeader:]; len(inner) >= pageHeader && kind(inner) == leafPage {
		return p.entries(inner)
	}
	return errPages
}

// behind returns what follows so many bytes that begin so far behind an
// entry's own beginning.
func behind(at, far, many []byte) (rest []byte, ok bool) {
	end := uint64(binary.NativeEndian.Uint32(far)) + uint64(binary.NativeEndian.Uint32(many))
	if end > uint64(len(at)) {
		return nil, false
	}
	return at[end:], true
}
