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

// darkroom is where pictures are worked on, over a real engine, with the store
// and the record in memory.
type darkroom struct {
	*bench
	t       *testing.T
	store   fake.Objects
	record  fake.Uploads
	index   fake.Index
	starter *starter.Pictures
	upload  catalog.Upload
	run     string // whose history is saved; "": the last one
}

// recordPictures runs each workflow of the pictures and saves its history.
func recordPictures(t *testing.T, label string) {
	for name, live := range map[string]func(*darkroom) string{
		"picture-ready": (*darkroom).ready, "picture-refused": (*darkroom).refused, "picture-swept": (*darkroom).swept,
		"picture-deleted": (*darkroom).deleted, "picture-discarded": (*darkroom).discarded,
	} {
		t.Run(name, func(t *testing.T) {
			d := newDarkroom(t)
			id := live(d)
			save(t, filepath.Join("..", "testdata", "histories", label+"-"+name+".json"), historyOfRun(t, d.client, id, d.run))
		})
	}
}

func newDarkroom(t *testing.T) *darkroom {
	t.Helper()
	d := &darkroom{bench: &bench{client: newClient(t)}, t: t}
	d.starter = &starter.Pictures{Temporal: d.client}
	run(t,
		workers.New(d.client, workers.Activities{
			Images: &imageactivities.Activities{
				Source: &d.store, Shelf: &d.store, Record: &d.record, Sweeper: &d.record, Teller: &d.record, Products: &d.record,
				Now: func() time.Time { return time.Now().Add(time.Hour) },
			},
			Products: &productactivities.Activities{Listings: listings{&d.record}, Index: &d.index},
		}, workers.Limits{}),
	)
	return d
}

// send sends a picture of the mug and begins to work on it.
func (d *darkroom) send(file string) {
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

func (d *darkroom) make(file string) string {
	d.t.Helper()
	d.send(file)
	if err := d.starter.StartPicture(d.t.Context(), d.upload.ID, d.upload.SKU); err != nil {
		d.t.Fatal(err)
	}
	return d.end(images.PictureWorkflowID(d.upload.ID))
}

// end waits for a workflow to end.
func (d *darkroom) end(id string) string {
	d.t.Helper()
	if err := d.client.GetWorkflow(d.t.Context(), id, "").Get(d.t.Context(), nil); err != nil {
		d.t.Fatal(err)
	}
	return id
}

func (d *darkroom) ready() string { return d.make(onePixel) }

func (d *darkroom) refused() string { return d.make("<html>") }

// swept finds a picture whose workflow was never started.
func (d *darkroom) swept() string {
	d.send(onePixel)
	run, err := d.client.ExecuteWorkflow(d.t.Context(), client.StartWorkflowOptions{
		ID: images.SweepPicturesID, TaskQueue: workflows.PicturesQueue,
	}, images.SweepPicturesWorkflow)
	if err == nil {
		err = run.Get(d.t.Context(), nil)
	}
	if err != nil {
		d.t.Fatal(err)
	}
	d.end(images.PictureWorkflowID(d.upload.ID))
	return images.SweepPicturesID
}

// deleted deletes a picture that its product shows.
func (d *darkroom) deleted() string {
	id := d.ready()
	d.discard()
	return d.end(id)
}

// discarded deletes one while it is being made; the history is that of the
// making, which ends as the deletion.
func (d *darkroom) discarded() string {
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

func (d *darkroom) discard() {
	if _, err := d.record.DeleteUpload(context.Background(), d.upload.ID); err != nil {
		d.t.Error(err)
	}
	if err := d.starter.DeletePicture(context.Background(), d.upload.ID, d.upload.SKU); err != nil {
		d.t.Error(err)
	}
}

// listings are the products as the index follows them.
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
