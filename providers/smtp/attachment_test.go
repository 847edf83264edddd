package smtp_test

import (
	"bytes"
	"errors"
	"net"
	"net/textproto"
	"strings"
	"testing"

	"purser/activities/porttest"
	"purser/mail"
	"purser/order"
	standin "purser/sandbox/smtp"
)

// TestAttachments (EML-10) checks that a relay gets a mail's files.
func TestAttachments(t *testing.T) {
	s, c := relay(t, standin.Config{})
	m := porttest.MessageOf(order.NewID(), order.MailShipped)
	m.Attachments = []mail.Attachment{{Name: "label.pdf", Type: "application/pdf", Data: bytes.Repeat([]byte("%PDF.\r\n.\r\n"), 10_000)}}
	if _, err := mailer(t, c).SendMail(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if n := counts(s)[m.ID]; n != 1 {
		t.Errorf("%d mails arrived", n)
	}
}

// TestTooLarge (EML-10) checks that a relay that says that it takes no mail so large is
// not asked to, so that another provider gets the mail.
func TestTooLarge(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	said := make(chan string, 10)
	go func() {
		defer close(said)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		c := textproto.NewConn(conn)
		_ = c.PrintfLine("220 relay")
		for {
			line, err := c.ReadLine()
			if err != nil {
				return
			}
			said <- line
			switch {
			case strings.HasPrefix(line, "EHLO"):
				_ = c.PrintfLine("250-relay\r\n250 SIZE 1000")
			case line == "QUIT":
				_ = c.PrintfLine("221 bye")
				return
			default:
				_ = c.PrintfLine("250 ok")
			}
		}
	}()
	_, conf := relay(t, standin.Config{})
	conf.Port = l.Addr().(*net.TCPAddr).Port
	m := porttest.MessageOf(order.NewID(), order.MailShipped)
	m.Attachments = []mail.Attachment{{Name: "label.pdf", Type: "application/pdf", Data: make([]byte, 2000)}}
	_, err = mailer(t, conf).SendMail(t.Context(), m)
	if !errors.Is(err, mail.ErrUnreachable) || !errors.Is(err, order.ErrRejected) {
		t.Errorf("got %v", err)
	}
	for line := range said {
		if strings.HasPrefix(line, "MAIL") || strings.HasPrefix(line, "DATA") {
			t.Errorf("the relay was told %q", line)
		}
	}
}
