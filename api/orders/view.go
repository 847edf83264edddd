package orders

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"time"

	"purser/mail"
	"purser/order"
)

// Order is an order as the API shows it. Amounts are in minor units of the
// currency in Total.
type Order struct {
	ID       order.ID      `json:"id" doc:"The order's id"`
	Status   order.Status  `json:"status" doc:"placed, awaiting_payment, authorized, paid, shipped or delivered; on_hold while a person must decide; cancelling; or one of the other ends: cancelled, expired, refused, returned"`
	Version  int64         `json:"version" doc:"The seq of the order's last event"`
	Customer string        `json:"customerId" doc:"The shop's id of the customer"`
	Email    string        `json:"email" doc:"The address that gets the order's mails"`
	Locale   string        `json:"locale,omitempty" doc:"The language of the order's mails, such as de-AT"`
	ShipTo   order.Address `json:"shipTo" doc:"The address that the goods are sent to"`
	Lines    []Line        `json:"lines" nullable:"false" doc:"The goods, with the prices at the time of placing"`
	Shipping *ShippingFee  `json:"shipping,omitempty" doc:"The shipping fee. Missing if shipping costs nothing"`
	Total    order.Money   `json:"total" doc:"The amount of the order, in minor currency units"`
	// Refundable counts the order's own payments only.
	Refundable int64 `json:"refundable" doc:"How much can still be refunded, in minor currency units"`

	Reason  string   `json:"reason,omitempty" doc:"Why the order was cancelled, expired, refused, returned or put on hold"`
	Hold    *Hold    `json:"hold,omitempty" doc:"What a person must decide. Missing unless the status is on_hold"`
	Waiting *Waiting `json:"waiting,omitempty" doc:"What the order waits for. Missing if it waits for nothing"`

	Payments    []Payment     `json:"payments" nullable:"false" doc:"The order's payments, oldest first"`
	Shipments   []Shipment    `json:"shipments" nullable:"false" doc:"The order's parcels, oldest first"`
	Refunds     []Refund      `json:"refunds" nullable:"false" doc:"The refunds of the order's payments, oldest first, also those that were made at the provider"`
	Disputes    []Dispute     `json:"disputes" nullable:"false" doc:"The disputes about the order's payments, oldest first"`
	Returns     []Return      `json:"returns" nullable:"false" doc:"The returns of the order's goods, oldest first"`
	Changes     []Change      `json:"changes" nullable:"false" doc:"The changes of the order that were asked for before its label, oldest first"`
	ExchangeOf  *ExchangeOf   `json:"exchangeOf,omitempty" doc:"The return whose goods' value pays for this order, or for a part of it. Missing if it is no exchange"`
	MailTrouble []MailTrouble `json:"mailTrouble" nullable:"false" doc:"The order's mails that bounced or were reported as spam"`
	Attention   []Attention   `json:"attention" nullable:"false" doc:"What a person must look at while the order goes on"`
	Cases       []CaseRef     `json:"cases" nullable:"false" doc:"The open cases about what a person must decide; get-case returns one"`

	PlacedAt  time.Time `json:"placedAt" doc:"When the order was placed"`
	UpdatedAt time.Time `json:"updatedAt" doc:"When the order last changed"`
}

// Hold is a decision that an order needs from a person.
type Hold struct {
	Kind    order.HoldKind `json:"kind" doc:"payment: what the provider reports does not match the order; funds: the money was refunded or is disputed before the goods went out; label: the carrier has voided the label of a paid parcel; returned: the parcel came back; void: the order is being cancelled and the carrier does not void its parcel; refund: the order is being cancelled and its money can be neither refunded nor voided; underpaid: less than the total came in; parcel: the carrier does not take a parcel as it is, because it lacks customs data or is too heavy or too large"`
	Why     string         `json:"why" doc:"The cause, for people"`
	About   string         `json:"about,omitempty" doc:"The id to search for: a payment's reference or a tracking number"`
	Choices []order.Choice `json:"choices" nullable:"false" doc:"The choices that resolve-order takes for this order, the safest first"`
}

