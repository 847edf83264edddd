package mail

import (
	"errors"
	"time"
)

// The errors of a retry.
var (
	// ErrCampaignNotDone means that the campaign has not ended: only then it
	// can be retried.
	ErrCampaignNotDone = errors.New("the campaign is not done")
	// ErrOtherRound means that the campaign is not in the retry's round.
	ErrOtherRound = errors.New("the campaign is in another round")
	// ErrNoneUnknown means that no recipient's outcome is unknown, or has been
	// for long enough.
	ErrNoneUnknown = errors.New("no recipient's outcome has been unknown for that long")
)

// Retry is an operator's decision to send a campaign again to the recipients
// whose outcome is unknown. Some may then get it twice, so Purser takes this
// decision by itself only if the settings say so.
type Retry struct {
	// Round is the round that left the outcomes unknown; it makes a repeated
	// request the same decision.
	Round int `json:"round"`
	// ResolvedBefore is the latest time at which an outcome became unknown. It
	// excludes recipients about whom the provider may still report.
	ResolvedBefore time.Time `json:"settledBefore"`
	Actor          string    `json:"actor"`
	Reason         string    `json:"reason"`
}
