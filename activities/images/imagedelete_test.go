package images_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"purser/activities/fake"
	"purser/activities/images"
	"purser/activities/products"
	"purser/catalog"
	"purser/order"
)

// shown is an image that is published and on its product.
func (d *imageFixture) shown(t *testing.T) images.ImageRef {
	t.Helper()
	ctx, ref := context.Background(), d.sent(t, photo())
	for _, step := range []func(context.Context, images.ImageRef) (images.Verdict, error){d.TakeImage, d.RenderImage, d.PublishImage} {
		if v, err := step(ctx, ref); err != nil || v != (images.Verdict{}) {
			t.Fatalf("%+v, %v", v, err)
		}
	}
	if err := d.AttachImage(ctx, ref); err != nil {
		t.Fatal(err)
	}
	return ref
}

// discarded is one that is to be deleted.
func (d *imageFixture) discarded(t *testing.T, ref images.ImageRef) images.ImageRef {
	t.Helper()
	if _, err := d.record.DeleteUpload(t.Context(), ref.ID); err != nil {
		t.Fatal(err)
	}
	return ref
}

func (d *imageFixture) shows(t *testing.T, ref images.ImageRef) bool {
	t.Helper()
	now, err := d.record.Stocked(t.Context(), []string{"mug-blue"})
	if err != nil {
		t.Fatal(err)
	}
	return now["mug-blue"].Shows(ref.ID)
}

// TestDeleteImage (IMG-9): off the product first, then every file, also one
// that was never noted; another image's files stay. Every step done again
// changes nothing.
func TestDeleteImage(t *testing.T) {
	d, ctx := newImageFixture(), context.Background()
	other := d.shown(t)
	stay := d.store.Keys()
	ref := d.shown(t)
	orphan := catalog.RenditionKey(ref.ID, "large", strings.Repeat("a", 64), ".jpg")
	d.store.Send(orphan, "image/jpeg", nil)
	d.store.Send(d.upload(t, ref.ID).Key, "image/jpeg", []byte("sent once more"))

	w, err := d.WithdrawImage(ctx, ref)
	want(t, "one that nobody deletes", w, err, images.Withdrawal{Over: true})
	d.discarded(t, ref)
	for range 2 {
		w, err := d.WithdrawImage(ctx, ref)
		want(t, "withdraw", w, err, images.Withdrawal{SKU: "mug-blue", Shown: true})
	}
	if d.shows(t, ref) || !d.shows(t, other) {
		t.Error("the product shows the one, or not the other")
	}
	if notified := d.record.Notifications(); len(notified) != 3 || notified[2].DropImage != ref.ID {
		t.Errorf("notified: %+v", notified)
	}
	swept, err := d.RemoveImage(ctx, ref)
	if err != nil || swept.Deleted != 6 { // four sizes, the stray one, the original
		t.Errorf("remove: %+v, %v", swept, err)
	}
	if got := d.store.Keys(); !slices.Equal(got, stay) {
		t.Errorf("left: %v, want %v", got, stay)
	}
	if u := d.upload(t, ref.ID); u.Status != catalog.Deleted || u.Shown() {
		t.Errorf("recorded: %+v", u)
	}
	before := len(d.store.Calls())
	w, err = d.WithdrawImage(ctx, ref)
	want(t, "withdraw again", w, err, images.Withdrawal{Over: true})
	if _, err := d.RemoveImage(ctx, ref); err != nil || len(d.store.Calls()) != before {
		t.Errorf("remove again: %v, %v", d.store.Calls()[before:], err)
	}
	if err := d.AttachImage(ctx, ref); err != nil || d.shows(t, ref) {
		t.Errorf("a step that was held up brought it back: %v", err)
	}
}

// stubborn refuses changes, and remembers under which ID it did, as the record
// does.
type stubborn struct {
	*fake.Uploads
	refuses bool
	refused map[string]bool
}

func (s *stubborn) ChangeProduct(ctx context.Context, sku string, c catalog.Change) (catalog.Stocked, error) {
	if s.refuses || s.refused[c.ID] {
		s.refused[c.ID] = true
		return catalog.Stocked{}, catalog.ErrInvalid
	}
	return s.Uploads.ChangeProduct(ctx, sku, c)
}

// TestDeleteImageOfARefusedProduct: a product that the record would not have
// changed is asked again once it has moved on.
func TestDeleteImageOfARefusedProduct(t *testing.T) {
	d, ctx := newImageFixture(), context.Background()
	ref := d.discarded(t, d.shown(t))
	record := &stubborn{d.record, true, map[string]bool{}}
	d.Notifier = record
	if _, err := d.WithdrawImage(ctx, ref); err == nil {
		t.Error("it was refused, and is done")
	}
	if record.refuses = false; d.record.NotifyProduct(ctx, "mug-blue", catalog.Change{ID: "mended"}) != nil {
		t.Fatal("not notified")
	}
	if _, err := d.WithdrawImage(ctx, ref); err != nil || d.shows(t, ref) {
		t.Errorf("still shown: %v", err)
	}
}

