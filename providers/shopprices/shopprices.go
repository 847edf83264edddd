// Package shopprices asks the shop's own pricing endpoint what an order costs, over
// the protocol that docs/pricing.md describes.
package shopprices

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"purser/order"
	"purser/providers/guard"
	"purser/providers/signature"
)

// Header is the header with the signature of a request's body.
const Header = "Purser-Signature"

// maxBody is the most bytes of a response that are read.
const maxBody = 1 << 20

// Config selects the endpoint.
type Config struct {
	URL    string
	Secret string // signs the requests
	// Timeout limits a call. Default 2 s: a shopper waits for it.
	Timeout time.Duration
	Log     *slog.Logger // default: slog.Default()
}

// Client is a shop's pricing endpoint.
type Client struct {
	conf Config
	http *http.Client
}

// New returns a client.
func New(c Config) *Client {
	c.Timeout = cmp.Or(c.Timeout, 2*time.Second)
	return &Client{conf: c, http: &http.Client{
		Transport:     guard.Transport(nil, guard.Config{Name: "pricing", Wait: c.Timeout, Log: c.Log}),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // it would take the request elsewhere
	}}
}

// Decide asks for the price of a request. It fails with order.ErrPriceRefused and the
// endpoint's text if the endpoint refuses it, with order.ErrPricingDown if the
// endpoint does not respond in time, and with order.ErrPricing if its response is not
// a price. Whether the amounts add up is for pricing.Price to say.
func (c *Client) Decide(ctx context.Context, r order.Request, offers map[string]order.Offer) (*order.Pricing, error) {
	body, err := json.Marshal(newAsk(r, offers))
	if err != nil {
		return nil, err
	}
	caller := ctx
	ctx, cancel := context.WithTimeout(ctx, c.conf.Timeout)
	defer cancel()
	status, answer, err := c.post(ctx, body)
	switch {
	case err != nil && caller.Err() != nil:
		return nil, caller.Err() // the caller has gone, or its own time is over
	case err != nil:
		return nil, fmt.Errorf("%w: %v", order.ErrPricingDown, err)
	case status == http.StatusOK:
		q, err := read(answer, r.Currency)
		if err != nil {
			return nil, err
		}
		return &order.Pricing{Quoted: q}, nil
	case status == http.StatusUnprocessableEntity:
		return nil, refusal(answer)
	case status == http.StatusTooManyRequests || status >= 500:
		return nil, fmt.Errorf("%w: status %d", order.ErrPricingDown, status)
	}
	return nil, fmt.Errorf("%w: status %d", order.ErrPricing, status)
}

func (c *Client) post(ctx context.Context, body []byte) (status int, answer []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.conf.URL, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	req.Header.Set(Header, signature.Sign(body, c.conf.Secret, time.Now()))
	resp, err := c.http.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	return resp.StatusCode, answer, err
}
