// Package mail defines mail: messages, recipients, campaigns, outcomes and
// providers' limits. It does no I/O.
package mail

import "time"

// Stream is the purpose of a mail. A shopper can unsubscribe from marketing, but
// not from mail about an order.
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

// Content is the content of a mail.
type Content struct {
	Subject string `json:"subject"`
	Text    string `json:"text"`
	HTML    string `json:"html"`
}

// Attachment is a file that a mail carries.
type Attachment struct {
	Name string `json:"name"` // with an extension, without a folder
	Type string `json:"type"` // the media type
	Data []byte `json:"data"`
}

// Message is one mail, ready to be handed to a provider.
type Message struct {
	// ID is the ledger's key: the same for every attempt and every provider.
	// See Check for its characters.
	ID string `json:"id"`
	// About identifies the order or the campaign that the mail belongs to.
	About string `json:"about,omitempty"`
	// Generation counts the times somebody decided to send it again.
	Generation int    `json:"generation,omitempty"`
	Stream     Stream `json:"stream"`
	Template   string `json:"template,omitempty"`
	// From is the sender; zero: the sender that the provider is configured with.
	From    Address   `json:"from,omitzero"`
	To      []Address `json:"to"` // each counts against the provider's limits
	Content Content   `json:"content"`
	// Attachments are the files that the mail carries.
	Attachments []Attachment `json:"attachments,omitempty"`
	// Unsubscribe is the one-click address of a marketing mail (RFC 8058).
	Unsubscribe string `json:"unsubscribe,omitempty"`
	// Tags come back in the provider's events; they hold ids and kinds, never
	// personal data.
	Tags map[string]string `json:"tags,omitempty"`
}

// Feedback is a provider's report about a mail to one recipient.
type Feedback struct {
	Provider   string    `json:"provider"`            // "ses", …
	ProviderID string    `json:"providerId"`          // the provider's message id
	MessageID  string    `json:"messageId,omitempty"` // ours, where the provider repeats it
	Recipient  string    `json:"recipient"`           // normalised; see Normalise
	Kind       Kind      `json:"kind"`
	Bounce     Bounce    `json:"bounce,omitempty"`     // for Bounced
	Diagnostic string    `json:"diagnostic,omitempty"` // the receiving server's message
	At         time.Time `json:"at"`
}

// Kind is the kind of a provider's report about a mail.
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

// Bounce says whether another mail to the address could arrive.
type Bounce string

// The kinds of bounces.
const (
	Permanent    Bounce = "permanent"
	Transient    Bounce = "transient"
	Undetermined Bounce = "undetermined"
)
