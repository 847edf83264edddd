package bulks_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/activities/porttest"
	"purser/order"
	"purser/records"
	"purser/records/bulks"
	"purser/records/recordstest"
	"purser/records/sqldb"
)

func idsOf(orders int) (ids []order.ID) {
	for i := range orders {
		ids = append(ids, order.ID(fmt.Sprint("ord_", i+1)))
	}
	return ids
}

func TestBulks(t *testing.T) {
	recordstest.OnBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		porttest.Bulks(t, func(t *testing.T) porttest.BulkBench {
			s := open(t)
			return porttest.BulkBench{
				Bulks: s,
				Open: func(t *testing.T, id string, orders int) {
					if _, err := s.OpenBulk(t.Context(), order.Bulk{ID: id}, "hash", idsOf(orders)); err != nil {
						t.Fatal(err)
					}
				},
				Outcomes: func(t *testing.T, id string) []order.BulkOrder {
					all, err := s.BulkOrders(t.Context(), id, bulks.Filter{})
					if err != nil {
						t.Fatal(err)
					}
					return all
				},
			}
		})
	})
}

// TestOpenBulk: a request that is repeated finds the bulk with the orders of the first;
// another request under its id is refused.
func TestOpenBulk(t *testing.T) {
	recordstest.OnBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		s, ctx := open(t), t.Context()
		before := time.Now().Add(-time.Second)
		b := order.Bulk{
			ID: "bulk_1", Actor: "key:ops", Customer: "cus_1",
			BulkRequest: order.BulkRequest{Action: order.BulkResolve, Choice: order.ChooseRelease, Reason: "they paid", DryRun: true},
		}
		if _, err := s.JoinBulk(ctx, b.ID, "hash"); !errors.Is(err, order.ErrNoBulk) {
			t.Errorf("before it is opened: %v", err)
		}
		want := b
		want.State, want.Counts = order.BulkRunning, order.BulkCounts{Total: 2, Due: 2}
		for _, ids := range [][]order.ID{idsOf(2), idsOf(3)} {
			got, err := s.OpenBulk(ctx, b, "hash", ids)
			if got.CreatedAt.Before(before) {
				t.Errorf("created at %s", got.CreatedAt)
			}
			want.CreatedAt = got.CreatedAt
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("%v %s", err, diff)
			}
		}
		if got, err := s.JoinBulk(ctx, b.ID, "hash"); err != nil || !cmp.Equal(got, want) {
			t.Errorf("joined %+v, %v", got, err)
		}
		for _, err := range []error{second(s.OpenBulk(ctx, b, "other", idsOf(2))), second(s.JoinBulk(ctx, b.ID, "other"))} {
			if !errors.Is(err, order.ErrOtherRequest) {
				t.Errorf("another request: %v", err)
			}
		}
		if got, err := s.OpenBulks(ctx, before); err != nil || len(got) != 1 || !cmp.Equal(got[0], want) {
			t.Errorf("open: %+v, %v", got, err)
		}
		if got, err := s.OpenBulks(ctx, time.Now().Add(time.Hour)); err != nil || len(got) > 0 {
			t.Errorf("open since later: %+v, %v", got, err)
		}
	})
}

func second(_ order.Bulk, err error) error { return err }

