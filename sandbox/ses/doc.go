// Package ses is a stand-in for Amazon SES (API v2) to develop and test
// against: it accepts mail like the real one, sends none, and shows what it
// got in a mailbox one can read in a browser.
//
// It answers
//
//	POST /v2/email/outbound-emails   SendEmail, with Simple or Raw content
//	GET  /v2/email/account           GetAccount: quota and rate
//
// with errors in the shape the AWS SDKs read: BadRequestException,
// MessageRejected (a recipient at rejected.example), LimitExceededException
// (the day's quota), TooManyRequestsException (the rate),
// UnrecognizedClientException (an unknown access key). It looks at who signed
// a request, not at the signature, and it knows no identities, templates or
// configuration sets.
//
// The mailbox is another handler: /, /{id}, and the parts of a mail.
package ses
