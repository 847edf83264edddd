package fake_test

import (
	"testing"

	"purser/activities/fake"
	"purser/activities/mails"
	"purser/activities/porttest"
)

func TestRecord(t *testing.T) {
	porttest.Record(t, func(*testing.T) porttest.RecordBench { return new(fake.Record) })
}

func TestLedger(t *testing.T) {
	porttest.Ledger(t, func(*testing.T) mails.MailLedger { return new(fake.Ledger) })
}
