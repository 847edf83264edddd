package records

import (
	"context"
	"errors"
	"testing"
	"time"

	"purser/catalog"
	"purser/postgrestest"
)

// midway is a database in which something happens before a transaction is
// committed.
type midway struct {
	database
	then func()
}

func (m *midway) write(ctx context.Context, f func(context.Context, querier) error) error {
	return m.database.write(ctx, func(ctx context.Context, q querier) error {
		err := f(ctx, q)
		m.then()
		return err
	})
}

// A picture that its product is just about to show is not deleted before the
// product shows it: else nobody would take it off again.
func TestDeletingWaitsForShowing(t *testing.T) {
	s, err := Open(t.Context(), postgrestest.Database(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	u, err := catalog.NewUpload("mug", "", "image/png", 9, "k", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	err = errors.Join(s.PutProducts(t.Context(), []catalog.Product{{SKU: "mug", Name: "Mug", Price: 1, Currency: "EUR"}}), s.CreateUpload(t.Context(), u))
	if err == nil {
		_, err = s.BeginUpload(t.Context(), u.ID)
	}
	if err == nil {
		u, err = s.PublishUpload(t.Context(), u.ID, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	other := &Store{db: s.db, now: s.now}
	deleted := make(chan error, 1)
	s.db = &midway{s.db, func() {
		go func() { _, err := other.DeleteUpload(t.Context(), u.ID); deleted <- err }()
		select {
		case err := <-deleted:
			t.Errorf("deleted meanwhile: %v", err)
			deleted <- err
		case <-time.After(300 * time.Millisecond):
		}
	}}
	p := u.Published()
	out, err := s.ChangeProduct(t.Context(), "mug", []catalog.Change{{ID: "add", AddPicture: &p}})
	s.db = other.db
	if err != nil || out[0].Err != nil {
		t.Fatal(err, out)
	}
	if err := <-deleted; err != nil {
		t.Fatal(err)
	}
	if now, err := s.Product(t.Context(), "mug"); err != nil || !now.Shows(u.ID) {
		t.Errorf("who deletes it cannot see that it is shown: %+v, %v", now, err)
	}
}
