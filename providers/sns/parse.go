package sns

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"purser/mail"
	"purser/order"
)

// provider is the name of SES in the record and the ledger.
const provider = "ses"

// Parse parses a verified message. An SES event becomes feedback; a
// subscription request becomes an address for Confirm. Everything else is only
// kept: an unsubscribe confirmation, a message of another sender on the topic,
// an event without a use. It fails with ErrMalformed.
func (s *Source) Parse(body []byte) (order.Delivery, error) {
	m, err := read(body)
	if err != nil {
		return order.Delivery{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	at, err := m.time()
	if err != nil || at.Year() < 2000 || at.Year() > 9000 || !plain(m.MessageID) || len(m.MessageID) > 128 {
		return order.Delivery{}, fmt.Errorf("%w: want an id of at most 128 characters and a time", ErrMalformed)
	}
	d := order.Delivery{Provider: provider, EventID: m.MessageID, Type: m.Type, At: at}
	switch m.Type {
	case notification:
		m.readEvent(&d)
	case subscribe:
		if err := s.places.confirmation(m.SubscribeURL, m.TopicArn, m.Token); err != nil {
			d.Problem = err.Error()
			return d, nil
		}
		d.Mail = &mail.Report{Confirm: m.SubscribeURL}
	case unsubscribe:
	default:
		return order.Delivery{}, fmt.Errorf("%w: unknown type", ErrMalformed)
	}
	return d, nil
}

// readEvent decodes the SES event in a notification.
func (m *message) readEvent(d *order.Delivery) {
	var name struct{ EventType, NotificationType string }
	_ = json.Unmarshal([]byte(m.Message), &name) // SES sends a plain sentence to a new topic, and others may publish anything
	kind := cmp.Or(name.EventType, name.NotificationType)
	if kind == "" {
		return
	}
	d.Type = "ses." + clip(kind, maxName)
	var e event
	if json.Unmarshal([]byte(m.Message), &e) != nil {
		d.Problem = "the event cannot be read"
		return
	}
	d.Ref, d.OrderID = clip(e.Mail.MessageID, maxName), e.order()
	feedback, problem := e.feedback(d.At)
	if problem != "" {
		d.Problem = problem
		return
	}
	if len(feedback) > 0 {
		d.Mail = &mail.Report{Feedback: feedback}
	}
}

// Confirm confirms the subscription to a topic. Parse has checked the address;
// Confirm checks it again, because it was stored in between. It fails with
// order.ErrRejected if SNS does not know it (any more), and with
// order.ErrUnavailable if it is worth retrying.
func (s *Source) Confirm(ctx context.Context, address string) error {
	fail := func(kind error, status int, cause error) error {
		return &order.ProviderError{Provider: "sns", Op: "confirm", Kind: kind, Status: status, Err: cause}
	}
	if _, ok := s.places.split(address); !ok {
		return fail(order.ErrRejected, 0, errPlace)
	}
	resp, err := get(ctx, s.certs.client, address)
	if err != nil {
		return fail(order.ErrUnavailable, 0, err)
	}
	resp.Body.Close()
	switch {
	case resp.StatusCode < 300:
		return nil
	case resp.StatusCode >= 500, resp.StatusCode == http.StatusTooManyRequests:
		return fail(order.ErrUnavailable, resp.StatusCode, nil)
	}
	return fail(order.ErrRejected, resp.StatusCode, nil)
}
