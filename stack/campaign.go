package stack

import (
	"purser/activities"
	"purser/api"
)

// campaigns are what a campaign's steps need.
func (s *Stack) campaigns(p *providers) activities.Campaigns {
	return activities.Campaigns{
		Record: s.Records, Recipients: s.Records, Audience: s.Records, Letters: p.mail.letters,
		Leaving: s.links(), Reputation: s.Records,
	}
}

// campaignDesk is the API's part in it.
func (s *Stack) campaignDesk(p *providers) *api.Campaigns {
	return &api.Campaigns{Steer: s.starter, Records: s.Records, Letters: p.mail.letters}
}

// preview shows what mails look like: to everybody at this machine where the
// whole stack runs on it, to operators elsewhere.
func (s *Stack) preview(r Role, p *providers) *api.Preview {
	return &api.Preview{Letters: p.mail.letters, Open: r.owns()}
}
