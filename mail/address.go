package mail

import (
	"errors"
	netmail "net/mail"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
)

// ErrAddress: it is not the address of one mailbox.
var ErrAddress = errors.New("not a mail address")

// maxAddress is the longest address SMTP can carry.
const maxAddress = 254

// Normalise spells an address so that equal mailboxes are equal strings: what
// is suppressed as "Ada@Example.COM" is found as "ada@example.com". A
// name around the address is dropped. What stands before the @ is lowered
// too: no mailbox in use tells "Ada" from "ada", and providers report either.
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
	// What needs quotes around it has as many spellings as it has quotes.
	again, err := netmail.ParseAddress(out)
	if odd || len(out) > maxAddress || err != nil || again.Address != out {
		return "", ErrAddress
	}
	return out, nil
}
