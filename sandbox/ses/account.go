package ses

import (
	"net/http"
	"strings"
	"time"
)

// Identity is what SES says about a sender, an address or a domain.
type Identity struct {
	Status   string // PENDING, SUCCESS, FAILED, TEMPORARY_FAILURE, NOT_STARTED
	Verified bool   // may send
	DKIM     string // the same words
}

// SetIdentities says who may send: addresses and domains. Until it is called
// everybody may.
func (s *Server) SetIdentities(who map[string]Identity) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.identities = who
}

// identity is GetEmailIdentity.
func (s *Server) identity(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	who, ok := s.identities[r.PathValue("identity")]
	if s.identities == nil {
		who, ok = Identity{Status: "SUCCESS", Verified: true, DKIM: "SUCCESS"}, true
	}
	s.mu.Unlock()
	if !ok {
		refuse(w, http.StatusNotFound, "NotFoundException", "The identity does not exist.")
		return
	}
	kind := "DOMAIN"
	if strings.Contains(r.PathValue("identity"), "@") {
		kind = "EMAIL_ADDRESS"
	}
	answer(w, http.StatusOK, map[string]any{
		"IdentityType": kind, "VerificationStatus": who.Status, "VerifiedForSendingStatus": who.Verified,
		"DkimAttributes": map[string]any{"Status": who.DKIM, "SigningEnabled": who.DKIM == "SUCCESS"},
	})
}

// verified reports whether a sender, or its domain, may send.
func (s *Server) verified(from string) bool {
	from = address(from)
	_, domain, _ := strings.Cut(from, "@")
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.identities == nil || s.identities[from].Verified || s.identities[domain].Verified
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
