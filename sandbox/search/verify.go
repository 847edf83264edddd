package search

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"

	"github.com/blevesearch/bleve/v2/util"
	bolt "go.etcd.io/bbolt"
)

// verify reads all that Bleve keeps in a folder and fails if any of it is
// damaged. Bleve trusts its files: it maps them into memory, and what is wrong
// in them ends the process, or leaves an index without its documents that says
// that it is well. So they are looked at before it sees them.
func verify(ctx context.Context, dir string) error {
	segments, err := segmentsOf(filepath.Join(dir, "store", "root.bolt"))
	if err != nil {
		return fmt.Errorf("root.bolt: %w", err)
	}
	for _, name := range segments {
		if err := verifySum(ctx, filepath.Join(dir, "store", name)); err != nil {
			return err
		}
	}
	return nil
}

// segmentsOf checks the list of what is in an index, and returns the names of
// the files that its newest state is made of.
func segmentsOf(path string) (names []string, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() == 0 { // Bolt would take it for a new one
		return nil, io.ErrUnexpectedEOF
	}
	err = safely(func() error {
		db, err := bolt.Open(path, 0o600, &bolt.Options{PreLoadFreelist: true})
		if err != nil {
			return err
		}
		err = db.View(func(tx *bolt.Tx) error {
			if tx.Size() > info.Size() {
				return fmt.Errorf("%d of %d bytes: %w", info.Size(), tx.Size(), io.ErrUnexpectedEOF)
			}
			file, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			if err := checkPages(tx, file); err != nil {
				return err
			}
			for wrong := range tx.Check() {
				err = errors.Join(err, wrong)
			}
			if err == nil {
				names, err = newest(tx.Bucket(util.BoltSnapshotsBucket))
			}
			return err
		})
		return errors.Join(err, db.Close())
	})
	return names, err
}

// newest are the segments of the last state. An index that nothing was ever
// written to has none.
func newest(states *bolt.Bucket) (names []string, err error) {
	if states == nil {
		return nil, nil
	}
	key, _ := states.Cursor().Last()
	if key == nil {
		return nil, nil
	}
	state := states.Bucket(key)
	if state == nil {
		return nil, fmt.Errorf("state %x is no state", key)
	}
	err = state.ForEachBucket(func(k []byte) error {
		if k[0] == util.BoltInternalKey[0] || k[0] == util.BoltMetaDataKey[0] {
			return nil
		}
		name := string(state.Bucket(k).Get(util.BoltPathKey))
		if name == "" || name != filepath.Base(name) {
			return fmt.Errorf("segment %x has no file", k)
		}
		names = append(names, name)
		return nil
	})
	return names, err
}

// verifySum compares a segment with the checksum it ends with.
func verifySum(ctx context.Context, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	sum, left, part := uint32(0), info.Size()-4, make([]byte, 1<<20)
	if left < 0 {
		return fmt.Errorf("%s: %w", path, io.ErrUnexpectedEOF)
	}
	for left > 0 && ctx.Err() == nil {
		n, err := io.ReadFull(f, part[:min(left, int64(len(part)))])
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		sum = crc32.Update(sum, crc32.IEEETable, part[:n])
		left -= int64(n)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if _, err := io.ReadFull(f, part[:4]); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if binary.BigEndian.Uint32(part) != sum {
		return fmt.Errorf("%s: checksum differs", path)
	}
	return nil
}

// safely turns a panic of f, and a fault of memory that is mapped to a file
// which is shorter than it was, into an error.
func safely(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("damaged: %v", p)
		}
	}()
	return f()
}
