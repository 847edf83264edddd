package campaigns_test

import (
	"errors"
	"testing"

	"purser/activities/porttest"
	"purser/mail"
	"purser/records"
	"purser/records/campaigns"
	"purser/records/recordstest"
)

func TestCampaigns(t *testing.T) {
	recordstest.OnBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		porttest.Campaigns(t, func(t *testing.T) porttest.CampaignBench { return open(t) })
	})
}

// TestDeleteCampaign checks that a draft is deleted with its recipients and
// that a started campaign is not.
func TestDeleteCampaign(t *testing.T) {
	recordstest.OnBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		s, ctx := open(t), t.Context()
		for _, id := range []string{"a", "b"} {
			if err := s.CreateCampaign(ctx, mail.Campaign{ID: id}, "key:test"); err != nil {
				t.Fatal(err)
			}
			if _, err := s.AddRecipients(ctx, id, mail.CampaignDraft, []mail.Recipient{{Address: "ada@example.com"}}, 0); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.DeleteCampaign(ctx, "a"); err != nil {
			t.Fatal(err)
		}
		if err := s.DeleteCampaign(ctx, "a"); !errors.Is(err, mail.ErrNoCampaign) {
			t.Errorf("deleted twice: %v", err)
		}
		if err := s.CreateCampaign(ctx, mail.Campaign{ID: "a", Name: "another"}, "key:test"); err != nil {
			t.Errorf("its id is taken still: %v", err)
		}
		for id, want := range map[string]int{"a": 0, "b": 1} {
			if all, err := s.Recipients(ctx, id, campaigns.RecipientFilter{}); err != nil || len(all) != want {
				t.Errorf("%s has %d recipients, %v", id, len(all), err)
			}
		}
		if err := s.SetCampaignState(ctx, "b", 1, mail.CampaignCancelled, ""); err != nil {
			t.Fatal(err)
		}
		if err := s.DeleteCampaign(ctx, "b"); !errors.Is(err, mail.ErrCampaignBegun) {
			t.Errorf("deleted what is no draft: %v", err)
		}
	})
}
