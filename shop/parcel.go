package shop

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"purser/order"
)

// ParcelRequest asks for a parcel.
type ParcelRequest struct {
	ID       string         `json:"id"`                // the caller's
	Lines    []ItemQuantity `json:"lines,omitempty"`   // empty: all goods that are in no parcel
	Method   string         `json:"method,omitempty"`  // own or pickup; empty: Purser books a label
	Carrier  string         `json:"carrier,omitempty"` // of the method own, as Tracking and Link
	Tracking string         `json:"tracking,omitempty"`
	Link     string         `json:"link,omitempty"`
	Reason   string         `json:"reason,omitempty"`
}

func shipments(id order.ID) string { return "/v1/orders/" + url.PathEscape(string(id)) + "/shipments" }

// AddParcel makes a parcel with goods of an order. A repetition makes no other one.
func (c *Client) AddParcel(ctx context.Context, id order.ID, r ParcelRequest) (Order, error) {
	var o Order
	return o, c.call(ctx, http.MethodPost, shipments(id), r, &o)
}

// VoidLabel voids the label of a parcel that the carrier does not have yet.
func (c *Client) VoidLabel(ctx context.Context, id order.ID, number int, reason string) (Order, error) {
	var o Order
	return o, c.call(ctx, http.MethodPost, fmt.Sprintf("%s/%d/void", shipments(id), number), map[string]string{"reason": reason}, &o)
}

// MarkParcel says that a parcel without the carrier's API was delivered or collected, or came
// back.
func (c *Client) MarkParcel(ctx context.Context, id order.ID, number int, s order.ParcelStatus, reason string) (Order, error) {
	var o Order
	return o, c.call(ctx, http.MethodPost, fmt.Sprintf("%s/%d/mark", shipments(id), number), map[string]string{"status": string(s), "reason": reason}, &o)
}

// Label downloads the file of a parcel's label.
func (c *Client) Label(ctx context.Context, id order.ID, number int, f order.LabelFormat) ([]byte, error) {
	return c.download(ctx, fmt.Sprintf("%s/%d/label?format=%s", shipments(id), number, url.QueryEscape(string(f))))
}

// download returns the file of a label.
func (c *Client) download(ctx context.Context, path string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL+path, nil)
	if err != nil {
		return nil, err
	}
	resp, err := c.do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return io.ReadAll(io.LimitReader(resp.Body, order.MaxLabelBytes))
}
