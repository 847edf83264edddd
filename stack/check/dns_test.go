package check

import (
	"context"
	"net"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// zone holds the records of a DNS server: texts by name, and the names of this machine.
type zone struct {
	texts map[string][]string
	hosts []string
}

// serve starts the server and returns a resolver that asks it.
func (z zone) serve(t testing.TB) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	go func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if err := m.Unpack(buf[:n]); err != nil || len(m.Questions) != 1 {
				continue
			}
			z.answer(&m)
			packed, err := m.Pack()
			if err != nil {
				t.Error(err)
			}
			_, _ = conn.WriteTo(packed, from)
		}
	}()
	return resolverAt(conn.LocalAddr().String())
}

func (z zone) answer(m *dnsmessage.Message) {
	q := m.Questions[0]
	name := q.Name.String()
	m.Response, m.RecursionAvailable, m.Additionals = true, true, nil
	header := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 60}
	known := false
	for _, text := range z.texts[name] {
		known = true
		if q.Type == dnsmessage.TypeTXT {
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.TXTResource{TXT: []string{text}}})
		}
	}
	for _, host := range z.hosts {
		if name == host {
			known = true
			if q.Type == dnsmessage.TypeA {
				m.Answers = append(m.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AResource{A: [4]byte{127, 0, 0, 1}}})
			}
		}
	}
	if !known {
		m.RCode = dnsmessage.RCodeNameError
	}
}

// resolverAt returns a resolver that asks the server at an address.
func resolverAt(address string) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", address)
	}}
}
