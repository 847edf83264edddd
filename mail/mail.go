// Package mail is the vocabulary of mail: what is sent, to whom, and what
// became of it. It does no I/O.
package mail

import "time"

// Stream is why a mail is sent. What a shopper unsubscribes from is marketing;
// mail about an order goes on.
type Stream string

// The streams.
const (
	Transactional Stream = "transactional" // about an order or an account
	Marketing     Stream = "marketing"     // campaigns and reminders
)

// Address is one recipient.
type Address struct {
	Name  string `json:"name,omitempty"`
	Email string `json:"email"`
}

// Content is what a mail says.
type Content struct {
	Subject string `json:"subject"`
	Text    string `json:"text"`
	HTML    string `json:"html"`
}

// Message is one mail, ready to be handed to a provider.
type Message struct {
	// ID is the ledger's key: the same for every attempt and every provider.
	// See Check for its letters.
	ID string `json:"id"`
	// About is what the mail belongs to: an order, a campaign.
	About string `json:"about,omitempty"`
	// Generation counts the times somebody decided to send it again.
	Generation int    `json:"generation,omitempty"`
	Stream     Stream `json:"stream"`
	Template   string `json:"template,omitempty"`
	// From is who it is from; zero: whom the provider was told.
	From    Address   `json:"from,omitzero"`
	To      []Address `json:"to"` // each counts against the provider's limits
	Content Content   `json:"content"`
	// Unsubscribe is the one-click address of a marketing mail (RFC 8058).
	Unsubscribe string `json:"unsubscribe,omitempty"`
	// Tags name the business, for the provider's events: never personal data.
	Tags map[string]string `json:"tags,omitempty"`
}

// Feedback is what a provider says became of a mail, for one recipient.
type Feedback struct {
	Provider   string    `json:"provider"`            // "ses", …
	ProviderID string    `json:"providerId"`          // the provider's message id
	MessageID  string    `json:"messageId,omitempty"` // ours, where the provider repeats it
	Recipient  string    `json:"recipient"`           // normalised; see Normalise
	Kind       Kind      `json:"kind"`
	Bounce     Bounce    `json:"bounce,omitempty"`     // of Bounced
	Diagnostic string    `json:"diagnostic,omitempty"` // the receiving server's words
	At         time.Time `json:"at"`
}

// Kind is what became of a mail.
type Kind string

// The kinds of feedback.
const (
	Accepted     Kind = "accepted" // the provider will try to deliver it
	Delivered    Kind = "delivered"
	Delayed      Kind = "delayed"
	Bounced      Kind = "bounced"
	Complained   Kind = "complained"
	Refused      Kind = "refused" // by the provider itself (a virus, a broken template)
	Unsubscribed Kind = "unsubscribed"
)

// Bounce is whether another mail to the address could arrive.
type Bounce string

// The kinds of bounces.
const (
	Permanent    Bounce = "permanent"
	Transient    Bounce = "transient"
	Undetermined Bounce = "undetermined"
)
