package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"purser/catalog"
	"purser/order"
	"purser/shop"
)

// upCmd runs everything until it is told to stop.
type upCmd struct {
	Config `embed:""`
}

// Run starts the stack, says where everything is, and waits.
func (u *upCmd) Run(e *env) error {
	s, err := start(e.ctx, &u.Config, everything)
	if err != nil {
		return err
	}
	defer s.Stop()
	if err := s.loadSample(e.ctx); err != nil {
		return err
	}
	s.background(s.addSamplePictures)
	s.banner(e)
	return s.wait(e.ctx)
}

// loadSample fills an empty catalogue, so that there is something to order.
func (s *stack) loadSample(ctx context.Context) error {
	found, err := s.records.Products(ctx, 1, "")
	if err != nil || len(found) > 0 {
		return err
	}
	return s.records.PutProducts(ctx, catalog.Sample())
}

// wait holds until the process is told to stop or a part fails.
func (s *stack) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-s.failed:
		return err
	}
}

// banner says where everything is and which providers are played.
func (s *stack) banner(e *env) {
	fmt.Fprintf(e.stderr, "\n  API          %s\n  API docs     %s/docs\n", s.apiURL, s.apiURL)
	if s.uiURL != "" {
		fmt.Fprintf(e.stderr, "  Temporal UI  %s\n", s.uiURL)
	}
	if s.boxURL != "" {
		fmt.Fprintf(e.stderr, "  Mailbox      %s/mail/\n", s.boxURL)
	}
	fmt.Fprintf(e.stderr, "  Data         %s\n", s.cfg.Data)
	for _, p := range s.cfg.parts() {
		fmt.Fprintf(e.stderr, "  %-12s %s\n", p.name, p.who)
	}
	fmt.Fprintf(e.stderr, "\n  Ctrl-C stops it; starting it again carries on where it was.\n\n")
}

// apiCmd runs the API and the webhooks.
type apiCmd struct {
	Config `embed:""`
}

// Run serves until it is told to stop.
func (a *apiCmd) Run(e *env) error { return runRole(e, &a.Config, apiOnly) }

// workerCmd runs the workers.
type workerCmd struct {
	Config `embed:""`
}

// Run works until it is told to stop.
func (w *workerCmd) Run(e *env) error { return runRole(e, &w.Config, workerOnly) }

func runRole(e *env, cfg *Config, r role) error {
	s, err := start(e.ctx, cfg, r)
	if err != nil {
		return err
	}
	defer s.Stop()
	if s.apiURL != "" {
		fmt.Fprintf(e.stderr, "API at %s\n", s.apiURL)
	}
	return s.wait(e.ctx)
}

// demoCmd takes one order from click to doorstep.
type demoCmd struct {
	Config `embed:""`

	Once bool   `help:"Exit when the order is complete: 0, or 1 saying why not."`
	JSON bool   `name:"json" help:"Print the timeline as JSON lines."`
	Card string `default:"pm_card_visa" help:"The test card the shopper pays with."`
}

// demoPatience is how long the demo's order may take.
const demoPatience = 2 * time.Minute

// Run starts the stack and tells one order's story.
func (d *demoCmd) Run(e *env) error {
	if d.StripeKey != "" || d.CarrierURL != "" {
		return usageError{fmt.Errorf("demo pays and delivers in the sandbox: unset STRIPE_SECRET_KEY and CARRIER_URL")}
	}
	began := time.Now()
	s, err := start(e.ctx, &d.Config, everything)
	if err != nil {
		return err
	}
	defer s.Stop()
	if err := s.loadSample(e.ctx); err != nil {
		return err
	}
	fmt.Fprintf(e.stderr, "ready after %.1f s\n", time.Since(began).Seconds())
	ctx, cancel := context.WithTimeout(e.ctx, demoPatience)
	defer cancel()
	indexed := s.whenIndexed(ctx, e.stderr)
	ended, err := d.tell(ctx, e, s)
	if err == nil {
		<-indexed
		s.findAgain(ctx, e.stderr, "enamel mug")
	}
	switch {
	case err != nil:
		return fmt.Errorf("the order is not complete: %w", err)
	case !ended.Status.Complete() && d.Once:
		return fmt.Errorf("the order is not complete: it is %s: %s", ended.Status, ended.Reason)
	case d.Once:
		return nil
	}
	s.background(s.addSamplePictures)
	s.banner(e)
	return s.wait(e.ctx)
}

// tell places one order, pays it as a shopper does, and prints its story
// until it ends.
func (d *demoCmd) tell(ctx context.Context, e *env, s *stack) (order.Order, error) {
	client := &shop.Client{URL: s.apiURL, Key: s.key}
	placed, err := client.Place(ctx, order.Request{
		Customer: "cust_demo", Email: "sam@shop.example", Currency: "EUR",
		ShipTo: order.Address{Name: "Sam Shopper", Line1: "1 Quay Street", City: "Harbourtown", PostalCode: "10115", Country: "DE"},
		Lines:  []order.RequestLine{{SKU: "mug-blue", Quantity: 2}, {SKU: "tea-assam", Quantity: 1}},
	}, "")
	if err != nil {
		return order.Order{}, err
	}
	if !d.JSON {
		fmt.Fprintf(e.stdout, "order %s, %s\n", placed.ID, placed.Total)
	}
	told, declined := make(chan error, 1), make(chan struct{}, 1)
	tell := d.teller(e)
	go func() {
		told <- client.Watch(ctx, placed.ID, 0, func(ev order.Event) error {
			err := tell(ev)
			if ev.Kind == order.PaymentDeclined {
				declined <- struct{}{}
			}
			return err
		})
	}()
	shopper := &shop.Shopper{StripeURL: s.boxURL + "/stripe", PublishableKey: sandboxPublishableKey}
	status, err := shopper.Pay(ctx, placed.ClientSecret, d.Card)
	switch {
	case err != nil:
		select { // the timeline tells of it, too
		case <-declined:
		case <-told:
		}
		return order.Order{}, err
	case status == string(order.RequiresAction):
		fmt.Fprintf(e.stderr, "the shopper's bank asks: answer at %s/stripe/sandbox/3ds/%s\n", s.boxURL, placed.Payment.IntentID)
	}
	if err := <-told; err != nil {
		return order.Order{}, err
	}
	return client.Order(ctx, placed.ID)
}

func (d *demoCmd) teller(e *env) func(order.Event) error {
	if !d.JSON {
		return teller(e.stdout, false)
	}
	enc := json.NewEncoder(e.stdout)
	return func(ev order.Event) error { return enc.Encode(ev) }
}
