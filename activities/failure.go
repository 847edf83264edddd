// Package activities holds what every subject's activities share: the one table
// from errors to the failures a workflow understands, and heartbeats. The
// activities of a subject, and the ports they need, are in its own folder.
package activities

import (
	"errors"
	"time"

	"go.temporal.io/sdk/temporal"

	"purser/catalog"
	"purser/mail"
	"purser/order"
)

// The types of the failures that reach a workflow.
const (
	FailureOutOfStock  = "OutOfStock"
	FailureUnknownSKU  = "UnknownSKU"
	FailureCurrency    = "MixedCurrency"
	FailureAmount      = "Amount"
	FailureMinimum     = "BelowMinimum"
	FailureInvalid     = "Invalid"
	FailureDuplicate   = "Duplicate"
	FailureRejected    = "Rejected" // a provider refused for good
	FailureNoSuch      = "NoSuch"
	FailureState       = "State"
	FailureConflict    = "VersionConflict"
	FailureIllegalMove = "IllegalMove"
	FailureTaken       = "Taken"
	FailureNoMail      = "NoSuchMail"
	FailureUnavailable = "Unavailable"
	FailureThrottled   = "Throttled"
	FailureUnknown     = "OutcomeUnknown"
	FailureDenied      = "Denied"
	FailureNotFound    = "NotFound"

	FailureProduct        = "InvalidProduct"
	FailureNoProduct      = "NoSuchProduct"
	FailureProductVersion = "ProductVersion"
	FailureReserved       = "Reserved"
	FailureOtherChange    = "OtherChange"
	FailureNoImport       = "NoSuchImport"
	FailureNoImage        = "NoSuchImage"
	FailureMailing        = "Mailing"
	FailureNoneUnknown    = "NoneUnknown"
)

// longestWait bounds what a provider may ask us to wait.
const longestWait = time.Hour

// OperatorDelay is how long to wait before trying what only a person can mend.
const OperatorDelay = time.Minute

// failures says, for each thing that can go wrong, what the workflow is told
// and whether trying again can help. The first match wins.
var failures = []struct {
	err   error
	kind  string
	final bool
	delay time.Duration // before the next try; 0: the policy's back-off
}{
	{order.ErrOutOfStock, FailureOutOfStock, true, 0},
	{order.ErrUnknownSKU, FailureUnknownSKU, true, 0},
	{order.ErrMixedCurrency, FailureCurrency, true, 0},
	{order.ErrAmount, FailureAmount, true, 0},
	{order.ErrBelowMinimum, FailureMinimum, true, 0},
	{order.ErrInvalid, FailureInvalid, true, 0},
	{order.ErrDuplicate, FailureDuplicate, true, 0},
	{order.ErrNotFound, FailureNotFound, true, 0},
	{order.ErrMailing, FailureMailing, true, 0},
	{mail.ErrInvalid, FailureInvalid, true, 0},
	{mail.ErrNoCampaign, FailureNotFound, true, 0},
	{mail.ErrCampaignBegun, FailureState, true, 0},
	{mail.ErrCampaignNotDone, FailureState, true, 0},
	{mail.ErrOtherRound, FailureState, true, 0},
	{mail.ErrNoneUnknown, FailureNoneUnknown, true, 0},
	{order.ErrRejected, FailureRejected, true, 0},
	{order.ErrNoSuch, FailureNoSuch, true, 0},
	{order.ErrState, FailureState, true, 0},
	// The record and the workflow contradict each other: the step stays visible
	// as pending until a person has mended it.
	{order.ErrVersionConflict, FailureConflict, false, OperatorDelay},
	{order.ErrIllegalMove, FailureIllegalMove, false, OperatorDelay},
	{order.ErrTaken, FailureTaken, false, OperatorDelay},
	{mail.ErrNoMail, FailureNoMail, false, OperatorDelay},
	{order.ErrDenied, FailureDenied, false, OperatorDelay},
	{catalog.ErrNotFound, FailureNoProduct, true, 0},
	{catalog.ErrVersion, FailureProductVersion, true, 0},
	{catalog.ErrReserved, FailureReserved, true, 0},
	{catalog.ErrOtherChange, FailureOtherChange, true, 0},
	{catalog.ErrNoImport, FailureNoImport, true, 0},
	{catalog.ErrNoUpload, FailureNoImage, true, 0},
	{catalog.ErrInvalid, FailureProduct, true, 0},
	{order.ErrThrottled, FailureThrottled, false, 0},
	{order.ErrUnavailable, FailureUnavailable, false, 0},
	// Every write that can end so carries a key, so trying again is asking.
	{order.ErrUnknownOutcome, FailureUnknown, false, 0},
	{order.ErrBusy, FailureUnknown, false, 0}, // of another workflow
}

// Failure turns an error into what Temporal understands. It is the only place
// that does, and its result must be returned as it is: wrapping a
// non-retryable error makes it retryable again, because the SDK's converter
// looks at the outermost type only.
func Failure(err error) error {
	if err == nil {
		return nil
	}
	kind := err
	var p *order.ProviderError
	if errors.As(err, &p) {
		kind = p.Kind // its cause may be one of ours, and says nothing here
	}
	for _, f := range failures {
		if !errors.Is(kind, f.err) {
			continue
		}
		delay := f.delay
		if p != nil && p.RetryAfter > 0 {
			delay = min(p.RetryAfter, longestWait)
		}
		return temporal.NewApplicationErrorWithOptions(err.Error(), f.kind, temporal.ApplicationErrorOptions{
			NonRetryable: f.final, NextRetryDelay: delay,
		})
	}
	return temporal.NewApplicationErrorWithOptions(err.Error(), "Internal", temporal.ApplicationErrorOptions{})
}

// Sentinel is the way back, for the client's end: the error that became a
// failure of this type, or nil if the type is none of ours.
func Sentinel(failureType string) error {
	for _, f := range failures {
		if f.kind == failureType {
			return f.err
		}
	}
	return nil
}

// FailureType is the name under which a workflow knows one of our errors.
func FailureType(err error) string {
	for _, f := range failures {
		if errors.Is(err, f.err) {
			return f.kind
		}
	}
	return "Internal"
}
