package orders

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"purser/api/httpkit"
	"purser/catalog"
	"purser/order"
)

// Return is goods that a shopper sends back, or that the carrier brought back.
type Return struct {
	ID          string             `json:"id" doc:"The id under which the return was asked for; parcel- and the number of a parcel that came back"`
	Number      int                `json:"number" doc:"1, 2 and so on within the order"`
	Lines       []ReturnLine       `json:"lines" nullable:"false" doc:"The goods"`
	Status      order.ReturnStatus `json:"status" doc:"expected (a parcel came back, and nobody has looked at its goods), requested, approved, rejected, received (the goods are back, and the refund is not made yet), expired (they did not come in time), cancelled or closed"`
	Parcel      int                `json:"parcel,omitempty" doc:"The number of the parcel that came back. Missing if the shopper sends the goods"`
	NoRefund    bool               `json:"noRefund,omitempty" doc:"Nothing is refunded when the goods are received, because that was done otherwise"`
	RequestedAt time.Time          `json:"requestedAt" doc:"When it was asked for, or the parcel came back"`
	RequestedBy string             `json:"requestedBy" doc:"Who asked for it: key: and the name of an API key, temporal-ui, or carrier for a parcel that it brought back"`
	DecidedBy   string             `json:"decidedBy,omitempty" doc:"Who took the last step after the request. Missing if there was none"`
	Reason      string             `json:"reason" doc:"The reason of the last step"`
	Due         time.Time          `json:"due,omitzero" doc:"When the deadline of the status passes. Missing if it has none"`
	Link        string             `json:"link,omitempty" doc:"Where the shopper gets the return label. Missing if nobody gave it"`
	Label       ReturnLabel        `json:"label,omitzero" doc:"The label of the way back. Missing if the carrier was not asked to make one"`
	Message     string             `json:"message,omitempty" doc:"What the shopper is told beside the decision"`
	Fee         int64              `json:"fee,omitempty" doc:"What the shop keeps of the goods' price as a fee, in minor currency units"`
	Damage      int64              `json:"damage,omitempty" doc:"What the shop keeps of the goods' price for their damage, in minor currency units"`
	Refund      order.Money        `json:"refund,omitzero" doc:"How much is refunded. Missing until the goods are received"`
	RefundID    string             `json:"refundId,omitempty" doc:"The id of the refund. Missing if nothing is refunded"`
	PaidOut     string             `json:"paidOut,omitempty" doc:"The proof of a refund that a person has paid out"`
	Exchange    *Exchange          `json:"exchange,omitempty" doc:"What the shopper wants instead of the money. Missing: the money"`
}

// Exchange is the goods that a shopper wants instead of those of a return.
type Exchange struct {
	Lines    []ItemQuantity `json:"lines" nullable:"false" doc:"The goods"`
	OrderID  order.ID       `json:"orderId,omitempty" doc:"The order with these goods. Missing until the goods of the return are received"`
	Offered  order.Money    `json:"offered,omitzero" doc:"The value of the goods that came back, less fee and damage. Missing until they are received"`
	Credit   order.Money    `json:"credit,omitzero" doc:"How much of the value pays for the order; the rest is refunded. Missing until the order is placed"`
	Returned []CreditPart   `json:"returned,omitempty" doc:"The parts of the credit that have come back from that order, and are refunded. Missing if there are none"`
	Refused  string         `json:"refused,omitempty" doc:"Why there is no such order; the value is refunded"`
}

// CreditPart is a part of a credit that has come back.
type CreditPart struct {
	ID     string `json:"id" doc:"The id of its refund"`
	Amount int64  `json:"amount" doc:"How much it is, in minor currency units"`
}

func exchangeView(x *order.Exchange) *Exchange {
	if x == nil {
		return nil
	}
	v := &Exchange{OrderID: x.OrderID, Offered: x.Offered, Credit: x.Credit, Refused: x.Refused}
	for _, p := range x.Returned {
		v.Returned = append(v.Returned, CreditPart(p))
	}
	v.Lines = each(x.Lines, func(l order.RequestLine) ItemQuantity { return ItemQuantity(l) })
	return v
}

