package stripe

import "encoding/json"

// The objects have the fields that Stripe sends. Fields that are not used here
// are left out.

// Intent is a payment intent.
type Intent struct {
	ID                        string            `json:"id"`
	Object                    string            `json:"object"`
	Amount                    int64             `json:"amount"`
	AmountCapturable          int64             `json:"amount_capturable"`
	AmountReceived            int64             `json:"amount_received"`
	AutomaticPaymentMethods   *AutomaticMethods `json:"automatic_payment_methods"`
	CanceledAt                *int64            `json:"canceled_at"`
	CancellationReason        *string           `json:"cancellation_reason"`
	CaptureMethod             string            `json:"capture_method"`
	ClientSecret              string            `json:"client_secret"`
	ConfirmationMethod        string            `json:"confirmation_method"`
	Created                   int64             `json:"created"`
	Currency                  string            `json:"currency"`
	Description               *string           `json:"description"`
	LastPaymentError          *Error            `json:"last_payment_error"`
	LatestCharge              *string           `json:"latest_charge"`
	Livemode                  bool              `json:"livemode"`
	Metadata                  map[string]string `json:"metadata"`
	NextAction                *NextAction       `json:"next_action"`
	PaymentMethod             *string           `json:"payment_method"`
	PaymentMethodOptions      *MethodOptions    `json:"payment_method_options"`
	PaymentMethodTypes        []string          `json:"payment_method_types"`
	ReceiptEmail              *string           `json:"receipt_email"`
	SetupFutureUsage          *string           `json:"setup_future_usage"`
	StatementDescriptor       *string           `json:"statement_descriptor"`
	StatementDescriptorSuffix *string           `json:"statement_descriptor_suffix"`
	Status                    string            `json:"status"`
}

func (i *Intent) key() string { return i.ID }

// The states of an intent.
const (
	requiresPaymentMethod = "requires_payment_method"
	requiresConfirmation  = "requires_confirmation"
	requiresAction        = "requires_action"
	processing            = "processing"
	requiresCapture       = "requires_capture"
	canceled              = "canceled"
	succeeded             = "succeeded"

	pending = "pending" // of a charge or a refund
)

// AutomaticMethods reports whether Stripe chooses the payment methods.
type AutomaticMethods struct {
	AllowRedirects string `json:"allow_redirects"`
	Enabled        bool   `json:"enabled"`
}

// NextAction is what the shopper must do: here, visit the bank's page.
type NextAction struct {
	Type          string         `json:"type"`
	RedirectToURL *Redirect      `json:"redirect_to_url,omitempty"`
	UseStripeSDK  map[string]any `json:"use_stripe_sdk,omitempty"`
}

// Redirect holds the URLs that lead the shopper to the bank and back.
type Redirect struct {
	ReturnURL string `json:"return_url"`
	URL       string `json:"url"`
}

// Charge is one attempt to charge the card.
type Charge struct {
	ID                        string            `json:"id"`
	Object                    string            `json:"object"`
	Amount                    int64             `json:"amount"`
	AmountCaptured            int64             `json:"amount_captured"`
	AmountRefunded            int64             `json:"amount_refunded"`
	Captured                  bool              `json:"captured"`
	Created                   int64             `json:"created"`
	Currency                  string            `json:"currency"`
	Description               *string           `json:"description"`
	Disputed                  bool              `json:"disputed"`
	FailureCode               *string           `json:"failure_code"`
	FailureMessage            *string           `json:"failure_message"`
	Livemode                  bool              `json:"livemode"`
	Metadata                  map[string]string `json:"metadata"`
	Outcome                   *Outcome          `json:"outcome"`
	Paid                      bool              `json:"paid"`
	PaymentIntent             string            `json:"payment_intent"`
	PaymentMethod             *string           `json:"payment_method"`
	PaymentMethodDetails      *MethodDetails    `json:"payment_method_details"`
	Refunded                  bool              `json:"refunded"`
	StatementDescriptorSuffix *string           `json:"statement_descriptor_suffix"`
	Status                    string            `json:"status"`
}

func (c *Charge) key() string { return c.ID }

// MethodDetails describes the payment method of a charge.
type MethodDetails struct {
	Type      string        `json:"type"`
	Card      *CardDetails  `json:"card,omitempty"`
	SEPADebit *DebitDetails `json:"sepa_debit,omitempty"`
}