// Waiting is what an order waits for.
type Waiting struct {
	On    string    `json:"on" doc:"Who or what is waited for, such as payment, carrier or operator"`
	Until time.Time `json:"until,omitzero" doc:"When the wait ends. Missing if it has no end"`
	Then  string    `json:"then,omitempty" doc:"What happens when the wait ends"`
	About string    `json:"about,omitempty" doc:"The id to search for: a payment's reference or a tracking number"`
}

// ExchangeOf names the return whose goods were exchanged for an order.
type ExchangeOf struct {
	OrderID  order.ID `json:"orderId" doc:"The order that the goods came back to"`
	ReturnID string   `json:"returnId" doc:"The return's id in that order"`
	Credit   int64    `json:"credit" doc:"The value of those goods, in minor currency units; the payment of the provider credit has how much of it pays for this order"`
}

// Payment is one payment of an order.
type Payment struct {
	Number        int                 `json:"number" doc:"1, 2 and so on within the order"`
	Provider      string              `json:"provider,omitempty" doc:"The payment provider; or manual: paid in advance by bank transfer or in cash; or credit: paid with the value of goods that came back to another order. Missing until the provider has responded"`
	Reference     string              `json:"reference,omitempty" doc:"The provider's id of the payment. Missing until the provider has responded"`
	Status        order.PaymentStatus `json:"status,omitempty" doc:"pending, requires_action, processing, authorized, partially_captured, captured, canceled, expired, failed, conflicted (the amount or the currency differs from the order's) or unknown. Missing until the provider has responded"`
	Amount        int64               `json:"amount" doc:"What is asked for with it, in minor currency units"`
	Authorized    int64               `json:"authorized" doc:"The amount that is held or was held before the capture, in minor currency units"`
	Captured      int64               `json:"captured" doc:"The amount that the shop has taken, in minor currency units"`
	Refunded      int64               `json:"refunded" doc:"The amount that was refunded or is about to be, in minor currency units"`
	Disputed      int64               `json:"disputed" doc:"The amount that is disputed or was lost in a dispute, in minor currency units"`
	Surplus       bool                `json:"surplus" doc:"The payment was replaced, or nobody asked for it: it is refunded or voided, and does not pay for the order"`
	Standby       bool                `json:"standby" doc:"The shopper is asked for this payment because the hold of the one before is about to lapse, or because of a change. It does not pay for the order until its money is held"`
	Change        string              `json:"changeId,omitempty" doc:"The id of the change of the order that it pays for. Missing: it pays for the order as it was placed"`
	CaptureBefore time.Time           `json:"captureBefore,omitzero" doc:"When the held amount is released by itself. Missing if nothing is held or the provider does not say"`
	AuthorizedAt  time.Time           `json:"authorizedAt,omitzero" doc:"When Purser learned that the amount is held"`
	Decline       *Decline            `json:"decline,omitempty" doc:"Why the last attempt to pay failed"`
	Receipts      []PaymentReceipt    `json:"receipts,omitempty" doc:"The sums that came in without a payment provider, as a person has booked them. Missing if there are none"`
}

// Decline says why a payment was declined.
type Decline struct {
	Code        string `json:"code" doc:"The provider's error code, such as card_declined"`
	DeclineCode string `json:"declineCode,omitempty" doc:"The bank's reason, such as insufficient_funds"`
	Message     string `json:"message" doc:"A text that may be shown to the shopper"`
}

