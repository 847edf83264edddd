//go:build !lean

package engine

import "testing"

// TestReservedPorts: a port that one engine has chosen, and does not listen on yet, is not
// chosen by another one that starts at the same time.
func TestReservedPorts(t *testing.T) {
	p, err := choosePorts(Config{Host: DefaultHost})
	if err != nil {
		t.Fatal(err)
	}
	for _, port := range []int{p.frontend, p.history, p.matching, p.worker, p.ui} {
		if r, err := reserve(hostPort(DefaultHost, port)); err == nil {
			t.Errorf("port %d can be chosen twice", port)
			r.Close()
		}
	}
	for _, r := range p.reserved {
		r.Close()
	}
	r, err := reserve(hostPort(DefaultHost, p.frontend))
	if err != nil {
		t.Fatalf("the port stays reserved: %v", err)
	}
	r.Close()
}
