// Package ses is a stand-in for Amazon SES (API v2) and the SNS topic it
// publishes to, to develop and test against: it accepts mail like the real
// one, sends none, shows what it got in a mailbox one can read in a browser,
// and says what became of it.
//
// It answers
//
//	POST /v2/email/outbound-emails   SendEmail, with Simple or Raw content
//	GET  /v2/email/account           GetAccount: quota, rate, sent
//	GET  /v2/email/identities/{id}   GetEmailIdentity
//
// with errors in the shape the AWS SDKs read: BadRequestException,
// MessageRejected (a recipient at rejected.example, a sender that is not
// verified), LimitExceededException (the day's quota),
// TooManyRequestsException (the rate), NotFoundException,
// UnrecognizedClientException (an unknown access key),
// InvalidSignatureException. Signatures (Version 4) are verified when it has
// an access key. The limits count recipients, in any second and in any 24
// hours. It knows no templates, and takes every configuration set.
//
// Below /sns/ it plays Amazon SNS: it asks its one endpoint whether it wants
// the messages, and once that has called the address it was given, publishes
// Delivery, DeliveryDelay, Bounce, Complaint and Reject there, signed
// (SignatureVersion 2) with a certificate of its own authority; see Root.
// Mails sent with a configuration set are reported as events, with their
// tags, others as notifications. The addresses of SES's mailbox simulator
// (success, bounce, complaint, ooto and suppressionlist at
// simulator.amazonses.com) are answered as there.
//
// The mailbox is another handler: /, /{id}, and the parts of a mail. There the
// world can be told how to answer one.
package ses