// Shipment is one parcel of an order.
type Shipment struct {
	Number    int                `json:"number" doc:"1, 2 and so on within the order"`
	Lines     []ItemQuantity     `json:"lines" nullable:"false" doc:"The goods in the parcel"`
	Reference string             `json:"reference" doc:"Purser's reference of the parcel at the carrier"`
	LabelID   string             `json:"labelId,omitempty" doc:"The carrier's id of the label. Missing until the parcel is booked"`
	Tracking  string             `json:"tracking,omitempty" doc:"The tracking number. Missing until the parcel is booked"`
	Carrier   string             `json:"carrier,omitempty" doc:"The carrier's name. Missing until the parcel is booked"`
	Status    order.ParcelStatus `json:"status,omitempty" doc:"booked, ready (to be collected), in_transit, out_for_delivery, delivered, exception, returned, voided or unknown. Missing until the parcel is booked"`
	Replaced  bool               `json:"replaced" doc:"Another parcel is sent instead of this one, or its goods wait for one"`
	Replaces  string             `json:"replaces,omitempty" doc:"The reference of the parcel instead of which this one is booked"`
	Kept      bool               `json:"kept" doc:"The parcel came back, and a person decided to leave it at that"`
	MovedAt   time.Time          `json:"movedAt,omitzero" doc:"When the carrier last reported a change"`
	OverdueAt time.Time          `json:"overdueAt,omitzero" doc:"When the parcel needs a person's attention unless it moves before"`
	Missing   bool               `json:"missing" doc:"The carrier did not know the parcel when it was last asked"`
	Method    string             `json:"method,omitempty" doc:"own: it goes out without the carrier's API; pickup: the shopper collects it; none: its goods needed no parcel, and were delivered when the order was paid. Missing: it has a label of the carrier's"`
	Link      string             `json:"link,omitempty" doc:"Where the shopper can follow a parcel of the method own"`
	Key       string             `json:"id,omitempty" doc:"Your id of a parcel that was made with add-parcel"`
	Refusal   string             `json:"refusal,omitempty" doc:"Why the carrier did not accept a parcel that was made with add-parcel"`
	VoidBy    string             `json:"voidBy,omitempty" doc:"Who has asked for the label to be voided, so that the goods can go into another parcel"`
	Weight    int64              `json:"weight,omitempty" doc:"The weight of the goods in it, in grams. Missing if that of one of them is not known"`
	Delivered []DigitalDelivery  `json:"delivered,omitempty" doc:"For the method none: what the shopper was mailed. Missing if the products have nothing to mail"`
}

// DigitalDelivery is how the shopper gets a product that needs no parcel.
type DigitalDelivery struct {
	SKU  string `json:"sku" doc:"The product"`
	Name string `json:"name" doc:"The product's name"`
	Text string `json:"text" doc:"The link or the instructions, perhaps of several lines"`
}

// ItemQuantity is a quantity of one product.
type ItemQuantity struct {
	SKU      string `json:"sku" doc:"The product"`
	Quantity int64  `json:"quantity" doc:"The number of pieces"`
}

// Refund is one refund of a payment.
type Refund struct {
	ID         string             `json:"id" doc:"The id under which the refund was asked for, or the provider's id if it was made there"`
	PaymentRef string             `json:"paymentRef" doc:"The reference of the payment that is refunded"`
	Reference  string             `json:"reference,omitempty" doc:"The provider's id of the refund. Missing until the provider has responded"`
	Amount     order.Money        `json:"amount" doc:"The refunded amount, in minor currency units"`
	Lines      []RefundLine       `json:"lines,omitempty" doc:"The goods that are refunded. Missing if the refund is not about goods"`
	Shipping   int64              `json:"shipping" doc:"How much of it is for the shipping fee, in minor currency units"`
	Reason     string             `json:"reason,omitempty" doc:"Why the money is refunded"`
	Status     order.RefundStatus `json:"status" doc:"requested (the provider has not responded yet), pending, succeeded, failed (the provider or the shopper's bank refused it), canceled, released (the money was not captured: it is charged so much less), or credited (the amount pays for the order creditTo, which goods were exchanged for; it is less when that order has given a part back)"`
	ReturnID   string             `json:"returnId,omitempty" doc:"The return whose goods are refunded. Missing if it is about none"`
	Less       int64              `json:"less,omitempty" doc:"What the shop keeps of the price of the goods, as a fee or for damage, in minor currency units: the lines' amounts have the price"`
	PaidOut    bool               `json:"paidOut" doc:"A person paid it out without the payment's provider; reference is the proof"`
	CreditTo   order.ID           `json:"creditTo,omitempty" doc:"The order that the amount pays for. Missing unless the status is credited"`
}

