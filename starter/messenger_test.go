//go:build !lean

package starter_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"purser/order"
	"purser/workflows/orders"
)

// kept says what Temporal still has of an order.
type kept string

const (
	running kept = "its workflow runs"
	history kept = "its workflow has ended"
	nothing kept = "Temporal does not know it"
)

// messenger sends messages to one order.
type messenger struct {
	*orderFixture
	kept    kept
	id      order.ID
	base    int64 // the order's version before the first message
	sent    int   // events
	results []any
}

func (d *orderFixture) messenger(name string, k kept) *messenger {
	return &messenger{orderFixture: d, kept: k, id: order.IDForKey(name, string(k))}
}

// deliver has the order delivered.
func (m *messenger) deliver() {
	m.Helper()
	m.hold(order.MailDelivered)
	in := m.place(m.id).Payment().Reference
	p, err := m.bank.Pay(in)
	m.send(m.payment(p), err)
	m.awaitKind(order.MailSent)
	for _, s := range []order.ParcelStatus{order.ParcelInTransit, order.ParcelDelivered} {
		p, err := m.carrier.Scan(string(m.id)+"-1", s)
		m.send(order.ProviderEvent{Provider: "carrier", Type: "parcel", Parcel: &p}, err)
	}
	m.begin(order.Delivered)
}

// cancelUnpaid has the shopper cancel the order before it is paid.
func (m *messenger) cancelUnpaid() {
	m.Helper()
	m.hold(order.MailCancelled)
	m.place(m.id)
	if _, err := m.starter.Cancel(m.Context(), m.id, "key:shop", "changed my mind", "corr-1"); err != nil {
		m.Fatal(err)
	}
	m.begin(order.Cancelled)
}

// hold keeps the order's workflow running, if it is to run, after the end of the order: a
// mail cannot be sent.
func (m *messenger) hold(n order.Notification) {
	if m.kept == running {
		m.stuck.Store(order.Key(m.id, "mail-"+string(n), 1), true)
	}
}

// begin waits until Temporal has what it is to have of the order.
func (m *messenger) begin(s order.Status) {
	m.Helper()
	m.await(string(s), func() bool { return m.order().Status == s })
	if m.kept == running {
		m.awaitKind(order.StepDelayed)
	} else {
		var out orders.Outcome
		if err := m.temporal.GetWorkflow(m.Context(), m.id.WorkflowID(), "").Get(m.Context(), &out); err != nil || out.Status != s {
			m.Fatalf("ended %+v, %v", out, err)
		}
	}
	m.base = m.order().Version
}

// stop ends the workflow that takes care of the order, if its own is not to run.
func (m *messenger) stop() {
	m.Helper()
	own, care := m.runID(m.id.WorkflowID()), m.runID(orders.AftercareWorkflowID(m.id))
	switch {
	case m.kept == running && care != "":
		m.Error("the order has a second workflow")
	case m.kept == nothing && own != "":
		m.Error("the order's workflow was started again")
	case care != "":
		_ = m.temporal.TerminateWorkflow(m.Context(), orders.AftercareWorkflowID(m.id), "", "by hand") // it fails if it has ended
	}
}

// report sends an event and waits until the order has noted events of these kinds.
func (m *messenger) report(n order.ProviderEvent, kinds ...order.Kind) {
	m.Helper()
	m.stop()
	version := m.order().Version
	m.send(n, nil)
	if len(kinds) == 0 { // the next message must come after this one
		m.flush()
		kinds = []order.Kind{order.EventIgnored}
	}
	m.awaitKinds(version, kinds)
}

// flush sends an event that is always noted.
func (m *messenger) flush() {
	m.send(order.ProviderEvent{Provider: "bank", Type: "review.closed"}, nil)
}

// send sends an event as the inbox does.
func (m *messenger) send(n order.ProviderEvent, err error) {
	m.Helper()
	if err != nil {
		m.Fatal(err)
	}
	if n.ID == "" {
		m.sent++
		n.ID = fmt.Sprintf("evt_%d", m.sent)
	}
	n.OrderID, n.At = m.id, time.Date(2026, 3, 2, 10, 0, m.sent, 0, time.UTC)
	events := []order.ProviderEvent{n}
	err = m.starter.Report(m.Context(), m.id, events)
	if errors.Is(err, order.ErrClosed) {
		err = m.starter.ReportLate(m.Context(), m.id, events)
	}
	if err != nil {
		m.Fatal(err)
	}
}

func (m *messenger) payment(p order.PaymentEvent) order.ProviderEvent {
	return order.ProviderEvent{ID: "evt_" + p.Reference + "_" + string(p.Status), Provider: "bank", Type: "payment." + string(p.Status), Payment: &p}
}

// surplus pays the order a second time, and reports it.
func (m *messenger) surplus(captured bool, kinds ...order.Kind) {
	m.Helper()
	total := m.order().Total
	in, err := m.bank.CreateIntent(m.Context(), order.IntentRequest{OrderID: m.id, Amount: total, Key: fmt.Sprint(m.id, captured)})
	if err == nil {
		_, err = m.bank.Pay(in.ID)
	}
	if err == nil && captured {
		_, err = m.bank.CaptureIntent(m.Context(), in.ID, total, "by-hand-"+in.ID)
	}
	if err != nil {
		m.Fatal(err)
	}
	in, _ = m.bank.IntentOf(m.id)
	m.report(m.payment(in.PaymentEvent()), kinds...)
}

