// Package shop is a client of the API: it does what a shop's backend and a shopper's
// browser do. The commands, the demo, the bench and the end-to-end tests use it.
package shop

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"purser/catalog"
	"purser/order"
)

// Client calls the API with a key.
type Client struct {
	URL  string // for example http://127.0.0.1:8080
	Key  string
	HTTP *http.Client // default: http.DefaultClient
}

// Pooled returns an HTTP client that keeps this many idle connections to a host.
func Pooled(connections int) *http.Client {
	return &http.Client{Transport: &http.Transport{MaxIdleConns: connections, MaxIdleConnsPerHost: connections}}
}

// Problem is the API's error document (RFC 9457).
type Problem struct {
	Status int    `json:"status"`
	Code   string `json:"code"`
	Title  string `json:"title"`
	Detail string `json:"detail"`
	// Correlation identifies the request in the logs.
	Correlation string `json:"correlationId"`
	// Errors lists the faults of the request; Detail has the first one.
	Errors []Fault `json:"errors"`
}

// Fault is one fault of a request.
type Fault struct {
	Location string `json:"location"`
	Message  string `json:"message"`
}

func (p *Problem) Error() string {
	s := p.Detail
	if s == "" {
		s = p.Title
	}
	for _, f := range p.Errors {
		if !strings.Contains(s, f.Message) || !strings.Contains(s, f.Location) {
			s += "; " + f.Message
			if f.Location != "" {
				s += " at " + f.Location
			}
		}
	}
	if p.Code == "" { // a proxy's response, not Purser's: the title has the status
		return s
	}
	return fmt.Sprintf("%s (%d %s)", s, p.Status, p.Code)
}

// Placed is a new order and the client secret with which the shopper's browser pays
// it.
type Placed struct {
	Order        `json:"order"`
	ClientSecret string `json:"clientSecret"`
	ReturnURL    string `json:"returnUrl"` // where the bank sends the shopper back to; may be empty
}

// Place places an order. The idempotency key makes a repetition safe.
func (c *Client) Place(ctx context.Context, r order.Request, key string) (Placed, error) {
	var p Placed
	return p, c.call(ctx, http.MethodPost, "/v1/orders", r, &p, "Idempotency-Key", key)
}

// PlaceSurely places an order as a careful shop does: it repeats the request with
// the same key until the shopper can pay or the order is refused.
func (c *Client) PlaceSurely(ctx context.Context, r order.Request, key string) (Placed, error) {
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
		p, err := c.Place(ctx, r, key)
		var problem *Problem
		final := errors.As(err, &problem) && problem.Status < 500 && problem.Status != http.StatusTooManyRequests && problem.Code != "in_flight"
		switch {
		case err == nil && (p.ClientSecret != "" || p.Status != order.Placed), final:
			return p, err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return p, ctx.Err()
		}
	}
}

// Order fetches one order.
func (c *Client) Order(ctx context.Context, id order.ID) (Order, error) {
	var o Order
	return o, c.call(ctx, http.MethodGet, "/v1/orders/"+url.PathEscape(string(id)), nil, &o)
}

// Page is one page of a list of orders.
type Page struct {
	Orders []Order `json:"orders"`
	Next   string  `json:"nextCursor,omitempty"`
}

// Orders lists orders, newest first, by the API's query parameters.
func (c *Client) Orders(ctx context.Context, query url.Values) (Page, error) {
	var p Page
	return p, c.call(ctx, http.MethodGet, "/v1/orders?"+query.Encode(), nil, &p)
}

// ClientSecret returns the secret with which the shopper pays an order that awaits its
// payment.
func (c *Client) ClientSecret(ctx context.Context, id order.ID) (string, error) {
	var p struct {
		ClientSecret string `json:"clientSecret"`
	}
	err := c.call(ctx, http.MethodGet, "/v1/orders/"+url.PathEscape(string(id))+"/client-secret", nil, &p)
	return p.ClientSecret, err
}

// Cancel cancels an order. The order that it returns is final, or still being
// cancelled.
func (c *Client) Cancel(ctx context.Context, id order.ID, reason string) (Order, error) {
	var o Order
	return o, c.call(ctx, http.MethodPost, "/v1/orders/"+url.PathEscape(string(id))+"/cancel", map[string]string{"reason": reason}, &o)
}

// Resolve takes a person's decision about an order that is on hold or needs
// attention.
func (c *Client) Resolve(ctx context.Context, id order.ID, choice order.Choice, reason string) (Order, error) {
	var o Order
	body := map[string]string{"choice": string(choice), "reason": reason}
	return o, c.call(ctx, http.MethodPost, "/v1/orders/"+url.PathEscape(string(id))+"/resolve", body, &o)
}

// Refund refunds money of an order. Repeating it with the same id refunds nothing
// more.
func (c *Client) Refund(ctx context.Context, id order.ID, r RefundRequest) (Order, error) {
	var o Order
	return o, c.call(ctx, http.MethodPost, "/v1/orders/"+url.PathEscape(string(id))+"/refunds", r, &o)
}

// BookPayment books a sum that came in without a payment provider, once per reference.
// at may be zero, which means now.
func (c *Client) BookPayment(ctx context.Context, id order.ID, amount order.Money, reference string, at time.Time, reason string) (Order, error) {
	var o Order
	body := map[string]any{"amount": amount, "reference": reference, "reason": reason}
	if !at.IsZero() {
		body["at"] = at
	}
	return o, c.call(ctx, http.MethodPost, "/v1/orders/"+url.PathEscape(string(id))+"/payments", body, &o)
}

