package smtp_test

import (
	"errors"
	"net"
	netsmtp "net/smtp"
	"net/textproto"
	"strings"
	"testing"

	"purser/sandbox/smtp"
)

const message = "From: shop@shop.example\r\nTo: ada@example.com\r\nDate: Sun, 29 Nov 2026 10:00:00 +0000\r\nSubject: x\r\n\r\n"

// relay starts a relay and returns its address.
func relay(t *testing.T, c smtp.Config) (*smtp.Server, string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := smtp.New(c)
	s.Start(l)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, l.Addr().String()
}

// code returns the reply code of an error, or 250 without one.
func code(err error) int {
	var e *textproto.Error
	switch {
	case err == nil:
		return 250
	case errors.As(err, &e):
		return e.Code
	}
	return 0
}

// TestAddresses checks which senders and recipients are refused.
func TestAddresses(t *testing.T) {
	s, at := relay(t, smtp.Config{})
	for address, want := range map[string]int{
		"ada@example.com": 250, "ada@xn--bcher-kva.example": 250, strings.Repeat("a", 64) + "@example.com": 250,
		`"aaa..bbb"@docomo.example`: 250, "adä@example.com": 553, "ada@bücher.example": 553, "ada": 501, "ada@localhost": 501,
		"ada@-a.example": 501, "ada@a-.example": 501, "ada@a..example": 501,
		strings.Repeat("a", 65) + "@example.com": 501, "ada@" + strings.Repeat("a", 64) + ".example": 501,
		"ada@" + strings.Repeat(strings.Repeat("a", 60)+".", 5) + "example": 501,
	} {
		for name, try := range map[string]func(c *netsmtp.Client) error{
			"sender": func(c *netsmtp.Client) error { return c.Mail(address) },
			"recipient": func(c *netsmtp.Client) error {
				return errors.Join(c.Mail("shop@shop.example"), c.Rcpt(address))
			},
		} {
			c, err := netsmtp.Dial(at)
			if err != nil {
				t.Fatal(err)
			}
			if err := try(c); code(err) != want {
				t.Errorf("%q as %s: %v, want %d", address, name, err, want)
			}
			c.Close()
		}
	}
	if len(s.Mails()) != 0 {
		t.Errorf("%d mails", len(s.Mails()))
	}
}

// TestMessages checks which messages are refused, and how many recipients one may
// have.
func TestMessages(t *testing.T) {
	s, at := relay(t, smtp.Config{})
	for _, tt := range []struct {
		name, message string
		to            int
		ok            bool
	}{
		{name: "good", message: message + "text\r\n", to: 1, ok: true},
		{name: "50 recipients", message: message + "text\r\n", to: 50, ok: true},
		{name: "51 recipients", message: message + "text\r\n", to: 51},
		{name: "line of 998 characters", message: message + strings.Repeat("x", 998) + "\r\n", to: 1, ok: true},
		{name: "line of 999 characters", message: message + strings.Repeat("x", 999) + "\r\n", to: 1},
		{name: "no sender", message: strings.TrimPrefix(message, "From: shop@shop.example\r\n") + "text\r\n", to: 1},
		{name: "two senders", message: "From: a@shop.example\r\n" + message + "text\r\n", to: 1},
		{name: "two subjects", message: "Subject: y\r\n" + message + "text\r\n", to: 1},
	} {
		before := len(s.Mails())
		to := strings.Fields(strings.Repeat("ada@example.com ", tt.to))
		err := netsmtp.SendMail(at, nil, "shop@shop.example", to, []byte(tt.message))
		if c := code(err); (err == nil) != tt.ok || !tt.ok && (c < 400 || c > 599) {
			t.Errorf("%s: %v", tt.name, err)
		}
		if took := len(s.Mails()) - before; (took == 1) != tt.ok {
			t.Errorf("%s: %d mails were taken", tt.name, took)
		}
	}
}

// TestSize checks that a message that announces more than 25 MB is refused before
// it is sent.
func TestSize(t *testing.T) {
	_, at := relay(t, smtp.Config{})
	for size, want := range map[int]int{25 << 20: 250, 25<<20 + 1: 552} {
		c, err := netsmtp.Dial(at)
		if err != nil {
			t.Fatal(err)
		}
		err = c.Hello("shop.example")
		if err == nil {
			_, err = c.Text.Cmd("MAIL FROM:<shop@shop.example> SIZE=%d", size)
		}
		if err == nil {
			_, _, err = c.Text.ReadResponse(250)
		}
		if code(err) != want {
			t.Errorf("%d bytes: %v, want %d", size, err, want)
		}
		c.Close()
	}
}

// TestLogin checks that a relay with a login takes no mail without it.
func TestLogin(t *testing.T) {
	s, at := relay(t, smtp.Config{User: "shop", Password: "secret"})
	send := func(auth netsmtp.Auth) error {
		return netsmtp.SendMail(at, auth, "shop@shop.example", []string{"ada@example.com"}, []byte(message))
	}
	host, _, _ := net.SplitHostPort(at)
	for _, tt := range []struct {
		name string
		auth netsmtp.Auth
		want int
	}{
		{name: "none", want: 530},
		{name: "wrong password", auth: netsmtp.PlainAuth("", "shop", "other", host), want: 535},
		{name: "wrong user", auth: netsmtp.PlainAuth("", "other", "secret", host), want: 535},
		{name: "right", auth: netsmtp.PlainAuth("", "shop", "secret", host), want: 250},
	} {
		if err := send(tt.auth); code(err) != tt.want {
			t.Errorf("%s: %v, want %d", tt.name, err, tt.want)
		}
	}
	if n := len(s.Mails()); n != 1 {
		t.Errorf("%d mails", n)
	}
}
