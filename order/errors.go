package order

import (
	"errors"
	"fmt"
	"time"
)

// The errors of an order. Each is a result for the caller, not a fault of this
// program.
var (
	ErrNotFound        = errors.New("no such order")
	ErrUnknownSKU      = errors.New("unknown product")
	ErrOutOfStock      = errors.New("not enough stock")
	ErrMixedCurrency   = errors.New("a product is not sold in the order's currency")
	ErrAmount          = errors.New("the amount cannot be charged")
	ErrBelowMinimum    = errors.New("the amount is below the least that can be charged")
	ErrInvalid         = errors.New("invalid order")
	ErrDiscount        = errors.New("the discount cannot be given")
	ErrNoShipping      = errors.New("the shop does not ship there")
	ErrPriceRefused    = errors.New("the shop does not sell this")
	ErrPriceChanged    = errors.New("the total is not what the shopper saw")
	ErrPricing         = errors.New("the shop's pricing endpoint returned a price that cannot be used")
	ErrPricingDown     = errors.New("the shop's pricing endpoint does not respond")
	ErrDuplicate       = errors.New("the order was opened by an earlier request")
	ErrOtherRequest    = errors.New("the idempotency key was used with another request")
	ErrInFlight        = errors.New("a request with this idempotency key is still being worked on")
	ErrTooLate         = errors.New("too late to cancel")
	ErrChangeTooLate   = errors.New("too late to change the order")
	ErrNotChangeable   = errors.New("the order cannot be changed like that")
	ErrClosed          = errors.New("the order's workflow has ended")
	ErrNotRefundable   = errors.New("more than can be refunded")
	ErrNotReturnable   = errors.New("more than can be sent back")
	ErrNotShipped      = errors.New("the goods were not delivered")
	ErrReturnTooLate   = errors.New("too late to send the goods back")
	ErrNoReturn        = errors.New("no such return")
	ErrIllegalMove     = errors.New("the order's status does not allow this")
	ErrBusy            = errors.New("try again") // the outcome is not known
	ErrVersionConflict = errors.New("the record is not at the version this change follows")
	ErrTaken           = errors.New("the external id belongs to another order") // an intent or a label
)

// Refusal is one of the errors above with what the order's workflow says about the case
// at hand. Its text is meant for the caller.
type Refusal struct {
	Kind error
	Text string
}

func (r *Refusal) Error() string { return r.Text }

// Unwrap returns the kind.
func (r *Refusal) Unwrap() error { return r.Kind }

// The kinds of provider failures. An adapter returns every failure as a
// *ProviderError of exactly one of these kinds, or of kind ErrBelowMinimum if
// the provider rejects a payment for that reason. The workflow decides what to
// do about a failure.
var (
	// ErrUnavailable means that the call was certainly not carried out. Retry.
	ErrUnavailable = errors.New("provider unavailable")
	// ErrThrottled means that the call was not carried out and the provider
	// asked to wait. Retry after RetryAfter.
	ErrThrottled = errors.New("provider throttles")
	// ErrUnknownOutcome means that the call may have been carried out. Ask the
	// provider before deciding; retry only under the same key.
	ErrUnknownOutcome = errors.New("outcome unknown")
	// ErrRejected means that the provider understood the call and rejected it
	// for good. Do not retry.
	ErrRejected = errors.New("provider rejected the request")
	// ErrParcelUnfit is an ErrRejected: the carrier does not take the parcel as it is, because
	// it is too heavy or too large, or lacks customs data.
	ErrParcelUnfit = fmt.Errorf("%w: the parcel is too heavy or too large, or lacks customs data", ErrRejected)
	// ErrNoSuch means that the object does not exist at the provider.
	ErrNoSuch = errors.New("provider does not know it")
	// ErrState means that the object exists, but its state does not allow the
	// call.
	ErrState = errors.New("provider's object is in another state")
	// ErrDenied means that our credentials are wrong or lack a permission. An
	// operator must act; retrying slowly is harmless.
	ErrDenied = errors.New("provider denies access")
)

// Provider is the name of an external service in its failures.
type Provider string

// Failure returns a failure of one of the kinds above with this provider's name.
func (p Provider) Failure(op string, kind error, code string, cause error) *ProviderError {
	return &ProviderError{Provider: string(p), Op: op, Kind: kind, Code: code, Err: cause}
}

// ProviderError is a classified failure of an external service. Its text is safe
// to log: it holds codes and ids, never bodies, names or secrets.
type ProviderError struct {
	Provider   string        // "stripe", "carrier", "ses"
	Op         string        // "create intent"
	Kind       error         // one of the kinds above
	Status     int           // HTTP status, 0 if there was no response
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
