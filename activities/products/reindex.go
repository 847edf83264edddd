package products

import (
	"cmp"
	"context"
	"errors"
	"time"

	"purser/activities"
	"purser/catalog"
	"purser/order"
)

// ShadowRequest is the input of FillShadow.
type ShadowRequest struct {
	Name  string `json:"name"`
	After string `json:"after"` // the last SKU of the step before
	// Since narrows it to products changed at a time or later.
	Since time.Time `json:"since,omitzero"`
}

// ShadowStep is the progress of filling a shadow index.
type ShadowStep struct {
	After string `json:"after"`
	Put   int64  `json:"put"`
	Done  bool   `json:"done"`
}

// FillShadow puts products into a shadow index for SliceTime, or to the end.
func (a *Activities) FillShadow(ctx context.Context, r ShadowRequest) (ShadowStep, error) {
	defer activities.Beat(ctx)()
	step := ShadowStep{After: r.After}
	for until := time.Now().Add(SliceTime); time.Now().Before(until); {
		skus, err := a.shadowPage(ctx, r.Since, step.After)
		if err != nil {
			return step, activities.Failure(err)
		}
		if len(skus) == 0 {
			step.Done = true
			if r.After == "" && step.Put == 0 && r.Since.IsZero() { // an empty catalogue still needs a shadow
				err = a.Rebuild.PutShadow(ctx, r.Name, nil)
			}
			return step, activities.Failure(err)
		}
		now, err := a.Listings.Stocked(ctx, skus)
		if err != nil {
			return step, activities.Failure(err)
		}
		docs, _ := a.documents(skus, now)
		put, err := a.putShadow(ctx, r.Name, docs)
		if err != nil {
			return step, activities.Failure(err)
		}
		step.After, step.Put = skus[len(skus)-1], step.Put+put
	}
	return step, nil
}

// putShadow skips documents that the index rejects for good, as for the live
// index. If it rejects every document of several, the documents are not what is
// wrong, and the shadow must not replace an index that has them.
func (a *Activities) putShadow(ctx context.Context, name string, docs []catalog.Document) (int64, error) {
	err := a.Rebuild.PutShadow(ctx, name, docs)
	if !errors.Is(err, order.ErrRejected) || len(docs) == 0 {
		return int64(len(docs)), err
	}
	refused := map[string]error{docs[0].SKU: err}
	if len(docs) > 1 {
		clear(refused)
		for i, d := range docs {
			switch one := a.Rebuild.PutShadow(ctx, name, docs[i:i+1]); {
			case errors.Is(one, order.ErrRejected):
				refused[d.SKU] = one
			case one != nil:
				return 0, one
			}
		}
		if len(refused) == len(docs) {
			return 0, err
		}
	}
	logRefused(ctx, refused)
	return int64(len(docs) - len(refused)), nil
}

func (a *Activities) shadowPage(ctx context.Context, since time.Time, after string) ([]string, error) {
	if !since.IsZero() {
		return a.Revisions.ChangedSince(ctx, since, after, RowsAtOnce)
	}
	page, err := a.Revisions.RevisionsAfter(ctx, after, RowsAtOnce)
	skus := make([]string, len(page))
	for i, r := range page {
		skus[i] = r.SKU
	}
	return skus, err
}

// ShadowRef identifies a shadow index.
type ShadowRef struct {
	Name string `json:"name"`
}

// SwapShadow replaces the live index with the shadow.
func (a *Activities) SwapShadow(ctx context.Context, r ShadowRef) error {
	defer activities.Beat(ctx)()
	return activities.Failure(a.Rebuild.SwapShadow(ctx, r.Name))
}

// DropShadow discards a shadow.
func (a *Activities) DropShadow(ctx context.Context, r ShadowRef) error {
	err := a.Rebuild.DropShadow(ctx, r.Name)
	if errors.Is(err, order.ErrNoSuch) {
		return nil
	}
	return activities.Failure(err)
}

// ChangedRequest is the input of IndexChanged.
type ChangedRequest struct {
	Since time.Time `json:"since"`
}

// IndexChanged indexes the products that were changed or deleted since a time.
func (a *Activities) IndexChanged(ctx context.Context, r ChangedRequest) (Indexed, error) {
	defer activities.Beat(ctx)()
	var all Indexed
	for after := ""; ; {
		skus, err := a.Revisions.ChangedSince(ctx, r.Since, after, RowsAtOnce)
		if err != nil || len(skus) == 0 {
			return all, activities.Failure(err)
		}
		done, refused, err := a.indexPassing(ctx, skus)
		if err != nil {
			return all, activities.Failure(err)
		}
		logRefused(ctx, refused)
		all.Put, all.Deleted, after = all.Put+done.Put, all.Deleted+done.Deleted, skus[len(skus)-1]
	}
}

// The default times for which old data is kept.
const (
	keepReceiving = 24 * time.Hour      // a file that was never received completely
	keepEnded     = 30 * 24 * time.Hour // counts and errors of an import that ended
	keepChanges   = 90 * 24 * time.Hour // who changed a product
)

// Tidying is the input of ForgetImports.
type Tidying struct{}

// ForgetImports deletes old imports, old changes of products, and the bodies of
// old webhooks. If one of them fails, the others are deleted all the same. Its name
// is that of its first task.
func (a *Activities) ForgetImports(ctx context.Context, _ Tidying) error {
	defer activities.Beat(ctx)()
	now := time.Now()
	_, imports := a.Past.ForgetImports(ctx, now.Add(-keepReceiving).UnixMicro(), now.Add(-keepEnded).UnixMicro())
	_, changes := a.Past.ForgetChanges(ctx, now.Add(-cmp.Or(a.KeepChanges, keepChanges)).UnixMicro())
	var webhooks error
	if a.KeepWebhooks > 0 {
		_, webhooks = a.Past.PruneInbox(ctx, now.Add(-a.KeepWebhooks))
	}
	return activities.Failure(errors.Join(imports, changes, webhooks))
}
