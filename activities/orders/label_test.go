package orders_test

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"testing"

	"purser/activities/fake"
	"purser/activities/orders"
	"purser/activities/porttest"
	"purser/order"
)

// labels returns the labels of a carrier that has booked a parcel of an order.
func labels(t *testing.T) (*orders.Labels, *fake.Carrier, *fake.Objects, order.ID, order.Shipment) {
	t.Helper()
	carrier, store, id := &fake.Carrier{}, &fake.Objects{}, order.NewID()
	p, err := carrier.BookParcel(t.Context(), porttest.ParcelOf(id))
	if err != nil {
		t.Fatal(err)
	}
	return &orders.Labels{Carrier: carrier, Store: store}, carrier, store, id, order.Shipment{Number: 1, LabelID: p.LabelID}
}

// TestLabelIsKept (SHP-5) checks that a label's file is fetched once, kept under a key
// that is not public, and served although the carrier has deleted it.
func TestLabelIsKept(t *testing.T) {
	l, carrier, store, id, s := labels(t)
	fetched := 0
	carrier.Before = func(op, _ string) error { fetched++; return nil }
	first, err := l.Label(t.Context(), id, s.LabelID, order.LabelPDF)
	if err != nil {
		t.Fatal(err)
	}
	carrier.Before = func(op, _ string) error {
		fetched++
		return &order.ProviderError{Provider: "carrier", Op: op, Kind: order.ErrNoSuch}
	}
	again, err := l.Label(t.Context(), id, s.LabelID, order.LabelPDF)
	if err != nil || !bytes.Equal(first, again) || fetched != 1 {
		t.Errorf("again: %q, %v after %d calls of the carrier, want %q after 1", again, err, fetched, first)
	}
	for _, key := range store.Keys() {
		if !strings.HasPrefix(key, "labels/"+string(id)+"/") || strings.Contains(key, s.LabelID) {
			t.Errorf("kept under %s", key)
		}
	}
	if _, err := l.Label(t.Context(), id, s.LabelID, order.LabelZPL); !errors.Is(err, order.ErrNoLabel) {
		t.Errorf("a format that was not kept, of a label that the carrier has deleted: %v", err)
	}
}

// TestLabelAtOnce (SHP-5) has many callers fetch a label for the first time.
func TestLabelAtOnce(t *testing.T) {
	l, _, store, id, s := labels(t)
	want, err := l.Carrier.LabelFile(t.Context(), s.LabelID, order.LabelPDF)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if got, err := l.Label(t.Context(), id, s.LabelID, order.LabelPDF); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
	wg.Wait()
	if keys := store.Keys(); len(keys) != 1 {
		t.Errorf("kept %v, want one file", keys)
	}
}

// TestLabelWithoutTheOther (SHP-5, RES-6) checks that neither an outage of the store nor a
// broken file in it stops a label, and that the carrier's failures are passed on.
func TestLabelWithoutTheOther(t *testing.T) {
	l, carrier, store, id, s := labels(t)
	down := func(op, key string) error {
		return &order.ProviderError{Provider: "x", Op: op, Kind: order.ErrUnavailable}
	}
	store.Fail = down
	if _, err := l.Label(t.Context(), id, s.LabelID, order.LabelPDF); err != nil {
		t.Errorf("the store is down: %v", err)
	}
	store.Fail = nil
	carrier.Before = down
	if _, err := l.Label(t.Context(), id, s.LabelID, order.LabelPDF); !errors.Is(err, order.ErrUnavailable) {
		t.Errorf("the carrier is down: %v", err)
	}
	if keys := store.Keys(); len(keys) != 0 {
		t.Errorf("kept %v", keys)
	}
	carrier.Before = nil
	if _, err := l.Label(t.Context(), id, s.LabelID, order.LabelPDF); err != nil {
		t.Fatal(err)
	}
	store.Send(store.Keys()[0], "application/pdf", []byte("%PDF-1.4 cut"))
	if file, err := l.Label(t.Context(), id, s.LabelID, order.LabelPDF); err != nil || order.LabelPDF.Check(file) != nil {
		t.Errorf("a broken file is kept: %q, %v", file, err)
	}
	if err := carrier.VoidParcel(t.Context(), string(id)+"-1"); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Label(t.Context(), id, s.LabelID, order.LabelZPL); !errors.Is(err, order.ErrNoLabel) {
		t.Errorf("the label is void: %v", err)
	}
}
