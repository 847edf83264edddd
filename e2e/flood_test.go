package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"purser/order"
	"purser/sandbox/faults"
	"purser/shop"
	"purser/soak"
)

// TestFlood (SRCH-8, RES-10, API-2, F52, F82, F98): while the search engine and the
// store of images hang, and many clients search and upload without end, every
// order is placed at the first attempt, and delivered. It runs alone.
func TestFlood(t *testing.T) {
	orders, many := 6, 60
	if soak.Full() {
		orders, many = 24, 120
	}
	s := newStack(t, nil)
	s.misbehave(t, faults.Rules{Faults: []faults.Fault{
		{Provider: "search", Do: faults.Timeout, Delay: 10 * time.Second}, {Provider: "s3", Do: faults.Timeout, Delay: 10 * time.Second},
	}})
	asked, _, err := s.shop.AskImage(within(t), "tea-assam", "", "image/jpeg", 10, http.MethodPost)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(within(t))
	var all sync.WaitGroup
	var away, plain atomic.Int64
	crowd := &shop.Client{URL: s.at.API, Key: s.at.Key, HTTP: shop.Pooled(2 * many)}
	flood := func(ask func() error) {
		for range many {
			all.Go(func() {
				for ctx.Err() == nil {
					var p *shop.Problem
					if errors.As(ask(), &p) && (p.Status == http.StatusTooManyRequests || p.Status == http.StatusServiceUnavailable) {
						away.Add(1)
					}
					pause(t, 20*time.Millisecond)
				}
			})
		}
	}
	flood(func() error {
		r, err := crowd.Search(ctx, url.Values{"q": {"mug"}})
		if err == nil && r.Degraded {
			plain.Add(1)
		}
		return err
	})
	flood(func() error {
		_, err := crowd.CompleteImage(ctx, asked.ID)
		return err
	})
	for i := range orders {
		o, err := s.buy(within(t), wish("mug-blue", 1, "EUR"), fmt.Sprint("flooded-", i))
		if err != nil || o.Status != order.Delivered {
			t.Errorf("order %d: %s, %v", i, o.Status, err)
		}
	}
	stop()
	all.Wait()
	if away.Load() == 0 || plain.Load() == 0 {
		t.Errorf("%d requests were refused, %d got a plain list: want both", away.Load(), plain.Load())
	}
	s.behave(t)
}
