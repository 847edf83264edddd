//go:build !lean

package engine

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// simDisk simulates a directory's files as a power cut would leave them: all that
// was synced, and any part of the later writes. SQLite writes to it through a file
// system of our own (simVFS), walSync through open.
type simDisk struct {
	dir string

	mu     sync.Mutex
	files  map[string]*simFile // by base name
	broken error               // the error that the log's syncs fail with
	each   func()              // called after each change, with mu held
}

// simFile is one file. The real file holds the content of the system's memory.
type simFile struct {
	durable []byte
	pending []change // in the order of the writes
	synced  int      // how many have gone from pending to durable
}

// change is a write, or a truncation to at.
type change struct {
	at   int64
	data []byte // nil for a truncation
}

func newSimDisk(t testing.TB, dir string) *simDisk {
	d := &simDisk{dir: dir, files: map[string]*simFile{}, each: func() {}}
	simDisks.Store(dir, d)
	t.Cleanup(func() { simDisks.Delete(dir) })
	return d
}

// dsn returns a store's data source name on the simulated disk.
func (d *simDisk) dsn(s *sqliteStore, pragmas ...string) string {
	name := s.dsn() + "&vfs=" + simVFS()
	for _, p := range pragmas {
		name += "&_pragma=" + p
	}
	return name
}

func (d *simDisk) file(name string) *simFile {
	f := d.files[name]
	if f == nil {
		f = &simFile{}
		d.files[name] = f
	}
	return f
}

func (d *simDisk) change(name string, c change) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.file(name)
	f.pending = append(f.pending, c)
	d.each()
}

// sync writes to disk what was pending when it began.
func (d *simDisk) sync(name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.file(name).sync(len(d.file(name).pending))
	d.each()
}

func (d *simDisk) remove(name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.files, name)
	d.each()
}

func (f *simFile) sync(n int) {
	for _, c := range f.pending[:n] {
		f.durable = c.apply(f.durable)
	}
	f.pending = f.pending[n:]
	f.synced += n
}

func (c change) apply(b []byte) []byte {
	if c.data == nil {
		return b[:min(int(c.at), len(b))]
	}
	if end := int(c.at) + len(c.data); end > len(b) {
		b = append(b, make([]byte, end-len(b))...)
	}
	copy(b[c.at:], c.data)
	return b
}

// cut returns the content of all files after a power cut. mu must be held.
func (d *simDisk) cut(r *rand.Rand) map[string][]byte {
	left := map[string][]byte{}
	for name, f := range d.files {
		left[name] = f.cut(r)
	}
	return left
}

// cut returns the content of the file after a power cut: with none, all, the
// first or any of the pending changes, complete or in part.
func (f *simFile) cut(r *rand.Rand) []byte {
	b := bytes.Clone(f.durable)
	how, first := r.IntN(5), 0
	if len(f.pending) > 0 {
		first = r.IntN(len(f.pending) + 1)
	}
	for i, c := range f.pending {
		switch {
		case how == 0, how == 1 && i >= first, how == 3 && r.IntN(2) == 0, how == 4 && r.IntN(8) == 0:
			continue
		case how >= 3 && c.data != nil && r.IntN(2) == 0:
			b = c.torn(r, b)
		default:
			b = c.apply(b)
		}
	}
	return b
}

// torn writes only some of a change's sectors. The parts of a grown file that were
// not written keep their old content.
func (c change) torn(r *rand.Rand, b []byte) []byte {
	const sector = 512
	for at, data := c.at, c.data; len(data) > 0; {
		n := min(int(sector-at%sector), len(data))
		part := change{at, bytes.Clone(data[:n])}
		if r.IntN(2) == 0 {
			if at < int64(len(b)) {
				at, data = at+int64(n), data[n:]
				continue // the old content stays
			}
			for i := range part.data {
				part.data[i] = byte(r.Uint32())
			}
		}
		b = part.apply(b)
		at, data = at+int64(n), data[n:]
	}
	return b
}

