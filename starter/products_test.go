package starter_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"purser/catalog"
	"purser/order"
)

// TestProductIsTakenUpSoon: when a worker dies while it runs a product's workflow, callers
// wait less than the ten seconds after which the API times out.
func TestProductIsTakenUpSoon(t *testing.T) {
	e := &engine{result: catalog.Stocked{}}
	if _, err := started(e, book{}).ChangeProduct(t.Context(), "mug", catalog.Change{ID: "1", Receive: 1}); err != nil {
		t.Fatal(err)
	}
	if d := e.starts[0].WorkflowTaskTimeout; d <= 0 || d > 5*time.Second {
		t.Errorf("its next worker waits %s for the one that died", d)
	}
}

// TestOtherChangeIsAnotherUpdate: the same change is one update, whichever request it came
// with; another change under its ID is another update (IDEM-2).
func TestOtherChangeIsAnotherUpdate(t *testing.T) {
	e := &engine{result: catalog.Stocked{}}
	for _, change := range []catalog.Change{
		{ID: "key:ops:k1", Receive: 1, Correlation: "c-1"}, {ID: "key:ops:k1", Receive: 1, Correlation: "c-2"}, {ID: "key:ops:k1", Receive: 2},
	} {
		if _, err := started(e, book{}).ChangeProduct(t.Context(), "mug", change); err != nil {
			t.Fatal(err)
		}
	}
	if e.updates[0].UpdateID != e.updates[1].UpdateID || e.updates[0].UpdateID == e.updates[2].UpdateID {
		t.Errorf("update IDs %q, %q and %q", e.updates[0].UpdateID, e.updates[1].UpdateID, e.updates[2].UpdateID)
	}
}

// TestChangeProduct checks what ChangeProduct returns.
func TestChangeProduct(t *testing.T) {
	for _, c := range []struct {
		name string
		e    engine
		err  error
	}{
		{name: "changed", e: engine{result: catalog.Stocked{Revision: 2}}},
		{name: "no result in time", e: engine{err: rings}, err: context.DeadlineExceeded},
		{name: "the workflow ends whenever it is asked", e: engine{err: notFound}, err: order.ErrNotFound},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := started(&c.e, book{}).ChangeProduct(t.Context(), "mug", catalog.Change{ID: "1", Receive: 1})
			if c.err == nil && (err != nil || p.Revision != 2) || !errors.Is(err, c.err) {
				t.Errorf("%+v %v, want %v", p, err, c.err)
			}
		})
	}
}
