package fake_test

import (
	"testing"

	"purser/activities/cases"
	"purser/activities/fake"
	"purser/activities/porttest"
)

// TestCases (REC-7): the fake record of cases behaves as the real one.
func TestCases(t *testing.T) {
	porttest.Cases(t, func(*testing.T) cases.Record { return &fake.Cases{} })
}
