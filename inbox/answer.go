package inbox

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"purser/order"
	inboxrecords "purser/records/inbox"
)

// graceForHandOver is how long the sweeper leaves a fresh item to the relay
// it was handed to. If that process dies, this is the delay.
const graceForHandOver = 2 * time.Second

// providerOf reads /webhooks/{provider}.
func providerOf(path string) (provider string, ok bool) {
	provider, ok = strings.CutPrefix(path, "/webhooks/")
	return provider, ok && provider != "" && !strings.Contains(provider, "/")
}

// readBody reads the raw bytes, which the signature is over. A sender that
// dawdles is cut off after three seconds.
func readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	if r.ContentLength > limit {
		w.Header().Set("Connection", "close") // do not read 100 MB to be polite
		return nil, &http.MaxBytesError{Limit: limit}
	}
	c := http.NewResponseController(w)
	_ = c.SetReadDeadline(time.Now().Add(3 * time.Second)) // not every writer can
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	// Else the deadline would pass while we work, and cancel the request.
	_ = c.SetReadDeadline(time.Time{})
	return body, err
}

// item is what is kept of an event: what came over the wire and what was
// understood of it.
func item(w http.ResponseWriter, r *http.Request, d order.Delivery, body []byte, now time.Time) (inboxrecords.Item, error) {
	headers, err := json.Marshal(worthKeeping(r.Header))
	if err != nil {
		return inboxrecords.Item{}, err
	}
	it := inboxrecords.Item{
		Provider: d.Provider, Account: d.Account, EventID: d.EventID, Type: d.Type, OrderID: d.OrderID, Ref: d.Ref,
		State: inboxrecords.Received, Headers: headers, Body: body, ReceivedAt: now, ProviderAt: d.At,
		NextAt: now.Add(graceForHandOver), Correlation: correlation(w), Source: remote(r),
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

// worthDelivering is what somebody needs of an event; nil: nobody does.
func worthDelivering(d order.Delivery) ([]byte, error) {
	switch {
	case d.Mail != nil:
		return json.Marshal(kept{Mail: d.Mail})
	case d.Event != nil:
		return json.Marshal(d.Event)
	}
	return nil, nil
}

// worthKeeping leaves out what could open a door.
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

// correlation is the id that the handler around this one put on the answer.
func correlation(w http.ResponseWriter) string { return w.Header().Get("X-Correlation-Id") }

// acknowledge says that the event is durable.
func acknowledge(w http.ResponseWriter, status int, it inboxrecords.Item) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, "{\"state\":%q,\"duplicate\":%t}\n", it.State, status == http.StatusOK)
}

// refuse answers with a problem document (RFC 9457).
func refuse(w http.ResponseWriter, status int, code, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{ // the sender may be gone
		"type": "urn:purser:problem:" + code, "title": http.StatusText(status), "status": status,
		"code": code, "detail": detail, "correlationId": correlation(w),
	})
}

// refuseUntil also says when to come back.
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
