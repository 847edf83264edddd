package smtp

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail/smtp"

	"purser/order"
)

// connectWithin is short, so that another provider can have the mail.
const connectWithin = 2 * time.Second

// open connects, starts TLS and logs in. If it fails, nothing was sent. The
// conversation ends when the context does.
func (m *Mailer) open(ctx context.Context, op string) (*conversation, error) {
	until := time.Now().Add(m.conf.Timeout)
	if d, ok := ctx.Deadline(); ok && d.Before(until) {
		until = d
	}
	dialer := &net.Dialer{Timeout: connectWithin, Deadline: until}
	conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(m.conf.Host, strconv.Itoa(m.conf.Port)))
	if err != nil {
		return nil, m.failure(op, order.ErrUnavailable, "no_connection", err)
	}
	_ = conn.SetDeadline(until)
	t := &conversation{conn: conn}
	t.stop = context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	if err := m.greet(t); err != nil {
		t.close()
		return nil, m.refused(op, oursError{err})
	}
	return t, nil
}

// These errors stop us before the relay could.
var (
	errNoTLS  = errors.New("the relay offers no STARTTLS")
	errNoAuth = errors.New("the relay offers no login mechanism that we support")
)

func (m *Mailer) greet(t *conversation) (err error) {
	conn := t.conn
	if m.conf.TLS == TLS {
		conn = tls.Client(conn, m.tlsConfig())
	}
	if t.client, err = smtp.NewClient(conn, m.conf.Host); err != nil {
		return err
	}
	if err := t.client.Hello(m.localName()); err != nil {
		return err
	}
	if m.conf.TLS == StartTLS {
		if ok, _ := t.client.Extension("STARTTLS"); !ok {
			return errNoTLS
		}
		if err := t.client.StartTLS(m.tlsConfig()); err != nil {
			return err
		}
	}
	return m.logIn(t.client)
}

func (m *Mailer) tlsConfig() *tls.Config {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if m.conf.TLSConfig != nil {
		c = m.conf.TLSConfig.Clone()
	}
	if c.ServerName == "" {
		c.ServerName = m.conf.Host
	}
	return c
}

// logIn uses the first mechanism that both sides support.
func (m *Mailer) logIn(c *smtp.Client) error {
	if m.conf.User == "" {
		return nil
	}
	_, offered := c.Extension("AUTH")
	ownName := m.conf.TLS == None // config checked that this relay is Nearby
	for way := range strings.FieldsSeq(strings.ToUpper(offered)) {
		switch way {
		case "PLAIN":
			return c.Auth(smtp.PlainAuth("", m.conf.User, m.conf.Password, m.conf.Host, ownName))
		case "LOGIN":
			return c.Auth(smtp.LoginAuth(m.conf.User, m.conf.Password, m.conf.Host, ownName))
		case "CRAM-MD5":
			return c.Auth(smtp.CRAMMD5Auth(m.conf.User, m.conf.Password))
		}
	}
	return errNoAuth
}
