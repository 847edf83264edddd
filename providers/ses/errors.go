package ses

import (
	"errors"
	"net/http"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"purser/order"
	"purser/providers/guard"
)

// provider names SES in errors and logs.
const provider = "ses"

// quotaWait is how long to wait when the day's quota is spent: it is a rolling
// window of 24 hours, so room appears bit by bit.
const quotaWait = 10 * time.Minute

// failure returns a failure of this provider.
var failure = order.Provider(provider).Failure

// kinds says what SES's errors mean for us
// (https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html).
// Where the account or its setting-up is at fault, the mail is not: an
// operator must act, and then it can go.
var kinds = map[string]error{
	"TooManyRequestsException":           order.ErrThrottled,
	"ThrottlingException":                order.ErrThrottled,
	"LimitExceededException":             order.ErrThrottled, // the day's quota
	"MessageRejected":                    order.ErrRejected,
	"BadRequestException":                order.ErrRejected,
	"AccountSuspendedException":          order.ErrDenied,
	"SendingPausedException":             order.ErrDenied,
	"MailFromDomainNotVerifiedException": order.ErrDenied,
	"NotFoundException":                  order.ErrDenied, // the configuration set or the identity
}

// noCode is what the SDK calls an error whose response names none: such a
// response is not SES's own.
const noCode = "UnknownError"

// classify tells what became of a mail. sent says that the request left the
// SDK.
func classify(op string, err error, sent bool) *order.ProviderError {
	e := failure(op, order.ErrUnknownOutcome, "", err)
	var resp *awshttp.ResponseError
	if errors.As(err, &resp) && resp.Response != nil && resp.Response.Response != nil {
		e.Status = resp.HTTPStatusCode()
		e.Ref = resp.ServiceRequestID()
		e.RetryAfter = guard.RetryAfter(resp.Response.Header, time.Now())
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		e.Code = api.ErrorCode()
	}
	own := e.Code != "" && e.Code != noCode
	switch known, ok := kinds[e.Code]; {
	case e.Status == 0 && (!sent || guard.NotSent(err)):
		e.Kind = order.ErrUnavailable
	case e.Status < 300: // no answer, or one that cannot be read
	case e.Status >= 500 || e.Status == http.StatusRequestTimeout: // whatever it calls itself
	case e.Status == http.StatusTooManyRequests:
		e.Kind = order.ErrThrottled
	case ok:
		e.Kind = known
	case own && (e.Status == http.StatusBadRequest || e.Status == http.StatusRequestEntityTooLarge):
		e.Kind = order.ErrRejected
	default: // our credentials, or not SES at all but a proxy: the mail is not at fault
		e.Kind = order.ErrDenied
	}
	if e.Code == "LimitExceededException" && e.RetryAfter == 0 {
		e.RetryAfter = quotaWait
	}
	return e
}
