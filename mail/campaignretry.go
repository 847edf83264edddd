package mail

import (
	"errors"
	"time"
)

// What can be wrong with a retry.
var (
	// ErrCampaignNotDone: only a campaign that has come to its end can be
	// retried.
	ErrCampaignNotDone = errors.New("the campaign is not done")
	// ErrOtherRound: the retry is of a round that is over, or never was.
	ErrOtherRound = errors.New("the campaign is in another round")
	// ErrNoneUnknown: there is nobody whose outcome is unknown, or has been
	// for long enough.
	ErrNoneUnknown = errors.New("no recipient's outcome has been unknown for that long")
)

// Retry is an operator's decision to write once more to those recipients of a
// campaign of whom it is not known whether they got it. Some may then get it
// twice, so nobody takes this decision but a person.
type Retry struct {
	// Round is the campaign's round that left them unknown: the same decision
	// sent again is not another one.
	Round int `json:"round"`
	// ResolvedBefore leaves out those whose provider may still tell: it is the
	// latest time at which an outcome became unknown.
	ResolvedBefore time.Time `json:"settledBefore"`
	Actor          string    `json:"actor"`
	Reason         string    `json:"reason"`
}
