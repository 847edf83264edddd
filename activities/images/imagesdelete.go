package images

import (
	"context"

	"purser/activities"
)

// discardedAtOnce bounds how many images are deleted in one step.
const discardedAtOnce = 100

// Discarded are images of a product that are to be deleted.
type Discarded struct {
	SKU string   `json:"sku"`
	IDs []string `json:"ids,omitempty"`
	// Shown is true if one of them was published.
	Shown bool `json:"shown,omitempty"`
}

// WithdrawImages takes up to 100 images that are to be deleted off their product
// and returns them. Images that a workflow is processing are left to that
// workflow; if there are no others, it returns none.
func (a *Activities) WithdrawImages(ctx context.Context, of Discarded) (Discarded, error) {
	defer activities.Beat(ctx)()
	of = Discarded{SKU: of.SKU}
	ids, err := a.Discards.DeletingUploads(ctx, of.SKU, 10*discardedAtOnce)
	for _, id := range ids {
		if len(of.IDs) == discardedAtOnce {
			break
		}
		busy, err := a.Work.InterruptImage(ctx, id, of.SKU)
		if err != nil {
			return of, activities.Failure(err)
		}
		if busy {
			continue
		}
		w, err := a.WithdrawImage(ctx, ImageRef{ID: id})
		if err != nil {
			return of, err
		}
		if !w.Over {
			of.IDs, of.Shown = append(of.IDs, id), of.Shown || w.Shown
		}
	}
	return of, activities.Failure(err)
}

// RemoveImages deletes the files of images that nothing shows any more. The next
// attempt continues where one failed.
func (a *Activities) RemoveImages(ctx context.Context, of Discarded) (Swept, error) {
	var all Swept
	for _, id := range of.IDs {
		swept, err := a.RemoveImage(ctx, ImageRef{ID: id})
		all.Deleted += swept.Deleted
		if err != nil {
			return all, err
		}
	}
	return all, nil
}
