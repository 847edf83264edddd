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

// provider names the store in errors and logs.
const provider = "s3"

func failure(op string, kind error, code string, cause error) *order.ProviderError {
	return &order.ProviderError{Provider: provider, Op: op, Kind: kind, Code: code, Err: cause}
}

// What a call does to the store.
const (
	read  = false
	write = true
)

// kinds says what the store's codes mean for us. Where the bucket or the
// credentials are at fault the picture is not: an operator must act.
var kinds = map[string]error{
	"NoSuchKey":                  order.ErrNoSuch,
	"NotFound":                   order.ErrNoSuch, // HEAD has no body to say more
	"NoSuchBucket":               order.ErrDenied,
	"SlowDown":                   order.ErrThrottled,
	"TooManyRequests":            order.ErrThrottled,
	"EntityTooLarge":             order.ErrRejected,
	"ConditionalRequestConflict": order.ErrUnavailable, // another is writing the same key
	"OperationAborted":           order.ErrUnavailable,
	"RequestTimeout":             order.ErrUnavailable,
}

// classify tells what became of a call. A write without an answer may have
// been carried out; all of ours are the same when done again.
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
	switch known, ok := kinds[e.Code]; {
	case e.Status < 300: // no answer, or one that cannot be read
	case ok:
		e.Kind = known
	case e.Status >= 500: // whatever it calls itself
	case e.Status == http.StatusTooManyRequests:
		e.Kind = order.ErrThrottled
	case e.Status == http.StatusNotFound && op != "put":
		e.Kind = order.ErrNoSuch
	case e.Status == http.StatusPreconditionFailed:
		e.Kind = order.ErrState
	default: // 400, 401, 403, a redirect: our credentials, our clock, our bucket, or not S3 at all
		e.Kind = order.ErrDenied
	}
	return e
}
