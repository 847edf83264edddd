package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"purser/order"
	"purser/shop"
)

// wish is a plain request for quantities of one product.
func wish(sku string, quantity int64, currency string) order.Request {
	return order.Request{
		Customer: "cust_e2e", Email: "shopper@shop.example", Currency: currency,
		ShipTo: order.Address{Name: "Sam Shopper", Line1: "1 Quay Street", City: "Harbourtown", PostalCode: "10115", Country: "DE"},
		Lines:  []order.RequestLine{{SKU: sku, Quantity: quantity}},
	}
}

// place orders and fails the test if that does not work.
func (s *stack) place(t *testing.T, r order.Request, key string) shop.Placed {
	t.Helper()
	p, err := s.shop.Place(within(t), r, key)
	if err != nil {
		t.Fatalf("place: %v", err)
	}
	return p
}

// pay pays as a browser does.
func (s *stack) pay(t *testing.T, p shop.Placed, card string) {
	t.Helper()
	if _, err := s.shopper.Pay(within(t), p.ClientSecret, card); err != nil {
		t.Fatalf("%s: %v", p.ID, err)
	}
}

// follow reads the order's story to its end.
func (s *stack) follow(t *testing.T, id order.ID) (story []order.Event) {
	t.Helper()
	err := s.shop.Watch(within(t), id, func(e order.Event) error {
		story = append(story[:e.Seq-1], e) // one told anew takes the place of what it replaces
		return nil
	})
	if err != nil {
		t.Fatalf("watch %s: %v", id, err)
	}
	return story
}

var errThere = errors.New("there")

// until follows the order's story up to an event of the kind.
func (s *stack) until(t *testing.T, id order.ID, k order.Kind) {
	t.Helper()
	var last order.Kind
	err := s.shop.Watch(within(t), id, func(e order.Event) error {
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
func (s *stack) order(t *testing.T, id order.ID) order.Order {
	t.Helper()
	o, err := s.shop.Order(within(t), id)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// kinds are what happened, in order.
func kinds(story []order.Event) (ks []order.Kind) {
	for _, e := range story {
		ks = append(ks, e.Kind)
	}
	return ks
}

// buy takes an order from the click to the doorstep.
func (s *stack) buy(ctx context.Context, r order.Request, key string) (order.Order, error) {
	p, err := s.shop.Place(ctx, r, key)
	if err != nil {
		return order.Order{}, fmt.Errorf("place: %w", err)
	}
	if _, err := s.shopper.Pay(ctx, p.ClientSecret, "pm_card_visa"); err != nil {
		return order.Order{}, fmt.Errorf("%s: %w", p.ID, err)
	}
	if err := s.shop.Watch(ctx, p.ID, func(order.Event) error { return nil }); err != nil {
		return order.Order{}, fmt.Errorf("watch %s: %w", p.ID, err)
	}
	return s.shop.Order(ctx, p.ID)
}

// problem is the problem the API answered with, or the end of the test.
func problem(t *testing.T, err error) *shop.Problem {
	t.Helper()
	var p *shop.Problem
	if !errors.As(err, &p) {
		t.Fatalf("want a problem document, got %v", err)
	}
	return p
}
