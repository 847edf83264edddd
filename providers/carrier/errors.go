package carrier

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"purser/order"
	"purser/providers/guard"
)

// provider is the carrier's name in errors, events and logs.
const provider = "carrier"

// failure returns a failure of this provider.
var failure = order.Provider(provider).Failure

// unanswered classifies a call without a usable response. A read can simply be
// repeated; a write may have been carried out unless it was never sent.
func unanswered(op string, write bool, err error) *order.ProviderError {
	if write && !guard.NotSent(err) {
		return failure(op, order.ErrUnknownOutcome, "", err)
	}
	return failure(op, order.ErrUnavailable, "", err)
}

// refused classifies a response that is not 2xx.
func refused(op string, write bool, resp *http.Response, body []byte) *order.ProviderError {
	code, field := errorCode(body)
	e := failure(op, nil, code, nil)
	if field != "" {
		e.Err = errors.New("field " + field)
	}
	e.Status = resp.StatusCode
	e.Ref = resp.Header.Get("Request-Id")
	e.RetryAfter = guard.RetryAfter(resp.Header, time.Now())
	switch st := resp.StatusCode; {
	case st == http.StatusTooManyRequests:
		e.Kind = order.ErrThrottled
	case st == http.StatusUnauthorized || st == http.StatusForbidden:
		e.Kind = order.ErrDenied
	case st == http.StatusNotFound && e.Code == "not_found":
		e.Kind = order.ErrNoSuch
	case st == http.StatusNotFound || st == http.StatusProxyAuthRequired || st < 400:
		// This response is not from the carrier: the base URL is wrong, or a proxy or a
		// login page responded. It must not end an order, as a rejected parcel does.
		e.Kind = order.ErrDenied
	case st >= 500 || st == http.StatusRequestTimeout || e.Code == "": // a response without a code is not from the carrier either
		e.Kind = order.ErrUnavailable
		if write {
			e.Kind = order.ErrUnknownOutcome
		}
	case st == http.StatusConflict:
		e.Kind = order.ErrState
	case slices.Contains([]string{"parcel_too_heavy", "parcel_too_large", "customs_incomplete"}, e.Code):
		e.Kind = order.ErrParcelUnfit
	default:
		e.Kind = order.ErrRejected
	}
	return e
}

// errorCode returns the carrier's error code and the field that is wrong, but only
// if they look like ones, because they are logged.
func errorCode(body []byte) (code, field string) {
	const alphabet = "abcdefghijklmnopqrstuvwxyz0123456789_"
	var b struct {
		Error struct {
			Code  string `json:"code"`
			Field string `json:"field"`
		} `json:"error"`
	}
	if json.Unmarshal(body, &b) != nil || len(b.Error.Code) > 64 || strings.Trim(b.Error.Code, alphabet) != "" {
		return "", ""
	}
	if len(b.Error.Field) > 64 || strings.Trim(b.Error.Field, alphabet+".[]") != "" {
		return b.Error.Code, ""
	}
	return b.Error.Code, b.Error.Field
}
