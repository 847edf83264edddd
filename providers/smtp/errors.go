package smtp

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/textproto"
	"strconv"
	"strings"

	"purser/order"
)

func (m *Mailer) failure(op string, kind error, code string, cause error) *order.ProviderError {
	return order.Provider(m.conf.Name).Failure(op, kind, code, cause)
}

// oursError marks a reply from before the relay knows a mail's recipients: a
// refusal is then about us (greeting, login, sender), not about this mail, and
// must not keep another provider from sending it.
type oursError struct{ error }

func (e oursError) Unwrap() error { return e.error }

// refused classifies a conversation that ended before the end of the mail was
// sent, so that the mail was certainly not sent.
func (m *Mailer) refused(op string, err error) error {
	var reply *textproto.Error
	var about oursError
	ours := errors.As(err, &about)
	switch {
	case isCertificate(err):
		return m.failure(op, order.ErrDenied, "not_to_be_trusted", err)
	case errors.As(err, &reply):
		kind := kindOf(reply)
		if ours && kind == order.ErrRejected && reply.Code != 552 { // 552: the mail is too long
			kind = order.ErrDenied
		}
		return m.failure(op, kind, code(reply), err)
	case isLost(err), !ours:
		return m.failure(op, order.ErrUnavailable, "lost_before_the_end", err)
	}
	return m.failure(op, order.ErrDenied, "cannot_log_in", err) // no TLS, no way to log in
}

// isLost reports whether the connection broke or timed out.
func isLost(err error) bool {
	var network net.Error
	return errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// afterTheEnd classifies an error after the end of the mail was sent. A reply
// decides; without one the relay may have accepted the mail.
func (m *Mailer) afterTheEnd(op string, err error) error {
	var reply *textproto.Error
	if errors.As(err, &reply) && reply.Code >= 400 {
		return m.failure(op, kindOf(reply), code(reply), err)
	}
	return m.failure(op, order.ErrUnknownOutcome, "no_answer", err)
}

// kindOf maps a reply to a kind of failure (RFC 5321, RFC 4954; RFC 3463 for
// the enhanced codes).
func kindOf(e *textproto.Error) error {
	enhanced, _, _ := strings.Cut(e.Msg, " ")
	switch {
	case e.Code == 454 && strings.Contains(strings.ToLower(e.Msg), "throttl"), // SES's relay: its rate or the day's quota
		strings.HasPrefix(enhanced, "4.7."), // policy: too much, too fast
		e.Code == 450, e.Code == 452:        // busy, or out of storage
		return order.ErrThrottled
	case e.Code >= 400 && e.Code < 500: // closing (421), an error of its own (451), …
		return order.ErrUnavailable
	case e.Code == 530, e.Code == 534, e.Code == 535, e.Code == 538: // our login
		return order.ErrDenied
	case e.Code >= 500 && e.Code < 600:
		return order.ErrRejected
	}
	return order.ErrUnavailable // not a reply of SMTP, so the server has not accepted a mail
}

// code returns a reply's codes without its text, which may quote the mail.
func code(e *textproto.Error) string {
	text := strconv.Itoa(e.Code)
	enhanced, _, _ := strings.Cut(e.Msg, " ")
	if len(enhanced) >= 5 && len(enhanced) <= 9 && strings.Trim(enhanced, "0123456789.") == "" {
		text += " " + enhanced
	}
	return text
}

// isCertificate reports whether the relay's certificate is wrong. Retrying does
// not help.
func isCertificate(err error) bool {
	var verification *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var header tls.RecordHeaderError
	return errors.As(err, &verification) || errors.As(err, &authority) || errors.As(err, &host) || errors.As(err, &header)
}
