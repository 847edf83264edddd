package fake_test

import (
	"testing"

	"purser/activities/fake"
	"purser/activities/porttest"
)

func TestCampaigns(t *testing.T) {
	porttest.Campaigns(t, func(t *testing.T) porttest.CampaignBench { return &fake.Campaigns{} })
}
