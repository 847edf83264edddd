// Package orders implements the API's operations on orders: it places, reads,
// follows, finds, cancels and resolves them.
package orders

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"purser/api/httpkit"
	"purser/order"
	"purser/pricing"
)

// Workflows sends messages to the orders' workflows. Every error is or wraps an
// error of package order or of the context.
type Workflows interface {
	// Place starts the order's workflow and returns the order and its client
	// secret as soon as the shopper can pay. decided is what was decided about its
	// price, or nil. A repeated call with the same id
	// and request returns the same order. With another request it fails with
	// order.ErrOtherRequest. While the first call is still running it may fail
	// with order.ErrInFlight. The order continues even if ctx ends first.
	ClientSecret(ctx context.Context, id order.ID) (o order.Order, clientSecret string, err error)
	Place(ctx context.Context, id order.ID, r order.Request, decided *order.Pricing, actor, correlation string) (o order.Order, clientSecret string, err error)
	// Cancel compensates the order and returns it with its final status, or on
	// hold if it cannot be compensated without a person. It fails with
	// order.ErrNotFound, or with order.ErrTooLate if the carrier has a parcel.
	Cancel(ctx context.Context, id order.ID, actor, reason, correlation string) (order.Order, error)
	// Resolve records a person's decision about an order that is on hold or needs
	// attention, and returns the order as it goes on. It fails with
	// order.ErrNotFound, or with order.ErrIllegalMove if the order does not take
	// the choice.
	Resolve(ctx context.Context, id order.ID, choice order.Choice, actor, reason, correlation string) (order.Order, error)
	// Refund refunds money and returns the order when the payment's provider has
	// responded. It fails with order.ErrNotFound, order.ErrInvalid,
	// order.ErrNotRefundable or order.ErrOtherRequest, with a text for the caller.
	Refund(ctx context.Context, id order.ID, ask order.RefundRequest, actor, correlation string) (order.Order, error)
	// RequestReturn asks whether goods may be sent back. It fails with order.ErrNotFound,
	// order.ErrInvalid, order.ErrNotShipped, order.ErrNotReturnable,
	// order.ErrReturnTooLate, order.ErrIllegalMove or order.ErrOtherRequest, with a text
	// for the caller.
	RequestReturn(ctx context.Context, id order.ID, ask order.ReturnRequest, actor, correlation string) (order.Order, error)
	// DecideReturn approves, rejects or cancels a return. It fails with order.ErrNotFound,
	// order.ErrNoReturn, order.ErrInvalid or order.ErrIllegalMove.
	DecideReturn(ctx context.Context, id order.ID, d order.ReturnDecision, actor, why, correlation string) (order.Order, error)
	// ReceiveReturn takes goods of a return that have arrived, and has them refunded. It
	// fails as DecideReturn does, or with order.ErrNotReturnable.
	ReceiveReturn(ctx context.Context, id order.ID, returnID string, got order.ReturnReceipt, actor, why, correlation string) (order.Order, error)
	// ChangeOrder changes the order before its label, once per id of the request, and returns it
	// and the client secret of the payment that the shopper is asked for, if there is one. It
	// fails with order.ErrNotFound, order.ErrInvalid, order.ErrChangeTooLate,
	// order.ErrNotChangeable, order.ErrIllegalMove, order.ErrOtherRequest, order.ErrInFlight
	// or the errors of a price, with a text for the caller.
	ChangeOrder(ctx context.Context, id order.ID, ask order.ChangeRequest, actor, correlation string) (o order.Order, clientSecret string, err error)
	// BookPayment books a sum that came in without a payment provider, once per
	// reference. It fails with order.ErrNotFound, order.ErrInvalid,
	// order.ErrIllegalMove or order.ErrOtherRequest, with a text for the caller.
	BookPayment(ctx context.Context, id order.ID, r order.Receipt, currency, actor, why, correlation string) (order.Order, error)
	// AddParcel books a parcel with goods of the order, once per id of the plan, and
	// returns the order when the carrier has responded. It fails with order.ErrNotFound,
	// order.ErrInvalid, order.ErrNotSendable, order.ErrIllegalMove or
	// order.ErrOtherRequest, with a text for the caller.
	AddParcel(ctx context.Context, id order.ID, p order.ParcelPlan, actor, why, correlation string) (order.Order, error)
	// VoidLabel voids the label of a parcel that the carrier does not have. It fails with
	// order.ErrNotFound, order.ErrNoParcel or order.ErrIllegalMove, with a text for the
	// caller.
	VoidLabel(ctx context.Context, id order.ID, number int, actor, why, correlation string) (order.Order, error)
	// MarkParcel says that a parcel without the carrier's API was delivered or collected,
	// or came back. It fails as VoidLabel does, or with order.ErrInvalid.
	MarkParcel(ctx context.Context, id order.ID, number int, s order.ParcelStatus, actor, why, correlation string) (order.Order, error)
}

