package fake_test

import (
	"testing"

	"purser/activities"
	"purser/activities/fake"
	"purser/activities/porttest"
)

func TestRecord(t *testing.T) {
	porttest.Record(t, func(*testing.T) porttest.RecordBench { return new(fake.Record) })
}

func TestLedger(t *testing.T) {
	porttest.Ledger(t, func(*testing.T) activities.MailLedger { return new(fake.Ledger) })
}