// DebitDetails describes the account of a direct debit.
type DebitDetails struct {
	Last4 string `json:"last4"`
}

// Multicapture says whether a hold can be captured in several parts.
type Multicapture struct {
	Status string `json:"status"` // available or unavailable
}

// CardDetails describes the card of a charge.
type CardDetails struct {
	Brand         string        `json:"brand"`
	CaptureBefore int64         `json:"capture_before,omitempty"` // when the authorization lapses, in Unix time
	Last4         string        `json:"last4"`
	Multicapture  *Multicapture `json:"multicapture,omitempty"`
}

// Outcome is the bank's decision on a charge.
type Outcome struct {
	NetworkStatus string  `json:"network_status"`
	Reason        *string `json:"reason"`
	RiskLevel     string  `json:"risk_level"`
	SellerMessage string  `json:"seller_message"`
	Type          string  `json:"type"`
}

// Refund is a refund of a charge, in full or in part.
type Refund struct {
	ID            string            `json:"id"`
	Object        string            `json:"object"`
	Amount        int64             `json:"amount"`
	Charge        string            `json:"charge"`
	Created       int64             `json:"created"`
	Currency      string            `json:"currency"`
	Metadata      map[string]string `json:"metadata"`
	PaymentIntent string            `json:"payment_intent"`
	Reason        *string           `json:"reason"`
	Status        string            `json:"status"`
	FailureReason *string           `json:"failure_reason,omitempty"`
}

func (r *Refund) key() string { return r.ID }

// Dispute is a chargeback by the shopper's bank.
type Dispute struct {
	ID              string            `json:"id"`
	Object          string            `json:"object"`
	Amount          int64             `json:"amount"`
	Charge          string            `json:"charge"`
	Created         int64             `json:"created"`
	Currency        string            `json:"currency"`
	EvidenceDetails *EvidenceDetails  `json:"evidence_details"`
	Livemode        bool              `json:"livemode"`
	Metadata        map[string]string `json:"metadata"`
	PaymentIntent   string            `json:"payment_intent"`
	Reason          string            `json:"reason"`
	Status          string            `json:"status"`
}

func (d *Dispute) key() string { return d.ID }

// EvidenceDetails hold the time until which the shop can respond to a dispute.
type EvidenceDetails struct {
	DueBy           int64 `json:"due_by"`
	HasEvidence     bool  `json:"has_evidence"`
	PastDue         bool  `json:"past_due"`
	SubmissionCount int   `json:"submission_count"`
}

// Event is an event with the body of its webhook.
type Event struct {
	ID      string          `json:"id"`
	Type    string          `json:"type"`
	Created int64           `json:"created"`
	Body    json.RawMessage `json:"body"`
}

func (e *Event) key() string { return e.ID }

// eventDoc is an event as it is sent and listed.
type eventDoc struct {
	ID         string `json:"id"`
	Object     string `json:"object"`
	Account    string `json:"account,omitempty"`
	APIVersion string `json:"api_version"`
	Created    int64  `json:"created"`
	Data       struct {
		Object json.RawMessage `json:"object"`
	} `json:"data"`
	Livemode        bool          `json:"livemode"`
	PendingWebhooks int           `json:"pending_webhooks"`
	Request         *eventRequest `json:"request"`
	Type            string        `json:"type"`
}

// eventRequest is the request that caused an event. Both fields are null if the
// shopper or the bank caused it.
type eventRequest struct {
	ID             *string `json:"id"`
	IdempotencyKey *string `json:"idempotency_key"`
}

// Error is Stripe's error object.
type Error struct {
	Type          string `json:"type"`
	Code          string `json:"code,omitempty"`
	DeclineCode   string `json:"decline_code,omitempty"`
	DocURL        string `json:"doc_url,omitempty"`
	Message       string `json:"message,omitempty"`
	Param         string `json:"param,omitempty"`
	Charge        string `json:"charge,omitempty"`
	PaymentIntent any    `json:"payment_intent,omitempty"`

	status   int
	executed bool // the work had begun, so the error is stored under the idempotency key
}

// list is a page of objects.
type list struct {
	Object  string `json:"object"`
	Data    []any  `json:"data"`
	HasMore bool   `json:"has_more"`
	URL     string `json:"url"`
}
