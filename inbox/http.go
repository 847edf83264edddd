package inbox

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"purser/limiter"
	"purser/order"
	inboxrecords "purser/records/inbox"
)

// graceForHandOver is how long the sweeper leaves a fresh item to the relay that
// received it. If that process dies, the item is delayed by this time.
const graceForHandOver = 2 * time.Second

// providerOf returns the provider of the path /webhooks/{provider}.
func providerOf(path string) (provider string, ok bool) {
	provider, ok = strings.CutPrefix(path, "/webhooks/")
	return provider, ok && provider != "" && !strings.Contains(provider, "/")
}

// bodyWithin is how long a sender may take for a webhook.
const bodyWithin = 30 * time.Second

// readBody reads the raw bytes, which the signature covers. It gives up a body that
// stops coming; see limiter.BoundBody.
func readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	if r.ContentLength > limit {
		w.Header().Set("Connection", "close") // otherwise the server would read the whole body
		return nil, &http.MaxBytesError{Limit: limit}
	}
	limiter.BoundBody(w, r, bodyWithin)
	return io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
}

// item returns what is stored of an event that came with a request.
func item(w http.ResponseWriter, r *http.Request, d order.Delivery, body []byte, now time.Time) (inboxrecords.Item, error) {
	headers, err := json.Marshal(worthKeeping(r.Header))
	if err != nil {
		return inboxrecords.Item{}, err
	}
	it, err := itemOf(d, body, now)
	it.Headers, it.Correlation, it.Source = headers, correlation(w), remote(r)
	return it, err
}

// itemOf returns what is stored of an event itself: its bytes and the parsed event.
func itemOf(d order.Delivery, body []byte, now time.Time) (it inboxrecords.Item, err error) {
	it = inboxrecords.Item{
		Provider: d.Provider, Account: d.Account, EventID: d.EventID, Type: d.Type, OrderID: d.OrderID, Ref: d.Ref,
		State: inboxrecords.Received, Body: body, ReceivedAt: now, ProviderAt: d.At, NextAt: now.Add(graceForHandOver),
	}
	if d.Problem != "" {
		it.State, it.Note = inboxrecords.Parked, d.Problem
		return it, nil
	}
	if it.Event, err = worthDelivering(d); it.Event == nil {
		it.State = inboxrecords.Kept
	}
	return it, err
}

// worthDelivering returns the part of an event that is delivered, as JSON, or nil
// if nothing in this program needs the event.
func worthDelivering(d order.Delivery) ([]byte, error) {
	switch {
	case d.Mail != nil:
		return json.Marshal(kept{Mail: d.Mail})
	case d.Event != nil:
		return json.Marshal(d.Event)
	}
	return nil, nil
}

// worthKeeping returns the headers without credentials.
func worthKeeping(h http.Header) http.Header {
	kept := make(http.Header, len(h))
	for name, values := range h {
		switch name {
		case "Authorization", "Cookie", "Proxy-Authorization":
		default:
			kept[name] = values
		}
	}
	return kept
}

// correlation returns the id that the surrounding handler set on the response.
func correlation(w http.ResponseWriter) string { return w.Header().Get("X-Correlation-Id") }

// acknowledge responds that the event is durable.
func acknowledge(w http.ResponseWriter, status int, it inboxrecords.Item) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, "{\"state\":%q,\"duplicate\":%t}\n", it.State, status == http.StatusOK)
}

// refuse responds with a problem document (RFC 9457).
func refuse(w http.ResponseWriter, status int, code, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{ // the sender may be gone
		"type": "urn:purser:problem:" + code, "title": http.StatusText(status), "status": status,
		"code": code, "detail": detail, "correlationId": correlation(w),
	})
}

// refuseUntil responds with a problem document and a Retry-After header.
func refuseUntil(w http.ResponseWriter, wait time.Duration, status int, code, detail string) {
	w.Header().Set("Retry-After", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
	refuse(w, status, code, detail)
}

func clip(s string) string {
	const most = 200
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
