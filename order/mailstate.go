package order

// MailState is where a mail stands in the ledger.
type MailState string

// The states of a mail.
const (
	MailStateSending  MailState = "sending"  // handed over, answer outstanding
	MailStateSent     MailState = "sent"     // accepted by the provider
	MailStateDue      MailState = "due"      // certainly not sent; may be tried (again)
	MailStateUnknown  MailState = "unknown"  // may have gone out; never sent again by itself
	MailStateRejected MailState = "rejected" // refused for good
)
