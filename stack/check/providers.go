package check

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"purser/order"
)

// played returns the line of a provider that the sandbox plays.
func (c *checker) played(name, who, do string) []Line {
	found := "the sandbox plays " + who
	if c.Live {
		return []Line{problem(name, found, do)}
	}
	return []Line{ok(name, found)}
}

// stripe checks Stripe's key and the secrets of its webhooks.
func (c *checker) stripe(ctx context.Context) []Line {
	const name = "Stripe"
	if c.cfg.StripeKey == "" {
		return c.played(name, "Stripe", "set STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRETS")
	}
	return []Line{c.stripeKey(ctx, name), c.stripeWebhooks()}
}

func (c *checker) stripeKey(ctx context.Context, name string) Line {
	live := c.cfg.StripeIsLive()
	if c.Live && !live {
		return problem(name, "STRIPE_SECRET_KEY is no live key, so nobody really pays", "set one that begins with rk_live_ or sk_live_")
	}
	err := c.with.Stripe(ctx)
	switch {
	case errors.Is(err, order.ErrDenied):
		return problem(name, fmt.Sprintf("Stripe refuses STRIPE_SECRET_KEY: %v", err), "check the key and, if it is a restricted one, its permissions")
	case err != nil:
		return notChecked(name, c.Live, "no response from Stripe: "+cause(err))
	case live:
		return ok(name, "the live key works")
	}
	return ok(name, "the test key works")
}

func (c *checker) stripeWebhooks() Line {
	const name = "Stripe webhooks"
	for _, s := range c.cfg.StripeWebhookSecrets {
		if !strings.HasPrefix(s, "whsec_") {
			return problem(name, "STRIPE_WEBHOOK_SECRETS has one that is no secret of Stripe", "copy that of the endpoint, which begins with whsec_")
		}
	}
	return ok(name, counted(c.cfg.StripeWebhookSecrets, "secret")+" for /webhooks/stripe")
}

// counted says how many of something there are.
func counted(all []string, what string) string {
	if len(all) == 1 {
		return "one " + what
	}
	return fmt.Sprintf("%d %ss", len(all), what)
}

// carrier checks the carrier's API and the secrets of its webhooks.
func (c *checker) carrier(ctx context.Context) []Line {
	const name = "carrier"
	if c.cfg.CarrierURL == "" {
		return c.played(name, "the carrier", "set CARRIER_URL, CARRIER_KEY and CARRIER_WEBHOOK_SECRETS")
	}
	at := "the carrier at " + hostOf(c.cfg.CarrierURL)
	hooks := ok("carrier webhooks", counted(c.cfg.CarrierWebhookSecrets, "secret")+" for /webhooks/carrier")
	for _, s := range c.cfg.CarrierWebhookSecrets {
		if c.Live && madeUp(s) {
			hooks = problem("carrier webhooks", "CARRIER_WEBHOOK_SECRETS has one that is not random", "agree on another with the carrier (openssl rand -hex 32)")
		}
	}
	err := c.with.Carrier(ctx)
	var p *order.ProviderError
	switch {
	case err == nil:
		return []Line{ok(name, at+" responds"), hooks}
	case errors.As(err, &p) && (p.Status == 401 || p.Status == 403):
		return []Line{problem(name, fmt.Sprintf("%s refuses CARRIER_KEY: %v", at, err), "check the key"), hooks}
	case errors.As(err, &p) && p.Status == 0:
		return []Line{problem(name, fmt.Sprintf("%s cannot be reached: %s", at, cause(err)), "check CARRIER_URL"), hooks}
	}
	return []Line{problem(name, fmt.Sprintf("%s does not speak the carrier protocol: %v", at, err), "check CARRIER_URL"), hooks}
}

// sandbox checks the stand-ins of another process.
func (c *checker) sandbox(ctx context.Context) []Line {
	const name = "sandbox"
	var plays []string
	for _, p := range c.cfg.Parts() {
		if strings.HasPrefix(p.Who, "sandbox") {
			plays = append(plays, p.Name)
		}
	}
	switch {
	case c.Live && c.cfg.SandboxURL != "":
		return []Line{problem(name, "PURSER_SANDBOX_URL is set", "remove it: customers must not meet a stand-in")}
	case len(plays) == 0 || c.Role == Up || c.Live: // the lines of the providers say the rest
		return nil
	case c.cfg.SandboxURL == "":
		return []Line{problem(name, "nothing plays "+strings.Join(plays, ", "), "configure them, or set PURSER_SANDBOX_URL to the address of 'purser sandbox'")}
	case c.with.Installation() == "":
		return []Line{notChecked(name, false, "there is no vault key")}
	}
	if err := c.with.Sandbox(ctx); err != nil {
		return []Line{problem(name, err.Error(), "")}
	}
	return []Line{ok(name, c.cfg.SandboxURL+" plays "+strings.Join(plays, ", "))}
}

// awsKeys says where AWS's SDK looks for them.
const awsKeys = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give this machine a role"

// noCredentials reports whether a call to AWS was not made because there are no keys.
// The SDK has no type for it.
func noCredentials(err error) bool {
	var p *order.ProviderError
	return errors.As(err, &p) && p.Status == 0 && p.Err != nil && strings.Contains(p.Err.Error(), "get credentials")
}

// cause returns why a provider did not respond, without the request.
func cause(err error) string {
	var p *order.ProviderError
	var network *net.OpError
	var unknown *net.DNSError
	switch {
	case errors.As(err, &network):
		return network.Error()
	case errors.As(err, &unknown):
		return unknown.Error()
	case errors.Is(err, context.DeadlineExceeded):
		return "it takes too long"
	case errors.As(err, &p):
		return p.Error()
	}
	return err.Error()
}

// hostOf returns the host of a URL, which may hold a password.
func hostOf(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return "a URL that cannot be read"
	}
	return u.Host
}
