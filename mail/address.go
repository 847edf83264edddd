package mail

import (
	"errors"
	netmail "net/mail"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
)

// ErrAddress means that a text is not the address of one mailbox.
var ErrAddress = errors.New("not a mail address")

// maxAddress is the length of the longest address in SMTP, in bytes.
const maxAddress = 254

// Normalise returns an address in a form in which equal mailboxes are equal
// strings: a suppression of "Ada@Example.COM" also applies to
// "ada@example.com". It drops a name around the address. The part before the @
// is lower-cased too: no mail server in use distinguishes "Ada" from "ada", and
// providers report either. It fails with ErrAddress.
func Normalise(s string) (string, error) {
	a, err := netmail.ParseAddress(strings.TrimSpace(s))
	if err != nil {
		return "", ErrAddress
	}
	at := strings.LastIndexByte(a.Address, '@')
	local, domain := strings.ToLower(a.Address[:at]), strings.TrimSuffix(strings.ToLower(a.Address[at+1:]), ".")
	if ascii, err := idna.Lookup.ToASCII(domain); err == nil {
		domain = ascii
	} else if strings.ContainsFunc(domain, func(r rune) bool { return r > unicode.MaxASCII }) {
		return "", ErrAddress
	}
	out := local + "@" + domain
	odd := strings.ContainsFunc(out, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) || r == unicode.ReplacementChar })
	// An address that needs quotes has several spellings, so it is refused.
	again, err := netmail.ParseAddress(out)
	if odd || len(out) > maxAddress || err != nil || again.Address != out {
		return "", ErrAddress
	}
	return out, nil
}
