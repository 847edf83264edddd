package smtp_test

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"strings"
	"testing"

	"purser/activities/porttest"
	"purser/mail"
	"purser/order"
	"purser/providers/smtp"
)

// scriptedRelay accepts one mail and returns the commands that it got. The
// sandbox's relay does not offer SMTPUTF8.
func scriptedRelay(t *testing.T, extensions ...string) (c smtp.Config, commands func() []string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan []string, 1)
	go func() {
		defer l.Close()
		var said []string
		defer func() { got <- said }()
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		in := textproto.NewReader(bufio.NewReader(conn))
		fmt.Fprint(conn, "220 relay.example\r\n")
		for {
			line, err := in.ReadLine()
			if err != nil {
				return
			}
			said = append(said, line)
			switch verb, _, _ := strings.Cut(line, " "); verb {
			case "EHLO":
				fmt.Fprint(conn, "250-relay.example\r\n")
				for _, e := range extensions {
					fmt.Fprintf(conn, "250-%s\r\n", e)
				}
				fmt.Fprint(conn, "250 PIPELINING\r\n")
			case "DATA":
				fmt.Fprint(conn, "354 go on\r\n")
				if _, err := in.ReadDotBytes(); err != nil {
					return
				}
				fmt.Fprint(conn, "250 2.0.0 accepted\r\n")
			case "QUIT":
				fmt.Fprint(conn, "221 bye\r\n")
				return
			default:
				fmt.Fprint(conn, "250 2.1.0 ok\r\n")
			}
		}
	}()
	return smtp.Config{From: "orders@shop.example", Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, TLS: smtp.None},
		func() []string { return <-got }
}

// TestAddresses proves EML-11: addresses are quoted where SMTP requires it, and
// SMTPUTF8 is requested only for an address that needs it, from a relay that has
// it.
func TestAddresses(t *testing.T) {
	for _, tt := range []struct {
		name, from, to string
		extensions     []string
		mailFrom, rcpt string // the commands; "": not sent
	}{
		{name: "plain", to: "ada@example.com", extensions: []string{"SMTPUTF8", "8BITMIME"}, mailFrom: "MAIL FROM:<orders@shop.example> BODY=8BITMIME", rcpt: "RCPT TO:<ada@example.com>"},
		{name: "two dots", to: "aaa..bbb@docomo.example", mailFrom: "MAIL FROM:<orders@shop.example>", rcpt: `RCPT TO:<"aaa..bbb"@docomo.example>`},
		{name: "a dot at the end", to: "ccc.@docomo.example", extensions: []string{"SMTPUTF8"}, mailFrom: "MAIL FROM:<orders@shop.example>", rcpt: `RCPT TO:<"ccc."@docomo.example>`},
		{name: "a sender with two dots", from: "a..b@docomo.example", to: "ada@example.com", mailFrom: `MAIL FROM:<"a..b"@docomo.example>`, rcpt: "RCPT TO:<ada@example.com>"},
		{name: "not ASCII", to: "用户@xn--fsqu00a.example", extensions: []string{"SMTPUTF8", "8BITMIME"}, mailFrom: "MAIL FROM:<orders@shop.example> BODY=8BITMIME SMTPUTF8", rcpt: "RCPT TO:<用户@xn--fsqu00a.example>"},
		{name: "not ASCII, with two dots", to: "я..я@docomo.example", extensions: []string{"SMTPUTF8"}, mailFrom: "MAIL FROM:<orders@shop.example> SMTPUTF8", rcpt: `RCPT TO:<"я..я"@docomo.example>`},
		{name: "not ASCII, at a relay that cannot", to: "用户@xn--fsqu00a.example", extensions: []string{"8BITMIME"}},
		{name: "a sender that is not ASCII, at a relay that cannot", from: "лавка@shop.example", to: "ada@example.com"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, commands := scriptedRelay(t, tt.extensions...)
			m := porttest.MessageOf(order.NewID(), order.MailShipped)
			m.From.Email, m.To = tt.from, []mail.Address{{Email: tt.to}}
			_, err := mailer(t, c).SendMail(t.Context(), m)
			said := strings.Join(commands(), "\n") + "\n"
			if tt.rcpt == "" {
				if !errors.Is(err, mail.ErrUnreachable) || !errors.Is(err, order.ErrRejected) || strings.Contains(said, "MAIL") || strings.Contains(err.Error(), "@") {
					t.Errorf("%v, commands:\n%s", err, said)
				}
				return
			}
			if err != nil || !strings.Contains(said, "\n"+tt.mailFrom+"\n"+tt.rcpt+"\nDATA\n") {
				t.Errorf("%v, want %s and %s in:\n%s", err, tt.mailFrom, tt.rcpt, said)
			}
		})
	}
}
