package inbox_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"purser/inbox"
)

// from makes a request come from an address.
func from(address string) func(*http.Request) {
	return func(r *http.Request) { r.RemoteAddr = address }
}

func forged(r *http.Request) { r.Header.Set("Post-Signature", "00") }

// TestSenderIsNetwork proves WHK-16: all addresses of an IPv6 /64 network count
// as one sender, and other networks as other senders.
func TestSenderIsNetwork(t *testing.T) {
	t.Parallel()
	b := setUp(t, func(b *bench) { b.BadPerMinute = 3 })
	send := func(address string, mods ...func(*http.Request)) int {
		return b.send(request(good, append(mods, from(address))...)).StatusCode
	}
	for i := range 3 {
		if got := send(fmt.Sprintf("[2001:db8:0:1::%x]:4711", i), forged); got != http.StatusBadRequest {
			t.Errorf("forgery %d: %d", i, got)
		}
	}
	for address, want := range map[string]int{
		"[2001:db8:0:1:ffff::1]:4711": http.StatusTooManyRequests, "[2001:db8:0:2::1]:4711": http.StatusBadRequest,
		"192.0.2.7:4711": http.StatusBadRequest, "[::ffff:192.0.2.7]:4711": http.StatusBadRequest, "@": http.StatusBadRequest,
	} {
		if got := send(address, forged); got != want {
			t.Errorf("forged from %s: %d, want %d", address, got, want)
		}
	}
	if got := send("[2001:db8:0:1::1]:4711"); got != http.StatusAccepted {
		t.Errorf("a genuine webhook from the forgers' network: %d", got)
	}
}

// perSender is a provider that takes the sender into account.
type perSender struct {
	testProvider
	senders *[]string
}

func (c perSender) VerifyFrom(network string, _ []byte, _ time.Time) error {
	*c.senders = append(*c.senders, network)
	return errors.New("no")
}

// TestSourced checks that a Sourced provider gets the sender's network.
func TestSourced(t *testing.T) {
	t.Parallel()
	var senders []string
	h := &inbox.Handler{Sources: map[string]inbox.Source{"post": perSender{senders: &senders}}}
	b := &bench{Handler: h}
	for _, address := range []string{"[2001:db8:0:1::9]:1", "192.0.2.7:4711", "[::ffff:192.0.2.7]:4711"} {
		if got := b.send(request(good, from(address))).StatusCode; got != http.StatusBadRequest {
			t.Errorf("%s: %d", address, got)
		}
	}
	if want := []string{"2001:db8:0:1::/64", "192.0.2.7", "192.0.2.7"}; !slices.Equal(senders, want) {
		t.Errorf("senders %q, want %q", senders, want)
	}
}
