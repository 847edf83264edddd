package mail

import "slices"

// Report is the content of one webhook of a mail provider.
type Report struct {
	// Feedback has one entry per mail and recipient.
	Feedback []Feedback `json:"feedback,omitempty"`
	// Confirm is a verified URL of the provider's that must be called to
	// confirm the subscription to its reports.
	Confirm string `json:"confirm,omitempty"`
}

// Reason is why an address is suppressed.
type Reason string

// The reasons.
const (
	BecauseBounced      Reason = "bounced"        // permanently
	BecauseKeepsBounced Reason = "keeps_bouncing" // temporarily, but repeatedly
	BecauseComplained   Reason = "complained"     // its owner reported a mail as spam
	BecauseUnsubscribed Reason = "unsubscribed"   // its owner unsubscribed
	BecauseOperator     Reason = "operator"       // an operator suppressed it
)

// Scope is the extent of a suppression: all mail, the marketing stream, or one
// marketing list by its name.
type Scope string

// The scopes other than single lists.
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

// ListOf returns the list that a mail's tag "list" names; Campaigns for an
// unknown or empty name.
func ListOf(tag string) Scope {
	if list := Scope(tag); slices.Contains(Lists, list) {
		return list
	}
	return Campaigns
}

// Blocks reports whether the scope blocks a mail of the stream. The mail's list
// is not known here, so the scope of any list blocks all marketing. Only
// ScopeAll blocks mail about an order.
func (s Scope) Blocks(stream Stream) bool { return s == ScopeAll || stream != Transactional }

// BlocksList reports whether the scope blocks a marketing mail of a list.
func (s Scope) BlocksList(list Scope) bool {
	return s == ScopeAll || s == ScopeMarketing || s == list
}

// ScopeOf returns the scope of a suppression with this reason: an address that
// cannot be reached gets no mail at all; an owner who wants no marketing still
// gets mail about orders.
func ScopeOf(r Reason) Scope {
	switch r {
	case BecauseComplained, BecauseUnsubscribed:
		return ScopeMarketing
	}
	return ScopeAll
}
