package ses

import (
	"net/http"
	"time"
)

// Identity is the state of a sender, an address or a domain, as SES reports it.
type Identity struct {
	Status   string // PENDING, SUCCESS, FAILED, TEMPORARY_FAILURE, NOT_STARTED
	Verified bool   // whether it may send
	DKIM     string // one of the same values
}

// SetIdentities sets the identities that GetEmailIdentity returns, instead of
// the configured ones.
func (s *Server) SetIdentities(who map[string]Identity) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.identities = who
}

// writeIdentity responds with an identity that SetIdentities has set. It returns
// false if SetIdentities was not called.
func (s *Server) writeIdentity(w http.ResponseWriter, name string) bool {
	s.mu.Lock()
	who, ok := s.identities[name]
	set := s.identities != nil
	s.mu.Unlock()
	switch {
	case !set:
		return false
	case !ok:
		refuse(w, http.StatusNotFound, "NotFoundException", "The identity does not exist.")
	default:
		writeJSON(w, http.StatusOK, map[string]any{
			"IdentityType": "DOMAIN", "VerificationStatus": who.Status, "VerifiedForSendingStatus": who.Verified,
			"DkimAttributes": map[string]any{"Status": who.DKIM, "SigningEnabled": who.DKIM == "SUCCESS"},
		})
	}
	return true
}

// AcceptedMail is an accepted mail, without its content.
type AcceptedMail struct {
	At         time.Time
	ID         string
	Recipients int
	Tags       map[string]string
}

// Accepted returns every accepted mail, oldest first.
func (s *Server) Accepted() []AcceptedMail {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]AcceptedMail, len(s.mails))
	for i, m := range s.mails {
		all[i] = AcceptedMail{m.At, m.ID, len(m.To), m.Tags}
	}
	return all
}
