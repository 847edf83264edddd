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

// FreePort listens on a free port of a host, and reserves it: until reserved is closed, no
// other call on this machine returns the port, also while nothing listens on it. Without that,
// of two processes that start at once, one could take a port that the other has just probed.
func FreePort(host string) (l net.Listener, reserved io.Closer, err error) {
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
	return nil, nil, fmt.Errorf("find a free port on %s: %w", host, err)
}

// reserve binds the UDP port of the same number.
func reserve(address string) (io.Closer, error) { return net.ListenPacket("udp", address) }

func hostPort(host string, port int) string {
	return net.JoinHostPort(host, strconv.Itoa(port))
}
