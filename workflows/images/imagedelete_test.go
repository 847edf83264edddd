package images_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"

	"purser/activities/fake"
	steps "purser/activities/images"
	"purser/activities/products"
	"purser/catalog"
	"purser/order"
	"purser/workflows"
	"purser/workflows/images"
	"purser/workflows/workflowtest"
)

// listings returns the products as the index needs them, with the images that the
// studio's record has.
type listings struct{ *fake.Uploads }

func (l listings) Stocked(ctx context.Context, skus []string) (map[string]catalog.Stocked, error) {
	all, err := l.Uploads.Stocked(ctx, skus)
	for sku, p := range all {
		p.Name, p.Revision = sku, int64(1+len(l.Notifications()))
		all[sku] = p
	}
	return all, err
}

func (listings) RecordIndexed(context.Context, map[string]int64) ([]string, error) { return nil, nil }

// discard deletes the studio's image with DeleteImageWorkflow and this index.
func (s *studio) discard(t *testing.T, index *fake.Index) error {
	t.Helper()
	if _, err := s.record.DeleteUpload(t.Context(), s.upload.ID); err != nil {
		t.Fatal(err)
	}
	env := workflowtest.NewEnv()
	images.RegisterImages(env)
	env.RegisterActivity(&steps.Activities{Source: &s.store, Store: &s.store, Record: &s.record, Sweeper: &s.record, Notifier: &s.record, Products: &s.record})
	env.RegisterActivity(&products.Activities{Listings: listings{&s.record}, Index: index})
	env.SetOnActivityStartedListener(func(i *activity.Info, _ context.Context, _ converter.EncodedValues) {
		// The deletion of the files waits for the index, but not for ever.
		if i.ActivityType.Name == "IndexProducts" && (i.ScheduleToCloseTimeout != time.Hour || i.TaskQueue != workflows.CatalogueQueue) {
			t.Errorf("indexing on %s for %s", i.TaskQueue, i.ScheduleToCloseTimeout)
		}
	})
	env.ExecuteWorkflow(images.DeleteImageWorkflow, images.Image{ID: s.upload.ID})
	return env.GetWorkflowError()
}

// indexed writes the product to the index.
func (s *studio) indexed(t *testing.T, index *fake.Index) {
	t.Helper()
	a := &products.Activities{Listings: listings{&s.record}, Index: index}
	if _, err := a.IndexProducts(t.Context(), products.IndexRequest{SKUs: []string{s.upload.SKU}}); err != nil {
		t.Fatal(err)
	}
}

// imaged returns the URLs of all images in the index.
func imaged(x *fake.Index) (all []string) {
	for _, d := range x.Documents() {
		all = append(all, d.Images...)
	}
	return all
}

// TestDeleteImageWorkflow (IMG-9): nothing ever links to a missing file, because an image
// is deleted from the product, the index and the store in this order.
func TestDeleteImageWorkflow(t *testing.T) {
	t.Run("published", func(t *testing.T) {
		s, x := newStudio(t, onePixel), &fake.Index{}
		s.run(t)
		s.indexed(t, x)
		if len(imaged(x)) != 1 {
			t.Fatalf("the index shows %v", imaged(x))
		}
		s.store.Fail = func(op, key string) error {
			if op != "delete" {
				return nil
			}
			now, _ := s.record.Stocked(t.Context(), []string{s.upload.SKU})
			if now[s.upload.SKU].Shows(s.upload.ID) || len(imaged(x)) != 0 {
				t.Errorf("%s is deleted while it is shown", key)
			}
			return nil
		}
		if err := s.discard(t, x); err != nil {
			t.Fatal(err)
		}
		s.wantStatus(t, catalog.Deleted)
		if keys := s.store.Keys(); len(keys) != 0 {
			t.Errorf("left: %v", keys)
		}
	})
	t.Run("the index is down for a day", func(t *testing.T) {
		s, x := newStudio(t, onePixel), &fake.Index{}
		s.run(t)
		s.indexed(t, x)
		x.Before = func(op string) error {
			return &order.ProviderError{Provider: "search", Op: op, Kind: order.ErrUnavailable}
		}
		if err := s.discard(t, x); err != nil {
			t.Fatal(err)
		}
		s.wantStatus(t, catalog.Deleted)
	})
	t.Run("refused", func(t *testing.T) {
		s, x := newStudio(t, "<html>"), &fake.Index{}
		s.run(t)
		notified := len(s.record.Notifications())
		if err := s.discard(t, x); err != nil {
			t.Fatal(err)
		}
		s.wantStatus(t, catalog.Deleted)
		if keys := s.store.Keys(); len(keys) != 0 || len(s.record.Notifications()) != notified || len(x.Documents()) != 0 {
			t.Errorf("left: %v; notifications %v, indexed %v", keys, s.record.Notifications(), x.Documents())
		}
	})
	t.Run("an image that was not discarded is left alone", func(t *testing.T) {
		s := newStudio(t, onePixel)
		s.ExecuteWorkflow(images.DeleteImageWorkflow, images.Image{ID: s.upload.ID})
		if err := s.GetWorkflowError(); err != nil {
			t.Fatal(err)
		}
		s.wantStatus(t, catalog.Processing)
		if keys := s.store.Keys(); !slices.Equal(keys, []string{s.upload.Key}) {
			t.Errorf("left: %v", keys)
		}
	})
}

// TestImageWorkflowDiscarded (IMG-9): an image that is discarded while it is being
// processed is deleted when nothing writes its files any more.
func TestImageWorkflowDiscarded(t *testing.T) {
	for _, at := range []string{"move", "put"} {
		t.Run("at "+at, func(t *testing.T) {
			s := newStudio(t, onePixel)
			signaled := false
			s.store.Fail = func(op, _ string) error {
				if op == at && !signaled {
					signaled = true
					if _, err := s.record.DeleteUpload(context.Background(), s.upload.ID); err != nil {
						t.Error(err)
					}
					s.SignalWorkflow(string(images.ImageDiscarded), images.Image{ID: s.upload.ID, SKU: s.upload.SKU})
				}
				return nil
			}
			s.ExecuteWorkflow(images.ImageWorkflow, images.Image{ID: s.upload.ID, SKU: s.upload.SKU})
			var next *workflow.ContinueAsNewError
			if err := s.GetWorkflowError(); !errors.As(err, &next) || next.WorkflowType.Name != "DeleteImageWorkflow" {
				t.Fatalf("it ended with %v", err)
			}
			s.wantStatus(t, catalog.Deleting)
			if notified := s.record.Notifications(); len(notified) != 0 {
				t.Errorf("notifications: %+v", notified)
			}
			if err := s.discard(t, &fake.Index{}); err != nil {
				t.Fatal(err)
			}
			if keys := s.store.Keys(); len(keys) != 0 {
				t.Errorf("left: %v", keys)
			}
		})
	}
}
