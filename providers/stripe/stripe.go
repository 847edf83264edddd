// Package stripe takes payments through Stripe, over its official SDK: payment
// intents that are authorised first and captured later, and Stripe's webhooks.
// It makes no decisions about orders.
package stripe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	sdk "github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/balancetransaction"
	"github.com/stripe/stripe-go/v76/dispute"
	"github.com/stripe/stripe-go/v76/paymentintent"
	"github.com/stripe/stripe-go/v76/refund"

	"purser/order"
	"purser/providers/guard"
)

// APIVersion is the only version of Stripe's API that this adapter supports. A
// webhook endpoint must be created at this version.
const APIVersion = sdk.APIVersion

const provider = "stripe"

// This is the metadata on an intent: it links Stripe's objects to ours and
// contains nothing about the shopper.
const (
	metaOrder  = "order_id"
	metaNumber = "payment_number"
	metaKey    = "key" // on a refund: the operation it belongs to
)

// Config selects a Stripe account.
type Config struct {
	Key string // secret or restricted API key
	// BaseURL is the API's URL; default Stripe's own.
	BaseURL string
	// WebhookSecrets are the endpoint's signing secrets: the current one and,
	// during a rotation, the previous one.
	WebhookSecrets []string
	// Account is the connected account to act for; empty means the key's own.
	Account string
	// Live says whether Key moves real money. An event of the other mode is
	// reported as a problem.
	Live bool
	// StatementPrefix is the account's shortened statement descriptor, from which
	// the space left on a statement line follows. Default: as long as Stripe
	// allows.
	StatementPrefix string
	// Methods are the types of payment methods that a shopper may choose, such as card
	// and ideal, or Automatic alone. Default: those of the account's settings whose
	// payments are held first and that do not redirect the shopper.
	Methods   []string
	Timeout   time.Duration     // of one call; default 30 s
	Transport http.RoundTripper // default: a connection pool of its own
	Guard     guard.Config      // the breaker and bulkhead around Transport
	Log       *slog.Logger      // default slog.Default()
}

// Automatic is the only one of Config.Methods if a shopper may choose all methods that
// the account's settings in Stripe's dashboard allow.
const Automatic = "automatic"

// Client is one Stripe account. It is safe for concurrent use.
type Client struct {
	conf     Config
	backend  sdk.Backend // for what is read without the SDK's types
	intents  paymentintent.Client
	refunds  refund.Client
	disputes dispute.Client
	balance  balancetransaction.Client
	now      func() time.Time
}

