package text

import (
	"net/url"
	"strings"
)

// Encoding writes any text in a set of ASCII characters and reads it back. Each
// byte outside the set, and the escape character itself, becomes the escape
// character and two upper-case hexadecimal digits, so that no two texts share a
// form, and a plain ASCII text stays readable. It is the only encoding of callers'
// texts that become ids, headers or names elsewhere.
type Encoding struct {
	escape byte
	plain  func(c byte) bool
}

var (
	// Printable uses all printable ASCII characters but the space. It is for
	// workflow and update ids, which travel in gRPC headers.
	Printable = Encoding{'%', func(c byte) bool { return c > ' ' && c <= '~' }}
	// Word uses letters, digits and "-", with "_" as the escape character. It is
	// for names in stores that allow little else, such as document ids.
	Word = Encoding{'_', func(c byte) bool { return isAlphanumeric(c) || c == '-' }}
	// Token uses the characters that RFC 8187 leaves unescaped in the value of an
	// HTTP header.
	Token = Encoding{'%', func(c byte) bool { return isAlphanumeric(c) || strings.IndexByte("!#$&+-.^_`|~", c) >= 0 }}
)

func isAlphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

const hexDigits = "0123456789ABCDEF"

// Encode returns the encoded form of s.
func (e Encoding) Encode(s string) string {
	plain := 0
	for plain < len(s) && e.isPlain(s[plain]) {
		plain++
	}
	if plain == len(s) {
		return s
	}
	var b strings.Builder
	b.WriteString(s[:plain])
	for _, c := range []byte(s[plain:]) {
		if e.isPlain(c) {
			b.WriteByte(c)
		} else {
			b.WriteString(string(e.escape))
			b.WriteByte(hexDigits[c>>4])
			b.WriteByte(hexDigits[c&15])
		}
	}
	return b.String()
}

// Decode is the inverse of Encode. It returns false for a text that Encode cannot
// have returned.
func (e Encoding) Decode(s string) (string, bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == e.escape && i+2 < len(s) {
			high, low := strings.IndexByte(digits, s[i+1]), strings.IndexByte(digits, s[i+2])
			if high < 0 || low < 0 {
				return "", false
			}
			c = byte(high<<4 | low)
			i += 2
			if e.isPlain(c) {
				return "", false
			}
		} else if !e.isPlain(c) {
			return "", false
		}
		b.WriteByte(c)
	}
	return b.String(), true
}

const digits = "0123456789ABCDEF"

func (e Encoding) isPlain(c byte) bool { return c != e.escape && e.plain(c) }

// headerPrefix begins a header's value in the form of RFC 8187.
const headerPrefix = "UTF-8''"

// Header returns a text as the value of an HTTP header: as it is if it consists of
// visible ASCII characters, and otherwise in the form of RFC 8187.
func Header(s string) string {
	if isVisible(s) && !strings.HasPrefix(strings.ToUpper(s), headerPrefix) {
		return s
	}
	return headerPrefix + Token.Encode(s)
}

// FromHeader is the inverse of Header, and also reads what other programs encode in
// the form of RFC 8187. It returns false for any other value that is not visible
// ASCII.
func FromHeader(value string) (string, bool) {
	if !isVisible(value) {
		return "", false
	}
	if len(value) < len(headerPrefix) || !strings.EqualFold(value[:len(headerPrefix)], headerPrefix) {
		return value, true
	}
	s, err := url.PathUnescape(value[len(headerPrefix):])
	return s, err == nil
}

func isVisible(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}
