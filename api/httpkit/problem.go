package httpkit

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"purser/catalog"
	"purser/order"
)

// Problem is the body of every response that is not a success (RFC 9457). A
// program reads Code, which never changes its meaning; a person reads Detail.
// It holds nothing of the request and nothing internal.
type Problem struct {
	Type        string  `json:"type" doc:"urn:purser:problem: followed by the code"`
	Title       string  `json:"title" doc:"The HTTP status in words"`
	Status      int     `json:"status"`
	Code        string  `json:"code" doc:"What is wrong, for programs. Stable: a code never changes its meaning" example:"out_of_stock"`
	Detail      string  `json:"detail" doc:"What is wrong, for people; the text may change"`
	Correlation string  `json:"correlationId,omitempty" doc:"Identifies the request in the logs: quote it when you report the problem"`
	Errors      []Fault `json:"errors,omitempty" doc:"The faults of the request, at most twenty"`

	retryAfter time.Duration
	cause      error // only logged; set if the fault is not the caller's
}

// Fault is one fault of a request.
type Fault struct {
	Location string `json:"location,omitempty" doc:"Where the fault is, such as body.lines[0].quantity"`
	Message  string `json:"message"`
}

// NewProblem returns a problem. Its code is part of the API's contract and must
// never change.
func NewProblem(status int, code, detail string) *Problem {
	return &Problem{
		Type: "urn:purser:problem:" + code, Title: http.StatusText(status),
		Status: status, Code: code, Detail: detail,
	}
}

// RetryAfter sets how long the caller should wait before it retries, and returns p.
func (p *Problem) RetryAfter(after time.Duration) *Problem {
	p.retryAfter = after
	return p
}

// WithCause sets an error that is logged and not shown to the caller, and returns p.
func (p *Problem) WithCause(err error) *Problem {
	p.cause = err
	return p
}

// Error implements error, so that a handler can return a Problem.
func (p *Problem) Error() string { return p.Code + ": " + p.Detail }

