package ses

import "net/http"

// account is GetAccount.
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
	answer(w, http.StatusOK, map[string]any{
		"SendQuota": quota, "SendingEnabled": true, "ProductionAccessEnabled": true, "EnforcementStatus": "HEALTHY",
	})
}

// Figures are what the stand-in has seen since it started.
type Figures struct {
	Mails         int `json:"mails"`         // accepted, ever
	PeakPerSecond int `json:"peakPerSecond"` // the most recipients accepted in any one second
	Throttled     int `json:"throttled"`     // mails answered with TooManyRequestsException
	LastDay       int `json:"lastDay"`       // recipients in the last 24 hours
}

// Figures answers them.
func (s *Server) Figures() Figures {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.day.forget(s.cfg.Now())
	return Figures{Mails: len(s.mails), PeakPerSecond: s.second.peak, Throttled: s.throttled, LastDay: s.day.sum}
}
