package meilisearch

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/meilisearch/meilisearch-go"

	"purser/order"
	"purser/providers/guard"
)

// noted records the parts of a response that the SDK does not pass on, and
// limits how much of the body is read.
type noted struct{ next http.RoundTripper }

type noteKey struct{}

// note holds the status and headers of a response.
type note struct{ retryAfter time.Duration }

const maxAnswer = 64 << 20

func (t noted) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := t.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if n, ok := r.Context().Value(noteKey{}).(*note); ok {
		n.retryAfter = guard.RetryAfter(resp.Header, time.Now())
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(resp.Body, maxAnswer), resp.Body}
	return resp, nil
}

// asking prepares a call so that its failure can be classified.
func asking(ctx context.Context) (context.Context, *note) {
	n := &note{}
	return context.WithValue(ctx, noteKey{}, n), n
}

// refused classifies an error of the SDK. A read can simply be repeated; a
// write may have been accepted unless it was never sent.
func refused(op string, write bool, err error, n *note) *order.ProviderError {
	var e *meilisearch.Error
	if !errors.As(err, &e) {
		return unanswered(op, write, err) // the body broke off
	}
	if e.StatusCode == 0 || e.StatusCode >= 200 && e.StatusCode <= 299 {
		return unanswered(op, write, errors.Join(e.OriginError, errNoAnswer))
	}
	f := failure(op, nil, code(e.MeilisearchApiError.Code), errors.New(clip(e.MeilisearchApiError.Message)))
	f.Status, f.RetryAfter = e.StatusCode, n.retryAfter
	switch st := e.StatusCode; {
	case st == http.StatusTooManyRequests:
		f.Kind = order.ErrThrottled
	case st == http.StatusUnauthorized || st == http.StatusForbidden:
		f.Kind = order.ErrDenied
	case st == http.StatusNotFound && strings.HasSuffix(f.Code, "_not_found") && f.Code != "not_found":
		f.Kind = order.ErrNoSuch
	case st == http.StatusNotFound || st == http.StatusProxyAuthRequired || st < 400:
		f.Kind = order.ErrDenied // the response is not from Meilisearch: a wrong address, a proxy or a login page
	case st >= 500 || st == http.StatusRequestTimeout || f.Code == "": // a response without a code is not from Meilisearch either
		f.Kind = order.ErrUnavailable
		if write {
			f.Kind = order.ErrUnknownOutcome
		}
	case st == http.StatusConflict:
		f.Kind = order.ErrState
	default:
		f.Kind = order.ErrRejected
	}
	return f
}

var errNoAnswer = errors.New("no usable response")

func unanswered(op string, write bool, err error) *order.ProviderError {
	if write && !guard.NotSent(err) {
		return failure(op, order.ErrUnknownOutcome, "", err)
	}
	return failure(op, order.ErrUnavailable, "", err)
}

// ended classifies a failed task: its code is the reason, its message is the
// cause.
func ended(op string, t *meilisearch.Task) *order.ProviderError {
	kind := order.ErrRejected
	switch {
	case t.Error.Type == "internal" || t.Error.Type == "system" || t.Status == meilisearch.TaskStatusCanceled:
		kind = order.ErrUnavailable
	case t.Error.Type == "auth":
		kind = order.ErrDenied
	case t.Error.Code == "index_not_found":
		kind = order.ErrNoSuch
	}
	f := failure(op, kind, code(t.Error.Code), errors.New(clip(t.Error.Message)))
	if f.Code == "" {
		f.Code = code(string(t.Status))
	}
	f.Ref = taskRef(t.UID)
	return f
}

// code returns the text only if it looks like a code, because it is logged.
func code(s string) string {
	if len(s) > 64 || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
		return ""
	}
	return s
}

func clip(s string) string { return s[:min(len(s), 300)] }

func isKind(err, kind error) bool {
	var p *order.ProviderError
	return errors.As(err, &p) && p.Kind == kind
}
