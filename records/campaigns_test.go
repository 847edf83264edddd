package records_test

import (
	"testing"

	"purser/activities/porttest"
	"purser/records"
)

func TestCampaigns(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		porttest.Campaigns(t, func(t *testing.T) porttest.CampaignBench { return open(t) })
	})
}
