package shop

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"purser/order"
)

// Return is goods that a shopper sends back, or that the carrier brought back, with amounts in minor currency units.
type Return struct {
	ID          string             `json:"id"`
	Number      int                `json:"number"`
	Lines       []ReturnLine       `json:"lines"`
	Status      order.ReturnStatus `json:"status"`
	Parcel      int                `json:"parcel,omitempty"`   // the number of the parcel that came back
	NoRefund    bool               `json:"noRefund,omitempty"` // nothing is refunded when the goods are received
	RequestedAt time.Time          `json:"requestedAt"`
	RequestedBy string             `json:"requestedBy"`
	DecidedBy   string             `json:"decidedBy,omitempty"`
	Reason      string             `json:"reason"`
	Due         time.Time          `json:"due,omitzero"` // zero: the status has no deadline
	Link        string             `json:"link,omitempty"`
	Label       ReturnLabel        `json:"label,omitzero"`
	Message     string             `json:"message,omitempty"` // for the shopper
	Fee         int64              `json:"fee,omitempty"`
	Damage      int64              `json:"damage,omitempty"`
	Refund      order.Money        `json:"refund,omitzero"`
	RefundID    string             `json:"refundId,omitempty"` // empty: nothing is refunded
	PaidOut     string             `json:"paidOut,omitempty"`
	Exchange    *Exchange          `json:"exchange,omitempty"` // nil: the money is refunded
}

// Exchange is the goods that a shopper wants instead of those of a return.
type Exchange struct {
	Lines    []ItemQuantity `json:"lines"`
	OrderID  order.ID       `json:"orderId,omitempty"`  // empty until the goods of the return are received
	Offered  order.Money    `json:"offered,omitzero"`   // what the goods of the return are worth
	Credit   order.Money    `json:"credit,omitzero"`    // how much of that pays for the order
	Returned []CreditPart   `json:"returned,omitempty"` // of the credit
	Refused  string         `json:"refused,omitempty"`  // why there is no such order
}

// CreditPart is a part of a credit that has come back.
type CreditPart struct {
	ID     string `json:"id"`     // of its refund
	Amount int64  `json:"amount"` // minor currency units
}

// ReturnLabel is the label that the carrier makes for the way back; zero: it was not asked.
type ReturnLabel struct {
	Status   order.ReturnLabelStatus `json:"status"`
	Carrier  string                  `json:"carrier,omitempty"`
	Tracking string                  `json:"tracking,omitempty"`
}

// ReturnLine is the pieces of one product that are sent back.
type ReturnLine struct {
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"`
	Reason   string `json:"reason,omitempty"`
	Received int64  `json:"received,omitempty"`
	Damaged  int64  `json:"damaged,omitempty"`
	Restock  bool   `json:"restock,omitempty"`

	Kept      int64 `json:"kept,omitempty"`      // pieces of which nothing is refunded
	KeptPrice int64 `json:"keptPrice,omitempty"` // of those pieces
}

// ReturnReceipt says which goods of a return have arrived, with amounts in minor currency
// units.
type ReturnReceipt struct {
	order.ReturnReceipt
	Reason string `json:"reason"`
}

// RequestReturn asks whether goods may be sent back. Repeating it with the same id is the
// same return.
func (c *Client) RequestReturn(ctx context.Context, id order.ID, r order.ReturnRequest) (Order, error) {
	var o Order
	return o, c.call(ctx, http.MethodPost, returnsPath(id), r, &o)
}

// Returns lists an order's returns, oldest first.
func (c *Client) Returns(ctx context.Context, id order.ID) ([]Return, error) {
	var body struct {
		Returns []Return `json:"returns"`
	}
	return body.Returns, c.call(ctx, http.MethodGet, returnsPath(id), nil, &body)
}

// DecideReturn approves, rejects or cancels a return.
func (c *Client) DecideReturn(ctx context.Context, id order.ID, d order.ReturnDecision, reason string) (Order, error) {
	var o Order
	body := map[string]any{"reason": reason}
	if d.Label {
		body["label"] = true
	}
	if d.Link != "" {
		body["link"] = d.Link
	}
	if d.Message != "" {
		body["message"] = d.Message
	}
	return o, c.call(ctx, http.MethodPost, returnPath(id, d.ID, d.Step), body, &o)
}

// ReturnLabel downloads the file of a return's label.
func (c *Client) ReturnLabel(ctx context.Context, id order.ID, returnID string, f order.LabelFormat) ([]byte, error) {
	return c.download(ctx, returnPath(id, returnID, "label")+"?format="+url.QueryEscape(string(f)))
}

// ReceiveReturn takes goods of a return that have arrived, and has them refunded, once.
func (c *Client) ReceiveReturn(ctx context.Context, id order.ID, returnID string, r ReturnReceipt) (Order, error) {
	var o Order
	return o, c.call(ctx, http.MethodPost, returnPath(id, returnID, order.StepReceive), r, &o)
}

func returnsPath(id order.ID) string { return "/v1/orders/" + url.PathEscape(string(id)) + "/returns" }

func returnPath[S ~string](id order.ID, returnID string, step S) string {
	return returnsPath(id) + "/" + url.PathEscape(returnID) + "/" + string(step)
}
