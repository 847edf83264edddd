// Package campaign sends one mail to many people while the program is killed and
// orders are placed, and counts which mails arrived.
package campaign

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"purser/bench/measure"
	"purser/mail"
	"purser/order"
	"purser/shop"
)

// Load sets how large a campaign is, and what happens during it.
type Load struct {
	Recipients  int
	Kills       int           // how often the program is killed during it
	OrdersEvery time.Duration // how often an order is bought during it; 0: never
}

// Result holds what was measured. The sandbox's own counts are authoritative.
type Result struct {
	Engine     string  `json:"engine"`
	Recipients int     `json:"recipients"`
	Kills      int     `json:"kills"`
	Seconds    float64 `json:"seconds"`
	PerSecond  float64 `json:"recipients_per_second"`
	Retried    int     `json:"retried"` // still unknown after the provider's reports, and sent once more
	Sent       int     `json:"sent"`    // according to the record
	Unknown    int     `json:"unknown"`
	Other      int     `json:"other"`            // rejected, suppressed, skipped: there should be 0
	Lost       int     `json:"lost"`             // sent according to the record, but the sandbox has no such mail
	Doubled    int     `json:"doubled"`          // recipients of whom the sandbox has more than one mail
	Arrived    int     `json:"unknown_but_sent"` // unknown according to the record, but the sandbox has the mail
	Unmailed   int     `json:"order_mails_lost"` // orders that were paid, but the sandbox has no confirmation

	Orders int     `json:"orders"` // bought and confirmed while the campaign ran
	P50    float64 `json:"transactional_p50_ms"`
	P99    float64 `json:"transactional_p99_ms"` // from the money taken to the confirmation in the sandbox
}

const benchCampaign = "bench"

// runCampaign runs a campaign in a program that it kills during the campaign.
func runCampaign(ctx context.Context, engine string, p *program, l Load) (r Result, err error) {
	r = Result{Engine: engine, Recipients: l.Recipients, Kills: l.Kills}
	d := &run{program: p, load: l}
	defer func() { err = errors.Join(err, p.Stop()) }()
	if err := d.begin(ctx); err != nil {
		return r, err
	}
	began := time.Now()
	shopping, closeShop := context.WithCancel(ctx)
	var shoppers sync.WaitGroup
	shoppers.Go(func() { d.buy(shopping) })
	err = d.finish(ctx, l.Kills)
	closeShop()
	shoppers.Wait()
	if err != nil {
		return r, err
	}
	r.Seconds = time.Since(began).Seconds()
	r.PerSecond = float64(l.Recipients) / r.Seconds
	if err := p.Stop(); err != nil {
		return r, err
	}
	if err := d.retry(ctx, &r); err != nil {
		return r, err
	}
	if err := p.Stop(); err != nil {
		return r, err
	}
	err = d.count(ctx, &r)
	return r, err
}

// run is the state of one measurement.
type run struct {
	program *program
	load    Load

	mu      sync.RWMutex // held while the program is down
	shop    *shop.Client
	shopper *shop.Shopper
	bought  []order.ID
}

func (d *run) start(ctx context.Context) (err error) {
	d.shop, d.shopper, err = d.program.start(ctx)
	return err
}

// begin uploads the recipients and starts the campaign.
func (d *run) begin(ctx context.Context) error {
	if err := d.start(ctx); err != nil {
		return err
	}
	c := mail.Campaign{ID: benchCampaign, Template: "campaign", Words: map[string]mail.Words{
		"en": {Subject: "Hello {name}", Heading: "Spring", Body: []string{"It is warmer now."}},
	}}
	if _, err := d.shop.CreateCampaign(ctx, c); err != nil {
		return err
	}
	var list strings.Builder
	list.WriteString("address,name\n")
	for i := range d.load.Recipients {
		fmt.Fprintf(&list, "reader%d@example.com,R%d\n", i, i)
	}
	u, err := d.shop.AddRecipients(ctx, c.ID, mail.CSV, strings.NewReader(list.String()))
	if err != nil || u.Added != int64(d.load.Recipients) {
		return fmt.Errorf("%d of %d recipients added: %w", u.Added, d.load.Recipients, err)
	}
	_, err = d.shop.StartCampaign(ctx, c.ID)
	return err
}

// finish waits for the campaign's end, and kills the program that many times
// before.
func (d *run) finish(ctx context.Context, times int) error {
	for kills := 0; ; {
		st, err := d.shop.Campaign(ctx, benchCampaign)
		if err != nil {
			return err
		}
		switch due := int64(d.load.Recipients * (kills + 1) / (times + 1)); {
		case st.State == mail.CampaignDone:
			return nil
		case st.State == mail.CampaignPaused:
			return fmt.Errorf("the campaign is paused: %s", st.Why)
		case kills < times && st.Counts.Resolved() >= due*9/10:
			kills++
			if err := d.restart(ctx); err != nil {
				return err
			}
		}
		if !measure.Wait(ctx, 200*time.Millisecond) {
			return ctx.Err()
		}
	}
}

func (d *run) restart(ctx context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.program.Kill(); err != nil {
		return err
	}
	return d.start(ctx)
}

// buy places and pays an order at regular intervals.
func (d *run) buy(ctx context.Context) {
	if d.load.OrdersEvery == 0 {
		return
	}
	for n := 0; measure.Wait(ctx, d.load.OrdersEvery); n++ {
		d.mu.RLock()
		placed, err := d.shop.PlaceSurely(ctx, order.Request{
			Customer: "bench", Email: "buyer@example.com", Currency: "EUR", Lines: []order.RequestLine{{SKU: "mug-blue", Quantity: 1}},
			ShipTo: order.Address{Name: "B", Line1: "1 Quay", City: "Harbourtown", Country: "DE"},
		}, fmt.Sprint("bench-", n))
		if err == nil {
			_, err = d.shopper.Pay(ctx, placed.ClientSecret, "pm_card_visa")
		}
		d.mu.RUnlock()
		if err == nil {
			d.bought = append(d.bought, placed.ID)
		}
	}
}

// waits measures how long order mails waited behind the campaign.
func (d *run) waits(ctx context.Context, confirmed map[string]time.Time, r *Result) error {
	var waited measure.Latencies
	for _, id := range d.bought {
		paid, err := d.program.paidAt(ctx, id)
		if err != nil {
			return err
		}
		at, ok := confirmed[string(id)]
		switch {
		case paid.IsZero(): // its payment was under way when the campaign ended
		case !ok:
			r.Unmailed++
		default:
			waited.Add(max(at.Sub(paid), 0))
		}
	}
	r.Orders, r.P50, r.P99 = waited.Count(), waited.Percentile(50), waited.Percentile(99)
	return nil
}
