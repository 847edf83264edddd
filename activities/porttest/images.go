package porttest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"purser/activities/images"
	"purser/catalog"
	"purser/order"
)

// UploadBench is the record of images under test.
type UploadBench interface {
	images.ImageRecord
	images.UploadSweeper
	CreateUpload(ctx context.Context, u catalog.Upload) error
	BeginUpload(ctx context.Context, id string) (catalog.Upload, error)
	Uploads(ctx context.Context, sku string) ([]catalog.Upload, error)
	DeleteUpload(ctx context.Context, id string) (catalog.Upload, error)
	DeletingUploads(ctx context.Context, sku string, limit int) ([]string, error)
}

// Uploads checks a record of images. open returns one that has only the
// products "mug" and "tea".
func Uploads(t *testing.T, open func(t *testing.T) UploadBench) {
	for name, check := range map[string]func(*testing.T, UploadBench){
		"IMG-3 an upload belongs to a product":                                      belongsToProduct,
		"IMG-9 all renditions are visible, or none":                                 publishesAllOrNone,
		"IMG-8 a refused image has the reason":                                      refusesWithReason,
		"F62 an upload that is not completed expires":                               expires,
		"F64 finished renditions are recorded":                                      remembersRenditions,
		"the number of a product's images is limited":                               boundsImages,
		"stranded uploads are found":                                                findsStranded,
		"an upload begins once":                                                     beginsOnce,
		"an unknown image is not found":                                             unknownUpload,
		"a published or refused image stays so":                                     staysDecided,
		"a product's images are listed, oldest first":                               listsUploads,
		"IMG-9 a deleted image is visible until its product no longer refers to it": deletesPublished,
		"IMG-4 an image can be deleted in every status":                             deletesAny,
		"an image is found whose deletion is stuck":                                 findsDeleting,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t, open(t))
		})
	}
}

var sizes = []string{"large", "medium", "small", "thumbnail"}