// Records reads orders, their events, and the prices of products.
type Records interface {
	httpkit.OrderReader
	// Orders fails with sqldb.ErrCursor if the filter's cursor is invalid.
	Orders(ctx context.Context, f order.Filter) (order.Page, error)
	FindOrders(ctx context.Context, text, customer string, limit int) ([]order.Order, error)
	Events(ctx context.Context, id order.ID, after int64, limit int) ([]order.Event, error)
	// EventsSince returns the events after p. If a lost attempt had recorded
	// some of the events up to p, it returns their replacements, too.
	EventsSince(ctx context.Context, id order.ID, p order.Position, limit int) ([]order.RecordedEvent, error)
	// Watch returns a channel that receives when this process writes to the
	// order.
	Watch(id order.ID) (changed <-chan struct{}, stop func())
	Offers(ctx context.Context, skus []string) (map[string]order.Offer, error)
}

// Service serves the operations on orders. Only Workflows and Records must be
// set.
type Service struct {
	Workflows Workflows
	Records   Records
	// Pricing may be nil, which means that there are no taxes, fees and discounts.
	Pricing pricing.Rules
	// Labels may be nil, which means that there are no labels to print.
	Labels Labels
	// Appeared is called with the id of each order placed, so that provider
	// events that arrived before the order can be delivered. It must not block.
	// May be nil.
	Appeared func(order.ID)
	// ReturnURL is where the shopper comes back to from the bank's page; may be empty.
	ReturnURL string
	// Stopping ends the live streams when it is closed; they would otherwise
	// delay a shutdown.
	Stopping <-chan struct{}
	// PollEvery is how often a stream looks for events that another process
	// recorded; events of this process wake it at once. Default 500 ms.
	PollEvery time.Duration
	// BeatEvery is how often a stream without events sends a comment, so that
	// nothing on the way closes it. Default 15 s.
	BeatEvery time.Duration
	// Linger is how long a stream stays open after the order has ended, for the
	// last events. Default 2 s.
	Linger time.Duration

	server  *httpkit.Server
	placing sync.Map // ids of the orders being placed under an idempotency key
}

