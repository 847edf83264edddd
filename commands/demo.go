package commands

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"time"

	"purser/config"
	"purser/order"
	"purser/shop"
	"purser/stack"
)

// demoCmd takes one order from the checkout to its delivery.
type demoCmd struct {
	config.Config `embed:""`

	Once bool   `help:"Exit when the order is complete, with exit code 0; with 1 and the reason if it does not complete."`
	JSON bool   `name:"json" help:"Print the timeline as JSON lines."`
	Card string `default:"pm_card_visa" help:"The test card the shopper pays with."`
}

// demoTimeout is how long the demo's order may take.
const demoTimeout = 2 * time.Minute

// Run starts the stack and prints the timeline of one order.
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
	ctx, cancel := context.WithTimeout(e.ctx, demoTimeout)
	defer cancel()
	indexed := whenIndexed(ctx, s, e.stderr)
	at := s.Running()
	client := &shop.Client{URL: at.API, Key: at.Key}
	ended, err := sampleOrder{card: d.Card, json: d.JSON}.run(ctx, e, client, at)
	if err == nil {
		<-indexed
		searchOnce(ctx, client, e.stderr, "enamel mug")
	}
	if err != nil {
		return fmt.Errorf("the order is not complete: %w", err)
	}
	if d.Once {
		return completed(ended)
	}
	s.AddSampleImages()
	banner(e, &d.Config, s.Running())
	return s.Wait(e.ctx)
}

// orderTryCmd takes one order from the checkout to its delivery on a stack that runs.
type orderTryCmd struct {
	Card    string `default:"pm_card_visa" help:"The test card the shopper pays with."`
	Sandbox string `name:"sandbox-url" help:"The URL of the sandbox. Default: the sandbox of the 'purser up' that runs on the data directory." env:"PURSER_SANDBOX_URL"`
}

// Run prints the timeline of the order, and fails if the order does not complete.
func (x *orderTryCmd) Run(e *env, c *commands) error {
	at, err := (&orderPayCmd{Sandbox: x.Sandbox}).sandbox(&c.Order.remote)
	if err != nil {
		return err
	}
	client, err := c.Order.client()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(e.ctx, demoTimeout)
	defer cancel()
	ended, err := sampleOrder{card: x.Card, json: c.Order.JSON}.run(ctx, e, client, at)
	if err != nil {
		return fmt.Errorf("the order is not complete: %w", err)
	}
	return completed(ended)
}

// completed returns nil if an order has come to its end as a shopper wants it.
func completed(o shop.Order) error {
	if !o.Status.Complete() {
		return fmt.Errorf("the order is not complete: it is %s: %s", o.Status, o.Reason)
	}
	return nil
}

// sampleOrder is an order of the sample products.
type sampleOrder struct {
	card string // the test card
	json bool   // whether the timeline is printed as JSON lines
}

// run places the order, pays it as a shopper does, prints its timeline until it ends,
// and returns it.
func (s sampleOrder) run(ctx context.Context, e *env, client *shop.Client, at stack.Running) (shop.Order, error) {
	placed, err := client.Place(ctx, order.Request{
		Customer: "cust_demo", Email: "sam@shop.example", Currency: "EUR",
		ShipTo: order.Address{Name: "Sam Shopper", Line1: "1 Quay Street", City: "Harbourtown", PostalCode: "10115", Country: "DE"},
		Lines:  []order.RequestLine{{SKU: "mug-blue", Quantity: 2}, {SKU: "tea-assam", Quantity: 1}},
	}, "")
	if err != nil {
		return shop.Order{}, err
	}
	if !s.json {
		fmt.Fprintf(e.stdout, "order %s, %s\n", placed.ID, placed.Total)
	}
	seen, declined := make(chan error, 1), make(chan struct{}, 1)
	report := s.eventPrinter(e)
	go func() {
		seen <- client.Watch(ctx, placed.ID, func(ev shop.Event) error {
			err := report(ev)
			if ev.Kind == order.PaymentDeclined {
				declined <- struct{}{}
			}
			return err
		})
	}()
	shopper := &shop.Shopper{StripeURL: at.Sandbox + "/stripe", PublishableKey: at.PublishableKey}
	status, err := shopper.Pay(ctx, placed.ClientSecret, s.card)
	switch {
	case errors.Is(err, shop.ErrDeclined):
		select { // the timeline shows it, too
		case <-declined:
		case <-seen:
		}
		return shop.Order{}, err
	case err != nil:
		return shop.Order{}, err
	case status == string(order.PaymentRequiresAction):
		fmt.Fprintf(e.stderr, "the shopper's bank asks for approval: respond at %s/stripe/sandbox/3ds/%s\n", at.Sandbox, placed.Payment().Reference)
	}
	if err := <-seen; err != nil {
		return shop.Order{}, err
	}
	return client.Order(ctx, placed.ID)
}

func (s sampleOrder) eventPrinter(e *env) func(shop.Event) error {
	if !s.json {
		return eventPrinter(e.stdout, false)
	}
	enc := json.NewEncoder(e.stdout)
	return func(ev shop.Event) error { return enc.Encode(ev) }
}

// whenIndexed prints to w when the index holds the whole catalogue. The channel is
// closed then, or when that takes too long.
func whenIndexed(ctx context.Context, s *stack.Stack, w io.Writer) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		for tick := time.NewTicker(100 * time.Millisecond); ; {
			select {
			case <-tick.C:
			case <-ctx.Done():
				tick.Stop()
				fmt.Fprintln(w, "catalogue not indexed yet: searching all the same")
				return
			}
			if n, err := s.Records.DueCount(ctx); err != nil || n > 0 {
				continue
			}
			tick.Stop()
			products, err := s.Records.ForSaleCount(ctx)
			if err == nil {
				fmt.Fprintf(w, "catalogue indexed: %d products\n", products)
			}
			return
		}
	}()
	return done
}

// searchOnce searches as a shopper does and prints the first hit.
func searchOnce(ctx context.Context, client *shop.Client, w io.Writer, words string) {
	found, err := client.Search(ctx, url.Values{"q": {words}})
	switch {
	case err != nil:
		fmt.Fprintf(w, "search for %q: %v\n", words, err)
	case len(found.Hits) == 0:
		fmt.Fprintf(w, "search for %q found nothing\n", words)
	default:
		h := found.Hits[0]
		fmt.Fprintf(w, "search for %q found %s first: %s, %s, %d available\n", words, h.SKU, h.Name, order.Money{Amount: h.Price, Currency: h.Currency}, h.Available)
	}
}
