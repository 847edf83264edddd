package order

import (
	"errors"
	"fmt"
	"time"
)

// What can be wrong with an order. Each is an answer for the caller, not a
// fault of ours.
var (
	ErrNotFound        = errors.New("no such order")
	ErrUnknownSKU      = errors.New("unknown product")
	ErrOutOfStock      = errors.New("not enough stock")
	ErrMixedCurrency   = errors.New("a product is not sold in the order's currency")
	ErrAmount          = errors.New("the amount cannot be charged")
	ErrBelowMinimum    = errors.New("the amount is below the least that can be charged")
	ErrInvalid         = errors.New("invalid order")
	ErrDuplicate       = errors.New("the order was opened by an earlier request")
	ErrOtherRequest    = errors.New("the idempotency key was used with another request")
	ErrInFlight        = errors.New("a request with this idempotency key is still being worked on")
	ErrTooLate         = errors.New("too late to cancel")
	ErrClosed          = errors.New("the order's workflow has ended")
	ErrIllegalMove     = errors.New("the order's status does not allow this")
	ErrBusy            = errors.New("try again") // whether it was done is not known
	ErrVersionConflict = errors.New("the record is not at the version this change follows")
	ErrTaken           = errors.New("the external id belongs to another order") // an intent or a label
)

// What can go wrong with a provider. An adapter answers every failure with a
// *ProviderError of exactly one of these kinds, or of kind ErrBelowMinimum
// where a payment is refused for that; what to do about it is the
// workflow's decision.
var (
	// ErrUnavailable: the call was certainly not carried out. Retry.
	ErrUnavailable = errors.New("provider unavailable")
	// ErrThrottled: not carried out, asked to wait. Retry after RetryAfter.
	ErrThrottled = errors.New("provider throttles")
	// ErrUnknownOutcome: it may have been carried out. Ask before deciding;
	// retry only under the same key.
	ErrUnknownOutcome = errors.New("outcome unknown")
	// ErrRejected: understood and refused for good. Do not retry.
	ErrRejected = errors.New("provider rejected the request")
	// ErrNoSuch: the object does not exist there.
	ErrNoSuch = errors.New("provider does not know it")
	// ErrState: the object exists, but its state does not allow this.
	ErrState = errors.New("provider's object is in another state")
	// ErrDenied: our credentials are wrong or lack a right. An operator must
	// act; retrying slowly is harmless.
	ErrDenied = errors.New("provider denies access")
)

// Provider names an outside party in its failures.
type Provider string

// Failure returns a failure of one of the kinds above at this provider.
func (p Provider) Failure(op string, kind error, code string, cause error) *ProviderError {
	return &ProviderError{Provider: string(p), Op: op, Kind: kind, Code: code, Err: cause}
}

// ProviderError is a failure at an outside party, classified. Its text is
// safe to log: it holds codes and ids, never bodies, names or secrets.
type ProviderError struct {
	Provider   string        // "stripe", "carrier", "ses"
	Op         string        // "create intent"
	Kind       error         // one of the kinds above
	Status     int           // HTTP status, 0 if there was no answer
	Code       string        // the provider's code, such as "card_declined"
	Ref        string        // the provider's request id
	RetryAfter time.Duration // how long it asked us to wait; 0: it did not say
	Err        error         // the cause, for the log
}

func (e *ProviderError) Error() string {
	s := fmt.Sprintf("%s: %s: %v", e.Provider, e.Op, e.Kind)
	if e.Status != 0 {
		s += fmt.Sprintf(" (HTTP %d)", e.Status)
	}
	if e.Code != "" {
		s += ": " + e.Code
	}
	if e.Ref != "" {
		s += " [" + e.Ref + "]"
	}
	return s
}

// Unwrap lets errors.Is see both the kind and the cause.
func (e *ProviderError) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Err}
}
