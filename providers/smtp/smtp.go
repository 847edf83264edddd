// Package smtp sends mail through any relay that speaks SMTP: Mailgun,
// Postmark, SendGrid, a company's own. Each mail gets a new connection, so that
// no mail is sent over a connection that broke while idle, and the effect of a
// lost connection is always known.
package smtp

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/wneessen/go-mail/smtp"

	"purser/mail"
	"purser/mail/mime"
	"purser/order"
)

// Config selects a relay.
type Config struct {
	// Name is the relay's name in errors and in the ledger. Default "smtp".
	Name string
	// From and ReplyTo are as in mime.New. From is required.
	From, ReplyTo string
	// Host and Port are the relay's. Required.
	Host string
	Port int
	// User and Password log in. Empty: no login. They are never sent without TLS,
	// except to a Nearby host.
	User, Password string
	// TLS is how the connection is protected. Default StartTLS.
	TLS Security
	// TLSConfig holds the trusted roots; nil means the system's.
	TLSConfig *tls.Config
	// Rate and PerDay are the relay's limits: recipients a second (default 10) and
	// in 24 hours (default: no limit). A relay cannot be asked for them.
	Rate   float64
	PerDay int64
	// Timeout limits a conversation whose context has no earlier deadline; default
	// 10 s.
	Timeout time.Duration
}

// Security is how a connection is protected.
type Security string

// These are the kinds of protection.
const (
	StartTLS Security = "starttls" // in plain text first, then TLS or nothing
	TLS      Security = "tls"      // from the first byte
	None     Security = "none"     // to a host that is Nearby only
)

// Parse parses a relay's URL: smtp://user:password@host:587 begins with
// STARTTLS, smtps://…:465 with TLS; ?tls=none is for a Nearby host; ?rate=14 and
// ?perday=50000 are its limits. The error does not contain the password.
func Parse(name, from, rawURL string) (Config, error) {
	c := Config{Name: name, From: from, TLS: StartTLS}
	u, err := url.Parse(rawURL)
	if err != nil {
		return c, errors.New("not a URL")
	}
	port := "587"
	switch u.Scheme {
	case "smtp":
	case "smtps":
		c.TLS, port = TLS, "465"
	default:
		return c, errors.New("want smtp://host or smtps://host")
	}
	if p := u.Port(); p != "" {
		port = p
	}
	c.Host, c.User = u.Hostname(), u.User.Username()
	c.Password, _ = u.User.Password()
	if c.Port, err = strconv.Atoi(port); err != nil || c.Host == "" {
		return c, errors.New("want smtp://host or smtps://host")
	}
	for key, values := range u.Query() {
		switch value := values[len(values)-1]; key {
		case "tls":
			c.TLS = Security(value)
		case "rate":
			c.Rate, err = strconv.ParseFloat(value, 64)
		case "perday":
			c.PerDay, err = strconv.ParseInt(value, 10, 64)
		default:
			return c, fmt.Errorf("unknown setting %.20q", key)
		}
		if err != nil {
			return c, fmt.Errorf("%s: not a number", key)
		}
	}
	return c, c.check()
}

func (c Config) check() error {
	switch {
	case c.Host == "" || c.Port < 1 || c.Port > 65535:
		return errors.New("no host and port")
	case !(c.Rate >= 0 && c.Rate <= 100_000) || c.PerDay < 0:
		return errors.New("rate, perday: want more than 0")
	case c.TLS != StartTLS && c.TLS != TLS && c.TLS != None:
		return errors.New("tls: want starttls, tls or none")
	case c.TLS == None && !Nearby(c.Host):
		return errors.New("tls=none is for a relay on this machine, or with a name without a dot, which only a private network has")
	}
	return nil
}

// Nearby reports whether a host is this machine or on a private network, where no TLS
// is needed: a name without a dot, such as a service of a compose file, exists in no
// public DNS. A name begins with a letter; some resolvers take a number as an address.
func Nearby(host string) bool {
	if ip := net.ParseIP(host); ip != nil {
		return ip.IsLoopback()
	}
	return host != "" && unicode.IsLetter(rune(host[0])) && !strings.Contains(host, ".")
}

// Mailer sends mails. Every error of its methods is a *order.ProviderError.
type Mailer struct {
	conf   Config
	writer *mime.Writer
}