// ReturnLine is the pieces of one product that are sent back.
type ReturnLine struct {
	SKU      string `json:"sku" doc:"The product"`
	Quantity int64  `json:"quantity" doc:"The number of pieces that are to come back"`
	Reason   string `json:"reason,omitempty" doc:"Why they are sent back"`
	Received int64  `json:"received,omitempty" doc:"The number of pieces that have arrived, with those that are damaged"`
	Damaged  int64  `json:"damaged,omitempty" doc:"The number of pieces that have arrived damaged"`
	Restock  bool   `json:"restock,omitempty" doc:"The pieces that are not damaged are for sale again"`
	// Kept and KeptPrice also count what is not refunded because nothing is left.
	Kept      int64 `json:"kept,omitempty" doc:"The number of pieces of which nothing is refunded"`
	KeptPrice int64 `json:"keptPrice,omitempty" doc:"The price of those pieces, in minor currency units"`
}

// ReturnLabel is the label that the carrier makes for the way back.
type ReturnLabel struct {
	Status   order.ReturnLabelStatus `json:"status" doc:"asked, made (get-return-label downloads it), void, or left (the carrier has the parcel, or a person has dealt with it)"`
	Carrier  string                  `json:"carrier,omitempty" doc:"The carrier. Missing until the label is made"`
	Tracking string                  `json:"tracking,omitempty" doc:"The tracking number. Missing until the label is made"`
}

func returnView(r order.Return) Return {
	return Return{
		ID: r.ID, Number: r.Number, Parcel: r.Parcel, NoRefund: r.NoRefund, Lines: each(r.Lines, func(l order.ReturnLine) ReturnLine { return ReturnLine(l) }), Status: r.Status,
		RequestedAt: r.RequestedAt, RequestedBy: r.RequestedBy, DecidedBy: r.DecidedBy, Reason: r.Reason, Due: r.Due, Link: r.Link, Message: r.Message,
		Label: ReturnLabel{r.Label.Status, r.Label.Carrier, r.Label.Tracking},
		Fee:   r.Fee, Damage: r.Damage, Refund: r.Refund, RefundID: r.RefundID, PaidOut: r.PaidOut, Exchange: exchangeView(r.Exchange),
	}
}

type requestReturnInput struct {
	ID   string `path:"id" maxLength:"64" doc:"The order's id" example:"ord_0123456789abcdefghjkmnpqrs"`
	Body ReturnRequest
}

// ReturnRequest asks whether goods may be sent back.
type ReturnRequest struct {
	ID     string       `json:"id" minLength:"1" maxLength:"57" pattern:"^[A-Za-z0-9_-]+$" doc:"Your id of the return. A request that is repeated under its id is the same return" example:"rt-1"`
	Lines  []ReturnItem `json:"lines" minItems:"1" maxItems:"100" doc:"The goods"`
	Reason string       `json:"reason" minLength:"1" maxLength:"200" doc:"The reason, which is recorded in the order's events; no personal data"`
	// Exchange has no prices: they come from the catalogue when the goods are received.
	Exchange []ItemQuantity `json:"exchange,omitempty" maxItems:"100" doc:"The goods that the shopper wants instead of the money. They are ordered when the goods of the return are received, at the prices of that moment: their value, less fee and damage, pays for that order; the shopper is mailed what is missing, or refunded what is left. Missing: the money is refunded"`
}

// ReturnItem is pieces of one product that are to be sent back.
type ReturnItem struct {
	SKU      string `json:"sku" doc:"The product"`
	Quantity int64  `json:"quantity" minimum:"1" doc:"The number of pieces"`
	Reason   string `json:"reason,omitempty" maxLength:"200" doc:"Why they are sent back; no personal data"`
}

