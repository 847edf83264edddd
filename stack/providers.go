package stack

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"purser/api"
	apibulks "purser/api/bulks"
	apicases "purser/api/cases"
	"purser/api/httpkit"
	apiinbox "purser/api/inbox"
	apiledger "purser/api/ledger"
	"purser/api/orders"
	"purser/api/search"
	"purser/inbox"
	"purser/pricing"
	"purser/providers/carrier"
	"purser/providers/meilisearch"
	"purser/providers/s3"
	"purser/providers/stripe"
	"purser/sandbox"
	sandboxcarrier "purser/sandbox/carrier"
	sandboxstripe "purser/sandbox/stripe"
	"purser/version"
)

// The credentials of the sandbox. They give access to nothing but the stand-ins,
// which listen on loopback. The secrets that sign their webhooks belong to this
// installation: the address that receives webhooks may be public.
const (
	sandboxStripeKey      = "sk_test_sandbox"
	sandboxPublishableKey = "pk_test_sandbox"
	sandboxCarrierKey     = "carrier_sandbox"
)

func (s *Stack) stripeSecret() string  { return "whsec_" + s.vault.Derive("sandbox stripe webhooks") }
func (s *Stack) carrierSecret() string { return s.vault.Derive("sandbox carrier webhooks") }

// providers holds the adapters to the providers or to their stand-ins.
type providers struct {
	stripe  *stripe.Client
	carrier *carrier.Client
	scans   carrier.Webhooks
	mail    *mailOut
	images  *s3.Store
	search  *meilisearch.Client
	prices  pricing.Rules
}

// newSandbox opens the stand-ins for the providers that have no credentials
// configured.
func (s *Stack) newSandbox() (*sandbox.Sandbox, error) {
	c := s.cfg
	if !c.Played() {
		return nil, nil
	}
	played := sandbox.Config{DataDir: c.Data, Log: s.log, Objects: s.sandboxObjects()}
	if c.StripeKey == "" {
		played.Stripe = &sandboxstripe.Config{
			Key: sandboxStripeKey, PublishableKey: sandboxPublishableKey, WebhookSecret: s.stripeSecret(), DebitTime: c.SandboxDebitTime, HoldTime: c.SandboxHoldTime,
		}
	}
	if c.CarrierURL == "" {
		played.Carrier = &sandboxcarrier.Config{Key: sandboxCarrierKey, WebhookSecret: s.carrierSecret(), Pace: c.SandboxPace}
	}
	if c.PlaysSES() {
		played.SES = s.playedSES()
	}
	played.Search = s.playedSearch()
	return sandbox.New(played)
}

// providers returns the adapters. The stand-ins must be listening already, or be
// configured.
func (s *Stack) providers(r Role) (*providers, error) {
	c := s.cfg
	if s.sandboxListener != nil {
		s.serve(s.sandboxListener, s.sandboxHandler(), time.Second)
	}
	if s.sandboxURL == "" && c.Played() {
		return nil, errors.New("this role has no sandbox of its own: set STRIPE_SECRET_KEY, CARRIER_URL, SES_REGION, S3_BUCKET and MEILISEARCH_URL, or PURSER_SANDBOX_URL")
	}
	p := &providers{}
	var err error
	if p.stripe, err = s.newStripe(""); err != nil {
		return nil, err
	}
	if p.prices, err = s.pricing(); err != nil {
		return nil, err
	}
	p.carrier, p.scans = s.newCarrier()
	if p.mail, err = s.newMail(); err != nil {
		return nil, err
	}
	if p.images, err = s.newImageStore(context.Background()); err != nil {
		return nil, err
	}
	if p.search, err = s.newSearch(); err != nil {
		return nil, err
	}
	p.prices, err = s.pricing()
	return p, err
}

// newStripe returns the adapter to Stripe, at another address than its own if one is
// given, or to its stand-in.
func (s *Stack) newStripe(at string) (*stripe.Client, error) {
	c := s.cfg
	if c.StripeKey == "" {
		return stripe.New(stripe.Config{
			Key: sandboxStripeKey, WebhookSecrets: []string{s.stripeSecret()}, BaseURL: s.sandboxURL + "/stripe", Methods: c.PaymentMethods, Log: s.log,
		})
	}
	return stripe.New(stripe.Config{
		Key: c.StripeKey, BaseURL: at, WebhookSecrets: c.StripeWebhookSecrets, Live: c.StripeIsLive(), Methods: c.PaymentMethods, Log: s.log,
	})
}