// Register declares the operations on orders.
func (s *Service) Register(server *httpkit.Server) {
	s.server = server
	if s.Pricing == nil {
		s.Pricing = &pricing.Table{}
	}
	if s.Appeared == nil {
		s.Appeared = func(order.ID) {}
	}
	httpkit.OrDefault(&s.PollEvery, 500*time.Millisecond)
	httpkit.OrDefault(&s.BeatEvery, 15*time.Second)
	httpkit.OrDefault(&s.Linger, 2*time.Second)
	read := []httpkit.Role{httpkit.Shop, httpkit.Viewer, httpkit.Operator}
	write := []httpkit.Role{httpkit.Shop, httpkit.Operator}
	operate := []httpkit.Role{httpkit.Operator}

	httpkit.Register(server, huma.Operation{
		OperationID: "place-order", Method: http.MethodPost, Path: "/v1/orders", DefaultStatus: http.StatusCreated, Tags: []string{"orders"},
		Summary:     "Place an order",
		Description: "Prices the order from the catalogue and the shop's pricing rules, reserves its stock and creates its payment. With expectedTotal, an order that costs anything else is refused, and the detail contains both totals (409 price_changed). A discount code that is not valid is refused (422 discount_invalid), and so is an address or a method without shipping (422 no_shipping). If the shop has a pricing endpoint, 422 price_refused is its refusal, 503 pricing_unavailable means that it did not respond in time, and 502 pricing_invalid that its sums do not add up. An order that costs nothing has no payment and no clientSecret. An order below the minimum charge of its currency is refused; the detail contains the minimum (422 amount_too_small). Sending the request again with the same Idempotency-Key returns the same order, with 201 as the first time. With another body it is refused (422 idempotency_key_reused), and while the first request is still running it may be refused for a moment (409 in_flight). If the order is accepted but cannot be paid yet, the status is 202 and clientSecret is missing: send the same request again, or read the order.",
	}, write, s.place, http.StatusAccepted)
	httpkit.Register(server, huma.Operation{
		OperationID: "quote-order", Method: http.MethodPost, Path: "/v1/quotes", Tags: []string{"orders"},
		Summary:     "Ask what an order would cost",
		Description: "Returns the price of an order without placing it, and reserves nothing. The price is computed as when the order is placed, and a request that would be refused then for its goods, discount codes, shipping or amount is refused here for the same reason. Only the country and the postal code of shipTo count. Send the total as expectedTotal when the order is placed, so that the shopper pays what the shopper saw.",
	}, write, s.quote)
	httpkit.Register(server, huma.Operation{
		OperationID: "list-orders", Method: http.MethodGet, Path: "/v1/orders", Tags: []string{"orders"},
		Summary:     "List orders, newest first",
		Description: "With the header Purser-Customer, only that customer's orders are listed. Follow nextCursor until it is missing.",
	}, read, s.list)
	httpkit.Register(server, huma.Operation{
		OperationID: "get-order", Method: http.MethodGet, Path: "/v1/orders/{id}", Tags: []string{"orders"},
		Summary:     "Read an order",
		Description: "With the last response's ETag in If-None-Match, 304 says that the order has not changed. To receive changes as they happen, follow the order's events.",
	}, read, s.get, http.StatusNotModified)
	httpkit.Register(server, eventsOperation(server.API), read, s.events)
	httpkit.Register(server, huma.Operation{
		OperationID: "cancel-order", Method: http.MethodPost, Path: "/v1/orders/{id}/cancel", Tags: []string{"orders"},
		Summary:     "Cancel an order",
		Description: "Cancels the order if the carrier does not have its parcel yet: voids the label, voids or refunds the payment, releases the stock and returns the order. The status is 202 while that is still in progress, also if it has to wait for a person's decision (status on_hold with a hold of kind void or refund), and 409 too_late once the carrier has the parcel or the order has ended in another way; the detail says what the order is. 503 busy says that the request was perhaps not accepted: send it again.",
	}, write, s.cancel, http.StatusAccepted)
	httpkit.Register(server, huma.Operation{
		OperationID: "refund-order", Method: http.MethodPost, Path: "/v1/orders/{id}/refunds", Tags: []string{"orders"},
		Summary:     "Refund an order",
		Description: "Refunds an amount, or goods and a part of the shipping fee, or everything that is left, and returns the order. The refund is spread over the order's payments, within what is left of each: captured less refunded, pending and disputed. It works at any time after the capture, also for orders that have ended. Before the capture, lines and the shipping fee are left out: so much less is captured (the refund is released), and the parcel goes without them; what would leave nothing to send or to charge is refused, because that is a cancellation. Sending the request again with the same id refunds nothing more; another request under that id is refused (422 idempotency_key_reused). 409 not_refundable if it is about more than is left; the detail says how much is. 202 while the payment's provider has not responded: read the order. 503 busy says that the request was perhaps not accepted: send it again with the same id. A refund that fails, perhaps weeks later, opens its amount again, and the order then needs attention.",
	}, operate, s.refund, http.StatusAccepted)
	s.registerChange(server, write)
	s.registerSecret(server, write)
	s.registerReturns(server, read, write, operate)
	httpkit.Register(server, huma.Operation{
		OperationID: "book-payment", Method: http.MethodPost, Path: "/v1/orders/{id}/payments", Tags: []string{"operators"},
		Summary:     "Book a sum that came in",
		Description: "Books a bank transfer or cash for an order that is paid in advance (payment: manual), and returns the order. It is fulfilled as soon as its total has come in. If less came in, the order is on hold (kind underpaid): release waits for the rest, keep is content with it, and void ends the order. What the order does not need must be paid back, and needs attention until that is booked as a refund with paidOut; so does a sum for an order that has ended or is paid online. A sum is booked once per reference; another amount under that reference is refused (422 idempotency_key_reused).",
	}, operate, s.book, http.StatusAccepted)
	httpkit.Register(server, huma.Operation{
		OperationID: "resolve-order", Method: http.MethodPost, Path: "/v1/orders/{id}/resolve", Tags: []string{"operators"},
		Summary:     "Resolve an order that is on hold",
		Description: "Takes a person's decision about an order whose status is on_hold; its hold lists the choices that it takes. release tries the step again, and the provider's new response decides; rebook books another parcel under a new reference; void ends the order, voids its label and voids or refunds its payment; refund refunds the money and ends the order; keep leaves everything as it is, because a person has dealt with it. For an order that is not on hold but needs attention, release tries again now and keep stops trying. 409 wrong_state if the order does not take the choice; the detail names its status and the choices that it takes. 409 needs_approval if the decision moves more money than one person may decide about; the detail names the case in which two people decide it. 202 if the decision was sent and its result is not known yet: read the order. The reason is recorded in the order's events with the name of the key.",
	}, operate, s.resolve, http.StatusAccepted)
	httpkit.Register(server, huma.Operation{
		OperationID: "add-parcel", Method: http.MethodPost, Path: "/v1/orders/{id}/shipments", DefaultStatus: http.StatusCreated, Tags: []string{"operators"},
		Summary:     "Make a parcel",
		Description: "Books a parcel with these goods of a paid order, or with all that are in no parcel, and returns the order. Where the shop's setting PURSER_PARCELS is operator, that is how an order's parcels are made; otherwise it takes goods out of parcels that Purser has planned and not booked, or that were voided. The money is captured as usual: by default when the first parcel is booked. With method own, it goes out without the carrier's API, under your tracking number: it counts as sent once it is paid, and mark-parcel says when it has arrived. With method pickup, the shopper is mailed that it can be collected, and mark-parcel says that it was. Sending the request again with the same id makes no other parcel; another request under that id is refused (422 idempotency_key_reused). 409 not_sendable if more is asked for than is left to send, or the carrier does not accept the parcel; the detail says which. 409 wrong_state if the order takes no parcel now, because it is not paid, on hold, about to be cancelled or has ended. 202 while the parcel is not booked yet: the carrier does not respond, or the shopper must pay again first.",
	}, operate, s.addParcel, http.StatusAccepted)
	httpkit.Register(server, huma.Operation{
		OperationID: "void-label", Method: http.MethodPost, Path: "/v1/orders/{id}/shipments/{number}/void", Tags: []string{"operators"},
		Summary:     "Void the label of a parcel",
		Description: "Voids the label of a parcel that the carrier does not have yet, and returns the order. The goods wait for another parcel then, which add-parcel makes. 404 no_parcel if the order has no parcel with the number; 409 wrong_state if the carrier has the parcel already, another one has replaced it, or the order takes no request about parcels now. 202 while the carrier has not responded.",
	}, operate, s.voidLabel, http.StatusAccepted)
	httpkit.Register(server, huma.Operation{
		OperationID: "mark-parcel", Method: http.MethodPost, Path: "/v1/orders/{id}/shipments/{number}/mark", Tags: []string{"operators"},
		Summary:     "Say where a parcel is",
		Description: "Says that a parcel without the carrier's API was delivered, or collected in the shop (delivered), or came back (returned), and returns the order. A parcel that nobody marks counts as delivered when it would be overdue with a carrier; one that is to be collected waits. 404 no_parcel if the order has no parcel with the number; 409 wrong_state if the carrier reports about it, or it is not on its way.",
	}, operate, s.markParcel, http.StatusAccepted)
	httpkit.Register(server, huma.Operation{
		OperationID: "get-label", Method: http.MethodGet, Path: "/v1/orders/{id}/shipments/{number}/label", Tags: []string{"operators"},
		Summary:     "Download the label of a parcel",
		Description: "Returns the file to print, as a PDF or, with format=zpl, for a label printer. It is fetched from the carrier when it is first asked for, and kept. 404 no_parcel if the order has no parcel with the number; 409 no_label if the parcel is not booked, its label is void, or the carrier does not have the file. 503 carrier_unavailable while the carrier does not respond, and 502 carrier_invalid if what it sends is not the file of a label.",
		Responses:   labelContent(),
	}, operate, s.label)
	httpkit.Register(server, huma.Operation{
		OperationID: "search-orders", Method: http.MethodGet, Path: "/v1/search/orders", Tags: []string{"operators"},
		Summary:     "Search orders",
		Description: "Finds orders by an id (Purser's, Stripe's or the carrier's), or by a part of the customer's id, email address, name or postal address, or of a product. Newest first.",
	}, operate, s.search)
}
