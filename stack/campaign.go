package stack

import (
	"purser/api/campaigns"
	"purser/api/mails"
)

const setPublicURL = "set PURSER_PUBLIC_URL to where readers reach the API"

// warnOfLinks says at the start what would stop a campaign later.
func (s *Stack) warnOfLinks() {
	switch {
	case s.cfg.PublicURL != "":
	case s.apiURL == "":
		s.log.Warn("this worker pauses campaigns, for their readers could not unsubscribe: " + setPublicURL)
	case !s.cfg.PlaysSES():
		s.log.Warn("the links in marketing mail lead to this machine's own address: "+setPublicURL, "address", s.apiURL)
	}
}

// campaignService serves the API's operations on campaigns.
func (s *Stack) campaignService(p *providers) *campaigns.Service {
	return &campaigns.Service{Workflows: s.starter, Records: s.Records, Templates: p.mail.templates}
}

// preview shows what mails look like: to everybody at this machine where it is
// at home, to operators elsewhere.
func (s *Stack) preview(r Role, p *providers) *mails.Preview {
	return &mails.Preview{Templates: p.mail.templates, Open: s.atHome(r)}
}

// atHome reports whether who sits at this machine needs no key to look around:
// the whole stack runs on it, and the world is not led to it. Through a proxy
// everybody may seem to sit there.
func (s *Stack) atHome(r Role) bool { return r.owns() && s.cfg.PublicURL == "" }
