package stack

import (
	"purser/api/campaigns"
	"purser/api/mails"
)

const setPublicURL = "set PURSER_PUBLIC_URL to where readers reach the API"

// warnOfLinks warns at the start of missing or local links, which would otherwise
// show only when a campaign runs.
func (s *Stack) warnOfLinks() {
	switch {
	case s.cfg.PublicURL != "":
	case s.apiURL == "":
		s.log.Warn("this worker pauses campaigns, since their readers could not unsubscribe: " + setPublicURL)
	case !s.cfg.PlaysSES():
		s.log.Warn("the links in marketing mail lead to this machine's own address: "+setPublicURL, "address", s.apiURL)
	}
}

// campaignService returns the API's operations on campaigns.
func (s *Stack) campaignService(p *providers) *campaigns.Service {
	return &campaigns.Service{Workflows: s.starter, Records: s.Records, Templates: p.mail.templates}
}

// preview returns the pages that show what mails look like. Everybody may see
// them where atHome holds; elsewhere only operators may.
func (s *Stack) preview(r Role, p *providers) *mails.Preview {
	return &mails.Preview{Templates: p.mail.templates, Open: s.atHome(r)}
}

// atHome reports whether a caller from this machine needs no key to look around:
// the whole stack runs on the machine, and no public URL leads others to it.
// Behind a proxy every caller may seem to be local.
func (s *Stack) atHome(r Role) bool { return r.owns() && s.cfg.PublicURL == "" }
