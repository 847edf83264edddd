package order

import "purser/mail"

// MailState is where a mail stands in the ledger.
type MailState = mail.State

// The states of a mail.
const (
	MailStateSending    = mail.StateSending
	MailStateSent       = mail.StateSent
	MailStateDue        = mail.StateDue
	MailStateUnknown    = mail.StateUnknown
	MailStateRejected   = mail.StateRejected
	MailStateSuppressed = mail.StateSuppressed
)
