package mail

import (
	"errors"
	"fmt"
	netmail "net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// ErrAddress means that a text is not the address of one mailbox.
var ErrAddress = errors.New("not a mail address")

// ErrUnreachable means that a provider cannot send to an address that others can
// send to. The provider was not called.
var ErrUnreachable = errors.New("the provider cannot send to this address")

// The lengths of the longest address, local part and label of a domain in SMTP,
// in bytes.
const (
	maxAddress = 254
	maxLocal   = 64
	maxLabel   = 63
)

// Normalise returns an address in a form in which equal mailboxes are equal
// strings: a suppression of "Ada@Example.COM" also applies to
// "ada@example.com". It drops a name around the address. The part before the @
// is lower-cased too: no mail server in use distinguishes "Ada" from "ada", and
// providers report either. It has no quotes, although a few old addresses, such
// as a..b@docomo.example, need them in SMTP; see Wire. The domain is in its ASCII
// form. Normalise fails with ErrAddress; the error holds no personal data.
func Normalise(s string) (string, error) {
	local, domain, err := split(strings.TrimSpace(s))
	if err != nil {
		return "", err
	}
	if domain, err = normaliseDomain(domain); err != nil {
		return "", err
	}
	local = norm.NFC.String(strings.ToLower(local))
	out := local + "@" + domain
	switch {
	case strings.ContainsFunc(local, func(r rune) bool { return !isLocal(r) }):
		return "", fmt.Errorf("%w: a character that must not stand before the at sign", ErrAddress)
	case len(Wire(out))-len(domain)-1 > maxLocal:
		return "", fmt.Errorf("%w: more than %d bytes before the at sign", ErrAddress, maxLocal)
	case len(Wire(out)) > maxAddress:
		return "", fmt.Errorf("%w: more than %d bytes", ErrAddress, maxAddress)
	}
	return out, nil
}

// split returns the parts of an address before and after the @. It drops quotes,
// and a name around the address. Telephone companies used to give out addresses
// whose dots require quotes; their owners write them without.
func split(s string) (local, domain string, err error) {
	a, err := netmail.ParseAddress(s)
	if at := strings.LastIndexByte(s, '@'); err != nil && at >= 0 {
		start := at - len(suffixFunc(s[:at], isLocal))
		a, err = netmail.ParseAddress(s[:start] + `"` + s[start:at] + `"` + s[at:])
	}
	if err != nil {
		return "", "", fmt.Errorf("%w: want the address of one mailbox", ErrAddress)
	}
	at := strings.LastIndexByte(a.Address, '@')
	return a.Address[:at], a.Address[at+1:], nil
}

// suffixFunc returns the longest suffix of s of which every rune is wanted.
func suffixFunc(s string, want func(rune) bool) string {
	return s[len(strings.TrimRightFunc(s, want)):]
}

// isLocal reports whether r may stand before the @: in an atom, as RFC 6531
// defines it, or between two atoms. Spaces and brackets, which quotes would
// allow, are in no address in use.
func isLocal(r rune) bool {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
		return true
	case r <= unicode.MaxASCII:
		return strings.ContainsRune("!#$%&'*+-/=?^_`{|}~.", r)
	}
	return r != utf8.RuneError && !unicode.In(r, unicode.C, unicode.Z)
}

// normaliseDomain returns a domain in lower-case ASCII, and fails for one that
// has no mail servers on the Internet.
func normaliseDomain(s string) (string, error) {
	if strings.HasPrefix(s, "[") {
		return "", fmt.Errorf("%w: an IP address instead of a domain", ErrAddress)
	}
	domain := strings.ToLower(s)
	if ascii, err := idna.Lookup.ToASCII(domain); err == nil {
		domain = strings.TrimSuffix(ascii, ".")
	}
	labels := strings.Split(domain, ".")
	for _, label := range labels {
		switch {
		case label == "" || len(label) > maxLabel:
			return "", fmt.Errorf("%w: the domain has a part that is empty or longer than %d bytes", ErrAddress, maxLabel)
		case label[0] == '-' || label[len(label)-1] == '-':
			return "", fmt.Errorf("%w: a part of the domain begins or ends with a hyphen", ErrAddress)
		case strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "":
			return "", fmt.Errorf("%w: the domain has a character that domains cannot have", ErrAddress)
		}
	}
	switch top := labels[len(labels)-1]; {
	case top == "localhost":
		return "", fmt.Errorf("%w: the domain is the sender's own machine", ErrAddress)
	case len(labels) < 2:
		return "", fmt.Errorf("%w: the domain has no dot", ErrAddress)
	case strings.Trim(top, "0123456789") == "":
		return "", fmt.Errorf("%w: an IP address instead of a domain", ErrAddress)
	}
	return domain, nil
}

// ASCIIDomain returns an address with its domain in ASCII if it is not: the form that
// every mail server accepts. It leaves the rest of the address as it is.
func ASCIIDomain(email string) string {
	at := strings.LastIndexByte(email, '@') + 1
	ascii, err := idna.Lookup.ToASCII(email[at:])
	if err != nil || !NeedsUTF8(email[at:]) {
		return email
	}
	return email[:at] + ascii
}

// Wire returns an address as it stands in SMTP (RFC 5321, 4.1.2): the part before
// the at sign has quotes if its dots require them.
func Wire(email string) string {
	bracketed := (&netmail.Address{Address: email}).String()
	return bracketed[1 : len(bracketed)-1]
}

// NeedsUTF8 reports whether only a provider that supports SMTPUTF8 (RFC 6531) can
// send to a normalised address: its local part, unlike its domain, has no ASCII
// form.
func NeedsUTF8(email string) bool {
	return strings.ContainsFunc(email, func(r rune) bool { return r > unicode.MaxASCII })
}
