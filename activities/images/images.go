// Package images has the activities that make, show and delete the images of
// products.
package images

import (
	"context"
	"errors"
	"time"

	"purser/activities"
	"purser/catalog"
	pixels "purser/images"
	"purser/order"
)

// Activities are the steps of an image's workflow, on a task queue of their
// own: decoding takes memory, so only so many run at once.
type Activities struct {
	Source   ImageSource
	Store    ImageStore
	Record   ImageRecord
	Sweeper  UploadSweeper
	Notifier ImageNotifier
	// Products are asked which images they show.
	Products ImageProducts
	// Discards and Work are asked when all images of a product are deleted.
	Discards ProductImages
	Work     ImageWork
	// Limits are what an image may take; the zero value will do.
	Limits pixels.Limits
	// Now tells the time; nil: time.Now.
	Now func() time.Time
}

// ImageRef names an image.
type ImageRef struct {
	ID string `json:"id"`
}

// Verdict is what a step found: nothing wrong, or why the image is refused.
// A bad image is an outcome, not a failure.
type Verdict struct {
	Reason string `json:"reason,omitempty"`
	Detail string `json:"detail,omitempty"`
	// Over says that the image was decided before, or does not exist.
	Over bool `json:"over,omitempty"`
}

// The reasons of our own, beside those of package images.
const (
	ReasonMissing     = "missing"          // it was called complete, but nothing came
	ReasonUnannounced = "not_as_announced" // another size or type than was signed for
)

// upload reads an image that is being worked on; over if it is not.
func (a *Activities) upload(ctx context.Context, r ImageRef) (u catalog.Upload, over bool, err error) {
	u, err = a.Record.Upload(ctx, r.ID)
	if errors.Is(err, catalog.ErrNoUpload) {
		return u, true, nil
	}
	return u, err == nil && u.Status != catalog.Processing, err
}

// TakeImage puts the file that was sent out of the browser's reach, which
// may write to its own key for a while yet, and holds it against what was
// announced. What is looked at later is what was taken.
func (a *Activities) TakeImage(ctx context.Context, r ImageRef) (Verdict, error) {
	u, over, err := a.upload(ctx, r)
	if over || err != nil {
		return Verdict{Over: over}, activities.Failure(err)
	}
	err = a.Source.MoveObject(ctx, u.Key, u.OriginalKey())
	if errors.Is(err, order.ErrNoSuch) {
		return Verdict{Reason: ReasonMissing, Detail: "nothing was uploaded"}, nil
	}
	if err != nil {
		return Verdict{}, activities.Failure(err)
	}
	o, err := a.Source.HeadObject(ctx, u.OriginalKey())
	switch {
	case err != nil:
		return Verdict{}, activities.Failure(err)
	case o.Bytes != u.Bytes || o.Type != u.Type:
		return Verdict{Reason: ReasonUnannounced, Detail: "another size or type than was announced"}, nil
	}
	return Verdict{}, nil
}

// RenderImage decodes the image once and makes every size that is not
// made yet. Each is noted in the record once its file is in the store: an
// attempt that dies midway leaves to the next only what it had not finished.
// Making one again makes the same bytes under the same key.
func (a *Activities) RenderImage(ctx context.Context, r ImageRef) (Verdict, error) {
	u, over, err := a.upload(ctx, r)
	if over || err != nil {
		return Verdict{Over: over}, activities.Failure(err)
	}
	missing := missingSizes(u)
	if len(missing) == 0 {
		return Verdict{}, nil
	}
	defer activities.Beat(ctx)()
	data, err := a.Source.GetObject(ctx, u.OriginalKey(), pixels.MaxBytes)
	if errors.Is(err, order.ErrNoSuch) {
		return Verdict{Reason: ReasonMissing, Detail: "the file is gone"}, nil
	}
	if err != nil {
		return Verdict{}, activities.Failure(err)
	}
	scaled, err := pixels.Scale(ctx, data, a.Limits)
	var refused *pixels.Refusal
	if errors.As(err, &refused) {
		return Verdict{Reason: string(refused.Reason), Detail: refused.Detail}, nil
	}
	if err != nil {
		return Verdict{}, activities.Failure(err)
	}
	for _, size := range missing {
		if err := a.render(ctx, u, scaled, size); err != nil {
			return Verdict{}, activities.Failure(err)
		}
		activities.Heartbeat(ctx, size)
	}
	return Verdict{}, nil
}

// render makes one size: encoded, stored, noted.
func (a *Activities) render(ctx context.Context, u catalog.Upload, s *pixels.Scaled, size string) error {
	v, err := s.Encode(size)
	if err != nil {
		return err
	}
	made := catalog.Rendition{
		Name: v.Size, Key: catalog.RenditionKey(u.ID, v.Size, v.Digest, v.Format.Extension()),
		Type: string(v.Format), Width: v.Width, Height: v.Height, Bytes: int64(len(v.Data)),
	}
	if err := a.Store.PutObject(ctx, catalog.Object{Key: made.Key, Type: made.Type, Bytes: made.Bytes}, v.Data); err != nil {
		return err
	}
	return a.Record.NoteRendition(ctx, u.ID, s.Header.Width, s.Header.Height, made)
}

func missingSizes(u catalog.Upload) []string {
	var missing []string
	for _, size := range sizeNames() {
		made := false
		for _, r := range u.Renditions {
			made = made || r.Name == size
		}
		if !made {
			missing = append(missing, size)
		}
	}
	return missing
}

func sizeNames() []string {
	var names []string
	for _, s := range pixels.Sizes() {
		names = append(names, s.Name)
	}
	return names
}

// PublishImage shows the image in all its sizes at once.
func (a *Activities) PublishImage(ctx context.Context, r ImageRef) (Verdict, error) {
	u, err := a.Record.PublishUpload(ctx, r.ID, sizeNames())
	return Verdict{Over: err == nil && u.Status != catalog.Ready}, activities.Failure(err)
}

// AttachImage tells the product that it has an image, so that it is shown
// and found with it.
func (a *Activities) AttachImage(ctx context.Context, r ImageRef) error {
	u, err := a.Record.Upload(ctx, r.ID)
	if err != nil || u.Status != catalog.Ready { // it is being deleted already
		return activities.Failure(err)
	}
	p := u.Published()
	return activities.Failure(a.Notifier.NotifyProduct(ctx, u.SKU, catalog.Change{ID: "image/" + u.ID, Actor: "purser", AddImage: &p}))
}

// ImageRefusal says which image is refused, and why.
type ImageRefusal struct {
	ID     string `json:"id"`
	Reason string `json:"reason"`
	Detail string `json:"detail"`
}

// RefuseImage puts a bad image where nothing shows it but an operator can
// look at it, and says why.
func (a *Activities) RefuseImage(ctx context.Context, r ImageRefusal) error {
	u, over, err := a.upload(ctx, ImageRef{r.ID})
	if over || err != nil {
		return activities.Failure(err)
	}
	if err := a.Source.MoveObject(ctx, u.OriginalKey(), u.QuarantineKey()); err != nil && !errors.Is(err, order.ErrNoSuch) {
		return activities.Failure(err)
	}
	_, err = a.Record.RefuseUpload(ctx, r.ID, r.Reason, r.Detail)
	return activities.Failure(err)
}