// New returns a client. It makes no calls.
func New(c Config) (*Client, error) {
	switch {
	case strings.TrimSpace(c.Key) == "":
		return nil, errors.New("stripe: no API key")
	case strings.HasPrefix(c.Key, "pk_"):
		return nil, errors.New("stripe: the API key is a publishable one; a secret or restricted key is needed")
	case c.Live == strings.Contains(c.Key, "_test_"):
		return nil, errors.New("stripe: the API key is of the other mode (live or test)")
	case len(c.StatementPrefix) > maxStatementPrefix:
		return nil, fmt.Errorf("stripe: statement prefix %q is longer than %d characters", c.StatementPrefix, maxStatementPrefix)
	}
	c.WebhookSecrets = slices.DeleteFunc(slices.Clone(c.WebhookSecrets), func(s string) bool { return strings.TrimSpace(s) == "" })
	c.Guard.Name = cmp.Or(c.Guard.Name, provider)
	c.Log = cmp.Or(c.Log, slog.Default())
	c.Guard.Log = cmp.Or(c.Guard.Log, c.Log)
	backend := sdk.GetBackendWithConfig(sdk.APIBackend, &sdk.BackendConfig{
		HTTPClient: &http.Client{
			Transport: guard.Transport(c.Transport, c.Guard),
			Timeout:   cmp.Or(c.Timeout, 30*time.Second),
			// A request with money is never redirected.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		// The workflow owns the retries, and the SDK's log would contain bodies.
		MaxNetworkRetries: sdk.Int64(0),
		LeveledLogger:     &sdk.LeveledLogger{Level: sdk.LevelNull},
		EnableTelemetry:   sdk.Bool(false),
		URL:               sdk.String(strings.TrimRight(cmp.Or(c.BaseURL, sdk.APIURL), "/")),
	})
	return &Client{
		conf:     c,
		backend:  backend,
		intents:  paymentintent.Client{B: backend, Key: c.Key},
		refunds:  refund.Client{B: backend, Key: c.Key},
		disputes: dispute.Client{B: backend, Key: c.Key},
		balance:  balancetransaction.Client{B: backend, Key: c.Key},
		now:      time.Now,
	}, nil
}

// CreateIntent creates the intent of one of an order's payments, or returns the one
// created before under the same key. Cards are authorised only; a method that knows no
// authorisation is captured when the shopper confirms the payment.
func (c *Client) CreateIntent(ctx context.Context, r order.IntentRequest) (order.Intent, error) {
	const op = "create intent"
	amount, err := toStripe(r.Amount)
	if err != nil {
		return order.Intent{}, rejected(op, "invalid_amount", err).err()
	}
	if err := checkKey(r.Key); err != nil {
		return order.Intent{}, rejected(op, "invalid_key", err).err()
	}
	return reconcileWrite(r.Key, func(key string) (order.Intent, *failure) {
		p := &sdk.PaymentIntentParams{
			Params:                    c.params(ctx, key),
			Amount:                    sdk.Int64(amount),
			Currency:                  sdk.String(strings.ToLower(r.Amount.Currency)),
			Description:               sdk.String("Order " + string(r.OrderID)),
			StatementDescriptorSuffix: sdk.String(statementSuffix(r.OrderID, c.conf.StatementPrefix)),
		}
		if err := c.allowMethods(p); err != nil {
			return order.Intent{}, rejected(op, "no_payment_method_for_"+*p.Currency, err)
		}
		p.AddMetadata(metaOrder, string(r.OrderID))
		p.AddMetadata(metaNumber, strconv.Itoa(r.Number))
		in, f := productResult(op, write)(c.intents.New(p))
		if f != nil && f.Kind == order.ErrRejected && f.Code == string(sdk.ErrorCodeAmountTooSmall) {
			f.Kind = order.ErrBelowMinimum
		}
		if f != nil && f.Code == string(sdk.ErrorTypeIdempotency) { // perhaps the methods were others when it was created
			if found, t, lookFailed := c.findIntent(ctx, r); lookFailed == nil && t == done && found.Amount == r.Amount {
				return found, nil
			}
		}
		return in, f
	}, func(*failure) (order.Intent, truth, *failure) { return c.findIntent(ctx, r) })
}

// GetIntent returns the current state of an intent.
func (c *Client) GetIntent(ctx context.Context, id string) (order.Intent, error) {
	in, f := c.get(ctx, id)
	return in, f.err()
}

func (c *Client) get(ctx context.Context, id string) (order.Intent, *failure) {
	const op = "get intent"
	if err := checkID(id); err != nil {
		return order.Intent{}, noSuch(op, err)
	}
	p := &sdk.PaymentIntentParams{Params: c.params(ctx, "")}
	p.AddExpand("latest_charge") // for captureBefore
	return productResult(op, read)(c.intents.Get(id, p))
}

// CancelIntent cancels an intent. It succeeds for an intent that is cancelled or
// whose authorization has lapsed, and fails with ErrState for a captured one.
func (c *Client) CancelIntent(ctx context.Context, id, key string) (order.Intent, error) {
	const op = "cancel intent"
	if err := checkID(id); err != nil {
		return order.Intent{}, noSuch(op, err).err()
	}
	if err := checkKey(key); err != nil {
		return order.Intent{}, rejected(op, "invalid_key", err).err()
	}
	return reconcileWrite(key, func(key string) (order.Intent, *failure) {
		return productResult(op, write)(c.intents.Cancel(id, &sdk.PaymentIntentCancelParams{Params: c.params(ctx, key)}))
	}, func(*failure) (order.Intent, truth, *failure) {
		in, f := c.get(ctx, id)
		switch {
		case in.Status.Dead():
			return in, done, f
		case isCaptured(in):
			return in, closed, f
		}
		return in, open, f
	})
}

// CaptureIntent captures the amount from an authorised intent and releases the
// rest. It fails with ErrState if the intent was captured under another key.
func (c *Client) CaptureIntent(ctx context.Context, id string, amount order.Money, key string) (order.Intent, error) {
	const op = "capture intent"
	units, f := checkMoneyRequest(op, id, amount, key)
	if f != nil {
		return order.Intent{}, f.err()
	}
	return reconcileWrite(key, func(key string) (order.Intent, *failure) {
		return productResult(op, write)(c.intents.Capture(id, &sdk.PaymentIntentCaptureParams{
			Params:          c.params(ctx, key),
			AmountToCapture: sdk.Int64(units),
		}))
	}, func(after *failure) (order.Intent, truth, *failure) {
		in, f := c.get(ctx, id)
		switch {
		case in.Status == order.PaymentAuthorized:
			return in, open, f
		case after.Kind == order.ErrState && !after.replayed: // another operation came first
			return in, closed, f
		case isCaptured(in) && in.Received == amount.Amount && in.Amount.Currency == amount.Currency:
			return in, done, f
		}
		return in, closed, f
	})
}

// isCaptured reports whether the amount, or a part of it, was captured.
func isCaptured(in order.Intent) bool {
	return in.Status == order.PaymentCaptured || in.Status == order.PaymentPartiallyCaptured
}

// checkMoneyRequest checks the arguments of capture and refund.
func checkMoneyRequest(op, id string, amount order.Money, key string) (units int64, f *failure) {
	if err := checkID(id); err != nil {
		return 0, noSuch(op, err)
	}
	if err := checkKey(key); err != nil {
		return 0, rejected(op, "invalid_key", err)
	}
	units, err := toStripe(amount)
	if err != nil {
		return 0, rejected(op, "invalid_amount", err)
	}
	return units, nil
}

// params returns the parameters that every request carries.
func (c *Client) params(ctx context.Context, key string) sdk.Params {
	p := sdk.Params{Context: ctx}
	if key != "" {
		p.IdempotencyKey = sdk.String(key)
	}
	if c.conf.Account != "" {
		p.StripeAccount = sdk.String(c.conf.Account)
	}
	return p
}

// checkID keeps an id from changing the request's path.
func checkID(id string) error {
	if id == "" || len(id) > 255 || strings.Trim(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != "" {
		return fmt.Errorf("%.40q is not an intent id", id)
	}
	return nil
}

// checkKey leaves space for the suffix of a second key. Without a key the SDK
// would generate one for each attempt.
func checkKey(key string) error {
	if strings.TrimSpace(key) == "" || len(key) > 240 {
		return errors.New("idempotency key: want 1 to 240 characters")
	}
	return nil
}
