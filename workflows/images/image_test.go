package images_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"purser/activities/fake"
	steps "purser/activities/images"
	"purser/activities/products"
	"purser/catalog"
	"purser/order"
	"purser/workflows/images"
	"purser/workflows/workflowtest"
)

// onePixel is a whole GIF.
const onePixel = "GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\x00\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"

// studio runs an image's workflow: the real activities over fakes.
type studio struct {
	*testsuite.TestWorkflowEnvironment
	store  fake.Objects
	record fake.Uploads
	upload catalog.Upload
}

func newStudio(t *testing.T, file string) *studio {
	t.Helper()
	s := &studio{TestWorkflowEnvironment: workflowtest.NewEnv()}
	s.SetWorkflowRunTimeout(30 * 24 * time.Hour)
	images.RegisterImages(s)
	s.RegisterActivity(&steps.Activities{Source: &s.store, Store: &s.store, Record: &s.record, Sweeper: &s.record, Notifier: &s.record, Products: &s.record})
	var err error
	if s.upload, err = catalog.NewUpload("mug-blue", "", "image/gif", int64(len(file)), "shop", time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := s.record.CreateUpload(t.Context(), s.upload); err != nil {
		t.Fatal(err)
	}
	s.store.Send(s.upload.Key, s.upload.Type, []byte(file))
	if _, err := s.record.BeginUpload(t.Context(), s.upload.ID); err != nil {
		t.Fatal(err)
	}
	return s
}

// run runs the workflow to its end.
func (s *studio) run(t *testing.T) images.ImageOutcome {
	t.Helper()
	s.ExecuteWorkflow(images.ImageWorkflow, images.Image{ID: s.upload.ID, SKU: s.upload.SKU})
	var o images.ImageOutcome
	if err := s.GetWorkflowResult(&o); err != nil {
		t.Fatal(err)
	}
	return o
}

func (s *studio) wantStatus(t *testing.T, status catalog.UploadStatus) {
	t.Helper()
	if u, err := s.record.Upload(t.Context(), s.upload.ID); err != nil || u.Status != status {
		t.Errorf("the record says %+v, %v, want %s", u, err, status)
	}
}

func TestImageWorkflow(t *testing.T) {
	t.Run("IMG-4 IMG-9 ready", func(t *testing.T) {
		s := newStudio(t, onePixel)
		if o := s.run(t); o != (images.ImageOutcome{Ready: true}) {
			t.Errorf("got %+v", o)
		}
		s.wantStatus(t, catalog.Ready)
		if notified := s.record.Notifications(); len(notified) != 1 || notified[0].AddImage == nil || len(notified[0].AddImage.Renditions) != 4 {
			t.Errorf("notifications: %+v", notified)
		}
	})
	t.Run("IMG-8 F59 refused", func(t *testing.T) {
		s := newStudio(t, "<html>")
		if o := s.run(t); o.Ready || o.Reason != "unknown_type" {
			t.Errorf("got %+v", o)
		}
		s.wantStatus(t, catalog.Refused)
		if notified := s.record.Notifications(); len(notified) != 0 {
			t.Errorf("notifications: %+v", notified)
		}
		if keys := s.store.Keys(); len(keys) != 1 || keys[0] != s.upload.QuarantineKey() {
			t.Errorf("left: %v", keys)
		}
	})
	t.Run("the store is down for some minutes", func(t *testing.T) {
		s := newStudio(t, onePixel)
		var tries atomic.Int64
		s.store.Fail = func(op, _ string) error {
			if op == "put" && tries.Add(1) < 9 { // the test environment tries ten times
				return &order.ProviderError{Provider: "s3", Op: op, Kind: order.ErrUnavailable}
			}
			return nil
		}
		if o := s.run(t); !o.Ready {
			t.Errorf("got %+v", o)
		}
	})
	t.Run("the store never comes back", func(t *testing.T) {
		s := newStudio(t, onePixel)
		s.store.Fail = func(op, _ string) error {
			if op == "put" {
				return &order.ProviderError{Provider: "s3", Op: op, Kind: order.ErrDenied, Code: "AccessDenied"}
			}
			return nil
		}
		if o := s.run(t); o.Ready || o.Reason != "given_up" || !strings.Contains(o.Detail, "AccessDenied") {
			t.Errorf("got %+v", o)
		}
		s.wantStatus(t, catalog.Refused)
	})
	t.Run("an image that was refused before is left alone", func(t *testing.T) {
		s := newStudio(t, onePixel)
		if _, err := s.record.RefuseUpload(t.Context(), s.upload.ID, "broken", ""); err != nil {
			t.Fatal(err)
		}
		if o := s.run(t); o != (images.ImageOutcome{}) {
			t.Errorf("got %+v", o)
		}
		if calls := s.store.Calls(); len(calls) != 0 {
			t.Errorf("it called %v", calls)
		}
	})
}

// TestSweepImagesWorkflow: the sweep starts the workflow of an image whose processing or
// deletion never started.
func TestSweepImagesWorkflow(t *testing.T) {
	s := newStudio(t, onePixel)
	s.sweeps(t, func(w steps.Swept) bool { return len(w.Stranded) == 1 })
	s.wantStatus(t, catalog.Ready)
	if _, err := s.record.DeleteUpload(t.Context(), s.upload.ID); err != nil {
		t.Fatal(err)
	}
	s.sweeps(t, func(w steps.Swept) bool { return len(w.Deleting) == 1 })
	s.wantStatus(t, catalog.Deleted)
}

// sweeps sweeps an hour later, and checks that the workflow of the studio's image was
// started.
func (s *studio) sweeps(t *testing.T, found func(steps.Swept) bool) {
	t.Helper()
	later := func() time.Time { return time.Now().Add(time.Hour) }
	env := workflowtest.NewEnv()
	images.RegisterImages(env)
	env.RegisterActivity(&products.Activities{Listings: listings{&s.record}, Index: &fake.Index{}})
	env.RegisterActivity(&steps.Activities{Source: &s.store, Store: &s.store, Record: &s.record, Sweeper: &s.record, Notifier: &s.record, Products: &s.record, Now: later})
	var started []string
	env.SetOnChildWorkflowStartedListener(func(i *workflow.Info, _ workflow.Context, _ converter.EncodedValues) {
		started = append(started, i.WorkflowExecution.ID)
	})
	env.ExecuteWorkflow(images.SweepImagesWorkflow)
	var swept steps.Swept
	if err := env.GetWorkflowResult(&swept); err != nil || !found(swept) {
		t.Fatalf("%+v, %v", swept, err)
	}
	if want := images.ImageWorkflowID(s.upload.ID); len(started) != 1 || started[0] != want {
		t.Errorf("started %v, want %s", started, want)
	}
}
