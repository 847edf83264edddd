// Package ses is a stand-in for Amazon SES (API v2) and the SNS topic that SES
// publishes to, to develop and test against. It accepts mail like the real one,
// sends none, shows the accepted mails in a mailbox for the browser, and reports
// deliveries, bounces and complaints.
//
// It serves
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
// InvalidSignatureException. Signatures (Version 4) are verified if an access
// key is configured. The limits count recipients, in any second and in any 24
// hours. It supports no templates, and refuses what it does not serve.
//
// Below /sns/ it simulates Amazon SNS: it asks its one endpoint to confirm the
// subscription, and once the endpoint has called the confirmation URL, it
// publishes Delivery, DeliveryDelay, Bounce, Complaint and Reject there, signed
// (SignatureVersion 2) with a certificate of its own authority; see Root. Mails
// sent with a configuration set are reported as events, with their tags, others
// as notifications. The addresses of SES's mailbox simulator (success, bounce,
// complaint, ooto and suppressionlist at simulator.amazonses.com) behave as they
// do on Amazon.
//
// Mailbox is a handler of its own: /, /{id}, and the parts of a mail. Its pages
// can also simulate feedback on a mail.
package ses
