package mail

import "slices"

// Report is what one webhook of a mail provider tells.
type Report struct {
	// Feedback is what became of mails, one entry per recipient.
	Feedback []Feedback `json:"feedback,omitempty"`
	// Confirm is an address of the provider's to call, so that it sends us
	// reports: its question whether we want them. It was verified.
	Confirm string `json:"confirm,omitempty"`
}

// Reason is why an address is suppressed.
type Reason string

// The reasons.
const (
	BecauseBounced      Reason = "bounced"        // for good: nothing arrives there
	BecauseKeepsBounced Reason = "keeps_bouncing" // for now, again and again
	BecauseComplained   Reason = "complained"     // its owner called a mail spam
	BecauseUnsubscribed Reason = "unsubscribed"   // its owner asked us to stop
	BecauseOperator     Reason = "operator"       // one of us decided so
)

// Scope is what a suppression blocks: All, the Marketing stream, or one list
// of it by its name.
type Scope string

// The scopes beside single lists.
const (
	ScopeAll       Scope = "all"
	ScopeMarketing Scope = "marketing"
)

// The lists a shopper can leave and join one by one.
const (
	Campaigns Scope = "campaigns" // news and offers
	Reminders Scope = "reminders" // about an order that was begun and not finished
)

// Lists are the lists that can be left one by one.
var Lists = []Scope{Campaigns, Reminders}

// ListOf is the list that a mail's tag "list" names. One that is not known, or
// none, is Campaigns.
func ListOf(tag string) Scope {
	if list := Scope(tag); slices.Contains(Lists, list) {
		return list
	}
	return Campaigns
}

// Blocks reports whether the scope holds back a mail of the stream, whatever
// its list: of a list that is not known, one that was left may be the one.
// Mail about an order is held back by ScopeAll only.
func (s Scope) Blocks(stream Stream) bool { return s == ScopeAll || stream != Transactional }

// BlocksList reports whether the scope holds back a marketing mail of a list.
func (s Scope) BlocksList(list Scope) bool {
	return s == ScopeAll || s == ScopeMarketing || s == list
}

// ScopeOf is how far a reason reaches: an address that cannot be reached is
// reached by no mail, one whose owner wants no marketing still gets mail about
// orders.
func ScopeOf(r Reason) Scope {
	switch r {
	case BecauseComplained, BecauseUnsubscribed:
		return ScopeMarketing
	}
	return ScopeAll
}