// newUpload records an upload that was created some time ago.
func newUpload(t *testing.T, b UploadBench, sku string, ago time.Duration) catalog.Upload {
	t.Helper()
	u, err := catalog.NewUpload(sku, "a mug", "image/jpeg", 1000, "shop-key", time.Now().Add(-ago))
	if err != nil {
		t.Fatal(err)
	}
	if err := b.CreateUpload(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	return u
}

func begun(t *testing.T, b UploadBench, sku string) catalog.Upload {
	t.Helper()
	u, err := b.BeginUpload(t.Context(), newUpload(t, b, sku, 0).ID)
	if err != nil || u.Status != catalog.Processing {
		t.Fatalf("begin: %+v, %v", u, err)
	}
	return u
}

func recordRenditions(t *testing.T, b UploadBench, id string, names ...string) {
	t.Helper()
	for i, name := range names {
		r := catalog.Rendition{Name: name, Key: catalog.RenditionKey(id, name, strings.Repeat("ab", 32), ".jpg"), Type: "image/jpeg", Width: 100 - i, Height: 50, Bytes: 123}
		if err := b.NoteRendition(t.Context(), id, 4000, 3000, r); err != nil {
			t.Fatal(err)
		}
	}
}

func wantUpload(t *testing.T, b UploadBench, id string, status catalog.UploadStatus, renditions int) catalog.Upload {
	t.Helper()
	u, err := b.Upload(t.Context(), id)
	if err != nil || u.Status != status || len(u.Renditions) != renditions {
		t.Fatalf("%+v, %v; want it %s with %d renditions", u, err, status, renditions)
	}
	return u
}

func belongsToProduct(t *testing.T, b UploadBench) {
	u, err := catalog.NewUpload("nothing", "", "image/png", 5, "k", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := b.CreateUpload(t.Context(), u); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("an upload without a product: %v", err)
	}
	want := newUpload(t, b, "mug", 0)
	got := wantUpload(t, b, want.ID, catalog.AwaitingUpload, 0)
	if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func publishesAllOrNone(t *testing.T, b UploadBench) {
	u := begun(t, b, "mug")
	recordRenditions(t, b, u.ID, sizes[:3]...)
	if _, err := b.PublishUpload(t.Context(), u.ID, sizes); err == nil {
		t.Error("three of four renditions were published")
	}
	wantUpload(t, b, u.ID, catalog.Processing, 3)
	recordRenditions(t, b, u.ID, sizes[3])
	for range 2 { // the first response was lost
		if p, err := b.PublishUpload(t.Context(), u.ID, sizes); err != nil || p.Status != catalog.Ready || len(p.Renditions) != 4 {
			t.Fatalf("publish: %+v, %v", p, err)
		}
	}
	p := wantUpload(t, b, u.ID, catalog.Ready, 4)
	if p.Width != 4000 || p.Height != 3000 || p.Published().Renditions[0].Name != "large" || p.Published().ID != u.ID {
		t.Errorf("published: %+v", p.Published())
	}
}

func refusesWithReason(t *testing.T, b UploadBench) {
	u := begun(t, b, "mug")
	for range 2 {
		if _, err := b.RefuseUpload(t.Context(), u.ID, "truncated", "it ends too early"); err != nil {
			t.Fatal(err)
		}
	}
	if r := wantUpload(t, b, u.ID, catalog.Refused, 0); r.Reason != "truncated" || r.Detail != "it ends too early" {
		t.Errorf("refused: %+v", r)
	}
}

func staysDecided(t *testing.T, b UploadBench) {
	refused, ready := begun(t, b, "mug"), begun(t, b, "mug")
	recordRenditions(t, b, ready.ID, sizes...)
	if _, err := b.RefuseUpload(t.Context(), refused.ID, "broken", ""); err != nil {
		t.Fatal(err)
	}
	if _, err := b.PublishUpload(t.Context(), ready.ID, sizes); err != nil {
		t.Fatal(err)
	}
	recordRenditions(t, b, refused.ID, "large")
	if _, err := b.PublishUpload(t.Context(), refused.ID, nil); err == nil {
		t.Error("a refused image was published")
	}
	if u, err := b.RefuseUpload(t.Context(), ready.ID, "broken", ""); err != nil || u.Status != catalog.Ready {
		t.Errorf("refusing a published image: %+v, %v", u, err)
	}
	wantUpload(t, b, refused.ID, catalog.Refused, 0)
	wantUpload(t, b, ready.ID, catalog.Ready, 4)
	for _, id := range []string{refused.ID, ready.ID} {
		before := wantAny(t, b, id)
		if u, err := b.BeginUpload(t.Context(), id); err != nil || u.Status != before.Status {
			t.Errorf("beginning again: %+v, %v", u, err)
		}
	}
}

func wantAny(t *testing.T, b UploadBench, id string) catalog.Upload {
	t.Helper()
	u, err := b.Upload(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func remembersRenditions(t *testing.T, b UploadBench) {
	u := begun(t, b, "mug")
	recordRenditions(t, b, u.ID, "large", "medium")
	recordRenditions(t, b, u.ID, "large") // made again by another attempt
	wantUpload(t, b, u.ID, catalog.Processing, 2)
}

func expires(t *testing.T, b UploadBench) {
	old, fresh := newUpload(t, b, "mug", 2*time.Hour), newUpload(t, b, "mug", 0)
	if _, err := b.BeginUpload(t.Context(), old.ID); !errors.Is(err, catalog.ErrUploadOver) {
		t.Errorf("completed two hours late: %v", err)
	}
	if err := b.ExpireUploads(t.Context(), time.Now().Add(-catalog.UploadGrace)); err != nil {
		t.Fatal(err)
	}
	wantUpload(t, b, old.ID, catalog.Expired, 0)
	wantUpload(t, b, fresh.ID, catalog.AwaitingUpload, 0)
	if _, err := b.BeginUpload(t.Context(), old.ID); !errors.Is(err, catalog.ErrUploadOver) {
		t.Errorf("completed after it expired: %v", err)
	}
}

func boundsImages(t *testing.T, b UploadBench) {
	var mu sync.Mutex
	var refused int
	var all sync.WaitGroup
	for range catalog.MaxImages + 4 {
		all.Go(func() {
			u, err := catalog.NewUpload("mug", "", "image/gif", 5, "k", time.Now())
			if err == nil {
				err = b.CreateUpload(t.Context(), u)
			}
			mu.Lock()
			defer mu.Unlock()
			switch {
			case errors.Is(err, catalog.ErrManyUploads):
				refused++
			case err != nil:
				t.Error(err)
			}
		})
	}
	all.Wait()
	if refused != 4 {
		t.Errorf("%d were refused, want 4", refused)
	}
	newUpload(t, b, "tea", 0)
}

func findsStranded(t *testing.T, b UploadBench) {
	waiting, working := newUpload(t, b, "mug", 0), begun(t, b, "mug")
	soon := time.Now().Add(time.Hour)
	if found, err := b.StrandedUploads(t.Context(), soon, 10); err != nil || len(found) != 1 || found[0].ID != working.ID {
		t.Errorf("stranded: %+v, %v", found, err)
	}
	if found, err := b.StrandedUploads(t.Context(), time.Now().Add(-time.Hour), 10); err != nil || len(found) != 0 {
		t.Errorf("stranded an hour ago: %+v, %v", found, err)
	}
	byID, err := b.UploadsByID(t.Context(), []string{waiting.ID, "img_none"})
	if err != nil || len(byID) != 1 || byID[waiting.ID].Key != waiting.Key {
		t.Errorf("by id: %+v, %v", byID, err)
	}
	byKey, err := b.UploadsByKey(t.Context(), []string{working.Key, "uploads/none"})
	if err != nil || len(byKey) != 1 || byKey[working.Key].ID != working.ID {
		t.Errorf("by key: %+v, %v", byKey, err)
	}
	if none, err := b.UploadsByID(t.Context(), nil); err != nil || len(none) != 0 {
		t.Errorf("by an empty list of ids: %+v, %v", none, err)
	}
}

func beginsOnce(t *testing.T, b UploadBench) {
	u := newUpload(t, b, "mug", 0)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if got, err := b.BeginUpload(t.Context(), u.ID); err != nil || got.Status != catalog.Processing {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
	all.Wait()
}

func unknownUpload(t *testing.T, b UploadBench) {
	ctx, r := t.Context(), catalog.Rendition{Name: "large", Key: "k"}
	_, upload := b.Upload(ctx, "img_none")
	_, begin := b.BeginUpload(ctx, "img_none")
	_, publish := b.PublishUpload(ctx, "img_none", nil)
	_, refuse := b.RefuseUpload(ctx, "img_none", "", "")
	for name, err := range map[string]error{"read": upload, "begin": begin, "publish": publish, "refuse": refuse, "note": b.NoteRendition(ctx, "img_none", 1, 1, r)} {
		if !errors.Is(err, catalog.ErrNoUpload) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func listsUploads(t *testing.T, b UploadBench) {
	second, first := newUpload(t, b, "mug", time.Minute), newUpload(t, b, "mug", time.Hour)
	newUpload(t, b, "tea", 0)
	all, err := b.Uploads(t.Context(), "mug")
	if err != nil || len(all) != 2 || all[0].ID != first.ID || all[1].ID != second.ID {
		t.Errorf("%+v, %v", all, err)
	}
}

// ObjectStore is the store under test.
type ObjectStore interface {
	images.ImageSource
	images.ImageStore
}

// Objects checks a store of images. All keys begin with the name of the test.
func Objects(t *testing.T, s ObjectStore) {
	ctx := t.Context()
	at := "porttest/" + t.Name() + "/"
	put := func(key, text string) {
		t.Helper()
		if err := s.PutObject(ctx, catalog.Object{Key: at + key, Type: "image/png", Bytes: int64(len(text))}, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("IMG-6 an existing file is not overwritten", func(t *testing.T) {
		put("a", "first")
		put("a", "second")
		b, err := s.GetObject(ctx, at+"a", 100)
		if err != nil || string(b) != "first" {
			t.Errorf("%q, %v", b, err)
		}
		o, err := s.HeadObject(ctx, at+"a")
		if err != nil || o.Key != at+"a" || o.Bytes != 5 || o.Type != "image/png" || time.Since(o.Modified).Abs() > time.Minute {
			t.Errorf("%+v, %v", o, err)
		}
	})
	t.Run("a file is not read beyond the limit", func(t *testing.T) {
		put("b", "0123456789")
		if b, err := s.GetObject(ctx, at+"b", 4); err != nil || string(b) != "01234" {
			t.Errorf("%q, %v", b, err)
		}
	})
	t.Run("a missing file", func(t *testing.T) {
		_, head := s.HeadObject(ctx, at+"none")
		_, get := s.GetObject(ctx, at+"none", 1)
		for name, err := range map[string]error{"head": head, "get": get, "move": s.MoveObject(ctx, at+"none", at+"nowhere")} {
			var p *order.ProviderError
			if !errors.As(err, &p) || !errors.Is(err, order.ErrNoSuch) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := s.DeleteObject(ctx, at+"none"); err != nil {
			t.Errorf("delete: %v", err)
		}
	})
	t.Run("moving a file again is harmless", func(t *testing.T) {
		put("c", "c")
		for range 2 {
			if err := s.MoveObject(ctx, at+"c", at+"d"); err != nil {
				t.Fatal(err)
			}
		}
		if b, err := s.GetObject(ctx, at+"d", 10); err != nil || string(b) != "c" {
			t.Errorf("%q, %v", b, err)
		}
		if _, err := s.HeadObject(ctx, at+"c"); !errors.Is(err, order.ErrNoSuch) {
			t.Errorf("at the old key: %v", err)
		}
	})
	t.Run("files are listed by key, page by page", func(t *testing.T) {
		var want, got []string
		for i := range 5 {
			key := fmt.Sprintf("list/%d", i)
			put(key, "x")
			want = append(want, at+key)
		}
		for after := ""; ; after = got[len(got)-1] {
			page, err := s.ListObjects(ctx, at+"list/", after, 2)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			for _, o := range page {
				got = append(got, o.Key)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}
