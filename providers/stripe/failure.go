package stripe

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"time"

	sdk "github.com/stripe/stripe-go/v76"

	"purser/order"
	"purser/providers/guard"
)

// failure is a classified error that also records whether Stripe only replayed
// an earlier response.
type failure struct {
	*order.ProviderError
	replayed bool
}

// err returns the failure as an error; a nil *failure in an error would not be
// nil.
func (f *failure) err() error {
	if f == nil {
		return nil
	}
	return f.ProviderError
}

// leavesOpen reports whether Stripe responded without the outcome, so that
// reading the object helps. Without any response the work may still be running,
// so reading proves nothing.
func (f *failure) leavesOpen() bool {
	return f.Status >= 500 && f.Kind == order.ErrUnknownOutcome || f.Kind == order.ErrState
}

// direction says whether a request changes something.
type direction bool

const (
	read  direction = false
	write direction = true
)

// errNoAnswer replaces a response that cannot be read. The text is not kept,
// because it could hold a secret.
var errNoAnswer = errors.New("unreadable response")

// wrongState holds the codes for "the object exists, but not in a state that
// allows this".
var wrongState = map[sdk.ErrorCode]bool{
	sdk.ErrorCodePaymentIntentUnexpectedState:      true,
	sdk.ErrorCodeChargeAlreadyCaptured:             true,
	sdk.ErrorCodeChargeAlreadyRefunded:             true,
	sdk.ErrorCodeChargeDisputed:                    true,
	sdk.ErrorCodeChargeExpiredForCapture:           true,
	sdk.ErrorCodeCaptureChargeAuthorizationExpired: true,
	sdk.ErrorCodeIntentInvalidState:                true,
}

// classify gives a failed call exactly one kind.
func classify(op string, d direction, err error) *failure {
	var api *sdk.Error
	if !errors.As(err, &api) {
		return noAnswer(op, d, err)
	}
	f := &failure{ProviderError: &order.ProviderError{
		Provider: provider, Op: op, Status: api.HTTPStatusCode, Ref: api.RequestID, Code: code(api),
	}}
	var header http.Header
	if api.LastResponse != nil {
		header = api.LastResponse.Header
	}
	f.replayed = header.Get("Idempotent-Replayed") == "true"
	f.RetryAfter = guard.RetryAfter(header, time.Now())
	f.Kind = kind(api, d)
	if f.Kind == order.ErrThrottled && f.RetryAfter == 0 && api.HTTPStatusCode == http.StatusConflict {
		f.RetryAfter = time.Second // the first request with this key is still running
	}
	if api.Param != "" {
		f.Err = errors.New("parameter " + api.Param)
	}
	return f
}

// ownTypes are the types of Stripe's errors
// (https://docs.stripe.com/api/errors). A response without one is not from
// Stripe: a proxy's page must not end an order, as a refusal does.
var ownTypes = map[sdk.ErrorType]bool{
	sdk.ErrorTypeAPI: true, sdk.ErrorTypeCard: true, sdk.ErrorTypeIdempotency: true, sdk.ErrorTypeInvalidRequest: true,
}

// kind maps Stripe's responses to kinds of failure
// (https://docs.stripe.com/error-low-level).
func kind(e *sdk.Error, d direction) error {
	switch s := e.HTTPStatusCode; {
	case s == http.StatusTooManyRequests, s == http.StatusConflict, e.Code == sdk.ErrorCodeIdempotencyKeyInUse, e.Code == sdk.ErrorCodeLockTimeout:
		return order.ErrThrottled
	case s == http.StatusUnauthorized, s == http.StatusForbidden:
		return order.ErrDenied
	case s >= 500, s == http.StatusRequestTimeout, s == http.StatusFailedDependency, s < 400, !ownTypes[e.Type]:
		if d == write {
			return order.ErrUnknownOutcome
		}
		return order.ErrUnavailable
	case wrongState[e.Code]:
		return order.ErrState
	case e.Code == sdk.ErrorCodeResourceMissing: // a 404 without it is a wrong address, not a missing object
		return order.ErrNoSuch
	}
	return order.ErrRejected
}

// code returns Stripe's most specific code for the failure; an operator looks
// it up in Stripe's documentation.
func code(e *sdk.Error) string {
	switch {
	case e.DeclineCode != "":
		return string(e.DeclineCode)
	case e.Code != "":
		return string(e.Code)
	}
	return string(e.Type)
}

// noAnswer classifies a call without a readable response.
func noAnswer(op string, d direction, err error) *failure {
	f := &failure{ProviderError: &order.ProviderError{Provider: provider, Op: op, Kind: order.ErrUnavailable, Err: harmless(err)}}
	if d == write && !guard.NotSent(err) {
		f.Kind = order.ErrUnknownOutcome
	}
	return f
}

// harmless keeps the causes whose text contains no part of a response body.
func harmless(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err // without the URL
	}
	var n net.Error
	if errors.As(err, &n) || errors.Is(err, context.Canceled) || errors.Is(err, guard.ErrOpen) || errors.Is(err, guard.ErrFull) {
		return err
	}
	return errNoAnswer
}

func rejected(op, code string, err error) *failure {
	return &failure{ProviderError: &order.ProviderError{Provider: provider, Op: op, Kind: order.ErrRejected, Code: code, Err: err}}
}

// unreadableAmount returns the failure of a response whose amount is not one of ours.
// Its code names the figure, because a person has to look it up.
func unreadableAmount(op string, err error) *failure {
	return rejected(op, "unreadable_amount: "+err.Error(), err)
}

func noSuch(op string, err error) *failure {
	return &failure{ProviderError: &order.ProviderError{Provider: provider, Op: op, Kind: order.ErrNoSuch, Err: err}}
}
