package orders

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"purser/bench/measure"
	"purser/drill/process"
	"purser/order"
	"purser/postgrestest"
	"purser/shop"
)

// RolesCommand compares a shop of two APIs and two workers with one of one API and one
// worker, in turns, so that other load on the machine affects both alike. Each is a
// cluster of its own, with Temporal's services and the roles as processes.
type RolesCommand struct {
	Orders int `help:"The number of whole orders to measure in each round." default:"300"`
	AtOnce int `help:"The number of orders under way at the same time." default:"32"`
	WarmUp int `help:"The number of orders before each measurement begins." default:"60"`
	Rounds int `help:"How often each shop is measured." default:"3"`

	JSON bool `name:"json" help:"Print one line of JSON."`
}

// ServiceCommand and PurserCommand are the hidden commands that the program starts a
// cluster with.
type (
	ServiceCommand struct {
		process.ServiceCommand `embed:""`
	}
	PurserCommand struct {
		process.PurserCommand `embed:""`
	}
)

// RolesResult is what was measured: the orders completed in a second, in the median of
// the rounds.
type RolesResult struct {
	One   float64 `json:"one_of_each_per_second"`
	Two   float64 `json:"two_of_each_per_second"`
	Share float64 `json:"share"` // of two of each, of what one of each reaches
}

// Validate refuses numbers with which nothing would be measured.
func (c *RolesCommand) Validate() error {
	if c.Orders < 1 || c.AtOnce < 1 || c.WarmUp < 1 || c.Rounds < 1 {
		return errors.New("--orders, --at-once, --warm-up and --rounds must be 1 or more")
	}
	return nil
}

// Run measures both shops in turns.
func (c *RolesCommand) Run(ctx context.Context, stdout io.Writer) error {
	rates := map[int][]float64{}
	for round := range 2 * c.Rounds {
		each := 1 + (round+round/2)%2 // 1, 2, 2, 1, 1, 2, …
		rate, err := c.measure(ctx, each)
		if err != nil {
			return fmt.Errorf("%d of each: %w", each, err)
		}
		rates[each] = append(rates[each], rate)
	}
	r := RolesResult{One: measure.Median(rates[1]), Two: measure.Median(rates[2])}
	r.Share = r.Two / r.One
	if c.JSON {
		return json.NewEncoder(stdout).Encode(r)
	}
	_, err := fmt.Fprintf(stdout, "one API and one worker    %.1f orders a second\ntwo APIs and two workers  %.1f orders a second\nshare                     %.2f\n", r.One, r.Two, r.Share)
	return err
}

// measure returns how many orders a shop with so many APIs and workers completes in a
// second.
func (c *RolesCommand) measure(ctx context.Context, each int) (rate float64, err error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	dir, err := os.MkdirTemp("", "purser-bench-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	server, err := postgrestest.Start(ctx, "")
	if err != nil {
		return 0, err
	}
	defer server.Stop()
	db, err := server.Database("purser")
	if err != nil {
		return 0, err
	}
	cluster, err := process.NewCluster(self, filepath.Join(dir, "data"), db, each, "--sandbox-pace=20ms", "--sandbox-mail-pace=0s")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, cluster.Close()) }()
	if err := cluster.Prepare(ctx); err != nil {
		return 0, err
	}
	if err := cluster.Start(ctx); err != nil {
		return 0, err
	}
	at := cluster.At
	client := &shop.Client{URL: at.API, Key: at.Key, HTTP: shop.Pooled(c.AtOnce)}
	t := Target{
		Shop: client, Shopper: &shop.Shopper{StripeURL: at.Sandbox + "/stripe", PublishableKey: at.PublishableKey, HTTP: shop.Pooled(c.AtOnce)},
		Final: func(ctx context.Context, id order.ID) (order.Order, error) { return finalAtAPI(ctx, client, id) },
	}
	if _, err := ordersThrough(ctx, t, c.WarmUp, c.AtOnce, nil); err != nil {
		return 0, fmt.Errorf("warm up: %w", err)
	}
	began := time.Now()
	_, err = ordersThrough(ctx, t, c.Orders, c.AtOnce, nil)
	return float64(c.Orders) / time.Since(began).Seconds(), err
}

// finalAtAPI waits until an order has ended according to the API. It asks seldom, since
// the calls cost what is measured.
func finalAtAPI(ctx context.Context, c *shop.Client, id order.ID) (order.Order, error) {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		o, err := c.Order(ctx, id)
		if err != nil || o.Status.Final() {
			return order.Order{ID: o.ID, Status: o.Status, Reason: o.Reason}, err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return order.Order{}, ctx.Err()
		}
	}
}
