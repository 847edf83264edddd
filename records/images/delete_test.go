package images_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"purser/catalog"
	"purser/records"
	"purser/records/mails"
	"purser/records/products"
	"purser/records/recordstest"
	"purser/records/sqldb"
)

// midway is a connection that calls a hook before a transaction is committed.
type midway struct {
	sqldb.Connection
	then func()
}

func (m *midway) Write(ctx context.Context, f func(context.Context, sqldb.Querier) error) error {
	return m.Connection.Write(ctx, func(ctx context.Context, q sqldb.Querier) error {
		err := f(ctx, q)
		m.then()
		return err
	})
}

// An image that its product is about to show is not deleted before the product
// shows it, because otherwise it would stay in the product.
func TestDeletingWaitsForShowing(t *testing.T) {
	db := recordstest.OpenDB(t, recordstest.Postgres(t), records.Options{})
	s := records.New(db, mails.Rules{})
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
	deleted := make(chan error, 1)
	interrupted := *db
	interrupted.Connection = &midway{db.Connection, func() {
		go func() { _, err := s.DeleteUpload(t.Context(), u.ID); deleted <- err }()
		select {
		case err := <-deleted:
			t.Errorf("deleted in the meantime: %v", err)
			deleted <- err
		case <-time.After(300 * time.Millisecond):
		}
	}}
	p := u.Published()
	out, err := (&products.Store{DB: &interrupted}).ChangeProduct(t.Context(), "mug", []catalog.Change{{ID: "add", AddImage: &p}})
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
