//go:build !lean

package engine

import (
	"fmt"
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
	}()
	choose := func(port *int, service string, wanted int) {
		if err != nil {
			return
		}
		var l net.Listener
		if l, err = probe(c.Host, service, wanted); err == nil {
			held = append(held, l)
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

func probe(host, service string, wanted int) (net.Listener, error) {
	if wanted != 0 {
		l, err := net.Listen("tcp", hostPort(host, wanted))
		if err != nil {
			return nil, &PortError{Service: service, Host: host, Port: wanted, Err: err}
		}
		return l, nil
	}
	var err error
	for range probes {
		var l net.Listener
		if l, err = net.Listen("tcp", hostPort(host, firstFreePort+rand.IntN(lastFreePort-firstFreePort+1))); err == nil {
			return l, nil
		}
	}
	return nil, fmt.Errorf("find a free port for %s on %s: %w", service, host, err)
}

func hostPort(host string, port int) string {
	return net.JoinHostPort(host, strconv.Itoa(port))
}
