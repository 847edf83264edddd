package mail

import "time"

// ProviderStatus is a mail provider's state, as one process sees it.
type ProviderStatus struct {
	Name      string    `json:"name"`
	Breaker   string    `json:"breaker" doc:"closed, open or half-open"`
	Trouble   string    `json:"trouble,omitempty" doc:"The last failure that counted against it"`
	Limits    Limits    `json:"limits"`
	Sender    string    `json:"sender,omitempty" doc:"The provider's status of our sender"`
	Sendable  bool      `json:"sendable" doc:"Whether the provider has confirmed that we may send as our sender"`
	AskedAt   time.Time `json:"askedAt,omitzero" doc:"When the provider last responded to a query of its limits"`
	AskFailed string    `json:"askFailed,omitempty" doc:"Why a later query failed"`
	Served    int64     `json:"served" doc:"Mails that the provider accepted from this process"`
	Passed    int64     `json:"passed" doc:"Mails that were passed to the next provider"`
}
