package fake

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"purser/catalog"
	"purser/order"
)

// Objects is an object store in memory.
type Objects struct {
	// Fail, if set, is called before each call. If it fails, the call returns
	// its error and does nothing.
	Fail func(op, key string) error
	// Now returns the time; default time.Now.
	Now func() time.Time

	mu    sync.Mutex
	files map[string]file
	calls []string
}

type file struct {
	catalog.Object
	data []byte
}

func (o *Objects) call(op, key string) (unlock func(), err error) {
	if o.Fail != nil {
		if err := o.Fail(op, key); err != nil {
			return func() {}, err
		}
	}
	o.mu.Lock()
	o.calls = append(o.calls, op+" "+key)
	return o.mu.Unlock, nil
}

func (o *Objects) now() time.Time {
	if o.Now != nil {
		return o.Now()
	}
	return time.Now()
}

// Send stores a file as a browser does, and replaces an existing one.
func (o *Objects) Send(key, contentType string, data []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.write(catalog.Object{Key: key, Type: contentType}, data)
}

func (o *Objects) write(obj catalog.Object, data []byte) {
	if o.files == nil {
		o.files = map[string]file{}
	}
	obj.Bytes, obj.Modified = int64(len(data)), o.now()
	o.files[obj.Key] = file{obj, bytes.Clone(data)}
}

// Keys returns the keys of all files, in order.
func (o *Objects) Keys() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Sorted(maps.Keys(o.files))
}

// Calls returns the calls that Fail did not stop: "put images/…".
func (o *Objects) Calls() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.calls)
}

func noSuch(op, key string) error {
	return &order.ProviderError{Provider: "objects", Op: op, Kind: order.ErrNoSuch, Err: fmt.Errorf("no %s", key)}
}

// HeadObject implements images.ImageSource.
func (o *Objects) HeadObject(_ context.Context, key string) (catalog.Object, error) {
	unlock, err := o.call("head", key)
	defer unlock()
	if err != nil {
		return catalog.Object{}, err
	}
	f, ok := o.files[key]
	if !ok {
		return catalog.Object{}, noSuch("head", key)
	}
	return f.Object, nil
}

// GetObject implements images.ImageSource.
func (o *Objects) GetObject(_ context.Context, key string, most int64) ([]byte, error) {
	unlock, err := o.call("get", key)
	defer unlock()
	if err != nil {
		return nil, err
	}
	f, ok := o.files[key]
	if !ok {
		return nil, noSuch("get", key)
	}
	return bytes.Clone(f.data[:min(int64(len(f.data)), most+1)]), nil
}

// MoveObject implements images.ImageSource.
func (o *Objects) MoveObject(_ context.Context, from, to string) error {
	unlock, err := o.call("move", from)
	defer unlock()
	if err != nil {
		return err
	}
	f, ok := o.files[from]
	if _, moved := o.files[to]; !ok && moved {
		return nil
	}
	if !ok {
		return noSuch("move", from)
	}
	f.Key, f.Modified = to, o.now()
	o.files[to] = f
	delete(o.files, from)
	return nil
}

// PutObject implements images.ImageStore.
func (o *Objects) PutObject(_ context.Context, obj catalog.Object, data []byte) error {
	unlock, err := o.call("put", obj.Key)
	defer unlock()
	if err != nil {
		return err
	}
	if _, there := o.files[obj.Key]; !there {
		o.write(obj, data)
	}
	return nil
}

// ListObjects implements images.ImageStore.
func (o *Objects) ListObjects(_ context.Context, prefix, after string, limit int) ([]catalog.Object, error) {
	unlock, err := o.call("list", prefix)
	defer unlock()
	if err != nil {
		return nil, err
	}
	var found []catalog.Object
	for _, key := range slices.Sorted(maps.Keys(o.files)) {
		if strings.HasPrefix(key, prefix) && key > after && len(found) < limit {
			found = append(found, o.files[key].Object)
		}
	}
	return found, nil
}

// DeleteObject implements images.ImageStore.
func (o *Objects) DeleteObject(_ context.Context, key string) error {
	unlock, err := o.call("delete", key)
	defer unlock()
	if err == nil {
		delete(o.files, key)
	}
	return err
}
