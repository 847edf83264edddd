package records_test

import (
	"path/filepath"
	"testing"

	"purser/activities"
	"purser/activities/porttest"
	"purser/postgrestest"
	"purser/records"
)

// onBoth runs a test on SQLite and on Postgres.
func onBoth(t *testing.T, test func(t *testing.T, open func(t *testing.T) *records.Store)) {
	for name, url := range map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite://" + filepath.Join(t.TempDir(), "record one.db") },
		"postgres": func(t *testing.T) string { return postgrestest.Database(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, func(t *testing.T) *records.Store { return openAt(t, url(t)) })
		})
	}
}

func openAt(t testing.TB, url string) *records.Store {
	t.Helper()
	s, err := records.Open(t.Context(), url, records.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

func TestRecord(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		porttest.Record(t, func(t *testing.T) porttest.RecordBench { return open(t) })
	})
}

func TestLedger(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		porttest.Ledger(t, func(t *testing.T) activities.MailLedger { return open(t) })
	})
}

func TestResends(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		porttest.Resends(t, func(t *testing.T) porttest.ResendLedger { return open(t) })
	})
}
