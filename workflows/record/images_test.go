//go:build !lean

package record_test

import (
	"context"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.temporal.io/sdk/client"

	"purser/activities/fake"
	imageactivities "purser/activities/images"
	productactivities "purser/activities/products"
	"purser/catalog"
	"purser/starter"
	"purser/workers"
	"purser/workflows"
	"purser/workflows/images"
)

// onePixel is a whole GIF.
const onePixel = "GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\x00\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"

// imageFixture processes images on a real engine, with the store and the record in
// memory.
type imageFixture struct {
	*bench
	t       *testing.T
	store   fake.Objects
	record  fake.Uploads
	index   fake.Index
	starter *starter.Images
	upload  catalog.Upload
	run     string // the run whose history is saved; "": the last one
}

// recordImages runs each workflow of the images and saves its history.
func recordImages(t *testing.T, label string) {
	for name, live := range map[string]func(*imageFixture) string{
		"image-ready": (*imageFixture).ready, "image-refused": (*imageFixture).refused, "image-swept": (*imageFixture).swept,
		"image-deleted": (*imageFixture).deleted, "image-discarded": (*imageFixture).discarded,
	} {
		t.Run(name, func(t *testing.T) {
			d := newImageFixture(t)
			id := live(d)
			save(t, filepath.Join("..", "testdata", "histories", label+"-"+name+".json"), historyOfRun(t, d.client, id, d.run))
		})
	}
}

func newImageFixture(t *testing.T) *imageFixture {
	t.Helper()
	d := &imageFixture{bench: &bench{client: newClient(t)}, t: t}
	d.starter = &starter.Images{Temporal: d.client}
	run(t,
		workers.New(d.client, workers.Activities{
			Images: &imageactivities.Activities{
				Source: &d.store, Store: &d.store, Record: &d.record, Sweeper: &d.record, Notifier: &d.record, Products: &d.record,
				Now: func() time.Time { return time.Now().Add(time.Hour) },
			},
			Products: &productactivities.Activities{Listings: listings{&d.record}, Index: &d.index},
		}, workers.Limits{}),
	)
	return d
}

// send uploads an image of the mug and begins its upload in the record.
func (d *imageFixture) send(file string) {
	d.t.Helper()
	var err error
	d.upload, err = catalog.NewUpload("mug", "", "image/gif", int64(len(file)), "shop", time.Now())
	if err == nil {
		err = d.record.CreateUpload(d.t.Context(), d.upload)
	}
	d.store.Send(d.upload.Key, d.upload.Type, []byte(file))
	if err == nil {
		_, err = d.record.BeginUpload(d.t.Context(), d.upload.ID)
	}
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *imageFixture) make(file string) string {
	d.t.Helper()
	d.send(file)
	if err := d.starter.StartImage(d.t.Context(), d.upload.ID, d.upload.SKU); err != nil {
		d.t.Fatal(err)
	}
	return d.end(images.ImageWorkflowID(d.upload.ID))
}

// end waits for a workflow to end.
func (d *imageFixture) end(id string) string {
	d.t.Helper()
	if err := d.client.GetWorkflow(d.t.Context(), id, "").Get(d.t.Context(), nil); err != nil {
		d.t.Fatal(err)
	}
	return id
}

func (d *imageFixture) ready() string { return d.make(onePixel) }

func (d *imageFixture) refused() string { return d.make("<html>") }

// swept sweeps an image whose workflow was never started.
func (d *imageFixture) swept() string {
	d.send(onePixel)
	run, err := d.client.ExecuteWorkflow(d.t.Context(), client.StartWorkflowOptions{
		ID: images.SweepImagesID, TaskQueue: workflows.ImagesQueue,
	}, images.SweepImagesWorkflow)
	if err == nil {
		err = run.Get(d.t.Context(), nil)
	}
	if err != nil {
		d.t.Fatal(err)
	}
	d.end(images.ImageWorkflowID(d.upload.ID))
	return images.SweepImagesID
}

// deleted deletes an image that its product shows.
func (d *imageFixture) deleted() string {
	id := d.ready()
	d.discard()
	return d.end(id)
}

// discarded deletes an image while it is being processed; the history is that of
// ImageWorkflow, which continues as DeleteImageWorkflow.
func (d *imageFixture) discarded() string {
	var once sync.Once
	d.store.Fail = func(op, _ string) error {
		if op == "put" {
			once.Do(d.discard)
		}
		return nil
	}
	id := d.ready()
	run, err := d.client.DescribeWorkflowExecution(d.t.Context(), id, "")
	if err != nil {
		d.t.Fatal(err)
	}
	d.run = run.GetWorkflowExecutionInfo().GetFirstRunId()
	return id
}

func (d *imageFixture) discard() {
	if _, err := d.record.DeleteUpload(context.Background(), d.upload.ID); err != nil {
		d.t.Error(err)
	}
	if err := d.starter.DeleteImage(context.Background(), d.upload.ID, d.upload.SKU); err != nil {
		d.t.Error(err)
	}
}

// listings returns the products as the index needs them.
type listings struct{ *fake.Uploads }

func (l listings) Stocked(ctx context.Context, skus []string) (map[string]catalog.Stocked, error) {
	all, err := l.Uploads.Stocked(ctx, skus)
	for sku, p := range all {
		p.Name, p.Revision = sku, 1
		all[sku] = p
	}
	return all, err
}

func (listings) RecordIndexed(context.Context, map[string]int64) ([]string, error) { return nil, nil }
