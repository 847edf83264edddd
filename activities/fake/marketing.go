package fake

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"purser/mail"
	"purser/order"
)

// Marketing implements the ports of campaigns other than the record: audience,
// templates, unsubscribe links and reputation. The zero value is ready: it has
// no orders and allows marketing.
type Marketing struct {
	Orders []order.Order // newest first
	// Bought marks the customers who have paid for another order since.
	Bought map[string]bool

	mu     sync.Mutex
	paused string
}

// audiencePage is how many orders a page holds: few, so that there are pages.
const audiencePage = 2

// AudienceOrders returns a page of the orders of an audience.
func (f *Marketing) AudienceOrders(_ context.Context, a mail.Audience, now time.Time, cursor string) ([]order.Order, string, error) {
	var from int
	if cursor != "" {
		if _, err := fmt.Sscan(cursor, &from); err != nil {
			return nil, "", err
		}
	}
	var page []order.Order
	for i, o := range f.Orders {
		unpaid := o.Status == order.AwaitingPayment || o.Status == order.Expired
		if i < from || unpaid != (a.Kind == mail.AudienceUnpaid) || o.PlacedAt.Before(a.Since) || !o.PlacedAt.Before(now.Add(-time.Duration(a.OlderThanHours)*time.Hour)) {
			continue
		}
		if len(page) == audiencePage {
			return page, fmt.Sprint(i), nil
		}
		page = append(page, o)
	}
	return page, "", nil
}

// Order returns one of the orders.
func (f *Marketing) Order(_ context.Context, id order.ID) (order.Order, error) {
	for _, o := range f.Orders {
		if o.ID == id {
			return o, nil
		}
	}
	return order.Order{}, order.ErrNotFound
}

// BoughtSince returns the customer's entry in Bought.
func (f *Marketing) BoughtSince(_ context.Context, customer string, _ time.Time) (bool, error) {
	return f.Bought[customer], nil
}

// WriteCampaign writes the subject of the words; it fails for a recipient
// without a name.
func (f *Marketing) WriteCampaign(c mail.Campaign, r mail.Recipient, about order.Order, unsubscribe string) (mail.Content, error) {
	if r.Name == "" {
		return mail.Content{}, fmt.Errorf("%w: name is missing", order.ErrInvalid)
	}
	if unsubscribe == "" {
		return mail.Content{}, errors.New("no unsubscribe link")
	}
	return mail.Content{Subject: c.Words["en"].Subject + " " + r.Name, Text: string(about.ID) + " " + unsubscribe}, nil
}

// Unsubscribe returns an address for the recipient.
func (f *Marketing) Unsubscribe(m mail.Message) string {
	return "https://shop.example/unsubscribe/" + m.ID
}

// MarketingPaused returns the reason that SetPaused was called with.
func (f *Marketing) MarketingPaused(context.Context) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.paused, nil
}

// SetPaused pauses marketing for a reason; "" resumes it.
func (f *Marketing) SetPaused(why string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.paused = why
}