// Dispute is a payment that the shopper's bank claims back.
type Dispute struct {
	ID         string              `json:"id" doc:"The provider's id of the dispute"`
	PaymentRef string              `json:"paymentRef" doc:"The reference of the payment that is disputed"`
	Amount     order.Money         `json:"amount" doc:"The disputed amount, in minor currency units"`
	Reason     string              `json:"reason" doc:"The provider's term, such as product_not_received"`
	Status     order.DisputeStatus `json:"status" doc:"inquiry, needs_response, under_review, won or lost"`
	AnswerBy   time.Time           `json:"answerBy,omitzero" doc:"When the shop's evidence is due. Missing if the provider does not say"`
	At         time.Time           `json:"at,omitzero" doc:"When the provider reported this state"`
}

// MailTrouble is a mail that did not reach its reader, or that was not wanted.
type MailTrouble struct {
	Template   order.Notification `json:"template" doc:"The template of the mail"`
	Kind       mail.Kind          `json:"kind" doc:"bounced or complained"`
	Bounce     mail.Bounce        `json:"bounce,omitempty" doc:"For a bounce, whether it is permanent"`
	Provider   string             `json:"provider" doc:"The provider that sent the mail"`
	ProviderID string             `json:"providerId" doc:"The provider's id of the mail"`
	At         time.Time          `json:"at" doc:"When the provider reported it"`
}

// Attention is something that a person must look at while the order goes on.
type Attention struct {
	About string `json:"about" doc:"The id of a payment, a refund or a parcel"`
	Why   string `json:"why" doc:"What Purser cannot finish by itself. It tries again from time to time; resolve-order with release makes it try now, and with keep stop trying"`
}

// CaseRef names an open case.
type CaseRef struct {
	ID    string         `json:"id" doc:"The case's id"`
	Kind  order.CaseKind `json:"kind" doc:"What the case is about"`
	About string         `json:"about,omitempty" doc:"The id of a payment, a refund or a parcel"`
}

// Event is one line of an order's timeline.
type Event struct {
	OrderID     order.ID     `json:"orderId" doc:"The order's id"`
	Seq         int64        `json:"seq" doc:"1, 2 and so on within the order"`
	At          time.Time    `json:"at" doc:"When it happened"`
	Kind        order.Kind   `json:"kind" doc:"What happened, as object.happened, such as payment.captured"`
	From        order.Status `json:"from,omitempty" doc:"The order's status before. Missing for the first event"`
	To          order.Status `json:"to,omitempty" doc:"The order's status after; equal to from if it did not change"`
	Actor       string       `json:"actor" doc:"Who did it: purser, a provider, key: and the name of an API key, or temporal-ui"`
	Why         string       `json:"why,omitempty" doc:"The cause, for people"`
	Ref         string       `json:"ref,omitempty" doc:"The id to search for, such as a payment's reference or a tracking number"`
	Correlation string       `json:"correlationId,omitempty" doc:"The X-Correlation-Id of the request that caused it"`
}

// viewOf returns the view of an order.
func viewOf(o order.Order) Order {
	v := Order{
		ID: o.ID, Status: o.Status, Version: o.Version, Customer: o.Customer, Email: o.Email, Locale: o.Locale, ShipTo: o.ShipTo,
		Lines: lineViews(o), Shipping: shippingView(o), Total: o.Total, Refundable: o.Refundable(), Reason: o.Reason,
		Payments: each(o.Payments, func(p order.Payment) Payment { return paymentView(o, p) }), Shipments: each(o.Shipments, func(s order.Shipment) Shipment { return shipmentView(o, s) }), Refunds: each(o.Refunds, refundView),
		Disputes: each(o.Disputes, disputeView), Returns: each(o.Returns, returnView), Changes: each(o.Changes, changeView), MailTrouble: each(o.MailTrouble, mailTroubleView),
		Attention: each(o.Attention, func(a order.Attention) Attention { return Attention(a) }),
		Cases:     each(o.Cases, func(c order.CaseRef) CaseRef { return CaseRef(c) }),
		PlacedAt:  o.PlacedAt, UpdatedAt: o.UpdatedAt,
	}
	if x := o.ExchangeOf; x != nil {
		v.ExchangeOf = &ExchangeOf{OrderID: x.OrderID, ReturnID: x.ReturnID, Credit: x.Credit}
	}
	if h := o.Hold; h != nil {
		v.Hold = &Hold{Kind: h.Kind, Why: h.Why, About: h.About, Choices: append([]order.Choice{}, h.Choices...)}
	}
	if w := o.Waiting; w != nil {
		v.Waiting = &Waiting{On: w.On, Until: w.Until, Then: w.Then, About: w.About}
	}
	return v
}

