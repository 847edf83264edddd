package images_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/testsuite"

	"purser/activities/fake"
	steps "purser/activities/images"
	"purser/activities/products"
	"purser/catalog"
	"purser/order"
	"purser/workflows/images"
	"purser/workflows/workflowtest"
)

// busy reports that a workflow processes one image.
type busy struct {
	id          string
	interrupted int
}

func (b *busy) InterruptImage(_ context.Context, id, _ string) (bool, error) {
	if id == b.id {
		b.interrupted++
	}
	return id == b.id, nil
}

// TestDeleteImagesWorkflow (IMG-4, RES-13): one workflow deletes all images of a product,
// a hundred in a step, even if a step fails half-way; an image that is being processed
// is left to its own workflow.
func TestDeleteImagesWorkflow(t *testing.T) {
	s, x := newStudio(t, onePixel), &fake.Index{}
	s.run(t) // this image is published
	s.indexed(t, x)
	work := &busy{}
	var refused []string
	for i := range 250 {
		u, err := catalog.NewUpload(s.upload.SKU, "", "image/gif", 1, "shop", time.Now().Add(time.Duration(i)))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.record.CreateUpload(t.Context(), u); err != nil {
			t.Fatal(err)
		}
		s.store.Send(u.QuarantineKey(), u.Type, []byte("x"))
		if _, err := s.record.BeginUpload(t.Context(), u.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := s.record.RefuseUpload(t.Context(), u.ID, "truncated", ""); err != nil {
			t.Fatal(err)
		}
		refused = append(refused, u.ID)
		if i == 120 {
			work.id = u.ID
		}
	}
	for _, id := range append(refused, s.upload.ID) {
		if _, err := s.record.DeleteUpload(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	failures := 0
	s.store.Fail = func(op, key string) error {
		if op == "delete" && len(s.store.Keys()) < 200 && failures < 3 {
			failures++
			return &order.ProviderError{Provider: "store", Op: op, Kind: order.ErrUnavailable}
		}
		return nil
	}
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(workflowtest.Quiet())
	env := suite.NewTestWorkflowEnvironment()
	env.SetTestTimeout(30 * time.Second)
	images.RegisterImages(env)
	env.RegisterActivity(&steps.Activities{
		Source: &s.store, Store: &s.store, Record: &s.record, Sweeper: &s.record, Notifier: &s.record, Products: &s.record, Discards: &s.record, Work: work,
	})
	env.RegisterActivity(&products.Activities{Listings: listings{&s.record}, Index: x})
	taken := map[string]int{}
	env.SetOnActivityStartedListener(func(i *activity.Info, _ context.Context, _ converter.EncodedValues) {
		if i.Attempt == 1 {
			taken[i.ActivityType.Name]++
		}
	})
	env.ExecuteWorkflow(images.DeleteImagesWorkflow, steps.Discarded{SKU: s.upload.SKU})
	if err := env.GetWorkflowError(); err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(taken), "map[IndexProducts:1 RemoveImages:3 WithdrawImages:4]"; got != want {
		t.Errorf("steps %s, want %s", got, want)
	}
	left, err := s.record.DeletingUploads(t.Context(), s.upload.SKU, 1000)
	if err != nil || len(left) != 1 || left[0] != work.id || work.interrupted == 0 || failures != 3 {
		t.Errorf("left %v, %v; interrupted %d times, failed %d times", left, err, work.interrupted, failures)
	}
	if keys := s.store.Keys(); len(keys) != 1 || len(imaged(x)) != 0 {
		t.Errorf("files left: %v; the index shows %v", keys, imaged(x))
	}
}
