package s3

import (
	"errors"
	"net/http"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"purser/order"
	"purser/providers/guard"
)

// provider is the store's name in errors and logs.
const provider = "s3"

// failure returns a failure of this provider.
var failure = order.Provider(provider).Failure

// These are the effects of a call on the store.
const (
	read  = false
	write = true
)

// kinds maps the store's error codes to kinds of failure. If the bucket or the
// credentials are wrong, the image is not at fault: an operator must act.
var kinds = map[string]error{
	"NoSuchKey":                  order.ErrNoSuch,
	"NoSuchBucket":               order.ErrDenied,
	"SlowDown":                   order.ErrThrottled,
	"TooManyRequests":            order.ErrThrottled,
	"EntityTooLarge":             order.ErrRejected,
	"ConditionalRequestConflict": order.ErrUnavailable, // another request is writing the same key
	"OperationAborted":           order.ErrUnavailable,
	"RequestTimeout":             order.ErrUnavailable,
}

// classify classifies a failed call. A write without a response may have been
// carried out; all our writes can be repeated safely.
func classify(op string, writes bool, err error) *order.ProviderError {
	e := failure(op, order.ErrUnavailable, "", err)
	if writes && !guard.NotSent(err) {
		e.Kind = order.ErrUnknownOutcome
	}
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
	// Every response of a store has a request id. A response without one says
	// nothing about the file: a proxy's 404 does not mean that the file is gone.
	own := e.Ref != ""
	switch known, ok := kinds[e.Code]; {
	case e.Status < 300: // no response, or an unreadable one
	case ok:
		e.Kind = known
	case e.Status >= 500: // whatever its code
	case e.Status == http.StatusTooManyRequests:
		e.Kind = order.ErrThrottled
	case own && e.Status == http.StatusNotFound && op != "put": // HEAD has no body to say more
		e.Kind = order.ErrNoSuch
	case own && e.Status == http.StatusPreconditionFailed:
		e.Kind = order.ErrState
	default: // 400, 401, 403, a redirect: our credentials, our clock, our bucket, or not S3 at all
		e.Kind = order.ErrDenied
	}
	return e
}