// newCarrier returns the adapter to the carrier or to its stand-in, and the check of
// its webhooks.
func (s *Stack) newCarrier() (*carrier.Client, carrier.Webhooks) {
	at, key, secrets := s.cfg.CarrierURL, s.cfg.CarrierKey, s.cfg.CarrierWebhookSecrets
	if at == "" {
		at, key, secrets = s.sandboxURL+"/carrier", sandboxCarrierKey, []string{s.carrierSecret()}
	}
	return carrier.New(carrier.Config{BaseURL: at, Key: key}), carrier.Webhooks{Secrets: secrets}
}

// startAPI serves the shop's API and the providers' webhooks.
func (s *Stack) startAPI(r Role, p *providers) error {
	keys, err := s.apiKeys(r)
	if err != nil {
		return err
	}
	relay := &inbox.Relay{Orders: s.starter, Ledger: s.Records, Finder: s.Records, Disputes: map[string]inbox.Disputes{"stripe": p.stripe}, Log: s.log}
	stopping := make(chan struct{})
	hooks := &inbox.Handler{
		Sources: map[string]inbox.Source{"stripe": p.stripe, "carrier": p.scans},
		Keeper:  s.Records, Relay: relay, Log: s.log,
	}
	if err := s.addMailWebhooks(hooks, relay); err != nil {
		return err
	}
	s.background(relay.Run)
	handler, err := api.New(api.Config{
		Version: version.Number(), Installation: s.installation("api"),
		Config:   httpkit.Config{Keys: keys, Log: s.log, PlaceWithin: s.cfg.PlaceTimeout},
		Orders:   &orders.Service{Workflows: s.starter, Records: s.Records, Pricing: p.prices, Labels: p.labels(s), Appeared: relay.OrderAppeared, Stopping: stopping, ReturnURL: s.returnURL()},
		Products: s.productService(), Imports: s.importService(), Images: s.imageService(p),
		Search: &search.Service{Engine: p.search, Catalogue: s.Records, Settings: s.Records, Public: s.cfg.SearchPublic, SampleShop: s.atHome(r), Checkout: s.checkout(r)},
		Mails:  s.mailService(p), Campaigns: s.campaignService(p), Preview: s.preview(r, p),
		Inbox: &apiinbox.Service{
			Records: s.Records, Workflows: s.starter, Redeliver: hooks.Redeliver, Dismiss: hooks.Dismiss,
			Counted: func() (inbox.Counts, inbox.RelayCounts) { return hooks.Counts(), relay.Counts() },
		},
		Cases:    &apicases.Service{Workflows: s.starter, Records: s.Records},
		Bulks:    &apibulks.Service{Workflows: s.starter, Records: s.Records},
		Ledger:   &apiledger.Service{Workflows: s.starter, Records: s.Records},
		Webhooks: hooks,
		Ready:    s.ownChecks(),
	})
	if err != nil {
		return err
	}
	s.serve(s.apiListener, handler, 5*time.Second)
	s.onStop(func() { close(stopping) })
	s.onStop(func() {
		s.draining.Store(true)
		if !s.atHome(r) { // a local stack has no load balancer that needs the time
			time.Sleep(s.cfg.Drain)
		}
	})
	return nil
}

// startSandbox starts sending the stand-ins' webhooks to the API.
func (s *Stack) startSandbox(to string) {
	s.webhooksTo = to
	s.Sandbox.SetWebhooks(to+"/webhooks/stripe", to+"/webhooks/carrier")
	if err := s.Sandbox.SubscribeMail(s.sandboxURL+"/ses", to+"/webhooks/ses"); err != nil {
		s.log.Error("the sandbox cannot report what becomes of mails", "error", err)
	}
	s.background(func(ctx context.Context) {
		if err := s.Sandbox.Run(ctx); err != nil {
			s.failed <- fmt.Errorf("sandbox: %w", err)
		}
	})
}

// apiKeys returns the callers that the API knows: the configured ones and, for
// the commands of the embedded stack, an operator whose key is made in the data
// directory.
func (s *Stack) apiKeys(r Role) ([]httpkit.Principal, error) {
	configured := s.cfg.APIKeys
	if !r.owns() {
		return httpkit.ParseKeys(configured)
	}
	path := filepath.Join(s.cfg.Data, "operator.key")
	b, err := os.ReadFile(path)
	if err != nil || len(b) == 0 {
		b = []byte(rand.Text() + "\n")
		if err = os.MkdirAll(s.cfg.Data, 0o700); err == nil {
			err = os.WriteFile(path, b, 0o600)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("operator key: %w", err)
	}
	s.key = strings.TrimSpace(string(b))
	return httpkit.ParseKeys(strings.TrimLeft(configured+",local-operator:operator:"+s.key, ","))
}
