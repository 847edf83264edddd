package porttest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"purser/catalog"
)

// published returns an image that was published.
func published(t *testing.T, b UploadBench, sku string) catalog.Upload {
	t.Helper()
	u := begun(t, b, sku)
	recordRenditions(t, b, u.ID, sizes...)
	u, err := b.PublishUpload(t.Context(), u.ID, sizes)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// deletesPublished checks that the renditions stay visible until the record
// hides them, and that a delayed step cannot bring the image back.
func deletesPublished(t *testing.T, b UploadBench) {
	ctx, id := t.Context(), published(t, b, "mug").ID
	for range 2 {
		if u, err := b.DeleteUpload(ctx, id); err != nil || u.Status != catalog.Deleting || !u.Shown() {
			t.Fatalf("delete: %+v, %v", u, err)
		}
	}
	if err := b.UploadDeleted(ctx, id); err == nil {
		t.Error("deleted while its renditions are still visible")
	}
	for range 2 {
		if err := b.HideUpload(ctx, id); err != nil {
			t.Fatal(err)
		}
	}
	if u := wantUpload(t, b, id, catalog.Deleting, 0); u.Shown() {
		t.Errorf("hidden: %+v", u)
	}
	recordRenditions(t, b, id, sizes...) // a delayed step
	if u, err := b.PublishUpload(ctx, id, sizes); err != nil || u.Status != catalog.Deleting {
		t.Errorf("published: %+v, %v", u, err)
	}
	for range 2 {
		if err := b.UploadDeleted(ctx, id); err != nil {
			t.Fatal(err)
		}
	}
	wantUpload(t, b, id, catalog.Deleted, 0)
	if u, err := b.DeleteUpload(ctx, id); err != nil || u.Status != catalog.Deleted {
		t.Errorf("deleted again: %+v, %v", u, err)
	}
	if all, err := b.Uploads(ctx, "mug"); err != nil || len(all) != 0 {
		t.Errorf("it is listed: %+v, %v", all, err)
	}
}

// deletesAny checks that an unpublished image is hidden from the moment it is
// marked, and no longer counts as the product's once it is deleted.
func deletesAny(t *testing.T, b UploadBench) {
	ctx := t.Context()
	working, refused := begun(t, b, "mug"), begun(t, b, "mug")
	recordRenditions(t, b, working.ID, sizes...)
	if _, err := b.RefuseUpload(ctx, refused.ID, "broken", ""); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{working.ID, refused.ID, newUpload(t, b, "mug", 0).ID, newUpload(t, b, "mug", 2*time.Hour).ID} {
		if u, err := b.DeleteUpload(ctx, id); err != nil || u.Status != catalog.Deleting || u.Shown() {
			t.Errorf("delete: %+v, %v", u, err)
		}
		wantUpload(t, b, id, catalog.Deleting, 0)
		if _, err := b.BeginUpload(ctx, id); !errors.Is(err, catalog.ErrUploadOver) {
			t.Errorf("completed after the deletion: %v", err)
		}
	}
	for range catalog.MaxImages - 4 {
		newUpload(t, b, "mug", 0)
	}
	more, err := catalog.NewUpload("mug", "", "image/gif", 5, "k", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := b.CreateUpload(ctx, more); !errors.Is(err, catalog.ErrManyUploads) {
		t.Errorf("one image more than a product may have: %v", err)
	}
	if err := b.UploadDeleted(ctx, refused.ID); err != nil {
		t.Fatal(err)
	}
	if err := b.CreateUpload(ctx, more); err != nil {
		t.Errorf("in the place of a deleted image: %v", err)
	}
	if _, err := b.DeleteUpload(ctx, "img_none"); !errors.Is(err, catalog.ErrNoUpload) {
		t.Errorf("an image that never existed: %v", err)
	}
	if err := b.HideUpload(ctx, more.ID); err != nil {
		t.Errorf("hiding an image that is not being deleted: %v", err)
	}
	if err := b.UploadDeleted(ctx, more.ID); err == nil {
		t.Error("an image was deleted without a request")
	}
}

func findsDeleting(t *testing.T, b UploadBench) {
	ctx, soon := t.Context(), time.Now().Add(time.Hour)
	one, other := published(t, b, "mug"), newUpload(t, b, "tea", 0)
	for _, id := range []string{one.ID, other.ID} {
		if _, err := b.DeleteUpload(ctx, id); err != nil {
			t.Fatal(err)
		}
	}
	if ids, err := b.DeletingUploads(ctx, "mug", 10); err != nil || !slices.Equal(ids, []string{one.ID}) {
		t.Errorf("images of the mug: %v, %v", ids, err)
	}
	found, err := b.StrandedUploads(ctx, soon, 10)
	if err != nil || len(found) != 2 || found[0].Status != catalog.Deleting {
		t.Errorf("stranded: %+v, %v", found, err)
	}
	if err := b.UploadDeleted(ctx, other.ID); err != nil {
		t.Fatal(err)
	}
	if found, err := b.StrandedUploads(ctx, soon, 10); err != nil || len(found) != 1 || found[0].ID != one.ID {
		t.Errorf("stranded after one was deleted: %+v, %v", found, err)
	}
	if ids, err := b.DeletingUploads(ctx, "tea", 10); err != nil || len(ids) != 0 {
		t.Errorf("images of the tea: %v, %v", ids, err)
	}
}
