package records_test

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"purser/order"
	"purser/records"
	"purser/records/audit"
	"purser/records/campaigns"
	"purser/records/images"
	"purser/records/imports"
	"purser/records/inbox"
	"purser/records/mails"
	"purser/records/orders"
	"purser/records/products"
	"purser/records/recordstest"
	"purser/records/sqldb"
	"purser/records/stock"
)

// TestStoreIsWhole checks that each method of a subject's store is a method of
// the record, so that two subjects with equal method names do not hide each
// other's.
func TestStoreIsWhole(t *testing.T) {
	whole := reflect.TypeFor[*records.Store]()
	for _, part := range []reflect.Type{
		reflect.TypeFor[*orders.Store](), reflect.TypeFor[*stock.Store](), reflect.TypeFor[*products.Store](),
		reflect.TypeFor[*imports.Store](), reflect.TypeFor[*images.Store](), reflect.TypeFor[*mails.Store](),
		reflect.TypeFor[*campaigns.Store](), reflect.TypeFor[*audit.Store](), reflect.TypeFor[*inbox.Store](),
	} {
		for i := range part.NumMethod() {
			if name := part.Method(i).Name; !has(whole, name) {
				t.Errorf("%s.%s is lost", part, name)
			}
		}
	}
}

func has(t reflect.Type, method string) bool {
	_, ok := t.MethodByName(method)
	return ok
}

// TestReopen also proves IDEM-7: another process reads what was written.
func TestReopen(t *testing.T) {
	recordstest.EachDatabase(t, func(t *testing.T, empty func(t testing.TB) string) {
		url := empty(t)
		open := func(t *testing.T) *records.Store {
			s, err := records.Open(t.Context(), url, records.Options{})
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		s := recordstest.Shop(t, open)
		o := recordstest.PlaceOrder(t, s, "c-1", recordstest.Noon)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		// F35: a missing database is an error, never a silent success.
		it := inbox.Item{Provider: "stripe", Account: "acct_1", EventID: "evt_1", OrderID: o.ID, ReceivedAt: recordstest.Noon}
		fresh, err := s.Receive(t.Context(), &it)
		if err == nil || fresh {
			t.Errorf("receive after close: got %v %v, want an error", fresh, err)
		}
		// RES-1: nothing was done, and the step gets an error that says so.
		if errors.Is(err, sqldb.ErrClosed) != errors.Is(err, order.ErrUnavailable) || strings.HasPrefix(url, "sqlite:") && !errors.Is(err, sqldb.ErrClosed) {
			t.Errorf("receive after close: got %v, want ErrClosed, which is ErrUnavailable", err)
		}
		if err := s.Ping(t.Context()); err == nil {
			t.Error("ping after close: got no error")
		}
		s = open(t)
		defer s.Close()
		got, err := s.Order(t.Context(), o.ID)
		if diff := cmp.Diff(o, got); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	})
}

func TestProcessesMigrateOneAtATime(t *testing.T) {
	url := recordstest.Postgres(t)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			s, err := records.Open(context.WithoutCancel(t.Context()), url, records.Options{Connections: 2})
			if err != nil {
				t.Errorf("open: %v", err)
				return
			}
			if err := s.Ping(t.Context()); err != nil {
				t.Error(err)
			}
			_ = s.Close()
		})
	}
	all.Wait()
}

func TestOpenRefuses(t *testing.T) {
	for _, url := range []string{"", "mysql://u:secret@h/d", "record.db", "sqlite:///no/such/dir/x.db"} {
		if s, err := records.Open(t.Context(), url, records.Options{}); err == nil {
			_ = s.Close()
			t.Errorf("%q was opened", url)
		}
	}
}
