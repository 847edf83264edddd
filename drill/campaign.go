package drill

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"purser/mail"
	"purser/order"
	"purser/shop"
)

// CampaignLoad says how large a campaign, and what it has to bear.
type CampaignLoad struct {
	Recipients  int
	Kills       int           // how often the program is killed in the midst of it
	OrdersEvery time.Duration // how often an order is bought meanwhile; 0: none is
}

// CampaignResult is what was measured. The sandbox's own count is the truth.
type CampaignResult struct {
	Engine     string  `json:"engine"`
	Recipients int     `json:"recipients"`
	Kills      int     `json:"kills"`
	Seconds    float64 `json:"seconds"`
	PerSecond  float64 `json:"recipients_per_second"`
	Retried    int     `json:"retried"` // unknown when the provider had reported everything, and written to once more
	Sent       int     `json:"sent"`    // by the record
	Unknown    int     `json:"unknown"`
	Other      int     `json:"other"`            // rejected, suppressed, skipped: there should be none
	Lost       int     `json:"lost"`             // sent by the record, and the sandbox has no such mail
	Doubled    int     `json:"doubled"`          // recipients the sandbox has more than one mail of
	Arrived    int     `json:"unknown_but_sent"` // of the unknown, those the sandbox has
	Unmailed   int     `json:"order_mails_lost"` // orders that were paid, and the sandbox has no confirmation

	Orders int     `json:"orders"` // bought and confirmed while the campaign ran
	P50    float64 `json:"transactional_p50_ms"`
	P99    float64 `json:"transactional_p99_ms"` // from the money taken to the confirmation in the sandbox
}

// Program is a whole stack in a process of its own, which can be killed.
type Program interface {
	// Start runs it until it takes orders, and answers where.
	Start(ctx context.Context) (*shop.Client, *shop.Shopper, error)
	// Kill is kill -9; Stop lets it end.
	Kill() error
	Stop() error
	// Delivered has the sandbox report that a mail was delivered.
	Delivered(ctx context.Context, letter string) error
	// Letters is what arrived in the sandbox, of a program that was stopped.
	Letters() ([]Letter, error)
	// Outcomes are the recipients of a campaign, of a program that was stopped.
	Outcomes(ctx context.Context, campaign string) ([]mail.Recipient, error)
	// PaidAt is when the money of an order was taken, of the same.
	PaidAt(ctx context.Context, id order.ID) (time.Time, error)
}

// Letter is a mail in the sandbox.
type Letter struct {
	ID   string // the sandbox's
	At   time.Time
	Tags map[string]string
}

const benchCampaign = "bench"

// Campaign sends one mail to many while the program is killed and orders go
// on, and counts what arrived.
func Campaign(ctx context.Context, engine string, p Program, l CampaignLoad) (r CampaignResult, err error) {
	r = CampaignResult{Engine: engine, Recipients: l.Recipients, Kills: l.Kills}
	d := &campaignDrill{program: p, load: l}
	defer func() { err = errors.Join(err, p.Stop()) }()
	if err := d.begin(ctx); err != nil {
		return r, err
	}
	began := time.Now()
	shopping, close := context.WithCancel(ctx)
	var shoppers sync.WaitGroup
	shoppers.Go(func() { d.buy(shopping) })
	err = d.carryThrough(ctx, l.Kills)
	close()
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
	return r, d.count(ctx, &r)
}

type campaignDrill struct {
	program Program
	load    CampaignLoad

	mu      sync.RWMutex // held while the program is down
	shop    *shop.Client
	shopper *shop.Shopper
	bought  []order.ID
}

func (d *campaignDrill) start(ctx context.Context) (err error) {
	d.shop, d.shopper, err = d.program.Start(ctx)
	return err
}

// begin uploads the list and starts the campaign.
func (d *campaignDrill) begin(ctx context.Context) error {
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

// carryThrough waits for the campaign's end and kills the program on the way.
func (d *campaignDrill) carryThrough(ctx context.Context, times int) error {
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
		case kills < times && st.Counts.Settled() >= due*9/10:
			kills++
			if err := d.restart(ctx); err != nil {
				return err
			}
		}
		if !rest(ctx, 200*time.Millisecond) {
			return ctx.Err()
		}
	}
}

func (d *campaignDrill) restart(ctx context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.program.Kill(); err != nil {
		return err
	}
	return d.start(ctx)
}

// buy has an order bought now and then, each to its payment.
func (d *campaignDrill) buy(ctx context.Context) {
	if d.load.OrdersEvery == 0 {
		return
	}
	for n := 0; rest(ctx, d.load.OrdersEvery); n++ {
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

// waits is how long order mails took behind the campaign.
func (d *campaignDrill) waits(ctx context.Context, confirmed map[string]time.Time, r *CampaignResult) error {
	var waited laps
	for _, id := range d.bought {
		paid, err := d.program.PaidAt(ctx, id)
		if err != nil {
			return err
		}
		at, ok := confirmed[string(id)]
		switch {
		case paid.IsZero(): // on its way when the campaign ended
		case !ok:
			r.Unmailed++
		default:
			waited.add(max(at.Sub(paid), 0))
		}
	}
	r.Orders, r.P50, r.P99 = waited.count(), waited.millis(50), waited.millis(99)
	return nil
}
