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

// Activities are the steps of an image's workflow. They have a task queue of
// their own, because decoding takes memory and few may run concurrently.
type Activities struct {
	Source   ImageSource
	Store    ImageStore
	Record   ImageRecord
	Sweeper  UploadSweeper
	Notifier ImageNotifier
	// Products returns which images a product shows.
	Products ImageProducts
	// Discards and Work are used when all images of a product are deleted.
	Discards ProductImages
	Work     ImageWork
	// Limits bound the size of an image; the zero value means the defaults.
	Limits pixels.Limits
	// Now returns the time; default: time.Now.
	Now func() time.Time
}

// ImageRef identifies an image.
type ImageRef struct {
	ID string `json:"id"`
}

// Verdict is the result of a step; it has a reason if the image is refused. A
// bad image is an outcome, not a failure.
type Verdict struct {
	Reason string `json:"reason,omitempty"`
	Detail string `json:"detail,omitempty"`
	// Over is true if the image was published or refused before, or does not
	// exist.
	Over bool `json:"over,omitempty"`
}

// The reasons to refuse an image that package images does not have.
const (
	ReasonMissing     = "missing"          // the upload was completed, but there is no file
	ReasonUnannounced = "not_as_announced" // the size or the type differs from the signed one
)

// upload reads an image that is being processed; over is true if it is not.
func (a *Activities) upload(ctx context.Context, r ImageRef) (u catalog.Upload, over bool, err error) {
	u, err = a.Record.Upload(ctx, r.ID)
	if errors.Is(err, catalog.ErrNoUpload) {
		return u, true, nil
	}
	return u, err == nil && u.Status != catalog.Processing, err
}

// TakeImage moves the uploaded file to a key that the browser cannot write to
// (its own key stays writable for a while) and compares it with what was
// announced. The later steps read the moved file, so it cannot change any more.
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
	case o.Bytes != u.Bytes || catalog.UploadType(o.Type) != u.Type:
		return Verdict{Reason: ReasonUnannounced, Detail: "another size or type than was announced"}, nil
	}
	return Verdict{}, nil
}

// RenderImage decodes the image once and makes every size that is still
// missing. A size is recorded once its file is in the store, so an attempt that
// dies midway leaves only the unfinished sizes to the next. Making a size again
// makes the same bytes under the same key.
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

// render encodes, stores and records one size.
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

// PublishImage publishes the image in all its sizes at once.
func (a *Activities) PublishImage(ctx context.Context, r ImageRef) (Verdict, error) {
	u, err := a.Record.PublishUpload(ctx, r.ID, sizeNames())
	return Verdict{Over: err == nil && u.Status != catalog.Ready}, activities.Failure(err)
}

// AttachImage adds the image to its product, so that the shop and the search
// show it.
func (a *Activities) AttachImage(ctx context.Context, r ImageRef) error {
	u, err := a.Record.Upload(ctx, r.ID)
	if err != nil || u.Status != catalog.Ready { // it is being deleted already
		return activities.Failure(err)
	}
	p := u.Published()
	return activities.Failure(a.Notifier.NotifyProduct(ctx, u.SKU, catalog.Change{ID: "image/" + u.ID, Actor: "purser", AddImage: &p}))
}

// ImageRefusal is the input of RefuseImage.
type ImageRefusal struct {
	ID     string `json:"id"`
	Reason string `json:"reason"`
	Detail string `json:"detail"`
}

// RefuseImage moves a bad image to the quarantine, where nothing shows it but
// an operator can look at it, and records why.
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
