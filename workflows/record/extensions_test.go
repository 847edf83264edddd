//go:build !lean

package record_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"purser/examples/giftshop"
	"purser/order"
	"purser/workers"
)

// partners are the outside parties of the example, which always succeed.
type partners struct{}

func (partners) Wrap(context.Context, string, order.ID, int64) error { return nil }

func (partners) PutSale(context.Context, string, order.ID, order.Money) error { return nil }

// TestRecordExtensions runs an order with the steps of the example on a real engine, and
// saves its history for the example's replay test.
func TestRecordExtensions(t *testing.T) {
	label := os.Getenv("PURSER_RECORD_HISTORIES")
	if label == "" {
		t.Skip("PURSER_RECORD_HISTORIES is not set")
	}
	b := &bench{client: newClient(t)}
	b.stock(t)
	a := b.activities()
	a.Own = []workers.Own{{Steps: giftshop.Steps(), Activities: &giftshop.Activities{Warehouse: partners{}, ERP: partners{}}}}
	run(t, workers.New(b.client, a, workers.Limits{}))
	l := b.begin(t, "giftshop")
	l.extensions = workers.CourseOf(a.Own).IDs()
	plain(l)
	save(t, filepath.Join("..", "..", "examples", "giftshop", "testdata", label+"-order.json"), l.history())
}