func paymentView(o order.Order, p order.Payment) Payment {
	v := Payment{
		Number: p.Number, Provider: p.Provider, Reference: p.Reference, Status: p.Status, Amount: o.Asked(p).Amount,
		Authorized: p.Authorized, Captured: p.Captured, Refunded: p.Refunded, Disputed: p.Disputed,
		Surplus: p.Surplus, Standby: p.Standby, Change: p.Change, CaptureBefore: p.CaptureBefore, AuthorizedAt: p.AuthorizedAt,
	}
	for _, r := range p.Receipts {
		v.Receipts = append(v.Receipts, PaymentReceipt(r))
	}
	if d := p.Decline; d != nil {
		v.Decline = &Decline{Code: d.Code, DeclineCode: d.DeclineCode, Message: d.Message}
	}
	return v
}

func shipmentView(o order.Order, s order.Shipment) Shipment {
	v := Shipment{
		Number: s.Number, Lines: each(s.Lines, quantityView), Reference: s.Reference, LabelID: s.LabelID, Tracking: s.Tracking,
		Carrier: s.Carrier, Status: s.Status, Replaced: s.Replaced, Replaces: s.Replaces, Kept: s.Kept, MovedAt: s.MovedAt, OverdueAt: s.OverdueAt, Missing: s.Missing,
		Method: string(s.Method), Link: s.Link, Key: s.Key, Refusal: s.Refusal, VoidBy: s.VoidBy, Weight: order.Weight(o.LinesOf(s)),
	}
	for _, d := range s.Delivered {
		v.Delivered = append(v.Delivered, DigitalDelivery(d))
	}
	return v
}

func refundView(r order.Refund) Refund {
	return Refund{
		ID: r.ID, PaymentRef: r.PaymentRef, Reference: r.Reference, Amount: r.Amount,
		Lines: each(r.Lines, func(l order.RefundLine) RefundLine { return RefundLine(l) }), Shipping: r.Shipping,
		Reason: r.Reason, Status: r.Status, PaidOut: r.PaidOut, ReturnID: r.ReturnID, Less: r.Less, CreditTo: r.CreditTo,
	}
}

func disputeView(d order.Dispute) Dispute {
	return Dispute{
		ID: d.ID, PaymentRef: d.PaymentRef, Amount: d.Amount, Reason: d.Reason, Status: d.Status,
		AnswerBy: d.AnswerBy, At: d.At,
	}
}

func mailTroubleView(m order.MailTrouble) MailTrouble {
	return MailTrouble{Template: m.Notification, Kind: m.Kind, Bounce: m.Bounce, Provider: m.Provider, ProviderID: m.ProviderID, At: m.At}
}

func quantityView(l order.LineQuantity) ItemQuantity { return ItemQuantity(l) }

// eventView returns the view of an event.
func eventView(e order.Event) Event {
	return Event{
		OrderID: e.OrderID, Seq: e.Seq, At: e.At, Kind: e.Kind, From: e.From, To: e.To,
		Actor: e.Actor, Why: e.Why, Ref: e.Ref, Correlation: e.Correlation,
	}
}

// each returns the views of a list's elements; the result is never nil, so that
// it is a list in JSON.
func each[T, V any](list []T, view func(T) V) []V {
	views := make([]V, 0, len(list))
	for _, v := range list {
		views = append(views, view(v))
	}
	return views
}

// etag returns a tag that changes exactly when the view does.
func etag(v Order) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // the record holds the same values as JSON
	}
	sum := sha256.Sum256(b)
	return strconv.Quote(hex.EncodeToString(sum[:16]))
}