// refundAtBank refunds a part of the payment at the bank, and reports it.
func (m *messenger) refundAtBank(intent string) {
	m.Helper()
	if _, err := m.bank.RefundIntent(m.Context(), intent, order.Money{Amount: 500, Currency: "EUR"}, "dashboard-"+intent); err != nil {
		m.Fatal(err)
	}
	m.report(order.ProviderEvent{Provider: "bank", Type: "refund", Refund: &order.RefundEvent{PaymentRef: intent}}, order.PaymentRefunded, order.MailSent)
}

func (m *messenger) scan(s order.ParcelStatus, kinds ...order.Kind) {
	m.Helper()
	ref := string(m.id) + "-1"
	m.report(order.ProviderEvent{Provider: "carrier", Type: "parcel", Parcel: &order.ShipmentEvent{Reference: ref, Tracking: "TRACK-" + ref, Status: s}}, kinds...)
}

// bringBack has the carrier bring the parcel back.
func (m *messenger) bringBack() {
	m.Helper()
	m.scan(order.ParcelReturned, order.ParcelCameBack, order.ReturnIsExpected, order.OrderOnHold)
	m.scan(order.ParcelInTransit, order.EventIgnored)
}

func (m *messenger) cancel(kinds ...order.Kind) {
	m.Helper()
	m.update(kinds, func() (order.Order, error) {
		return m.starter.Cancel(m.Context(), m.id, "key:shop", "changed my mind", "corr-1")
	})
}

func (m *messenger) resolve(c order.Choice, kinds ...order.Kind) {
	m.Helper()
	m.update(kinds, func() (order.Order, error) {
		return m.starter.Resolve(m.Context(), m.id, c, "key:ops", "looked at it", "corr-1")
	})
}

// placeAgain repeats the request for the order, and sends another one under its key.
func (m *messenger) placeAgain() {
	m.Helper()
	other := wanted
	other.Lines = []order.RequestLine{{SKU: "mug", Quantity: 3}}
	for _, r := range []order.Request{wanted, other} {
		m.update(nil, func() (order.Order, error) {
			o, secret, err := m.starter.Place(m.Context(), m.id, r, nil, "key:shop", "corr-1")
			if secret != "" {
				m.Errorf("%s: an order that has ended can be paid with %q", m.kept, secret)
			}
			return o, err
		})
	}
}

// update sends a request, keeps its result, and waits until the order has noted events of
// these kinds. A request without kinds must be refused, or change nothing.
func (m *messenger) update(kinds []order.Kind, send func() (order.Order, error)) {
	m.Helper()
	m.stop()
	version := m.order().Version
	o, err := send()
	o.Shipments, o.Waiting = nil, nil // the order goes on while it responds
	m.results = append(m.results, m.plain(o), fmt.Sprint(err))
	m.awaitKinds(version, kinds)
}

func (m *messenger) order() order.Order {
	m.Helper()
	o, err := m.record.Order(m.Context(), m.id)
	if err != nil {
		m.Fatal(err)
	}
	return o
}

// since returns the events since the first message.
func (m *messenger) since() []order.Event {
	m.Helper()
	events, err := m.record.Events(m.Context(), m.id, m.base, 1000)
	if err != nil {
		m.Fatal(err)
	}
	return events
}

func kindsOf(events []order.Event) (kinds []order.Kind) {
	for _, e := range events {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

// awaitKinds waits until the record has events of exactly these kinds after a version, and
// what the order waits for.
func (m *messenger) awaitKinds(version int64, kinds []order.Kind) {
	m.Helper()
	var got []order.Kind
	defer func() {
		if !slices.Equal(got, kinds) {
			m.Errorf("%s: events %v, want %v", m.kept, got, kinds)
		}
	}()
	m.await("an event", func() bool {
		o, events := m.order(), m.since()
		got = kindsOf(events[min(max(version-m.base, 0), int64(len(events))):])
		return len(got) >= len(kinds) && (o.Hold == nil || o.Waiting != nil && o.Waiting.On == "operator")
	})
}

func (m *messenger) awaitKind(k order.Kind) {
	m.Helper()
	m.await(string(k), func() bool { return slices.Contains(kindsOf(m.since()), k) })
}

var (
	ownPayment = regexp.MustCompile(`pi_\d+`)
	sentMail   = regexp.MustCompile(`fake-\d+`)
)

// plain returns a value as JSON has it, without versions, times and what differs between
// equal orders by its name only.
func (m *messenger) plain(v any) any {
	m.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		m.Fatal(err)
	}
	names := map[string]string{}
	for i, in := range m.bank.Intents(m.id) {
		names[in.ID] = fmt.Sprintf("payment-%d", i+1)
	}
	s := strings.ReplaceAll(string(b), string(m.id), "order")
	s = ownPayment.ReplaceAllStringFunc(s, func(id string) string { return names[id] })
	s = sentMail.ReplaceAllString(s, "mail")
	var out any
	if err := json.Unmarshal([]byte(s), &out); err != nil {
		m.Fatal(err)
	}
	return untimed(out)
}

// untimed removes the versions and times from JSON.
func untimed(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = untimed(v[i])
		}
	case map[string]any:
		maps.DeleteFunc(v, func(name string, _ any) bool {
			return slices.Contains([]string{"version", "seq", "at", "placedAt", "updatedAt", "authorizedAt", "captureBefore", "movedAt", "requestedAt"}, name)
		})
		for name := range v {
			v[name] = untimed(v[name])
		}
	}
	return v
}