// requestReturn asks whether goods may be sent back, and returns the order.
func (s *Service) requestReturn(ctx context.Context, in *requestReturnInput) (*orderOutput, error) {
	ask := order.ReturnRequest{ID: in.Body.ID, Reason: in.Body.Reason}
	for _, l := range in.Body.Lines {
		l.SKU = catalog.CleanSKU(l.SKU)
		ask.Lines = append(ask.Lines, order.ReturnItem(l))
	}
	for _, l := range in.Body.Exchange {
		ask.Exchange = append(ask.Exchange, order.RequestLine{SKU: catalog.CleanSKU(l.SKU), Quantity: l.Quantity})
	}
	if err := ask.Validate(); err != nil {
		return nil, detailed(err)
	}
	return s.steerReturn(ctx, in.ID, ask.ID, ask.Reason, func(r order.Return) bool { return r.Asked == ask.Hash() }, func(ctx context.Context, id order.ID, c *httpkit.Call) (order.Order, error) {
		return s.Workflows.RequestReturn(ctx, id, ask, c.Actor(), c.Correlation)
	})
}

// ReturnPath names a return. It is exported so that huma fills its fields where it is embedded.
type ReturnPath struct {
	ID     string `path:"id" maxLength:"64" doc:"The order's id" example:"ord_0123456789abcdefghjkmnpqrs"`
	Return string `path:"return" maxLength:"64" doc:"The return's id" example:"rt-1"`
}

type decideReturnInput struct {
	ReturnPath
	Body struct {
		Reason  string `json:"reason" minLength:"1" maxLength:"200" doc:"The reason, which is recorded in the order's events; no personal data"`
		Message string `json:"message,omitempty" maxLength:"200" doc:"What the shopper is told beside the decision"`
	}
}