// Report is an event from a provider, as an operator sees it.
type Report struct {
	ID         int64     `json:"id"`
	Provider   string    `json:"provider"`
	EventID    string    `json:"eventId"`
	Type       string    `json:"type"`
	OrderID    order.ID  `json:"orderId,omitempty"`
	State      string    `json:"state"`
	Note       string    `json:"note,omitempty"`
	ReceivedAt time.Time `json:"receivedAt"`
}

// Reports is one page of a list of reports.
type Reports struct {
	Items []Report `json:"items"`
	Next  string   `json:"nextCursor,omitempty"`
}

// Inbox lists the providers' events, newest first, by the API's query
// parameters.
func (c *Client) Inbox(ctx context.Context, query url.Values) (Reports, error) {
	var p Reports
	return p, c.call(ctx, http.MethodGet, "/v1/inbox?"+query.Encode(), nil, &p)
}

// DismissEvent ends the wait of an event that nobody needs.
func (c *Client) DismissEvent(ctx context.Context, id int64, reason string) (Report, error) {
	var r Report
	err := c.call(ctx, http.MethodPost, fmt.Sprintf("/v1/inbox/%d/dismiss", id), map[string]string{"reason": reason}, &r)
	return r, err
}

// RedeliverEvent reads a stored event again and delivers it.
func (c *Client) RedeliverEvent(ctx context.Context, id int64) (Report, error) {
	var r Report
	return r, c.call(ctx, http.MethodPost, fmt.Sprintf("/v1/inbox/%d/again", id), nil, &r)
}

// FindMissedEvents searches the payment provider's list for events whose webhooks did
// not come. done is false while the search is running; another call joins it.
func (c *Client) FindMissedEvents(ctx context.Context) (found order.MissedEvents, done bool, err error) {
	var out struct {
		Done bool `json:"done"`
		order.MissedEvents
	}
	err = c.call(ctx, http.MethodPost, "/v1/inbox/missed", nil, &out)
	return out.MissedEvents, out.Done, err
}

// Products puts products into the catalogue.
func (c *Client) Products(ctx context.Context, products []catalog.Product) error {
	return c.call(ctx, http.MethodPut, "/v1/products", map[string]any{"products": products}, nil)
}

// Watch follows an order's events live, from the first event until the order is
// final, report fails or ctx ends. A stream that breaks off is resumed where it was,
// up to a number of attempts. Events that a crash lost are reported again: an event
// whose Seq was reported before replaces that event and all events after it.
func (c *Client) Watch(ctx context.Context, id order.ID, report func(Event) error) error {
	const maxWait = 20 // attempts in a row without an event
	last := ""         // the id of the last event
	for failures := 0; ; failures++ {
		from := last
		ended, err := c.stream(ctx, id, &last, report)
		var problem *Problem
		var refused *listenerError
		switch {
		case ended:
			return nil
		case errors.As(err, &refused):
			return refused.error
		case errors.As(err, &problem) && problem.Status < 500, ctx.Err() != nil:
			return err
		case failures >= maxWait:
			return fmt.Errorf("watch %s: the stream broke off: %w", id, cmp.Or(err, io.ErrUnexpectedEOF))
		case last != from:
			failures = 0
		}
		select {
		case <-time.After(500 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// listenerError is an error of the report function, which ends Watch.
type listenerError struct{ error }

// stream reads the events after the last one over one connection. ended is true if
// the stream ended with the event "end".
func (c *Client) stream(ctx context.Context, id order.ID, last *string, report func(Event) error) (ended bool, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL+"/v1/orders/"+url.PathEscape(string(id))+"/events", nil)
	if err != nil {
		return false, err
	}
	req.Header.Set("Accept", "text/event-stream")
	if *last != "" {
		req.Header.Set("Last-Event-ID", *last)
	}
	resp, err := c.do(req)
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	next := *last
	for lines.Scan() {
		field, value, _ := strings.Cut(lines.Text(), ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case field == "id":
			next = value
		case field == "event" && value == "end":
			return true, nil
		case field == "data":
			var e Event
			if err := json.Unmarshal([]byte(value), &e); err != nil {
				return false, err
			}
			if err := report(e); err != nil {
				return false, &listenerError{err}
			}
			*last = next
		}
	}
	return false, lines.Err()
}

// call sends one request and decodes the response into out. It fails with a
// *Problem if the API refuses the request.
func (c *Client) call(ctx context.Context, method, path string, in, out any, header ...string) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.URL+path, body)
	if err != nil {
		return err
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		if header[i+1] != "" {
			req.Header.Set(header[i], header[i+1])
		}
	}
	return c.send(req, out)
}

// send sends a request and decodes the response into out.
func (c *Client) send(req *http.Request, out any) error {
	resp, err := c.do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if out == nil {
		_, err = io.Copy(io.Discard, resp.Body)
		return err
	}
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		return fmt.Errorf("cannot read the response of the API at %s: %w", c.URL, err)
	}
	return nil
}

// do sends a request with the key. It fails with a *Problem if the status is 400 or
// above.
func (c *Client) do(req *http.Request) (*http.Response, error) {
	req.Header.Set("Authorization", "Bearer "+c.Key)
	client := c.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	resp, err := client.Do(req)
	if err != nil {
		var failed *url.Error
		if errors.As(err, &failed) { // it contains the whole URL
			err = failed.Err
		}
		return nil, fmt.Errorf("no response from the API at %s: %w", c.URL, err)
	}
	if resp.StatusCode < 400 {
		return resp, nil
	}
	defer resp.Body.Close()
	p := &Problem{Status: resp.StatusCode, Title: resp.Status}
	b, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(b, p); err != nil {
		return nil, &Problem{Status: resp.StatusCode, Title: resp.Status}
	}
	return nil, p
}
