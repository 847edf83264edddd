package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"purser/order"
	"purser/shop"
)

// wish returns a plain request for a quantity of one product.
func wish(sku string, quantity int64, currency string) order.Request {
	return order.Request{
		Customer: "cust_e2e", Email: "shopper@shop.example", Currency: currency,
		ShipTo: order.Address{Name: "Sam Shopper", Line1: "1 Quay Street", City: "Harbourtown", PostalCode: "10115", Country: "DE"},
		Lines:  []order.RequestLine{{SKU: sku, Quantity: quantity}},
	}
}

// place places an order, and fails the test if that does not succeed.
func (s *stack) place(t *testing.T, r order.Request, key string) shop.Placed {
	t.Helper()
	p, err := s.shop.Place(within(t), r, key)
	if err != nil {
		t.Fatalf("place: %v", err)
	}
	return p
}

// pay pays an order with a card, as a browser does.
func (s *stack) pay(t *testing.T, p shop.Placed, card string) {
	t.Helper()
	if _, err := s.shopper.Pay(within(t), p.ClientSecret, card); err != nil {
		t.Fatalf("%s: %v", p.ID, err)
	}
}

// follow reads the order's timeline until it is complete.
func (s *stack) follow(t *testing.T, id order.ID) []shop.Event {
	t.Helper()
	timeline, err := s.watch(within(t), id)
	if err != nil {
		for _, e := range timeline {
			t.Logf("%+v", e)
		}
		o, unknown := s.shop.Order(t.Context(), id)
		t.Fatalf("watch %s: %v; it is %+v, %v", id, err, o, unknown)
	}
	return timeline
}

var errThere = errors.New("there")

// watch reads the order's timeline until it is complete. The stream itself ends
// some seconds later; checkoutToDelivery waits for that, too.
func (s *stack) watch(ctx context.Context, id order.ID) (timeline []shop.Event, err error) {
	err = s.shop.Watch(ctx, id, func(e shop.Event) error {
		timeline = append(timeline[:e.Seq-1], e) // a repeated event replaces the one received before
		if complete(timeline) {
			return errThere
		}
		return nil
	})
	if errors.Is(err, errThere) {
		err = nil
	}
	return timeline, err
}

// complete reports whether no events are missing from a timeline: the order has
// ended, and there is an event with the outcome of each mail that it called for.
func complete(timeline []shop.Event) bool {
	pendingMails := map[order.Notification]bool{}
	for _, e := range timeline {
		if m, mailed := mailOf[e.Kind]; mailed {
			pendingMails[m] = true
		}
		switch e.Kind {
		case order.MailSent, order.MailUnknown, order.MailRejected, order.MailSuppressed:
			m, _, _ := strings.Cut(e.Why, " ") // "shipped by ses", "shipped: why not"
			delete(pendingMails, order.Notification(strings.TrimSuffix(m, ":")))
		}
	}
	return len(pendingMails) == 0 && timeline[len(timeline)-1].To.Final()
}

// until follows the order's timeline up to an event of the kind.
func (s *stack) until(t *testing.T, id order.ID, k order.Kind) {
	t.Helper()
	var last order.Kind
	err := s.shop.Watch(within(t), id, func(e shop.Event) error {
		if last = e.Kind; last == k {
			return errThere
		}
		return nil
	})
	if !errors.Is(err, errThere) {
		t.Fatalf("%s never came to %s; the last was %s (%v)", id, k, last, err)
	}
}

// order fetches an order.
func (s *stack) order(t *testing.T, id order.ID) shop.Order {
	t.Helper()
	o, err := s.shop.Order(within(t), id)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// kinds returns the kinds of events, in order.
func kinds(timeline []shop.Event) (ks []order.Kind) {
	for _, e := range timeline {
		ks = append(ks, e.Kind)
	}
	return ks
}

// buy takes an order from the checkout to its delivery. A request with a key is sent again
// while the API has no time for it, as it asks for.
func (s *stack) buy(ctx context.Context, r order.Request, key string) (shop.Order, error) {
	var p shop.Placed
	place := func() (err error) {
		p, err = s.shop.Place(ctx, r, key)
		return err
	}
	err := place()
	if busy := (*shop.Problem)(nil); key != "" && errors.As(err, &busy) && busy.Status == http.StatusServiceUnavailable {
		err = retry(ctx, place)
	}
	if err != nil {
		return shop.Order{}, fmt.Errorf("place: %w", err)
	}
	if _, err := s.shopper.Pay(ctx, p.ClientSecret, "pm_card_visa"); err != nil {
		return shop.Order{}, fmt.Errorf("%s: %w", p.ID, err)
	}
	if _, err := s.watch(ctx, p.ID); err != nil {
		return shop.Order{}, fmt.Errorf("watch %s: %w", p.ID, err)
	}
	return s.shop.Order(ctx, p.ID)
}

// problem returns the problem that the API reported, and fails the test if the
// error is of another kind.
func problem(t *testing.T, err error) *shop.Problem {
	t.Helper()
	var p *shop.Problem
	if !errors.As(err, &p) {
		t.Fatalf("want a problem document, got %v", err)
	}
	return p
}