type approveReturnInput struct {
	ReturnPath
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"200" doc:"The reason, which is recorded in the order's events; no personal data"`
		Link   string `json:"link,omitempty" maxLength:"900" doc:"The address of the return label, which the mail offers. Default: the mail offers no label"`
		Label  bool   `json:"label,omitempty" doc:"The carrier makes the return label, and the mail carries its file. The mail waits for it. Not together with link"`
	}
}

func (s *Service) approveReturn(ctx context.Context, in *approveReturnInput) (*orderOutput, error) {
	return s.decideReturn(ctx, in.ID, order.ReturnDecision{ID: in.Return, Step: order.StepApprove, Link: in.Body.Link, Label: in.Body.Label}, in.Body.Reason)
}

type returnLabelInput struct {
	ReturnPath
	Format order.LabelFormat `query:"format" enum:"pdf,zpl" default:"pdf" doc:"pdf, or zpl for a label printer"`
}

// returnLabel returns the file of a return's label.
func (s *Service) returnLabel(ctx context.Context, in *returnLabelInput) (*labelOutput, error) {
	o, err := httpkit.VisibleOrder(ctx, s.Records, in.ID)
	if err != nil {
		return nil, err
	}
	l, err := o.LabelOfReturn(in.Return)
	if err != nil {
		return nil, err
	}
	return s.labelFile(ctx, o.ID, l.LabelID, in.Format, order.LabelFileName(in.Return, in.Format))
}

func (s *Service) rejectReturn(ctx context.Context, in *decideReturnInput) (*orderOutput, error) {
	return s.decideReturn(ctx, in.ID, order.ReturnDecision{ID: in.Return, Step: order.StepReject, Message: in.Body.Message}, in.Body.Reason)
}

func (s *Service) cancelReturn(ctx context.Context, in *decideReturnInput) (*orderOutput, error) {
	return s.decideReturn(ctx, in.ID, order.ReturnDecision{ID: in.Return, Step: order.StepCancel, Message: in.Body.Message}, in.Body.Reason)
}

func (s *Service) decideReturn(ctx context.Context, id string, d order.ReturnDecision, reason string) (*orderOutput, error) {
	if err := d.Validate(); err != nil {
		return nil, detailed(err)
	}
	return s.steerReturn(ctx, id, d.ID, reason, func(r order.Return) bool { return r.Status == d.Step.Result() }, func(ctx context.Context, id order.ID, c *httpkit.Call) (order.Order, error) {
		return s.Workflows.DecideReturn(ctx, id, d, c.Actor(), reason, c.Correlation)
	})
}

type receiveReturnInput struct {
	ReturnPath
	Body ReturnReceipt
}

// ReturnReceipt says which goods of a return have arrived, and in which condition.
type ReturnReceipt struct {
	Lines      []ReceivedItem `json:"lines" minItems:"1" maxItems:"100" doc:"The goods that have arrived: all of the return, or a part"`
	Fee        int64          `json:"fee,omitempty" minimum:"0" doc:"What the shop keeps of the goods' price as a fee, in minor currency units"`
	FeePercent int64          `json:"feePercent,omitempty" minimum:"0" maximum:"100" doc:"The fee in per cent of the goods' price instead, rounded down to an amount that cards can be refunded"`
	Damage     int64          `json:"damage,omitempty" minimum:"0" doc:"What the shop keeps for the damage, in minor currency units"`
	Reason     string         `json:"reason" minLength:"1" maxLength:"200" doc:"A note about the goods, which is recorded in the order's events; no personal data"`
	PaidOut    string         `json:"paidOut,omitempty" maxLength:"200" doc:"The proof of a refund that a person has paid out. Needed for an order that was not paid at a payment provider"`
}

// ReceivedItem is pieces of one product that have arrived.
type ReceivedItem struct {
	SKU      string `json:"sku" doc:"The product"`
	Quantity int64  `json:"quantity" minimum:"1" doc:"The number of pieces, with those that are damaged"`
	Damaged  int64  `json:"damaged,omitempty" minimum:"0" doc:"The number of pieces that are damaged. They are written off"`
	Restock  bool   `json:"restock,omitempty" doc:"The other pieces are for sale again. Missing: they are written off, too"`
}

// receiveReturn takes goods that have arrived and has them refunded, and returns the
// order. The status is 202 while the payment's provider has not responded.
func (s *Service) receiveReturn(ctx context.Context, in *receiveReturnInput) (*orderOutput, error) {
	b := in.Body
	got := order.ReturnReceipt{Fee: b.Fee, FeePercent: b.FeePercent, Damage: b.Damage, PaidOut: b.PaidOut}
	for _, l := range b.Lines {
		l.SKU = catalog.CleanSKU(l.SKU)
		got.Lines = append(got.Lines, order.ReceivedItem(l))
	}
	if err := got.Validate(); err != nil {
		return nil, detailed(err)
	}
	return s.steerReturn(ctx, in.ID, in.Return, b.Reason, func(r order.Return) bool { return r.Got == got.Hash() }, func(ctx context.Context, id order.ID, c *httpkit.Call) (order.Order, error) {
		return s.Workflows.ReceiveReturn(ctx, id, in.Return, got, c.Actor(), b.Reason, c.Correlation)
	})
}

// steerReturn sends a message about a return, and returns the order. taken reports whether
// the order has taken it: if the result does not arrive in time, it perhaps has not.
func (s *Service) steerReturn(ctx context.Context, id, returnID, reason string, taken func(order.Return) bool, send message) (*orderOutput, error) {
	o, late, err := s.steer(ctx, id, reason, send)
	if err != nil {
		return nil, detailed(err)
	}
	r := o.ReturnByID(returnID)
	switch {
	case late && (r == nil || !taken(*r)):
		return nil, perhapsNot()
	case r != nil && r.Status == order.ReturnReceived:
		return newOrderOutput(http.StatusAccepted, o), nil
	}
	return newOrderOutput(http.StatusOK, o), nil
}

type listReturnsInput struct {
	ID string `path:"id" maxLength:"64" doc:"The order's id" example:"ord_0123456789abcdefghjkmnpqrs"`
}

type listReturnsOutput struct {
	Body struct {
		Returns []Return `json:"returns" nullable:"false" doc:"The order's returns, oldest first"`
	}
}

func (s *Service) listReturns(ctx context.Context, in *listReturnsInput) (*listReturnsOutput, error) {
	o, err := httpkit.VisibleOrder(ctx, s.Records, in.ID)
	if err != nil {
		return nil, err
	}
	var out listReturnsOutput
	out.Body.Returns = each(o.Returns, returnView)
	return &out, nil
}

// registerReturns declares the operations on returns.
func (s *Service) registerReturns(server *httpkit.Server, read, write, operate []httpkit.Role) {
	const stays = " 404 not_found if the order has none with this id; 409 wrong_state if its status does not allow it, and the detail says what it allows. Repeating the step changes nothing. 503 busy says that the request was perhaps not accepted: send it again."
	step := func(id, name, summary, description string) huma.Operation {
		return huma.Operation{
			OperationID: id, Method: http.MethodPost, Path: "/v1/orders/{id}/returns/{return}/" + name, Tags: []string{"returns"},
			Summary: summary, Description: description + stays,
		}
	}
	httpkit.Register(server, huma.Operation{
		OperationID: "request-return", Method: http.MethodPost, Path: "/v1/orders/{id}/returns", Tags: []string{"returns"},
		Summary:     "Ask whether goods may be sent back",
		Description: "Adds a return to the order and returns the order; the shopper is mailed. An operator approves or rejects it within 7 days; then the order needs attention. Only goods that were delivered can be sent back (409 not_shipped), within the shop's time (default 30 days after the delivery; 409 return_too_late), and not more than were delivered and neither came back with their parcel nor are in another return (409 not_returnable); the detail says what is possible. 409 wrong_state if the order is on hold, is being cancelled, or was not fulfilled. With exchange, other goods are ordered for the value of those that come back. Sending the request again with the same id is the same return; another request under that id is refused (422 idempotency_key_reused). 503 busy says that the request was perhaps not accepted: send it again with the same id.",
	}, write, s.requestReturn, http.StatusAccepted)
	httpkit.Register(server, huma.Operation{
		OperationID: "list-returns", Method: http.MethodGet, Path: "/v1/orders/{id}/returns", Tags: []string{"returns"},
		Summary:     "List an order's returns",
		Description: "Oldest first. The order itself shows them, too. A parcel that came back has a return with the id parcel- and its number, which is expected until its goods are received. Orders with returns in a status are listed with the parameter returns of list-orders.",
	}, read, s.listReturns)
	httpkit.Register(server, step("approve-return", "approve", "Approve a return", "The shopper is mailed how to send the goods back, and until when: within 30 days. If they do not come, the return expires. With label, the mail is sent when the carrier has made the label; a person is asked if it cannot be made within a day. The label is voided if the return is cancelled or expires."), operate, s.approveReturn, http.StatusAccepted)
	httpkit.Register(server, huma.Operation{
		OperationID: "get-return-label", Method: http.MethodGet, Path: "/v1/orders/{id}/returns/{return}/label", Tags: []string{"returns"},
		Summary:     "Download the label of a return",
		Description: "Returns the label of the way back, as a PDF or, with format=zpl, for a label printer. 404 not_found if the order has no return with this id; 409 no_label if no label was asked for when it was approved, or it is void or not made yet. 503 carrier_unavailable while the carrier does not respond.",
		Responses:   labelContent(),
	}, operate, s.returnLabel)
	httpkit.Register(server, step("reject-return", "reject", "Reject a return", "The shopper is mailed, with the message."), operate, s.rejectReturn, http.StatusAccepted)
	httpkit.Register(server, step("cancel-return", "cancel", "Cancel a return", "Ends a return whose goods have not arrived; the shopper is mailed. The goods can be part of another return."), write, s.cancelReturn, http.StatusAccepted)
	httpkit.Register(server, step("receive-return", "receive", "Receive the goods of a return",
		"Takes the goods that have arrived, all or a part, and refunds what the shopper paid for them, less the fee and the damage, once; or orders what they are exchanged for, and refunds the rest (paidOut is refused then). The goods in good condition are for sale again if restock says so. 202 while the refund is not made: read the order. While the payment is disputed, the return waits for the bank's decision, and the order needs attention. 409 not_returnable if it is more than the return is of; 409 wrong_state if other goods or amounts were received for it. Receiving the goods of a parcel that came back also decides about the order's hold, as keep does."), operate, s.receiveReturn, http.StatusAccepted)
}
