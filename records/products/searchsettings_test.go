package products_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"purser/catalog"
	"purser/records"
	"purser/records/recordstest"
)

// TestSearchSettings (SRCH-2) checks that the shop's settings of the search are kept,
// and that the record knows which of them the index has.
func TestSearchSettings(t *testing.T) {
	recordstest.OnBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		s := open(t)
		want := func(version int64, applied bool, problem string, settings catalog.SearchSettings) {
			t.Helper()
			got, err := s.SearchSettings(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(settings.Complete(), got.SearchSettings); diff != "" || got.Version != version || got.Applied != applied || got.Problem != problem {
				t.Errorf("%+v, want version %d, applied %t, %q: %s", got, version, applied, problem, diff)
			}
			if (got.ChangedAt != nil) != (version > 0) || (got.ChangedBy == "key:ops") != (version > 0) {
				t.Errorf("changed at %v by %q", got.ChangedAt, got.ChangedBy)
			}
		}
		record := func(version int64, problem string) {
			t.Helper()
			if err := s.RecordApplied(t.Context(), version, problem); err != nil {
				t.Fatal(err)
			}
		}
		none, mugs := catalog.SearchSettings{}, catalog.SampleSearch()
		want(0, false, "", none)
		record(0, "away")
		want(0, false, "away", none)
		record(0, "")
		want(0, true, "", none)
		if _, err := s.PutSearchSettings(t.Context(), catalog.SearchSettings{StopWords: []string{"42"}}, "key:ops", nil); !errors.Is(err, catalog.ErrSettings) {
			t.Errorf("invalid settings: %v", err)
		}
		put, err := s.PutSearchSettings(t.Context(), mugs, "key:ops", new(int64(0)))
		if err != nil || put.Version != 1 || put.Applied {
			t.Fatalf("%+v, %v", put, err)
		}
		if _, err := s.PutSearchSettings(t.Context(), none, "key:ops", new(int64(0))); !errors.Is(err, catalog.ErrVersion) {
			t.Errorf("a version that is past: %v", err)
		}
		record(0, "") // a worker that is behind
		want(1, false, "", mugs)
		record(1, "away")
		want(1, false, "away", mugs)
		record(1, "")
		want(1, true, "", mugs)
		record(0, "behind")
		want(1, true, "", mugs)
		if _, err := s.PutSearchSettings(t.Context(), none, "key:ops", nil); err != nil {
			t.Fatal(err)
		}
		want(2, false, "", none)
	})
}

// TestSearchSettingsRace (SRCH-2) checks that of concurrent changes none is lost
// silently: each has a version of its own, or is refused.
func TestSearchSettingsRace(t *testing.T) {
	recordstest.OnBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		s := open(t)
		var all sync.WaitGroup
		versions := make(chan int64, 8)
		for i := range 4 {
			all.Go(func() {
				put, err := s.PutSearchSettings(t.Context(), catalog.SearchSettings{StopWords: []string{fmt.Sprintf("word%c", 'a'+rune(i))}}, "key:ops", nil)
				if err != nil {
					t.Error(err)
				}
				versions <- put.Version
			})
			all.Go(func() {
				if put, err := s.PutSearchSettings(t.Context(), catalog.SearchSettings{}, "key:ops", new(int64(0))); err == nil {
					versions <- put.Version
				} else if !errors.Is(err, catalog.ErrVersion) {
					t.Error(err)
				}
			})
		}
		all.Wait()
		close(versions)
		seen := map[int64]bool{}
		for v := range versions {
			if seen[v] {
				t.Errorf("version %d was given twice", v)
			}
			seen[v] = true
		}
		if now, err := s.SearchSettings(t.Context()); err != nil || now.Version != int64(len(seen)) {
			t.Errorf("%+v, %v, after %d changes", now, err, len(seen))
		}
	})
}
