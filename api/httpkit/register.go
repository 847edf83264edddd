package httpkit

import (
	"context"
	"net/http"
	"reflect"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
)

// Register adds one operation. Without roles it is open to all. also lists the
// statuses that it may return in addition to its default status and the problems'.
func Register[I, O any](s *Server, op huma.Operation, roles []Role, do func(context.Context, *I) (*O, error), also ...int) {
	if roles != nil {
		if op.Metadata == nil {
			op.Metadata = map[string]any{}
		}
		op.Metadata["roles"] = roles
		op.Security = []map[string][]string{{"key": {}}}
	}
	op.MaxBodyBytes = maxBody + 1 // huma refuses a body of exactly this size
	op.BodyReadTimeout = -1       // see boundBody
	if op.Responses == nil {
		op.Responses = map[string]*huma.Response{}
	}
	op.Responses["default"] = &huma.Response{
		Description: "A problem. Its code is stable; its detail says what to change. 401 and 403 concern the API key, 422 the content of the request. After 429 and 503, retry after the time in Retry-After.",
		Content: map[string]*huma.MediaType{"application/problem+json": {
			Schema: s.API.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Problem](), true, ""),
		}},
	}
	huma.Register(s.API, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := do(ctx, in)
		if err == nil {
			return out, nil
		}
		p := ProblemOf(err)
		if p.cause != nil {
			s.Log.ErrorContext(ctx, "request failed", "operation", op.OperationID, "error", p.cause,
				"requestId", CallOf(ctx).RequestID, "orderId", CallOf(ctx).OrderID)
		}
		return nil, p
	})
	document(s.API, op, also)
}

// document adds the other statuses to the OpenAPI document. Each has the same body
// and headers as the default status, except 304, which has neither.
func document(a huma.API, op huma.Operation, also []int) {
	item := a.OpenAPI().Paths[op.Path]
	for _, o := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
		if o == nil || o.OperationID != op.OperationID {
			continue
		}
		for _, status := range also {
			r := &huma.Response{Description: http.StatusText(status)}
			if status != http.StatusNotModified {
				def := max(op.DefaultStatus, http.StatusOK)
				r.Content, r.Headers = o.Responses[strconv.Itoa(def)].Content, o.Responses[strconv.Itoa(def)].Headers
			}
			o.Responses[strconv.Itoa(status)] = r
		}
	}
}

// FileBody documents a body that is a file of one of these media types and that
// huma does not read.
func FileBody(types ...string) *huma.RequestBody {
	b := &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{}}
	for _, t := range types {
		b.Content[t] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}
	}
	return b
}
