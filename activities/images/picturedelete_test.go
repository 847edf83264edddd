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

// shown is a picture that is published and on its product.
func (d *darkroom) shown(t *testing.T) images.PictureRef {
	t.Helper()
	ctx, ref := context.Background(), d.sent(t, photo())
	for _, step := range []func(context.Context, images.PictureRef) (images.Verdict, error){d.TakePicture, d.RenderPicture, d.PublishPicture} {
		if v, err := step(ctx, ref); err != nil || v != (images.Verdict{}) {
			t.Fatalf("%+v, %v", v, err)
		}
	}
	if err := d.TellPicture(ctx, ref); err != nil {
		t.Fatal(err)
	}
	return ref
}

// discarded is one that is to be deleted.
func (d *darkroom) discarded(t *testing.T, ref images.PictureRef) images.PictureRef {
	t.Helper()
	if _, err := d.record.DeleteUpload(t.Context(), ref.ID); err != nil {
		t.Fatal(err)
	}
	return ref
}

func (d *darkroom) shows(t *testing.T, ref images.PictureRef) bool {
	t.Helper()
	now, err := d.record.Stocked(t.Context(), []string{"mug-blue"})
	if err != nil {
		t.Fatal(err)
	}
	return now["mug-blue"].Shows(ref.ID)
}

// TestDeletePicture (IMG-9): off the product first, then every file, also one
// that was never noted; another picture's files stay. Every step done again
// changes nothing.
func TestDeletePicture(t *testing.T) {
	d, ctx := newDarkroom(), context.Background()
	other := d.shown(t)
	stay := d.store.Keys()
	ref := d.shown(t)
	stray := catalog.RenditionKey(ref.ID, "large", strings.Repeat("a", 64), ".jpg")
	d.store.Send(stray, "image/jpeg", nil)
	d.store.Send(d.upload(t, ref.ID).Key, "image/jpeg", []byte("sent once more"))

	w, err := d.WithdrawPicture(ctx, ref)
	want(t, "one that nobody deletes", w, err, images.Withdrawal{Over: true})
	d.discarded(t, ref)
	for range 2 {
		w, err := d.WithdrawPicture(ctx, ref)
		want(t, "withdraw", w, err, images.Withdrawal{SKU: "mug-blue", Shown: true})
	}
	if d.shows(t, ref) || !d.shows(t, other) {
		t.Error("the product shows the one, or not the other")
	}
	if told := d.record.Told(); len(told) != 3 || told[2].DropPicture != ref.ID {
		t.Errorf("told: %+v", told)
	}
	swept, err := d.RemovePicture(ctx, ref)
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
	w, err = d.WithdrawPicture(ctx, ref)
	want(t, "withdraw again", w, err, images.Withdrawal{Over: true})
	if _, err := d.RemovePicture(ctx, ref); err != nil || len(d.store.Calls()) != before {
		t.Errorf("remove again: %v, %v", d.store.Calls()[before:], err)
	}
	if err := d.TellPicture(ctx, ref); err != nil || d.shows(t, ref) {
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

// TestDeletePictureOfARefusedProduct: a product that the record would not have
// changed is asked anew once it has moved on.
func TestDeletePictureOfARefusedProduct(t *testing.T) {
	d, ctx := newDarkroom(), context.Background()
	ref := d.discarded(t, d.shown(t))
	record := &stubborn{d.record, true, map[string]bool{}}
	d.Teller = record
	if _, err := d.WithdrawPicture(ctx, ref); err == nil {
		t.Error("it was refused, and is done")
	}
	if record.refuses = false; d.record.TellProduct(ctx, "mug-blue", catalog.Change{ID: "mended"}) != nil {
		t.Fatal("not told")
	}
	if _, err := d.WithdrawPicture(ctx, ref); err != nil || d.shows(t, ref) {
		t.Errorf("still shown: %v", err)
	}
}

// TestDeletePictureResumes (RES-13): an attempt that dies between two files
// leaves the rest to the next; the picture is hidden from the first on, and
// gone only when all are.
func TestDeletePictureResumes(t *testing.T) {
	d, ctx := newDarkroom(), context.Background()
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
	if _, err := d.RemovePicture(ctx, ref); err == nil {
		t.Fatal("it did not die")
	}
	if u := d.upload(t, ref.ID); u.Status != catalog.Deleting || u.Shown() {
		t.Errorf("half deleted: %+v", u)
	}
	if s, err := d.SweepPictures(ctx); err != nil || len(s.Deleting) != 0 {
		t.Errorf("taken up at once: %+v, %v", s, err)
	}
	d.store.Fail, d.now = nil, d.now.Add(20*time.Minute)
	if s, err := d.SweepPictures(ctx); err != nil || !slices.Equal(s.Deleting, []string{ref.ID}) || len(s.Stranded) != 0 {
		t.Errorf("taken up later: %+v, %v", s, err)
	}
	if _, err := d.RemovePicture(ctx, ref); err != nil || len(d.store.Keys()) != 0 {
		t.Errorf("left: %v, %v", d.store.Keys(), err)
	}
}

// TestSweepKeepsWhatIsShown: the files of a picture that is being deleted are
// its workflow's to remove, however old they are; what turns up after it is
// gone was written by a step that had been taken for lost, and goes at once.
func TestSweepKeepsWhatIsShown(t *testing.T) {
	d, ctx := newDarkroom(), context.Background()
	ref := d.discarded(t, d.shown(t))
	u := d.upload(t, ref.ID)
	all := d.store.Keys()
	d.now = d.now.Add(100 * 24 * time.Hour)
	if _, err := d.SweepPictures(ctx); err != nil || !slices.Equal(d.store.Keys(), all) {
		t.Errorf("left %v, %v, want %v", d.store.Keys(), err, all)
	}
	if _, err := d.RemovePicture(ctx, ref); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{u.Renditions[0].Key, u.OriginalKey(), u.QuarantineKey(), u.Key} {
		d.store.Send(key, "image/jpeg", nil)
	}
	if s, err := d.SweepPictures(ctx); err != nil || s.Deleted != 4 || len(d.store.Keys()) != 0 {
		t.Errorf("%+v, %v; left: %v", s, err, d.store.Keys())
	}
}

// deleter notes what it is asked to delete.
type deleter struct {
	asked []string
	fail  error
}

func (d *deleter) DeletePicturesOf(_ context.Context, sku string) error {
	if d.fail != nil {
		return d.fail
	}
	d.asked = append(d.asked, sku)
	return nil
}

// TestDeletedProductDiscardsPictures (IMG-4): the step that deletes a product
// has its pictures deleted, and is not done before that is certain.
func TestDeletedProductDiscardsPictures(t *testing.T) {
	d, ctx := newDarkroom(), context.Background()
	d.discarded(t, d.shown(t)) // as the record marks it with the product
	other := &deleter{fail: errors.New("the engine is away")}
	a := &products.Activities{Products: &fake.Catalogue{}, ProductPictures: d.record, PictureDeleter: other}
	mug := catalog.Product{SKU: "mug-blue", Name: "Mug", Price: 1450, Currency: "EUR"}
	change := products.ProductChanges{SKU: "mug-blue", Changes: []catalog.Change{{ID: "1", Put: &mug}, {ID: "2", Delete: true}}}
	if _, err := a.ChangeProduct(ctx, change); err == nil {
		t.Error("done, though nobody deletes the pictures")
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
