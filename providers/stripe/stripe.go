// Package stripe takes shoppers' money through Stripe, over its official SDK:
// payment intents that are authorised first and captured later, and Stripe's
// webhooks. It decides nothing about orders.
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
	"github.com/stripe/stripe-go/v76/paymentintent"
	"github.com/stripe/stripe-go/v76/refund"

	"purser/order"
	"purser/providers/guard"
)

// APIVersion is the only version of Stripe's API this adapter speaks.
// A webhook endpoint must be created at this version.
const APIVersion = sdk.APIVersion

const provider = "stripe"

// The metadata on an intent: what ties Stripe's objects to ours, and nothing
// about the shopper.
const (
	metaOrder      = "order_id"
	metaGeneration = "generation"
	metaKey        = "key" // on a refund: the operation it belongs to
)

// Config says which Stripe account to use and how.
type Config struct {
	Key string // secret or restricted API key
	// BaseURL is where the API is; default Stripe itself.
	BaseURL string
	// WebhookSecrets are the endpoint's signing secrets, the current one and,
	// while one is being rotated, the previous one.
	WebhookSecrets []string
	// Account is the connected account to act for; empty for the key's own.
	Account string
	// Live says whether Key moves real money. News of the other kind is
	// reported as a problem.
	Live bool
	// StatementPrefix is the account's shortened statement descriptor, needed
	// to know how much of a statement line is left. Default: as long as
	// Stripe allows.
	StatementPrefix string
	Timeout         time.Duration     // of one call; default 30 s
	Transport       http.RoundTripper // default: a connection pool of its own
	Guard           guard.Config      // the breaker and bulkhead around Transport
	Log             *slog.Logger      // default slog.Default()
}

// Client is one Stripe account. It may be used from several goroutines.
type Client struct {
	conf    Config
	intents paymentintent.Client
	refunds refund.Client
	now     func() time.Time
}

// New makes a client. It does not talk to Stripe yet.
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
	c.Guard.Log = cmp.Or(c.Guard.Log, c.Log)
	backend := sdk.GetBackendWithConfig(sdk.APIBackend, &sdk.BackendConfig{
		HTTPClient: &http.Client{
			Transport: guard.Transport(c.Transport, c.Guard),
			Timeout:   cmp.Or(c.Timeout, 30*time.Second),
			// Money is never sent on to where an answer points.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		// The workflow owns the retries, and the SDK's log would hold bodies.
		MaxNetworkRetries: sdk.Int64(0),
		LeveledLogger:     &sdk.LeveledLogger{Level: sdk.LevelNull},
		EnableTelemetry:   sdk.Bool(false),
		URL:               sdk.String(strings.TrimRight(cmp.Or(c.BaseURL, sdk.APIURL), "/")),
	})
	return &Client{
		conf:    c,
		intents: paymentintent.Client{B: backend, Key: c.Key},
		refunds: refund.Client{B: backend, Key: c.Key},
		now:     time.Now,
	}, nil
}

// CreateIntent creates the intent of an order's generation, authorise-only,
// or returns the one created before under the same key.
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
			Params:        c.params(ctx, key),
			Amount:        sdk.Int64(amount),
			Currency:      sdk.String(strings.ToLower(r.Amount.Currency)),
			CaptureMethod: sdk.String(string(sdk.PaymentIntentCaptureMethodManual)),
			AutomaticPaymentMethods: &sdk.PaymentIntentAutomaticPaymentMethodsParams{
				Enabled: sdk.Bool(true),
				// Methods that send the shopper away cannot be authorised
				// first, and would ask every confirmation for a return URL.
				AllowRedirects: sdk.String("never"),
			},
			Description:               sdk.String("Order " + string(r.OrderID)),
			StatementDescriptorSuffix: sdk.String(statementSuffix(r.OrderID, c.conf.StatementPrefix)),
		}
		p.AddMetadata(metaOrder, string(r.OrderID))
		p.AddMetadata(metaGeneration, strconv.Itoa(r.Generation))
		in, f := productResult(op, write)(c.intents.New(p))
		if f != nil && f.Kind == order.ErrRejected && f.Code == string(sdk.ErrorCodeAmountTooSmall) {
			f.Kind = order.ErrBelowMinimum
		}
		return in, f
	}, func(*failure) (order.Intent, truth, *failure) { return c.findIntent(ctx, r) })
}

// GetIntent asks how an intent stands.
func (c *Client) GetIntent(ctx context.Context, id string) (order.Intent, error) {
	in, f := c.get(ctx, id)
	return in, f.err()
}

func (c *Client) get(ctx context.Context, id string) (order.Intent, *failure) {
	const op = "get intent"
	if err := checkID(id); err != nil {
		return order.Intent{}, noSuch(op, err)
	}
	return productResult(op, read)(c.intents.Get(id, &sdk.PaymentIntentParams{Params: c.params(ctx, "")}))
}

// CancelIntent gives an intent up. One that is cancelled already is a
// success; one whose money was taken is ErrState.
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
		switch in.Status {
		case order.IntentCanceled:
			return in, done, f
		case order.Succeeded:
			return in, closed, f
		}
		return in, open, f
	})
}

// CaptureIntent takes the amount from an authorised intent and lets the rest
// go. An intent already captured under another key is ErrState.
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
		case in.Status == order.RequiresCapture:
			return in, open, f
		case after.Kind == order.ErrState && !after.replayed: // another operation was first
			return in, closed, f
		case in.Status == order.Succeeded && in.Received == amount.Amount && in.Amount.Currency == amount.Currency:
			return in, done, f
		}
		return in, closed, f
	})
}

// checkMoneyRequest checks what capture and refund are given.
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

// params are what every request carries.
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

// checkID keeps an id from becoming another path.
func checkID(id string) error {
	if id == "" || len(id) > 255 || strings.Trim(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != "" {
		return fmt.Errorf("%.40q is not an intent id", id)
	}
	return nil
}

// checkKey leaves room for the suffix of a second key. Without a key the SDK
// would make one up for each attempt.
func checkKey(key string) error {
	if strings.TrimSpace(key) == "" || len(key) > 240 {
		return errors.New("idempotency key: want 1 to 240 characters")
	}
	return nil
}
