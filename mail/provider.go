package mail

import "time"

// ProviderStatus is how a provider stands, as one process sees it.
type ProviderStatus struct {
	Name      string    `json:"name"`
	Breaker   string    `json:"breaker" doc:"closed, open or half-open"`
	Trouble   string    `json:"trouble,omitempty" doc:"The last failure that counted against it"`
	Limits    Limits    `json:"limits"`
	Sender    string    `json:"sender,omitempty" doc:"What it says about our sender"`
	Sendable  bool      `json:"sendable" doc:"It has said that we may send as our sender"`
	AskedAt   time.Time `json:"askedAt,omitzero" doc:"When it last answered"`
	AskFailed string    `json:"askFailed,omitempty" doc:"Why it did not, since"`
	Served    int64     `json:"served" doc:"Mails it took from this process"`
	Passed    int64     `json:"passed" doc:"Mails it left to the next in line"`
}