// New returns a mailer. It does not call the relay.
func New(c Config) (*Mailer, error) {
	if c.Name == "" {
		c.Name = "smtp"
	}
	if c.TLS == "" {
		c.TLS = StartTLS
	}
	w, err := mime.New(c.From, c.ReplyTo)
	if err == nil {
		err = c.check()
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.Name, err)
	}
	c.Rate = cmp.Or(c.Rate, 10)
	c.PerDay = cmp.Or(c.PerDay, mail.Unlimited)
	c.Timeout = cmp.Or(c.Timeout, 10*time.Second)
	return &Mailer{c, w}, nil
}

// Limits returns the configured limits. A relay does not report what it has
// sent.
func (m *Mailer) Limits(context.Context) (mail.Limits, error) {
	return mail.Limits{Rate: m.conf.Rate, PerDay: m.conf.PerDay, Sent: mail.OwnCount, Enabled: true, At: time.Now()}, nil
}

// Ping logs in and quits.
func (m *Mailer) Ping(ctx context.Context) error {
	t, err := m.open(ctx, "ping")
	if err != nil {
		return err
	}
	t.quit()
	return nil
}

// SendMail sends a mail and returns its Message-ID, which relays use in their
// reports. ErrUnknownOutcome means that the relay has received the end of the
// mail and its reply was lost; if the connection breaks before that, the relay
// must not send the mail.
func (m *Mailer) SendMail(ctx context.Context, msg mail.Message) (string, error) {
	const op = "send mail"
	raw, err := m.writer.Write(msg)
	if err != nil {
		return "", m.failure(op, order.ErrRejected, "cannot_be_written", err)
	}
	t, err := m.open(ctx, op)
	if err != nil {
		return "", err
	}
	defer t.close()
	// SMTPUTF8 is requested only for a mail that needs it, so that every relay
	// accepts all others.
	utf8 := m.writer.NeedsUTF8(msg)
	if offered, _ := t.client.Extension("SMTPUTF8"); utf8 && !offered {
		t.quit()
		return "", m.failure(op, order.ErrRejected, "address_not_ascii", mail.ErrUnreachable)
	}
	t.client.SkipSMTPUTF8(!utf8)
	if _, most := t.client.Extension("SIZE"); tooLarge(len(raw), most) { // another provider may take it
		t.quit()
		return "", m.failure(op, order.ErrRejected, "too_large", mail.ErrUnreachable)
	}
	if err := t.envelope(m.writer.Sender(msg).Address, msg.To); err != nil {
		return "", m.refused(op, err)
	}
	data, err := t.client.Data()
	if err != nil {
		return "", m.refused(op, err)
	}
	if _, err = data.Write(raw); err == nil {
		err = t.client.Text.W.Flush() // so that a failure here is known to precede the end of the mail
	}
	if err != nil {
		return "", m.failure(op, order.ErrUnavailable, "lost_before_the_end", err)
	}
	if err := data.Close(); err != nil {
		return "", m.afterTheEnd(op, err)
	}
	t.quit()
	return m.writer.MessageID(msg), nil
}

// tooLarge reports whether a mail is larger than a relay says that it takes (RFC 1870). 0,
// or nothing, is no limit.
func tooLarge(size int, most string) bool {
	n, err := strconv.Atoi(most)
	return err == nil && n > 0 && size > n
}

// conversation is one SMTP session with the relay.
type conversation struct {
	client *smtp.Client
	conn   net.Conn
	stop   func() bool
}

func (t *conversation) envelope(from string, to []mail.Address) error {
	if err := t.client.Mail("<" + mail.Wire(from) + ">"); err != nil {
		return oursError{err}
	}
	for _, a := range to {
		if err := t.client.Rcpt("<" + mail.Wire(a.Email) + ">"); err != nil {
			return err // one refused recipient stops the mail: all recipients get it, or none
		}
	}
	return nil
}

// quit says QUIT and does not wait long for the reply.
func (t *conversation) quit() {
	_ = t.conn.SetDeadline(time.Now().Add(time.Second))
	_ = t.client.Quit()
	t.close()
}

func (t *conversation) close() {
	t.stop()
	_ = t.conn.Close()
}

// localName is the name in our greeting; a relay that logs us in ignores it.
func (m *Mailer) localName() string {
	_, domain, _ := strings.Cut(m.writer.From().Address, "@")
	return domain
}