// TestDeleteImageResumes (RES-13): an attempt that dies between two files
// leaves the rest to the next; the image is hidden from the first on, and
// gone only when all are.
func TestDeleteImageResumes(t *testing.T) {
	d, ctx := newImageFixture(), context.Background()
	ref := d.discarded(t, d.shown(t))
	left := 3
	d.store.Fail = func(op, _ string) error {
		if op != "delete" {
			return nil
		}
		if left--; left < 0 {
			return &order.ProviderError{Provider: "s3", Op: op, Kind: order.ErrUnavailable}
		}
		return nil
	}
	if _, err := d.RemoveImage(ctx, ref); err == nil {
		t.Fatal("it did not die")
	}
	if u := d.upload(t, ref.ID); u.Status != catalog.Deleting || u.Shown() {
		t.Errorf("half deleted: %+v", u)
	}
	if s, err := d.SweepImages(ctx, images.Sweep{}); err != nil || len(s.Deleting) != 0 {
		t.Errorf("taken up at once: %+v, %v", s, err)
	}
	d.store.Fail, d.now = nil, d.now.Add(20*time.Minute)
	if s, err := d.SweepImages(ctx, images.Sweep{}); err != nil || !slices.Equal(s.Deleting, []string{ref.ID}) || len(s.Stranded) != 0 {
		t.Errorf("taken up later: %+v, %v", s, err)
	}
	if _, err := d.RemoveImage(ctx, ref); err != nil || len(d.store.Keys()) != 0 {
		t.Errorf("left: %v, %v", d.store.Keys(), err)
	}
}

// TestSweepKeepsWhatIsShown: the files of an image that is being deleted are
// its workflow's to remove, however old they are; what turns up after it is
// gone was written by a step that had been taken for lost, and goes at once.
func TestSweepKeepsWhatIsShown(t *testing.T) {
	d, ctx := newImageFixture(), context.Background()
	ref := d.discarded(t, d.shown(t))
	u := d.upload(t, ref.ID)
	all := d.store.Keys()
	d.now = d.now.Add(100 * 24 * time.Hour)
	if _, err := d.SweepImages(ctx, images.Sweep{}); err != nil || !slices.Equal(d.store.Keys(), all) {
		t.Errorf("left %v, %v, want %v", d.store.Keys(), err, all)
	}
	if _, err := d.RemoveImage(ctx, ref); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{u.Renditions[0].Key, u.OriginalKey(), u.QuarantineKey(), u.Key} {
		d.store.Send(key, "image/jpeg", nil)
	}
	if s, err := d.SweepImages(ctx, images.Sweep{}); err != nil || s.Deleted != 4 || len(d.store.Keys()) != 0 {
		t.Errorf("%+v, %v; left: %v", s, err, d.store.Keys())
	}
}

// deleter notes what it is asked to delete.
type deleter struct {
	asked []string
	fail  error
}

func (d *deleter) DeleteImagesOf(_ context.Context, sku string) error {
	if d.fail != nil {
		return d.fail
	}
	d.asked = append(d.asked, sku)
	return nil
}

// TestDeletedProductDiscardsImages (IMG-4): the step that deletes a product
// has its images deleted, and is not done before that is certain.
func TestDeletedProductDiscardsImages(t *testing.T) {
	d, ctx := newImageFixture(), context.Background()
	d.discarded(t, d.shown(t)) // as the record marks it with the product
	other := &deleter{fail: errors.New("the engine is away")}
	a := &products.Activities{Products: &fake.Catalogue{}, ProductImages: d.record, ImageDeleter: other}
	mug := catalog.Product{SKU: "mug-blue", Name: "Mug", Price: 1450, Currency: "EUR"}
	change := products.ProductChanges{SKU: "mug-blue", Changes: []catalog.Change{{ID: "1", Put: &mug}, {ID: "2", Delete: true}}}
	if _, err := a.ChangeProduct(ctx, change); err == nil {
		t.Error("done, though nobody deletes the images")
	}
	other.fail = nil
	out, err := a.ChangeProduct(ctx, change)
	if err != nil || len(out) != 2 || out[1].Failure != "" || !slices.Equal(other.asked, []string{"mug-blue"}) {
		t.Errorf("%+v, %v; asked %v", out, err, other.asked)
	}
	refused := products.ProductChanges{SKU: "tea", Changes: []catalog.Change{{ID: "3", Delete: true}}}
	if out, err := a.ChangeProduct(ctx, refused); err != nil || out[0].Failure == "" || len(other.asked) != 1 {
		t.Errorf("refused: %+v, %v; asked %v", out, err, other.asked)
	}
}