// TestBulkOrders: the orders of a bulk are listed page by page, all or those with an
// outcome, with the time of the outcome.
func TestBulkOrders(t *testing.T) {
	recordstest.OnBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		s, ctx := open(t), t.Context()
		if _, err := s.OpenBulk(ctx, order.Bulk{ID: "bulk_1"}, "hash", idsOf(5)); err != nil {
			t.Fatal(err)
		}
		begun, err := s.BeginBulkOrders(ctx, "bulk_1", 3)
		if err != nil {
			t.Fatal(err)
		}
		begun[1].Outcome, begun[1].Why = order.OutcomeFailed, "no response"
		begun[2].Outcome = order.OutcomeFailed
		if err := s.RecordBulkOrders(ctx, "bulk_1", begun[1:]); err != nil {
			t.Fatal(err)
		}
		for _, tt := range []struct {
			name string
			f    bulks.Filter
			want []int64
		}{
			{name: "all", want: []int64{1, 2, 3, 4, 5}},
			{name: "a page", f: bulks.Filter{After: 1, Limit: 2}, want: []int64{2, 3}},
			{name: "failed", f: bulks.Filter{Outcome: order.OutcomeFailed}, want: []int64{2, 3}},
			{name: "failed, the next page", f: bulks.Filter{Outcome: order.OutcomeFailed, After: 2}, want: []int64{3}},
			{name: "none", f: bulks.Filter{Outcome: order.OutcomeDone}},
		} {
			found, err := s.BulkOrders(ctx, "bulk_1", tt.f)
			var got []int64
			for _, o := range found {
				got = append(got, o.N)
				if o.At.IsZero() != o.Outcome.Open() {
					t.Errorf("order %d is %s at %s", o.N, o.Outcome, o.At)
				}
			}
			if err != nil || !cmp.Equal(got, tt.want) {
				t.Errorf("%s: %d, %v, want %d", tt.name, got, err, tt.want)
			}
		}
		if found, err := s.BulkOrders(ctx, "bulk_1", bulks.Filter{Outcome: order.OutcomeFailed}); err != nil || found[0].Why != "no response" {
			t.Errorf("%+v, %v", found, err)
		}
	})
}

// TestListBulks (RES-15): bulks are listed page by page, the latest first, and a cursor of
// another list is refused.
func TestListBulks(t *testing.T) {
	recordstest.OnBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		s, ctx := open(t), t.Context()
		for i := range 5 {
			b := order.Bulk{ID: fmt.Sprint("bulk_", i), BulkRequest: cancel, Customer: []string{"", "cus_1"}[i%2]}
			if _, err := s.OpenBulk(ctx, b, "hash", idsOf(i)); err != nil { // the first selects nothing, so it can end
				t.Fatal(err)
			}
		}
		if _, err := s.EndBulk(ctx, "bulk_0"); err != nil {
			t.Fatal(err)
		}
		for name, tt := range map[string]struct {
			f    bulks.ListFilter
			want []string
		}{
			"all":      {bulks.ListFilter{}, []string{"bulk_4", "bulk_3", "bulk_2", "bulk_1", "bulk_0"}},
			"pages":    {bulks.ListFilter{Limit: 2}, []string{"bulk_4", "bulk_3", "bulk_2", "bulk_1", "bulk_0"}},
			"open":     {bulks.ListFilter{Open: true, Limit: 3}, []string{"bulk_4", "bulk_3", "bulk_2", "bulk_1"}},
			"customer": {bulks.ListFilter{Customer: "cus_1"}, []string{"bulk_3", "bulk_1"}},
		} {
			var got []string
			for pages := 0; ; pages++ {
				page, err := s.Bulks(ctx, tt.f)
				if err != nil || pages > 5 {
					t.Fatalf("%s: page %d: %v", name, pages, err)
				}
				for _, b := range page.Bulks {
					if got = append(got, b.ID); fmt.Sprint("bulk_", b.Counts.Total) != b.ID || b.Action != order.BulkCancel {
						t.Errorf("%s: %+v", name, b)
					}
				}
				if tt.f.Cursor = page.Next; page.Next == "" {
					break
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
		for _, cursor := range []string{"x", sqldb.EncodeCursor("c1.", "1.bulk_1"), sqldb.EncodeCursor("b1.", "01.bulk_1"), sqldb.EncodeCursor("b1.", "1")} {
			if _, err := s.Bulks(ctx, bulks.ListFilter{Cursor: cursor}); !errors.Is(err, sqldb.ErrCursor) {
				t.Errorf("%q: %v", cursor, err)
			}
		}
	})
}

var cancel = order.BulkRequest{Action: order.BulkCancel, Reason: "recalled"}
