package commands

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"purser/config"
	"purser/order"
	"purser/shop"
	"purser/stack"
)

// upCmd runs everything until it is told to stop.
type upCmd struct {
	config.Config `embed:""`
}

// Run starts the stack, says where everything is, and waits.
func (u *upCmd) Run(e *env) error {
	s, err := stack.Start(e.ctx, &u.Config, stack.Everything)
	if err != nil {
		return err
	}
	defer s.Stop()
	if err := s.LoadSample(e.ctx); err != nil {
		return err
	}
	s.AddSamplePictures()
	banner(e, &u.Config, s.Running())
	return s.Wait(e.ctx)
}

// banner says where everything is and which providers are played.
func banner(e *env, c *config.Config, at stack.Running) {
	fmt.Fprintf(e.stderr, "\n  API          %s\n  API docs     %s/docs\n  Shop         %s/shop\n", at.API, at.API, at.API)
	if at.TemporalUI != "" {
		fmt.Fprintf(e.stderr, "  Temporal UI  %s\n", at.TemporalUI)
	}
	if at.Sandbox != "" {
		fmt.Fprintf(e.stderr, "  Mailbox      %s/mail/\n", at.Sandbox)
	}
	fmt.Fprintf(e.stderr, "  Data         %s\n", c.Data)
	for _, p := range c.Parts() {
		fmt.Fprintf(e.stderr, "  %-12s %s\n", p.Name, p.Who)
	}
	fmt.Fprintf(e.stderr, "\n  Ctrl-C stops it; starting it again carries on where it was.\n\n")
}

// apiCmd runs the API and the webhooks.
type apiCmd struct {
	config.Config `embed:""`
}

// Run serves until it is told to stop.
func (a *apiCmd) Run(e *env) error { return runRole(e, &a.Config, stack.APIOnly) }

// workerCmd runs the workers.
type workerCmd struct {
	config.Config `embed:""`
}

// Run works until it is told to stop.
func (w *workerCmd) Run(e *env) error { return runRole(e, &w.Config, stack.WorkerOnly) }

func runRole(e *env, cfg *config.Config, r stack.Role) error {
	s, err := stack.Start(e.ctx, cfg, r)
	if err != nil {
		return err
	}
	defer s.Stop()
	if at := s.Running().API; at != "" {
		fmt.Fprintf(e.stderr, "API at %s\n", at)
	}
	return s.Wait(e.ctx)
}

// demoCmd takes one order from click to doorstep.
type demoCmd struct {
	config.Config `embed:""`

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
	s, err := stack.Start(e.ctx, &d.Config, stack.Everything)
	if err != nil {
		return err
	}
	defer s.Stop()
	if err := s.LoadSample(e.ctx); err != nil {
		return err
	}
	fmt.Fprintf(e.stderr, "ready after %.1f s\n", time.Since(began).Seconds())
	ctx, cancel := context.WithTimeout(e.ctx, demoPatience)
	defer cancel()
	indexed := whenIndexed(ctx, s, e.stderr)
	at := s.Running()
	client := &shop.Client{URL: at.API, Key: at.Key}
	ended, err := d.tell(ctx, e, client, at)
	if err == nil {
		<-indexed
		findAgain(ctx, client, e.stderr, "enamel mug")
	}
	switch {
	case err != nil:
		return fmt.Errorf("the order is not complete: %w", err)
	case !ended.Status.Complete() && d.Once:
		return fmt.Errorf("the order is not complete: it is %s: %s", ended.Status, ended.Reason)
	case d.Once:
		return nil
	}
	s.AddSamplePictures()
	banner(e, &d.Config, s.Running())
	return s.Wait(e.ctx)
}

// tell places one order, pays it as a shopper does, and prints its story
// until it ends.
func (d *demoCmd) tell(ctx context.Context, e *env, client *shop.Client, at stack.Running) (order.Order, error) {
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
		told <- client.Watch(ctx, placed.ID, func(ev order.Event) error {
			err := tell(ev)
			if ev.Kind == order.PaymentDeclined {
				declined <- struct{}{}
			}
			return err
		})
	}()
	shopper := &shop.Shopper{StripeURL: at.Sandbox + "/stripe", PublishableKey: at.PublishableKey}
	status, err := shopper.Pay(ctx, placed.ClientSecret, d.Card)
	switch {
	case err != nil:
		select { // the timeline tells of it, too
		case <-declined:
		case <-told:
		}
		return order.Order{}, err
	case status == string(order.RequiresAction):
		fmt.Fprintf(e.stderr, "the shopper's bank asks: answer at %s/stripe/sandbox/3ds/%s\n", at.Sandbox, placed.Payment.IntentID)
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
