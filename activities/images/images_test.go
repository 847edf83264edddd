package images_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"image"
	"image/jpeg"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.temporal.io/sdk/temporal"

	"purser/activities"
	"purser/activities/fake"
	"purser/activities/images"
	"purser/catalog"
	pixels "purser/images"
	"purser/order"
)

// photo is a small image: the steps are tested here, not the pixels.
var photo = sync.OnceValue(func() []byte {
	m := image.NewGray(image.Rect(0, 0, 480, 320))
	for i := range m.Pix {
		m.Pix[i] = byte(i / 320)
	}
	var b bytes.Buffer
	_ = jpeg.Encode(&b, m, nil) // to memory: never fails
	return b.Bytes()
})

// imageFixture is where an image is worked on: the real steps over fakes.
type imageFixture struct {
	*images.Activities
	store  *fake.Objects
	record *fake.Uploads
	now    time.Time
}

func newImageFixture() *imageFixture {
	d := &imageFixture{now: time.Now()}
	clock := func() time.Time { return d.now }
	d.store, d.record = &fake.Objects{Now: clock}, &fake.Uploads{Now: clock}
	d.Activities = &images.Activities{Source: d.store, Store: d.store, Record: d.record, Sweeper: d.record, Notifier: d.record, Products: d.record, Now: clock}
	return d
}

// sent is an image that was announced, sent and called complete.
func (d *imageFixture) sent(t *testing.T, file []byte) images.ImageRef {
	t.Helper()
	u := d.announced(t, int64(len(file)))
	d.store.Send(u.Key, u.Type, file)
	if _, err := d.record.BeginUpload(t.Context(), u.ID); err != nil {
		t.Fatal(err)
	}
	return images.ImageRef{ID: u.ID}
}

