// Package activities holds what the activities of every subject share: the one
// table that maps errors to the failures a workflow understands, and
// heartbeats. The activities of a subject, and the ports they need, are in a
// folder of their own.
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
	FailureDiscount    = "Discount"
	FailurePrice       = "PriceChanged"
	FailurePricing     = "Pricing"
	FailureNoShipping  = "NoShipping"
	FailureNotSold     = "NotSold"
	FailurePricingDown = "PricingDown"
	FailureChange      = "NotChangeable"
	FailureDuplicate   = "Duplicate"
	FailureRejected    = "Rejected"    // a provider refused for good
	FailureUnfit       = "ParcelUnfit" // a kind of Rejected
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

	FailureNotRefundable = "NotRefundable"

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

// OperatorDelay is the wait between attempts at a step that only a person can
// fix.
const OperatorDelay = time.Minute

// failures maps each error to the type of failure that the workflow gets, and
// says whether trying again can help. The first match wins.
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
	{order.ErrDiscount, FailureDiscount, true, 0},
	{order.ErrPriceChanged, FailurePrice, true, 0},
	{order.ErrPricing, FailurePricing, true, 0},
	{order.ErrNoShipping, FailureNoShipping, true, 0},
	{order.ErrPriceRefused, FailureNotSold, true, 0},
	{order.ErrPricingDown, FailurePricingDown, false, 0},
	{order.ErrNotChangeable, FailureChange, true, 0},
	{order.ErrInvalid, FailureInvalid, true, 0},
	{order.ErrDuplicate, FailureDuplicate, true, 0},
	{order.ErrNotRefundable, FailureNotRefundable, true, 0},
	{order.ErrNotFound, FailureNotFound, true, 0},
	{order.ErrNoCase, FailureNotFound, true, 0},
	{order.ErrNoBulk, FailureNotFound, true, 0},
	{order.ErrMailing, FailureMailing, true, 0},
	{mail.ErrInvalid, FailureInvalid, true, 0},
	{mail.ErrNoCampaign, FailureNotFound, true, 0},
	{mail.ErrCampaignBegun, FailureState, true, 0},
	{mail.ErrCampaignNotDone, FailureState, true, 0},
	{mail.ErrOtherRound, FailureState, true, 0},
	{mail.ErrNoneUnknown, FailureNoneUnknown, true, 0},
	{order.ErrNoLabel, FailureNoSuch, true, 0},
	{order.ErrParcelUnfit, FailureUnfit, true, 0},
	{order.ErrRejected, FailureRejected, true, 0},
	{order.ErrNoSuch, FailureNoSuch, true, 0},
	{order.ErrState, FailureState, true, 0},
	// The record and the workflow contradict each other: the step stays visible
	// as pending until a person has fixed it.
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
	// Every write that can end like this carries an idempotency key, so a retry
	// finds out what happened.
	{order.ErrUnknownOutcome, FailureUnknown, false, 0},
	{order.ErrBusy, FailureUnknown, false, 0}, // another workflow did not respond in time
}

// Failure converts an error to the application error that Temporal understands.
// No other code does that, and the result must be returned unwrapped: wrapping
// a non-retryable error makes it retryable again, because the SDK's converter
// looks at the outermost type only.
func Failure(err error) error {
	if err == nil {
		return nil
	}
	kind := err
	var p *order.ProviderError
	if errors.As(err, &p) {
		kind = p.Kind // its cause may match a row of the table, but must not count
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

// Sentinel is the inverse of Failure, for a client of the workflow: it returns
// the error that became a failure of this type, or nil if the table does not
// have the type.
func Sentinel(failureType string) error {
	for _, f := range failures {
		if f.kind == failureType {
			return f.err
		}
	}
	return nil
}

// FailureType returns the type of the failure that an error becomes;
// "Internal" if the table does not have the error.
func FailureType(err error) string {
	for _, f := range failures {
		if errors.Is(err, f.err) {
			return f.kind
		}
	}
	return "Internal"
}
