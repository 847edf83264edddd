package ses

import (
	"net/http"
	"time"
)

// Identity is what SES says about a sender, an address or a domain.
type Identity struct {
	Status   string // PENDING, SUCCESS, FAILED, TEMPORARY_FAILURE, NOT_STARTED
	Verified bool   // may send
	DKIM     string // the same words
}

// SetIdentities says what GetEmailIdentity answers, instead of the
// configuration.
func (s *Server) SetIdentities(who map[string]Identity) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.identities = who
}

// writeIdentity answers for an identity that was set; false: none was.
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

// Arrival is an accepted mail, as far as counting goes.
type Arrival struct {
	At         time.Time
	ID         string
	Recipients int
	Tags       map[string]string
}

// Arrivals lists every mail accepted, oldest first.
func (s *Server) Arrivals() []Arrival {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Arrival, len(s.mails))
	for i, m := range s.mails {
		all[i] = Arrival{m.At, m.ID, len(m.To), m.Tags}
	}
	return all
}
