package commands

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"purser/order"
	"purser/shop"
	"purser/stack"
)

type orderPayCmd struct {
	ID      string `arg:"" help:"The order's id."`
	Card    string `default:"visa" help:"How it is paid: visa, declined, 3ds, ideal, sepa_debit … (the sandbox's page lists all), the number of one of Stripe's test cards or test accounts, or one of Stripe's test payment methods, such as pm_card_visa."`
	Bank    string `enum:"approve,refuse,ask" default:"approve" help:"What the shopper does where the bank asks for confirmation: approve, refuse, or ask: the address of the bank's page is printed, and left to you."`
	Sandbox string `name:"sandbox-url" help:"The URL of the sandbox. Default: the sandbox of the 'purser up' that runs on the data directory." env:"PURSER_SANDBOX_URL"`
}

// errRealStripe refuses to play a shopper's browser against the real Stripe.
var errRealStripe = errors.New("no sandbox plays Stripe here: a payment at the real Stripe is made at your shop's checkout")

// testMethod is a way to pay in the sandbox.
type testMethod struct {
	Method string `json:"method"`
	Type   string `json:"type"`
}

// seenWithin is how long the command waits until the order knows of its payment.
const seenWithin = 10 * time.Second

// Run pays an order as a shopper's browser does.
func (x *orderPayCmd) Run(e *env, c *commands) error {
	at, err := x.sandbox(&c.Order.remote)
	if err != nil {
		return err
	}
	client, err := c.Order.client()
	if err != nil {
		return err
	}
	o, err := client.Order(e.ctx, order.ID(x.ID))
	if err != nil {
		return err
	}
	if err := payable(o); err != nil {
		return err
	}
	m, err := x.method(e.ctx, at)
	if err != nil {
		return err
	}
	if err := x.pay(e, at, o, m); err != nil {
		return err
	}
	if o, err = whenSeen(e.ctx, client, o); err != nil {
		return err
	}
	return c.Order.print(e.stdout, o)
}

// sandbox returns the addresses and keys of the sandbox, or fails with errRealStripe.
func (x *orderPayCmd) sandbox(r *remote) (stack.Running, error) {
	if x.Sandbox != "" {
		return stack.SandboxAt(strings.TrimRight(x.Sandbox, "/")), nil
	}
	if r.API != "" {
		return stack.Running{}, fmt.Errorf("%w; for the sandbox of another machine, set PURSER_SANDBOX_URL", errRealStripe)
	}
	at, err := stack.Find(r.Data)
	switch {
	case err != nil:
		return at, fmt.Errorf("no running stack in %s: start 'purser up', or set PURSER_API_URL, PURSER_API_KEY and PURSER_SANDBOX_URL", r.Data)
	case at.StripeKey == "" || at.Sandbox == "":
		return at, errRealStripe
	}
	return at, nil
}

// payable refuses an order that does not wait for a shopper.
func payable(o shop.Order) error {
	p := o.Unpaid()
	switch {
	case p.Provider == order.Manual:
		return fmt.Errorf("order %s is paid in advance: book what came in with 'purser order book-payment'", o.ID)
	case o.Status != order.AwaitingPayment && (!p.Standby || o.Status.Final()):
		return fmt.Errorf("order %s does not wait for its payment: it is %s", o.ID, o.Status)
	case p.Status == order.PaymentProcessing:
		return fmt.Errorf("the payment of order %s is processing: the bank decides, or you do on the sandbox's page /stripe/sandbox/", o.ID)
	}
	return nil
}

// method finds the way to pay that the flag names.
func (x *orderPayCmd) method(ctx context.Context, at stack.Running) (m testMethod, err error) {
	found, err := askSandbox(ctx, at, "/sandbox/method.json?name="+url.QueryEscape(x.Card), &m)
	if err == nil && !found {
		err = usageError{fmt.Errorf("--card %q: %s/ lists what the sandbox knows, such as visa, declined, 3ds or 4242 4242 4242 4242", x.Card, at.Sandbox)}
	}
	return m, err
}

// pay confirms the order's payment, and decides for the shopper on the bank's page.
func (x *orderPayCmd) pay(e *env, at stack.Running, o shop.Order, m testMethod) error {
	var intent struct {
		ClientSecret string `json:"client_secret"`
	}
	found, err := askSandbox(e.ctx, at, "/v1/payment_intents/"+url.PathEscape(o.Unpaid().Reference), &intent)
	if err == nil && !found {
		err = fmt.Errorf("the sandbox at %s does not know the payment of order %s: %w", at.Sandbox, o.ID, errRealStripe)
	}
	if err != nil {
		return err
	}
	form := url.Values{"payment_method": {m.Method}}
	if m.Type == "sepa_debit" {
		form.Set("mandate_data[customer_acceptance][type]", "offline")
	}
	shopper := &shop.Shopper{StripeURL: at.Sandbox + "/stripe", PublishableKey: at.PublishableKey}
	confirmed, err := shopper.Confirm(e.ctx, intent.ClientSecret, cmp.Or(at.API, at.Sandbox)+"/shop?order="+string(o.ID), form)
	if err != nil || confirmed.BankPage == "" {
		return err
	}
	if x.Bank == "ask" {
		_, err := fmt.Fprintf(e.stderr, "the shopper's bank asks for confirmation at %s\n", confirmed.BankPage)
		return err
	}
	return shopper.Decide(e.ctx, confirmed.BankPage, x.Bank == "approve")
}

// whenSeen returns the order when it knows of its payment, or after a while.
func whenSeen(ctx context.Context, client *shop.Client, before shop.Order) (shop.Order, error) {
	wait, cancel := context.WithTimeout(ctx, seenWithin)
	defer cancel()
	seen := errors.New("seen")
	err := client.Watch(wait, before.ID, func(ev shop.Event) error {
		if ev.Seq > before.Version {
			return seen
		}
		return nil
	})
	if err != nil && !errors.Is(err, seen) && wait.Err() == nil {
		return before, err
	}
	return client.Order(ctx, before.ID)
}

// askSandbox reads from the sandbox's Stripe, as its own shop would. found is false if
// there is no such thing.
func askSandbox(ctx context.Context, at stack.Running, path string, out any) (found bool, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at.Sandbox+"/stripe"+path, nil)
	if err != nil {
		return false, err
	}
	req.Header.Set("Authorization", "Bearer "+at.StripeKey)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false, fmt.Errorf("no response from the sandbox at %s: %w", at.Sandbox, err)
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
		return true, json.NewDecoder(resp.Body).Decode(out)
	case http.StatusNotFound:
		return false, nil
	}
	return false, fmt.Errorf("the sandbox at %s: HTTP %d", at.Sandbox, resp.StatusCode)
}
