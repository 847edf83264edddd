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

// provider is the name of SES in errors and logs.
const provider = "ses"

// quotaWait is how long to wait when the day's quota is spent. It is a rolling
// window of 24 hours, so capacity returns bit by bit.
const quotaWait = 10 * time.Minute

// failure returns a failure of this provider.
var failure = order.Provider(provider).Failure

// kinds maps the errors of SES to kinds of failure
// (https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html).
// If the account or its setup is wrong, the mail is not at fault: an operator
// must act, and then the mail can be sent.
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
	// Common to all services of AWS, some with the status 400: the credentials or
	// the clock are wrong.
	"AccessDeniedException":       order.ErrDenied,
	"NotAuthorized":               order.ErrDenied,
	"IncompleteSignature":         order.ErrDenied,
	"RequestExpired":              order.ErrDenied,
	"ExpiredTokenException":       order.ErrDenied,
	"UnrecognizedClientException": order.ErrDenied,
}

// noCode is the SDK's code for an error whose response names none; such a
// response is not from SES.
const noCode = "UnknownError"

// classify classifies a failed send. sent says whether the request left the
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
	case e.Status < 300: // no response, or an unreadable one
	case e.Status >= 500 || e.Status == http.StatusRequestTimeout: // whatever its code
	case e.Status == http.StatusTooManyRequests:
		e.Kind = order.ErrThrottled
	case ok:
		e.Kind = known
	case own && (e.Status == http.StatusBadRequest || e.Status == http.StatusRequestEntityTooLarge):
		e.Kind = order.ErrRejected
	default: // our credentials are wrong, or a proxy responded: the mail is not at fault
		e.Kind = order.ErrDenied
	}
	if e.Code == "LimitExceededException" && e.RetryAfter == 0 {
		e.RetryAfter = quotaWait
	}
	return e
}
