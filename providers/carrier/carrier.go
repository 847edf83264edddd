// Package carrier books, tracks and cancels parcels over the carrier protocol
// (documented in purser/sandbox/carrier) and reads the carrier's webhooks.
package carrier

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"purser/order"
	"purser/providers/guard"
)

// Config selects the carrier account.
type Config struct {
	// BaseURL is the URL under which the protocol's /v1 begins, without the /v1.
	BaseURL string
	// Key is the account's API key.
	Key string
	// Timeout limits a call whose context has no earlier deadline. Default 10 s.
	Timeout time.Duration
	// Guard configures the breaker and the bulkhead; its zero value uses the
	// defaults.
	Guard guard.Config
}

// Client is a carrier account. Every error of its methods is a
// *order.ProviderError.
type Client struct {
	base, key string
	http      *http.Client
}

// New returns a client.
func New(c Config) *Client {
	c.Guard.Name = cmp.Or(c.Guard.Name, provider)
	return &Client{
		base: strings.TrimSuffix(c.BaseURL, "/"), key: c.Key,
		http: &http.Client{
			Transport: guard.Transport(nil, c.Guard),
			Timeout:   cmp.Or(c.Timeout, 10*time.Second),
			// A redirect would repeat a booking elsewhere and send our key there.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// BookParcel books the parcel, or returns the one that was booked under the
// same reference before; that one may have been voided since, so look at its
// status. It fails with ErrState if the reference was used for another parcel.
func (c *Client) BookParcel(ctx context.Context, r order.ParcelRequest) (order.Parcel, error) {
	const op = "book parcel"
	var l label
	if err := c.call(ctx, op, http.MethodPost, "/v1/labels", newBooking(r), &l); err != nil {
		return order.Parcel{}, err
	}
	if l.ID == "" || l.Tracking == "" || l.Reference != r.Reference {
		return order.Parcel{}, failure(op, order.ErrUnknownOutcome, "incomplete_answer", nil)
	}
	return l.parcel(), nil
}

// TrackParcel returns the status of a parcel, found by our reference; of several
// labels with the reference, that of one that is not voided. It fails with ErrNoSuch if
// no such parcel exists.
func (c *Client) TrackParcel(ctx context.Context, reference string) (order.Parcel, error) {
	found, err := c.find(ctx, "track parcel", reference)
	if err != nil {
		return order.Parcel{}, err
	}
	for _, l := range found {
		if l.parcel().Status != order.ParcelVoided {
			return l.parcel(), nil
		}
	}
	return found[0].parcel(), nil
}

// VoidParcel cancels all labels with our reference. It succeeds for a parcel that is
// already voided or was never booked. It fails with ErrState if the carrier already has
// the parcel.
func (c *Client) VoidParcel(ctx context.Context, reference string) error {
	const op = "void parcel"
	found, err := c.find(ctx, op, reference)
	for _, l := range found {
		if l.parcel().Status == order.ParcelVoided {
			continue
		}
		if verr := c.call(ctx, op, http.MethodPost, "/v1/labels/"+url.PathEscape(l.ID)+"/void", nil, &l); !errors.Is(verr, order.ErrNoSuch) {
			err = cmp.Or(err, verr)
		}
	}
	if errors.Is(err, order.ErrNoSuch) {
		return nil
	}
	return err
}

// find returns the labels with our reference, at least one.
func (c *Client) find(ctx context.Context, op, reference string) ([]label, error) {
	var list struct {
		Data []label `json:"data"`
	}
	err := c.call(ctx, op, http.MethodGet, "/v1/labels?reference="+url.QueryEscape(reference), nil, &list)
	if err != nil {
		return nil, err
	}
	found := slices.DeleteFunc(list.Data, func(l label) bool { return l.ID == "" || l.Reference != reference })
	if len(found) == 0 {
		return nil, failure(op, order.ErrNoSuch, "", nil)
	}
	return found, nil
}

// LabelFile returns the file of a label. It fails with ErrNoSuch if the carrier does not
// have the label (any more), and with ErrUnavailable if what it sends is not a label's
// file in the format.
func (c *Client) LabelFile(ctx context.Context, labelID string, f order.LabelFormat) ([]byte, error) {
	const op = "get label"
	path := "/v1/labels/" + url.PathEscape(labelID) + "/file?format=" + url.QueryEscape(string(f))
	file, err := c.send(ctx, op, http.MethodGet, path, f.MediaType(), nil, order.MaxLabelBytes+1)
	if err != nil {
		return nil, err
	}
	if err := f.Check(file); err != nil {
		return nil, failure(op, order.ErrUnavailable, "malformed_answer", err)
	}
	return file, nil
}

// maxAnswer is the longest response body with JSON that is read, in bytes.
const maxAnswer = 1 << 20

// call makes one request with JSON and classifies its failure.
func (c *Client) call(ctx context.Context, op, method, path string, in, out any) error {
	b, err := c.send(ctx, op, method, path, "application/json", in, maxAnswer)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, out); err != nil { // the request was carried out, but its result is not known
		return malformed(op, method, err)
	}
	return nil
}

// send makes one request and returns the response's body, of which it reads at most so
// many bytes.
func (c *Client) send(ctx context.Context, op, method, path, accept string, in any, most int64) ([]byte, error) {
	write := method != http.MethodGet
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return nil, failure(op, order.ErrRejected, "not_encodable", err)
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return nil, failure(op, order.ErrDenied, "bad_url", err)
	}
	req.Header.Set("Authorization", "Bearer "+c.key)
	req.Header.Set("Accept", accept)
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, unanswered(op, write, err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, most))
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return nil, refused(op, write, resp, b)
	}
	if err != nil {
		return nil, malformed(op, method, err)
	}
	return b, nil
}

