package ses

import (
	"net/http"
	"slices"
	"strings"
)

// account handles GetAccount.
func (s *Server) account(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	s.day.forget(s.cfg.Now())
	sent := s.day.sum
	s.mu.Unlock()
	quota := map[string]int{"Max24HourSend": -1, "MaxSendRate": 1_000_000, "SentLast24Hours": sent}
	if s.cfg.PerDay > 0 {
		quota["Max24HourSend"] = s.cfg.PerDay
	}
	if s.cfg.PerSecond > 0 {
		quota["MaxSendRate"] = s.cfg.PerSecond
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"SendQuota": quota, "SendingEnabled": true, "ProductionAccessEnabled": !s.cfg.Restricted, "EnforcementStatus": "HEALTHY",
	})
}

// identity handles GetEmailIdentity. Only configured identities exist, and all
// of them are verified.
func (s *Server) identity(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	if s.writeIdentity(w, id) {
		return
	}
	kind := "DOMAIN"
	if strings.Contains(id, "@") {
		kind = "EMAIL_ADDRESS"
	}
	if len(s.cfg.Identities) > 0 && !slices.Contains(s.cfg.Identities, id) {
		refuse(w, http.StatusNotFound, "NotFoundException", "Email identity "+id+" does not exist.")
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"IdentityType": kind, "VerifiedForSendingStatus": true, "VerificationStatus": "SUCCESS", "FeedbackForwardingStatus": true,
		"DkimAttributes":     map[string]any{"SigningEnabled": true, "Status": "SUCCESS", "SigningAttributesOrigin": "AWS_SES"},
		"MailFromAttributes": map[string]any{"BehaviorOnMxFailure": "USE_DEFAULT_VALUE"},
	})
}

// verified reports whether a sender, or its domain, is verified.
func (s *Server) verified(from string) bool {
	from = address(from)
	_, domain, _ := strings.Cut(from, "@")
	return len(s.cfg.Identities) == 0 || slices.Contains(s.cfg.Identities, from) || slices.Contains(s.cfg.Identities, domain)
}

// Figures are the statistics of the stand-in.
type Figures struct {
	Mails         int `json:"mails"`         // all accepted mails
	PeakPerSecond int `json:"peakPerSecond"` // the most recipients accepted in any one second
	Throttled     int `json:"throttled"`     // mails refused with TooManyRequestsException
	LastDay       int `json:"lastDay"`       // recipients in the last 24 hours
}

// Figures returns the current statistics.
func (s *Server) Figures() Figures {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.day.forget(s.cfg.Now())
	return Figures{Mails: len(s.mails), PeakPerSecond: s.second.peak, Throttled: s.throttled, LastDay: s.day.sum}
}
