// Package shoppers plays the people of a shop: shoppers who pay, decline, cancel and
// change their minds, the shopkeeper at Stripe's dashboard, and the operator who decides
// about orders on hold. They use the shop over HTTP alone, and repeat what fails under
// the same key, as careful clients do.
package shoppers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"purser/shop"
	"purser/stack"
)

// StripeKey is the secret key that the sandbox's Stripe takes.
const StripeKey = "sk_test_sandbox"

// Site is a shop that is killed and started again: its addresses change with each
// start.
type Site struct {
	mu   sync.RWMutex // held while the shop is down
	at   stack.Running
	http *http.Client
}

// NewSite returns a site that is down.
func NewSite() *Site {
	s := &Site{http: &http.Client{
		Timeout: 20 * time.Second,
		// A browser would follow the bank's redirect to the shop, which does not exist.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	s.mu.Lock()
	return s
}

// Up makes the site reachable at its addresses.
func (s *Site) Up(at stack.Running) {
	s.at = at
	s.mu.Unlock()
}

// Down makes everybody wait until the site is up again.
func (s *Site) Down() { s.mu.Lock() }

// At returns the site's addresses. While it is down, At waits.
func (s *Site) At() stack.Running {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.at
}

func (s *Site) api() *shop.Client {
	at := s.At()
	return &shop.Client{URL: at.API, Key: at.Key, HTTP: s.http}
}

func (s *Site) bank() *shop.Shopper {
	at := s.At()
	return &shop.Shopper{StripeURL: at.Sandbox + "/stripe", PublishableKey: at.PublishableKey, HTTP: s.http}
}

// stripe sends a form to the sandbox's Stripe, as the dashboard does, and returns the
// response. It fails with errRefused if Stripe refuses it.
func (s *Site) stripe(ctx context.Context, method, path string, form url.Values, key string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, s.At().Sandbox+"/stripe"+path, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+StripeKey)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	resp, err := s.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	switch {
	case err != nil:
		return nil, err
	case resp.StatusCode == http.StatusTooManyRequests, resp.StatusCode >= 500:
		return nil, fmt.Errorf("stripe: %s", resp.Status)
	case resp.StatusCode >= 400:
		return nil, fmt.Errorf("%w: %s", errRefused, b)
	}
	return b, nil
}

var errRefused = errors.New("stripe refuses it")

// retry repeats a call that fails until ctx ends, as clients do while a server is down
// or overloaded. A refusal is final.
func retry(ctx context.Context, try func() error) error {
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		err := try()
		var p *shop.Problem
		if err == nil || errors.Is(err, errRefused) || errors.As(err, &p) && refusal(p) {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(wait):
		}
	}
}

func refusal(p *shop.Problem) bool {
	return p.Status < 500 && p.Code != "in_flight" && p.Status != http.StatusTooManyRequests
}

// refused reports whether an error is a refusal of the API.
func refused(err error) bool {
	var p *shop.Problem
	return errors.As(err, &p)
}