func (d *imageFixture) announced(t *testing.T, bytes int64) catalog.Upload {
	t.Helper()
	u, err := catalog.NewUpload("mug-blue", "a mug", "image/jpeg", bytes, "shop", d.now)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.record.CreateUpload(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	return u
}

func (d *imageFixture) upload(t *testing.T, id string) catalog.Upload {
	t.Helper()
	u, err := d.record.Upload(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func want[T comparable](t *testing.T, what string, got T, err error, want T) {
	t.Helper()
	if err != nil || got != want {
		t.Errorf("%s: got %+v, %v, want %+v", what, got, err, want)
	}
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// puts are the sizes that were written, in order.
func (d *imageFixture) puts() (sizes []string) {
	for _, c := range d.store.Calls() {
		if key, ok := strings.CutPrefix(c, "put "+catalog.RenditionPrefix); ok {
			_, file, _ := strings.Cut(key, "/")
			size, _, _ := strings.Cut(file, "-")
			sizes = append(sizes, size)
		}
	}
	return sizes
}

// TestImageSteps is IMG-4, IMG-5, IMG-6 and IMG-9: taken, made in four
// sizes, shown at once, told of. Every step done again changes nothing.
func TestImageSteps(t *testing.T) {
	d, ctx := newImageFixture(), context.Background()
	ref := d.sent(t, photo())
	for range 2 {
		v, err := d.TakeImage(ctx, ref)
		want(t, "take", v, err, images.Verdict{})
		v, err = d.RenderImage(ctx, ref)
		want(t, "render", v, err, images.Verdict{})
		if u := d.upload(t, ref.ID); u.Status != catalog.Processing {
			t.Errorf("shown before it is published: %+v", u)
		}
	}
	for range 2 {
		v, err := d.PublishImage(ctx, ref)
		want(t, "publish", v, err, images.Verdict{})
		if err := d.AttachImage(ctx, ref); err != nil {
			t.Error(err)
		}
	}
	u := d.upload(t, ref.ID)
	if u.Status != catalog.Ready || u.Width != 480 || u.Height != 320 || len(u.Renditions) != 4 {
		t.Errorf("published: %+v", u)
	}
	for _, r := range u.Renditions {
		b, err := d.store.GetObject(ctx, r.Key, 1<<20)
		if err != nil || int64(len(b)) != r.Bytes || r.Key != catalog.RenditionKey(u.ID, r.Name, digest(b), ".jpg") {
			t.Errorf("%+v: %d bytes, %v", r, len(b), err)
		}
	}
	if got := d.puts(); !slices.Equal(got, []string{"large", "medium", "small", "thumbnail"}) {
		t.Errorf("written: %v", got)
	}
	notified := d.record.Notifications()
	if len(notified) != 2 || notified[0].ID != notified[1].ID || notified[0].AddImage.ID != u.ID || len(notified[0].AddImage.Renditions) != 4 {
		t.Errorf("notified: %+v", notified)
	}
	for _, step := range []func(context.Context, images.ImageRef) (images.Verdict, error){d.TakeImage, d.RenderImage} {
		v, err := step(ctx, ref)
		want(t, "after it is decided", v, err, images.Verdict{Over: true})
	}
}

// TestRenderImageResumes is F64: an attempt that dies between two sizes
// leaves the rest, and nothing else, to the next.
func TestRenderImageResumes(t *testing.T) {
	d, ctx := newImageFixture(), context.Background()
	ref := d.sent(t, photo())
	if _, err := d.TakeImage(ctx, ref); err != nil {
		t.Fatal(err)
	}
	away := &order.ProviderError{Provider: "s3", Op: "put", Kind: order.ErrUnavailable}
	for _, dies := range []string{"large", "medium", "thumbnail"} {
		d.store.Fail = func(op, key string) error {
			if op == "put" && strings.Contains(key, "/"+dies+"-") {
				return away
			}
			return nil
		}
		_, err := d.RenderImage(ctx, ref)
		var app *temporal.ApplicationError
		if !errors.As(err, &app) || app.NonRetryable() || app.Type() != activities.FailureUnavailable {
			t.Fatalf("dies at %s: %v", dies, err)
		}
	}
	d.store.Fail = nil
	v, err := d.RenderImage(ctx, ref)
	want(t, "resumed", v, err, images.Verdict{})
	if got := d.puts(); !slices.Equal(got, []string{"large", "medium", "small", "thumbnail"}) {
		t.Errorf("written: %v, want each once", got)
	}
	before := len(d.store.Calls())
	v, err = d.RenderImage(ctx, ref)
	want(t, "again", v, err, images.Verdict{})
	if got := d.store.Calls()[before:]; len(got) != 0 {
		t.Errorf("nothing was missing, but it did %v", got)
	}
}

// TestImageRefusals is IMG-8, F59, F60 and F61: what is wrong with a file is an
// outcome with a reason, and the file goes where nothing shows it.
func TestImageRefusals(t *testing.T) {
	ctx := context.Background()
	for name, tt := range map[string]struct {
		file   []byte // what is sent
		bytes  int64  // what was announced; 0: as many
		kind   string // what it is sent as; "": as announced
		reason string
	}{
		"a bomb":       {file: []byte("GIF89a\xff\xff\xff\xff\x00\x00\x00;"), reason: "too_many_pixels"},
		"a page":       {file: []byte("<html><script>alert(1)</script>"), reason: "unknown_type"},
		"half a photo": {file: photo()[:len(photo())/2], reason: "truncated"},
		"other bytes":  {file: photo(), bytes: 12, reason: images.ReasonUnannounced},
		"other type":   {file: photo(), kind: "text/html", reason: images.ReasonUnannounced},
		"another name": {file: photo()[:len(photo())/2], kind: "IMAGE/PJPEG", reason: "truncated"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newImageFixture()
			announced := tt.bytes
			if announced == 0 {
				announced = int64(len(tt.file))
			}
			u := d.announced(t, announced)
			kind := tt.kind
			if kind == "" {
				kind = u.Type
			}
			d.store.Send(u.Key, kind, tt.file)
			if _, err := d.record.BeginUpload(ctx, u.ID); err != nil {
				t.Fatal(err)
			}
			ref := images.ImageRef{ID: u.ID}
			v, err := d.TakeImage(ctx, ref)
			if err == nil && v.Reason == "" {
				v, err = d.RenderImage(ctx, ref)
			}
			if err != nil || v.Reason != tt.reason || v.Detail == "" {
				t.Fatalf("%+v, %v, want %s", v, err, tt.reason)
			}
			for range 2 {
				if err := d.RefuseImage(ctx, images.ImageRefusal{ID: u.ID, Reason: v.Reason, Detail: v.Detail}); err != nil {
					t.Fatal(err)
				}
			}
			if keys := d.store.Keys(); !slices.Equal(keys, []string{u.QuarantineKey()}) {
				t.Errorf("left: %v", keys)
			}
			if got := d.upload(t, u.ID); got.Status != catalog.Refused || got.Reason != tt.reason {
				t.Errorf("recorded: %+v", got)
			}
		})
	}
	d := newImageFixture()
	u := d.announced(t, 10)
	if _, err := d.record.BeginUpload(ctx, u.ID); err != nil {
		t.Fatal(err)
	}
	v, err := d.TakeImage(ctx, images.ImageRef{ID: u.ID})
	want(t, "nothing sent", v, err, images.Verdict{Reason: images.ReasonMissing, Detail: "nothing was uploaded"})
}

// TestTakenIsTaken: the browser may write to its key for a while yet; what it
// sends after the look changes nothing.
func TestTakenIsTaken(t *testing.T) {
	d, ctx := newImageFixture(), context.Background()
	ref := d.sent(t, photo())
	if _, err := d.TakeImage(ctx, ref); err != nil {
		t.Fatal(err)
	}
	d.store.Send(d.upload(t, ref.ID).Key, "image/jpeg", []byte("something else"))
	v, err := d.RenderImage(ctx, ref)
	want(t, "render", v, err, images.Verdict{})
	b, err := d.store.GetObject(ctx, d.upload(t, ref.ID).OriginalKey(), 1<<20)
	if err != nil || !bytes.Equal(b, photo()) {
		t.Errorf("%d bytes, %v", len(b), err)
	}
}

// TestSweepImages is IMG-4 and F62: what is left over goes, in its time;
// what is in use or on its way stays.
func TestSweepImages(t *testing.T) {
	d, ctx := newImageFixture(), context.Background()
	ready := d.sent(t, photo())
	for _, step := range []func(context.Context, images.ImageRef) (images.Verdict, error){d.TakeImage, d.RenderImage, d.PublishImage} {
		if v, err := step(ctx, ready); err != nil || v != (images.Verdict{}) {
			t.Fatal(v, err)
		}
	}
	refused := d.sent(t, []byte("no image"))
	if _, err := d.TakeImage(ctx, refused); err != nil {
		t.Fatal(err)
	}
	d.store.Send(catalog.RenditionKey(refused.ID, "large", strings.Repeat("a", 64), ".jpg"), "image/jpeg", []byte("half done"))
	if err := d.RefuseImage(ctx, images.ImageRefusal{ID: refused.ID, Reason: "broken"}); err != nil {
		t.Fatal(err)
	}
	d.store.Send(d.upload(t, ready.ID).Key, "image/jpeg", []byte("sent once more"))
	never := d.announced(t, 10)
	d.store.Send(never.Key, "image/jpeg", []byte("never done"))
	d.store.Send("uploads/2020/01/01/unknown", "image/jpeg", nil)
	d.store.Send("images/"+never.ID[:20]+"/large-x.jpg", "image/jpeg", nil)
	d.store.Send("elsewhere/kept", "text/plain", nil)
	shown := d.upload(t, ready.ID)
	kept := []string{"elsewhere/kept", shown.OriginalKey()}
	for _, r := range shown.Renditions {
		kept = append(kept, r.Key)
	}
	sweep := func(after time.Duration, also ...string) {
		t.Helper()
		d.now = d.now.Add(after)
		if _, err := d.SweepImages(ctx, images.Sweep{}); err != nil {
			t.Fatal(err)
		}
		all := slices.Sorted(slices.Values(append(slices.Clone(kept), also...)))
		if got := d.store.Keys(); !slices.Equal(got, all) {
			t.Errorf("after %s: left %v, want %v", after, got, all)
		}
	}
	quarantine := d.upload(t, refused.ID).QuarantineKey()
	half := catalog.RenditionKey(refused.ID, "large", strings.Repeat("a", 64), ".jpg")
	orphans := []string{"uploads/2020/01/01/unknown", "images/" + never.ID[:20] + "/large-x.jpg"}
	sweep(0, append(orphans, quarantine, half, never.Key)...) // only what was sent once more
	sweep(2*time.Hour, append(orphans, quarantine, half)...)  // the upload is over
	sweep(24*time.Hour, quarantine)
	sweep(30 * 24 * time.Hour)
}

func TestSweepFindsStranded(t *testing.T) {
	d, ctx := newImageFixture(), context.Background()
	ref := d.sent(t, []byte("x"))
	if s, err := d.SweepImages(ctx, images.Sweep{}); err != nil || len(s.Stranded) != 0 {
		t.Errorf("at once: %+v, %v", s, err)
	}
	d.now = d.now.Add(20 * time.Minute)
	if s, err := d.SweepImages(ctx, images.Sweep{}); err != nil || !slices.Equal(s.Stranded, []string{ref.ID}) {
		t.Errorf("later: %+v, %v", s, err)
	}
}

// TestTypesAgree: what may be announced is what can be looked at, and as much
// of it.
func TestTypesAgree(t *testing.T) {
	var formats []string
	for _, f := range pixels.Formats() {
		formats = append(formats, string(f))
	}
	if !slices.Equal(formats, catalog.UploadTypes()) || pixels.MaxBytes != catalog.MaxUpload {
		t.Errorf("%v of %d bytes, %v of %d", formats, pixels.MaxBytes, catalog.UploadTypes(), catalog.MaxUpload)
	}
}
