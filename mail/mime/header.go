package mime

import (
	"encoding/base64"
	netmail "net/mail"
	"strings"
	"unicode/utf8"

	ours "purser/mail"
)

// fold separates two words of a header by a line break, which readers remove.
const fold = "\r\n "

// addressList returns addresses as a header's value, one on each line.
func addressList(all ...*netmail.Address) string {
	values := make([]string, len(all))
	for i, a := range all {
		values[i] = address(a, fold)
	}
	return strings.Join(values, ","+fold)
}

// address returns an address with its name, so that readers show the name as it
// is. separator stands between two encoded words.
func address(a *netmail.Address, separator string) string {
	email := "<" + ours.Wire(a.Address) + ">"
	switch name := a.Name; {
	case name == "":
		return email
	case isPlain(name):
		return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name) + `" ` + email
	default:
		return encoded(name, separator) + separator + email
	}
}

// isPlain reports whether readers show a text as it is without encoding it: it is
// ASCII, has no spaces that folding could remove, and nothing that looks like an
// encoded word, which some readers decode even within quotes.
func isPlain(s string) bool {
	return s == strings.TrimSpace(s) && !strings.Contains(s, "  ") && !strings.Contains(s, "=?") &&
		!strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}

// encoded returns a text as encoded words (RFC 2047), in base64 because only that
// has no character that is special before an address. Each word fits on the first
// line of any header of ours, and holds whole characters.
func encoded(s, separator string) string {
	const most = 39 // bytes
	s = strings.ToValidUTF8(s, string(utf8.RuneError))
	var words []string
	for s != "" {
		n := min(len(s), most)
		for n < len(s) && !utf8.RuneStart(s[n]) {
			n--
		}
		words = append(words, "=?utf-8?b?"+base64.StdEncoding.EncodeToString([]byte(s[:n]))+"?=")
		s = s[n:]
	}
	return strings.Join(words, separator)
}