// GetStatus returns the HTTP status; huma calls it.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType returns the media type of RFC 9457; huma calls it.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// GetHeaders returns the problem's headers; huma calls it.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	if p.retryAfter > 0 {
		h.Set("Retry-After", retrySeconds(p.retryAfter))
	}
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="purser"`)
	}
	return h
}

// retrySeconds rounds up, so that the caller never retries too early.
func retrySeconds(d time.Duration) string {
	return strconv.Itoa(int((d + time.Second - 1) / time.Second))
}

// Write writes the problem as the response to a request that huma does not handle.
func (p *Problem) Write(w http.ResponseWriter, r *http.Request) {
	if c := CallOf(r.Context()); c != nil {
		p.Correlation, c.code = c.Correlation, p.Code
	}
	for k, v := range p.GetHeaders() {
		w.Header()[k] = v
	}
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the caller may be gone
}

// ProblemOf returns the problem that reports an error to the caller. It shows the
// text of an order.Refusal or of a known sentinel error, not of the errors that wrap
// it. Any other error becomes "internal".
func ProblemOf(err error) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	for _, k := range []struct {
		err    error
		status int
		code   string
		retry  time.Duration
	}{
		{err: order.ErrNotFound, status: http.StatusNotFound, code: "not_found"},
		{err: order.ErrNoBulk, status: http.StatusNotFound, code: "not_found"},
		{err: order.ErrBulkEnded, status: http.StatusConflict, code: "too_late"},
		{err: order.ErrBulkEmpty, status: http.StatusUnprocessableEntity, code: "empty_selection"},
		{err: order.ErrBulkTooBig, status: http.StatusUnprocessableEntity, code: "too_many_orders"},
		{err: order.ErrUnknownSKU, status: http.StatusUnprocessableEntity, code: "unknown_sku"},
		{err: order.ErrOutOfStock, status: http.StatusConflict, code: "out_of_stock"},
		{err: order.ErrMixedCurrency, status: http.StatusUnprocessableEntity, code: "mixed_currency"},
		{err: order.ErrAmount, status: http.StatusUnprocessableEntity, code: "amount_invalid"},
		{err: order.ErrBelowMinimum, status: http.StatusUnprocessableEntity, code: "amount_too_small"},
		{err: order.ErrDiscount, status: http.StatusUnprocessableEntity, code: "discount_invalid"},
		{err: order.ErrNoShipping, status: http.StatusUnprocessableEntity, code: "no_shipping"},
		{err: order.ErrPriceRefused, status: http.StatusUnprocessableEntity, code: "price_refused"},
		{err: order.ErrPriceChanged, status: http.StatusConflict, code: "price_changed"},
		{err: order.ErrPricing, status: http.StatusBadGateway, code: "pricing_invalid"},
		{err: order.ErrPricingDown, status: http.StatusServiceUnavailable, code: "pricing_unavailable", retry: 2 * time.Second},
		{err: order.ErrInvalid, status: http.StatusUnprocessableEntity, code: "invalid"},
		{err: catalog.ErrNotFound, status: http.StatusNotFound, code: "not_found"},
		{err: catalog.ErrNoImport, status: http.StatusNotFound, code: "not_found"},
		{err: catalog.ErrVersion, status: http.StatusPreconditionFailed, code: "version_conflict"},
		{err: catalog.ErrReserved, status: http.StatusConflict, code: "reserved"},
		{err: catalog.ErrOtherChange, status: http.StatusUnprocessableEntity, code: "idempotency_key_reused"},
		{err: catalog.ErrMovedOn, status: http.StatusConflict, code: "in_flight", retry: time.Second},
		{err: catalog.ErrInvalid, status: http.StatusUnprocessableEntity, code: "invalid"},
		{err: catalog.ErrQuery, status: http.StatusUnprocessableEntity, code: "invalid"},
		{err: catalog.ErrSettings, status: http.StatusUnprocessableEntity, code: "invalid"},
		{err: order.ErrOtherRequest, status: http.StatusUnprocessableEntity, code: "idempotency_key_reused"},
		{err: order.ErrInFlight, status: http.StatusConflict, code: "in_flight", retry: time.Second},
		{err: order.ErrDuplicate, status: http.StatusConflict, code: "duplicate"},
		{err: order.ErrTooLate, status: http.StatusConflict, code: "too_late"},
		{err: order.ErrChangeTooLate, status: http.StatusConflict, code: "too_late"},
		{err: order.ErrNotChangeable, status: http.StatusConflict, code: "not_changeable"},
		{err: order.ErrMailing, status: http.StatusConflict, code: "mailing"},
		{err: order.ErrClosed, status: http.StatusConflict, code: "too_late"},
		{err: order.ErrIllegalMove, status: http.StatusConflict, code: "wrong_state"},
		{err: order.ErrNoCase, status: http.StatusNotFound, code: "not_found"},
		{err: order.ErrNeedsApproval, status: http.StatusConflict, code: "needs_approval"},
		{err: order.ErrNotRefundable, status: http.StatusConflict, code: "not_refundable"},
		{err: order.ErrNotReturnable, status: http.StatusConflict, code: "not_returnable"},
		{err: order.ErrNotShipped, status: http.StatusConflict, code: "not_shipped"},
		{err: order.ErrReturnTooLate, status: http.StatusConflict, code: "return_too_late"},
		{err: order.ErrNoReturn, status: http.StatusNotFound, code: "not_found"},
		{err: order.ErrNoParcel, status: http.StatusNotFound, code: "no_parcel"},
		{err: order.ErrNotSendable, status: http.StatusConflict, code: "not_sendable"},
		{err: order.ErrNoLabel, status: http.StatusConflict, code: "no_label"},
		{err: order.ErrBusy, status: http.StatusServiceUnavailable, code: "busy", retry: time.Second},
	} {
		if errors.Is(err, k.err) {
			p = NewProblem(k.status, k.code, k.err.Error()).RetryAfter(k.retry)
			if r := (*order.Refusal)(nil); errors.As(err, &r) && r.Text != "" {
				p.Detail = r.Text
			}
			return p
		}
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return NewProblem(http.StatusServiceUnavailable, "timeout", "this took too long; try again").RetryAfter(2 * time.Second)
	case errors.Is(err, context.Canceled):
		return NewProblem(statusClientGone, "client_gone", "the caller went away")
	}
	p = NewProblem(http.StatusInternalServerError, "internal", DetailInternal)
	p.cause = err
	return p
}

// DetailInternal is the detail of every internal error: its cause is only logged.
const DetailInternal = "something went wrong here; it has been reported"

// statusClientGone appears only in the log, because the caller has gone.
const statusClientGone = 499

// RequestProblem is like ProblemOf for an error whose text is entirely about the
// caller's own request: the text becomes the detail.
func RequestProblem(err error) *Problem {
	p := ProblemOf(err)
	if p.Status < http.StatusInternalServerError {
		p.Detail = err.Error()
	}
	return p
}

// maxFaults bounds how long the response to a bad request can be.
const maxFaults = 20

// asProblem turns huma's own errors into ours, without the values it echoes,
// and completes every problem with the correlation id. It is a
// huma.Transformer.
func asProblem(ctx huma.Context, _ string, v any) (any, error) {
	var p *Problem
	switch e := v.(type) {
	case *Problem:
		p = e
	case *huma.ErrorModel:
		p = NewProblem(e.Status, codeOf(e.Status), e.Detail)
		if e.Status >= http.StatusInternalServerError {
			p.Detail = DetailInternal
			break
		}
		for _, d := range e.Errors[:min(len(e.Errors), maxFaults)] {
			p.Errors = append(p.Errors, Fault{Location: Clip(d.Location), Message: Clip(d.Message)})
		}
		if len(p.Errors) > 0 {
			p.Detail = p.Errors[0].Message + " at " + p.Errors[0].Location
		}
	default:
		return v, nil
	}
	if c := CallOf(ctx.Context()); c != nil {
		p.Correlation, c.code = c.Correlation, p.Code
	}
	return p, nil
}

// codeOf returns the code of a problem that occurred before a handler was reached.
func codeOf(status int) string {
	switch status {
	case http.StatusBadRequest:
		return "malformed"
	case http.StatusNotFound:
		return "not_found"
	case http.StatusMethodNotAllowed:
		return "method_not_allowed"
	case http.StatusNotAcceptable:
		return "not_acceptable"
	case http.StatusRequestTimeout:
		return "timeout"
	case http.StatusRequestEntityTooLarge:
		return "body_too_large"
	case http.StatusUnsupportedMediaType:
		return "unsupported_media_type"
	case http.StatusUnprocessableEntity:
		return "invalid"
	}
	return "internal"
}

// Clip shortens a text from a caller to 160 characters.
func Clip(s string) string {
	const most = 160
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
