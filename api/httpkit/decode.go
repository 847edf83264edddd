package httpkit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

const (
	maxBody  = 256 << 10 // bytes of a request's body
	maxDepth = 16        // levels of brackets in it; an order has four
)

// decode reads JSON strictly. encoding/json would silently mend broken
// UTF-8 and halves of surrogate pairs, would take the last of several members
// of one name, however it is spelt, and its errors name our types; unknown
// members are refused by the schema.
func decode(data []byte, v any) error {
	if !utf8.Valid(data) {
		return errors.New("not valid UTF-8")
	}
	if depth(data) > maxDepth {
		return fmt.Errorf("nested deeper than %d levels", maxDepth)
	}
	if halfPair(data) {
		return errors.New("half of a surrogate pair is not a character")
	}
	err := json.Unmarshal(data, v)
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case err == nil:
		return distinct(data)
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

// halfPair reports whether an escape stands for half a character, as in
// "\ud800".
func halfPair(data []byte) bool {
	for i := 0; i < len(data); i++ {
		if data[i] != '\\' {
			continue
		}
		r := escaped(data[i:])
		if !utf16.IsSurrogate(r) {
			i++ // what is escaped is no backslash of its own
			continue
		}
		i += len(`\ud800`)
		if utf16.DecodeRune(r, escaped(data[i:])) == unicode.ReplacementChar {
			return true
		}
		i += len(`\udc00`) - 1
	}
	return false
}

// escaped reads the \uXXXX that data begins with; -1: it does not.
func escaped(data []byte) rune {
	if len(data) < 6 || data[0] != '\\' || data[1] != 'u' {
		return -1
	}
	n, err := strconv.ParseUint(string(data[2:6]), 16, 16)
	if err != nil {
		return -1
	}
	return rune(n)
}

// distinct refuses an object in which a member stands twice. Spelling it in
// another case does not make it another one: encoding/json does not tell them
// apart.
func distinct(data []byte) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var open []map[string]bool // the objects around the token; nil: an array
	var name bool              // a name is next
	for {
		t, err := d.Token()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return errors.New("not valid JSON")
		}
		switch t {
		case json.Delim('{'):
			open, name = append(open, map[string]bool{}), true
			continue
		case json.Delim('['):
			open, name = append(open, nil), false
			continue
		case json.Delim('}'), json.Delim(']'):
			open = open[:len(open)-1]
		default:
			if name {
				members, n := open[len(open)-1], folded(t.(string))
				if members[n] {
					return errors.New("a member stands twice in an object")
				}
				members[n], name = true, false
				continue
			}
		}
		name = len(open) > 0 && open[len(open)-1] != nil
	}
}

// folded is the same for all names that differ in their case only.
func folded(name string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			least = min(least, f)
		}
		return least
	}, name)
}

// checkBody refuses a body that is not plain JSON or too large before a byte
// of it is read. It is a huma middleware.
func checkBody(ctx huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(ctx)
	switch {
	case ctx.Operation().RequestBody == nil, ctx.Operation().Metadata["streamed"] != nil:
	case r.ContentLength > maxBody:
		w.Header().Set("Connection", "close") // do not read 100 MB to be polite
		NewProblem(http.StatusRequestEntityTooLarge, "body_too_large", fmt.Sprintf("the body may have %d bytes", maxBody)).Write(w, r)
		return
	case !isJSON(r.Header.Get("Content-Type")) || !IsPlain(r.Header.Get("Content-Encoding")):
		NewProblem(http.StatusUnsupportedMediaType, "unsupported_media_type", "the body must be application/json in UTF-8, not compressed").Write(w, r)
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

func IsPlain(encoding string) bool { return encoding == "" || strings.EqualFold(encoding, "identity") }
