package s3

import (
	"context"

	"purser/catalog"
	"purser/order"
)

// CheckRights uses every right that images need: it writes a small file to where
// refused files are, moves it to the originals, reads and deletes it, and writes and
// deletes one among the published images. name tells the files of several checks apart.
// The operation of the error's *order.ProviderError names what was refused; what can be
// deleted is deleted all the same.
func (s *Store) CheckRights(ctx context.Context, name string) (err error) {
	const what = "text/plain"
	content := []byte("written by a check of this bucket's rights: it may be deleted\n")
	refused, original, published := catalog.QuarantinePrefix+name, catalog.OriginalPrefix+name, catalog.RenditionPrefix+name
	defer func() {
		for _, key := range []string{refused, original, published} {
			if err != nil {
				_ = s.DeleteObject(ctx, key) // the first error is the one to report
			}
		}
	}()
	if err := s.PutObject(ctx, catalog.Object{Key: refused, Type: what}, content); err != nil {
		return err
	}
	if err := s.MoveObject(ctx, refused, original); err != nil {
		return err
	}
	got, err := s.GetObject(ctx, original, int64(len(content)))
	if err != nil {
		return err
	}
	if string(got) != string(content) {
		return failure("get", order.ErrUnavailable, "other_content", nil)
	}
	if err := s.DeleteObject(ctx, original); err != nil {
		return err
	}
	if err := s.PutObject(ctx, catalog.Object{Key: published, Type: what}, content); err != nil {
		return err
	}
	return s.DeleteObject(ctx, published)
}
