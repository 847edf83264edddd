package ses

import (
	netmail "net/mail"
	"strings"
)

// The longest parts of an address (RFC 5321, 4.5.3.1).
const (
	maxLocal   = 64
	maxDomain  = 253
	maxLabel   = 63
	maxAddress = 254
)

// checkAddress refuses an address that SES refuses. SES knows no SMTPUTF8: all of
// an address must be 7-bit ASCII, with its domain in Punycode and its display name
// in encoded words.
func checkAddress(s string) *problem {
	if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return bad("Local address contains control or whitespace")
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r > 0x7f }) {
		return bad("Address contains a character that is not 7-bit ASCII")
	}
	a, err := netmail.ParseAddress(s)
	if err != nil {
		return bad("Missing final '@domain'")
	}
	at := strings.LastIndexByte(a.Address, '@')
	local, domain := a.Address[:at], a.Address[at+1:]
	switch {
	case local == "" || len(local) > maxLocal || len(a.Address) > maxAddress:
		return bad("Local address is empty or too long")
	case strings.ContainsAny(local, " @"):
		return bad("Local address contains control or whitespace")
	}
	return checkDomain(domain)
}

// checkDomain refuses a domain that cannot be one of the public Internet: SES
// wants UserName@[SubDomain.]Domain.TopLevelDomain.
func checkDomain(domain string) *problem {
	labels := strings.Split(domain, ".")
	if len(labels) < 2 || len(domain) > maxDomain {
		return bad("Missing final '@domain'")
	}
	const alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	for _, l := range labels {
		switch {
		case l == "":
			return bad("Domain contains dot-dot")
		case len(l) > maxLabel || strings.Trim(l, alphabet+"0123456789-") != "":
			return bad("Domain contains illegal character")
		case l[0] == '-' || l[len(l)-1] == '-':
			return bad("Domain starts or ends with a hyphen")
		}
	}
	if !strings.ContainsAny(labels[len(labels)-1], alphabet) {
		return bad("Domain contains illegal character")
	}
	return nil
}

// address returns the address without the display name.
func address(s string) string {
	if a, err := netmail.ParseAddress(s); err == nil {
		return a.Address
	}
	return s
}