// malformed classifies a successful response that cannot be read.
func malformed(op, method string, err error) *order.ProviderError {
	f := unanswered(op, method != http.MethodGet, err)
	f.Status, f.Code = http.StatusOK, "malformed_answer"
	return f
}

type booking struct {
	Reference string   `json:"reference"`
	From      string   `json:"from,omitempty"` // the country
	To        address  `json:"to"`
	Parcels   []parcel `json:"parcels"`
	Return    bool     `json:"return,omitempty"` // from the address to the account's
}

type address struct {
	Name       string `json:"name"`
	Line1      string `json:"line1"`
	Line2      string `json:"line2,omitempty"`
	City       string `json:"city"`
	PostalCode string `json:"postal_code,omitempty"`
	Country    string `json:"country"`
}

type parcel struct {
	Weight   int64     `json:"weight_g,omitempty"`
	Contents []content `json:"contents"`
}

type content struct {
	SKU         string `json:"sku"`
	Description string `json:"description"`
	Quantity    int64  `json:"quantity"`
	// These are about one piece; what is not known is left out.
	Weight   int64  `json:"weight_g,omitempty"`
	Length   int64  `json:"length_mm,omitempty"`
	Width    int64  `json:"width_mm,omitempty"`
	Height   int64  `json:"height_mm,omitempty"`
	HSCode   string `json:"hs_code,omitempty"`
	Origin   string `json:"origin,omitempty"`
	Value    int64  `json:"value,omitempty"` // minor units
	Currency string `json:"currency,omitempty"`
}

type label struct {
	ID        string `json:"id"`
	Reference string `json:"reference"`
	Tracking  string `json:"tracking"`
	Carrier   string `json:"carrier"`
	Status    string `json:"status"`
}

func (l label) parcel() order.Parcel {
	return order.Parcel{
		Reference: l.Reference, LabelID: l.ID, Tracking: l.Tracking, Carrier: l.Carrier,
		Status: order.ParseParcelStatus(l.Status),
	}
}

// String keeps the key out of printed clients.
func (c *Client) String() string { return fmt.Sprintf("carrier at %s", c.base) }
