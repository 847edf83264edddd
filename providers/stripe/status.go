package stripe

import (
	sdk "github.com/stripe/stripe-go/v76"

	"purser/order"
)

// paymentStatus maps Stripe's status of an intent
// (https://docs.stripe.com/payments/paymentintents/lifecycle). It returns
// PaymentUnknown for a status that it does not know.
func paymentStatus(pi *sdk.PaymentIntent) order.PaymentStatus {
	switch pi.Status {
	case sdk.PaymentIntentStatusRequiresPaymentMethod, sdk.PaymentIntentStatusRequiresConfirmation:
		return order.PaymentPending
	case sdk.PaymentIntentStatusRequiresAction:
		return order.PaymentRequiresAction
	case sdk.PaymentIntentStatusProcessing:
		return order.PaymentProcessing
	case sdk.PaymentIntentStatusRequiresCapture:
		return order.PaymentAuthorized
	case sdk.PaymentIntentStatusSucceeded:
		if pi.AmountReceived < pi.Amount {
			return order.PaymentPartiallyCaptured
		}
		return order.PaymentCaptured
	case sdk.PaymentIntentStatusCanceled:
		// At this API version, "automatic" means that the authorization expired
		// (https://support.stripe.com/questions/changes-to-balance-transaction-behavior-for-partial-capture-and-payment-cancellation-flows).
		if pi.CancellationReason == sdk.PaymentIntentCancellationReasonAutomatic {
			return order.PaymentExpired
		}
		return order.PaymentCanceled
	}
	return order.PaymentUnknown
}

// chargeRefunded is a dispute's status that the SDK does not know any more: the
// dispute ended because the charge was refunded.
const chargeRefunded sdk.DisputeStatus = "charge_refunded"

// disputeStatus maps Stripe's status of a dispute. A warning is an inquiry: the
// bank has not taken any money, and the payment can still be refunded, which
// closes the inquiry (https://docs.stripe.com/disputes). So the shop has won an
// inquiry that is closed, and a dispute that ended with a refund: the refund is
// counted as a refund, and the dispute takes nothing more. A status that is not
// known needs a person who looks at it.
func disputeStatus(s sdk.DisputeStatus) order.DisputeStatus {
	switch s {
	case sdk.DisputeStatusWarningNeedsResponse, sdk.DisputeStatusWarningUnderReview:
		return order.DisputeInquiry
	case sdk.DisputeStatusUnderReview:
		return order.DisputeUnderReview
	case sdk.DisputeStatusWon, sdk.DisputeStatusWarningClosed, chargeRefunded:
		return order.DisputeWon
	case sdk.DisputeStatusLost:
		return order.DisputeLost
	}
	return order.DisputeNeedsResponse
}
