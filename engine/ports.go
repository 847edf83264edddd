//go:build !lean

package engine

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strconv"
)

// Free ports are taken from this range. It lies below the system's ephemeral
// ports, so that no outgoing connection can take a port between probe and use.
const (
	firstFreePort = 20000
	lastFreePort  = 32767
	probes        = 200
)

// ports holds the port on which each part of the server listens.
type ports struct {
	frontend, history, matching, worker int
	ui                                  int // 0: no UI
	// reserved keeps the free ports for the server until it listens: see reserve.
	reserved []io.Closer
}

// choosePorts probes every port that the server will need, because the server
// itself panics or exits when a port is taken. It holds all ports until the
// last one is found, so no two can be the same.
func choosePorts(c Config) (p ports, err error) {
	var held []net.Listener
	defer func() {
		for _, l := range held {
			l.Close()
		}
		if err != nil {
			for _, r := range p.reserved {
				r.Close()
			}
		}
	}()
	choose := func(port *int, service string, wanted int) {
		if err != nil {
			return
		}
		var l net.Listener
		var r io.Closer
		if l, r, err = probe(c.Host, service, wanted); err == nil {
			held, p.reserved = append(held, l), append(p.reserved, r)
			*port = l.Addr().(*net.TCPAddr).Port
		}
	}
	choose(&p.frontend, "Temporal", c.FrontendPort)
	if c.UIPort >= 0 {
		choose(&p.ui, "Temporal UI", c.UIPort)
	}
	choose(&p.history, "Temporal history", 0)
	choose(&p.matching, "Temporal matching", 0)
	choose(&p.worker, "Temporal worker", 0)
	return p, err
}

// probe listens on a port, and reserves it if it is one of the free ones.
func probe(host, service string, wanted int) (l net.Listener, reserved io.Closer, err error) {
	if wanted != 0 {
		l, err := net.Listen("tcp", hostPort(host, wanted))
		if err != nil {
			return nil, nil, &PortError{Service: service, Host: host, Port: wanted, Err: err}
		}
		return l, io.NopCloser(nil), nil
	}
	for range probes {
		address := hostPort(host, firstFreePort+rand.IntN(lastFreePort-firstFreePort+1))
		if reserved, err = reserve(address); err != nil {
			continue
		}
		if l, err = net.Listen("tcp", address); err == nil {
			return l, reserved, nil
		}
		reserved.Close()
	}
	return nil, nil, fmt.Errorf("find a free port for %s on %s: %w", service, host, err)
}

// reserve keeps other processes that choose ports in this way from an address, also while
// nothing listens on it: it binds the UDP port of the same number. Without that, of two that
// start at once, one could take a port that the other has just probed.
func reserve(address string) (io.Closer, error) { return net.ListenPacket("udp", address) }

func hostPort(host string, port int) string {
	return net.JoinHostPort(host, strconv.Itoa(port))
}