// reboot returns the disk after the process, but not the system, has died: the
// system's memory keeps all writes, and the disk its content.
func (d *simDisk) reboot(t testing.TB) *simDisk {
	t.Helper()
	next := newSimDisk(t, t.TempDir())
	d.mu.Lock()
	defer d.mu.Unlock()
	for name, f := range d.files {
		inMemory, err := os.ReadFile(filepath.Join(d.dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(next.dir, name), inMemory, 0o600); err != nil {
			t.Fatal(err)
		}
		next.files[name] = &simFile{durable: bytes.Clone(f.durable), pending: append([]change(nil), f.pending...)}
	}
	return next
}

// open opens the log for walSync.
func (d *simDisk) open(name string) (logFile, error) {
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	return &simLog{File: f, disk: d, name: filepath.Base(name)}, nil
}

type simLog struct {
	*os.File
	disk *simDisk
	name string
}

func (l *simLog) WriteAt(b []byte, at int64) (int, error) {
	n, err := l.File.WriteAt(b, at)
	l.disk.change(l.name, change{at, bytes.Clone(b[:n])})
	return n, err
}

// datasync flushes what was written before it began. A failed one loses it, as on
// real systems: the pages stay in memory and count as written.
func (l *simLog) datasync() error {
	l.disk.mu.Lock()
	defer l.disk.mu.Unlock()
	f := l.disk.file(l.name)
	begun := f.synced + len(f.pending)
	l.disk.mu.Unlock()
	for range 20 {
		runtime.Gosched() // other callers write in the meantime
	}
	l.disk.mu.Lock()
	if l.disk.broken != nil {
		f.pending = nil
		return l.disk.broken
	}
	f.sync(max(0, begun-f.synced))
	l.disk.each()
	return nil
}

var (
	simDisks sync.Map // of *simDisk, by directory
	simFiles sync.Map // of *simOpen, by SQLite's handle
)

// simOpen is a file that SQLite has open.
type simOpen struct {
	disk *simDisk
	name string
	real *sqlite3.Tsqlite3_io_methods
}

// simVFS registers, once, a file system that calls SQLite's own and reports each
// change to the simDisk.
var simVFS = sync.OnceValue(func() string {
	const name = "simdisk"
	tls := libc.NewTLS()
	base := sqlite3.Xsqlite3_vfs_find(tls, 0)
	v := libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(sqlite3.Tsqlite3_vfs{})))
	vfs := at[sqlite3.Tsqlite3_vfs](v)
	*vfs = *at[sqlite3.Tsqlite3_vfs](base)
	simBase = *vfs
	vfs.FzName, _ = libc.CString(name)
	vfs.FxOpen, vfs.FxDelete = fp(simOpenFile), fp(simDelete)
	if rc := sqlite3.Xsqlite3_vfs_register(tls, v, 0); rc != 0 {
		panic(rc)
	}
	return name
})

var (
	simBase    sqlite3.Tsqlite3_vfs
	simMethods sync.Map // our methods, by SQLite's
)

// at returns a pointer to SQLite's memory at an address.
func at[T any](address uintptr) *T { return *(**T)(unsafe.Pointer(&address)) }

// fp converts a function to SQLite's representation, call converts it back.
func fp(f any) uintptr { return (*[2]uintptr)(unsafe.Pointer(&f))[1] }

func call[F any](p uintptr) F { return *(*F)(unsafe.Pointer(&struct{ uintptr }{p})) }

func simOpenFile(tls *libc.TLS, vfs, path, file uintptr, flags int32, out uintptr) int32 {
	rc := call[func(*libc.TLS, uintptr, uintptr, uintptr, int32, uintptr) int32](simBase.FxOpen)(tls, vfs, path, file, flags, out)
	if rc != 0 || path == 0 {
		return rc
	}
	name := libc.GoString(path)
	d, ok := simDisks.Load(filepath.Dir(name))
	if !ok {
		return rc
	}
	disk := d.(*simDisk)
	handle := at[sqlite3.Tsqlite3_file](file)
	methods := at[sqlite3.Tsqlite3_io_methods](handle.FpMethods)
	simFiles.Store(file, &simOpen{disk, filepath.Base(name), methods})
	ours, ok := simMethods.Load(handle.FpMethods)
	if !ok {
		m := libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(sqlite3.Tsqlite3_io_methods{})))
		clone := at[sqlite3.Tsqlite3_io_methods](m)
		*clone = *methods
		clone.FxWrite, clone.FxTruncate, clone.FxSync, clone.FxClose = fp(simWrite), fp(simTruncate), fp(simSync), fp(simClose)
		ours, _ = simMethods.LoadOrStore(handle.FpMethods, m)
	}
	handle.FpMethods = ours.(uintptr)
	disk.mu.Lock()
	disk.file(filepath.Base(name))
	disk.mu.Unlock()
	return rc
}

func simDelete(tls *libc.TLS, vfs, path uintptr, dirSync int32) int32 {
	rc := call[func(*libc.TLS, uintptr, uintptr, int32) int32](simBase.FxDelete)(tls, vfs, path, dirSync)
	name := libc.GoString(path)
	if d, ok := simDisks.Load(filepath.Dir(name)); ok && rc == 0 {
		d.(*simDisk).remove(filepath.Base(name))
	}
	return rc
}

func opened(file uintptr) *simOpen {
	o, _ := simFiles.Load(file)
	return o.(*simOpen)
}

func simWrite(tls *libc.TLS, file, data uintptr, n int32, offset int64) int32 {
	o := opened(file)
	rc := call[func(*libc.TLS, uintptr, uintptr, int32, int64) int32](o.real.FxWrite)(tls, file, data, n, offset)
	if rc == 0 {
		o.disk.change(o.name, change{offset, bytes.Clone(unsafe.Slice(at[byte](data), n))})
	}
	return rc
}

func simTruncate(tls *libc.TLS, file uintptr, size int64) int32 {
	o := opened(file)
	rc := call[func(*libc.TLS, uintptr, int64) int32](o.real.FxTruncate)(tls, file, size)
	if rc == 0 {
		o.disk.change(o.name, change{at: size})
	}
	return rc
}

func simSync(_ *libc.TLS, file uintptr, _ int32) int32 {
	o := opened(file)
	o.disk.sync(o.name)
	return 0
}

func simClose(tls *libc.TLS, file uintptr) int32 {
	o := opened(file)
	simFiles.Delete(file)
	return call[func(*libc.TLS, uintptr) int32](o.real.FxClose)(tls, file)
}
