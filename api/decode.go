package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

const (
	maxBody  = 256 << 10 // bytes of a request's body
	maxDepth = 16        // levels of brackets in it; an order has four
)

// decode reads JSON strictly. encoding/json would silently mend broken
// UTF-8, and its errors name our types; unknown members are refused by the
// schema.
func decode(data []byte, v any) error {
	if !utf8.Valid(data) {
		return errors.New("not valid UTF-8")
	}
	if depth(data) > maxDepth {
		return fmt.Errorf("nested deeper than %d levels", maxDepth)
	}
	err := json.Unmarshal(data, v)
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &syntax):
		return fmt.Errorf("not valid JSON at byte %d", syntax.Offset)
	case errors.As(err, &kind):
		return fmt.Errorf("%s: a %s does not fit here", kind.Field, kind.Value)
	}
	return errors.New("not valid JSON")
}

// depth counts the deepest nesting of brackets outside of strings. It need
// not be right about what is not JSON.
func depth(data []byte) int {
	deepest, now, quoted := 0, 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			now++
			deepest = max(deepest, now)
		case c == '}' || c == ']':
			now--
		}
	}
	return deepest
}

// checkBody refuses a body that is not plain JSON or too large before a byte
// of it is read. It is a huma middleware.
func checkBody(ctx huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(ctx)
	switch {
	case ctx.Operation().RequestBody == nil:
	case r.ContentLength > maxBody:
		w.Header().Set("Connection", "close") // do not read 100 MB to be polite
		problem(http.StatusRequestEntityTooLarge, "body_too_large", fmt.Sprintf("the body may have %d bytes", maxBody)).write(w, r)
		return
	case !isJSON(r.Header.Get("Content-Type")) || !isPlain(r.Header.Get("Content-Encoding")):
		problem(http.StatusUnsupportedMediaType, "unsupported_media_type", "the body must be application/json in UTF-8, not compressed").write(w, r)
		return
	}
	next(ctx)
}

// isJSON accepts a missing type: there is only one.
func isJSON(contentType string) bool {
	if contentType == "" {
		return true
	}
	media, params, err := mime.ParseMediaType(contentType)
	charset := params["charset"]
	return err == nil && media == "application/json" && (charset == "" || strings.EqualFold(charset, "utf-8"))
}

func isPlain(encoding string) bool { return encoding == "" || strings.EqualFold(encoding, "identity") }
