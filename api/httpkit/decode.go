package httpkit

import (
	"bytes"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const (
	maxBody  = 256 << 10 // bytes in a request's body
	maxDepth = 16        // levels of nesting in it; an order has four
)

// decode reads JSON strictly. encoding/json would silently repair invalid UTF-8
// and lone surrogates, would match members without regard to case and take the
// last of several, and its errors name our types. The schema refuses unknown
// members.
func decode(data []byte, v any) error {
	if isDeep(data) {
		return fmt.Errorf("nested deeper than %d levels", maxDepth)
	}
	err := json.Unmarshal(data, v)
	var syntax *jsontext.SyntacticError
	var kind *json.SemanticError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, jsontext.ErrDuplicateName) && errors.As(err, &syntax):
		return fmt.Errorf("the member %s appears twice", syntax.JSONPointer)
	case errors.As(err, &syntax): // its own text repeats part of the body
		return fmt.Errorf("not valid JSON in UTF-8 at byte %d within %q", syntax.ByteOffset, syntax.JSONPointer)
	case errors.As(err, &kind):
		return fmt.Errorf("%s: the value has the wrong type", kind.JSONPointer)
	}
	return errors.New("not valid JSON")
}

// isDeep reports whether the JSON is nested deeper than any request needs. It
// stops at the first syntax error.
func isDeep(data []byte) bool {
	d := jsontext.NewDecoder(bytes.NewBuffer(data))
	for d.StackDepth() <= maxDepth {
		if _, err := d.ReadToken(); err != nil {
			return false
		}
	}
	return true
}

// checkBody refuses a body that is not plain JSON, or is announced as too large,
// before reading any of it. It is a huma middleware.
func checkBody(ctx huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(ctx)
	switch {
	case ctx.Operation().RequestBody == nil, ctx.Operation().Metadata["streamed"] != nil:
	case r.ContentLength > maxBody:
		w.Header().Set("Connection", "close") // otherwise the server would read the whole body
		NewProblem(http.StatusRequestEntityTooLarge, "body_too_large", fmt.Sprintf("the body may have at most %d bytes", maxBody)).Write(w, r)
		return
	case !isJSON(r.Header.Get("Content-Type")) || !IsPlain(r.Header.Get("Content-Encoding")):
		NewProblem(http.StatusUnsupportedMediaType, "unsupported_media_type", "the body must be application/json in UTF-8, not compressed").Write(w, r)
		return
	}
	next(ctx)
}

// isJSON reports whether a body may be read as JSON in UTF-8. A missing media type
// is accepted, because the API takes only this one.
func isJSON(contentType string) bool {
	if contentType == "" {
		return true
	}
	media, params, err := mime.ParseMediaType(contentType)
	charset := params["charset"]
	return err == nil && media == "application/json" && (charset == "" || strings.EqualFold(charset, "utf-8"))
}

// IsPlain reports whether a Content-Encoding header says that the body is not
// compressed.
func IsPlain(encoding string) bool { return encoding == "" || strings.EqualFold(encoding, "identity") }
