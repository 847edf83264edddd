package cases_test

import (
	"errors"
	"testing"

	"purser/activities/cases"
	"purser/activities/porttest"
	"purser/order"
	"purser/records"
	"purser/records/recordstest"
	"purser/records/sqldb"
)

// TestCases (REC-7): the record of cases passes the suite on both databases.
func TestCases(t *testing.T) {
	recordstest.OnBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		porttest.Cases(t, func(t *testing.T) cases.Record { return open(t) })
	})
}

// TestCursor: only a cursor of this list, in its one spelling, is read.
func TestCursor(t *testing.T) {
	s := recordstest.Open(t, recordstest.SQLite(t))
	for _, place := range []string{"", "1", "x.c-1", "01.c-1", "+1.c-1"} {
		if _, err := s.Cases(t.Context(), order.CaseFilter{Cursor: sqldb.EncodeCursor("c1.", place)}); !errors.Is(err, sqldb.ErrCursor) {
			t.Errorf("%q: %v", place, err)
		}
	}
	for _, cursor := range []string{"x", sqldb.EncodeCursor("p1.", "1.c-1")} {
		if _, err := s.Cases(t.Context(), order.CaseFilter{Cursor: cursor}); !errors.Is(err, sqldb.ErrCursor) {
			t.Errorf("%q: %v", cursor, err)
		}
	}
	if _, err := s.Cases(t.Context(), order.CaseFilter{Cursor: sqldb.EncodeCursor("c1.", "1.c-1")}); err != nil {
		t.Error(err)
	}
}
