package fake_test

import (
	"testing"

	"purser/activities/cases"
	"purser/activities/fake"
	"purser/activities/porttest"
)

func TestCases(t *testing.T) {
	porttest.Cases(t, func(*testing.T) cases.Record { return &fake.Cases{} })
}
