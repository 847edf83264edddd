package smtp

import (
	"bytes"
	netmail "net/mail"
	"strings"

	gosmtp "github.com/emersion/go-smtp"
)

// The limits of RFC 5321 (4.5.3.1) and of this relay.
const (
	maxLocal      = 64
	maxAddress    = 254
	maxLabel      = 63
	maxLine       = 998 // characters of a line, without its end
	maxBytes      = 25 << 20
	maxRecipients = 50
)

func refused(code int, enhanced gosmtp.EnhancedCode, message string) error {
	return &gosmtp.SMTPError{Code: code, EnhancedCode: enhanced, Message: message}
}

// checkAddress refuses an address that a relay of the public Internet refuses. This
// relay does not offer SMTPUTF8, as many do not.
func checkAddress(s string) error {
	syntax := gosmtp.EnhancedCode{5, 1, 3}
	if strings.ContainsFunc(s, func(r rune) bool { return r > 0x7f }) {
		return refused(553, gosmtp.EnhancedCode{5, 6, 7}, "an address that is not in ASCII needs SMTPUTF8")
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return refused(501, syntax, "control character in the address")
	}
	// The server has removed the quotes of a local part; String restores them. A dot
	// too many without quotes is not noticed, as by Postfix.
	a, err := netmail.ParseAddress((&netmail.Address{Address: s}).String())
	if err != nil || len(s) > maxAddress {
		return refused(501, syntax, "bad address syntax")
	}
	at := strings.LastIndexByte(a.Address, '@')
	labels := strings.Split(a.Address[at+1:], ".")
	if at > maxLocal || len(labels) < 2 {
		return refused(501, syntax, "bad address syntax")
	}
	for _, l := range labels {
		if l == "" || len(l) > maxLabel || l[0] == '-' || l[len(l)-1] == '-' || strings.ContainsAny(l, "[]:_") {
			return refused(501, syntax, "bad domain")
		}
	}
	return nil
}

// checkMessage refuses a message that relays do not pass on.
func checkMessage(raw []byte) error {
	format := gosmtp.EnhancedCode{5, 6, 0}
	for line := range bytes.Lines(raw) {
		if len(bytes.TrimRight(line, "\r\n")) > maxLine {
			return refused(554, format, "a line is longer than 998 characters")
		}
	}
	msg, err := netmail.ReadMessage(bytes.NewReader(raw))
	if err != nil || len(msg.Header["From"]) != 1 || len(msg.Header["Date"]) > 1 || len(msg.Header["Subject"]) > 1 || len(msg.Header["To"]) > 1 {
		return refused(554, format, "the header is not that of one message with one sender")
	}
	return nil
}
