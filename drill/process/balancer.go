package process

import (
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"time"
)

// balancer sends each request to the next of some servers, in turn, and returns 502 if
// that one is down: clients and providers must try again.
type balancer struct {
	url    string
	server *http.Server
}

// balance starts a balancer of the servers at these addresses.
func balance(addresses []string) (*balancer, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	var requests atomic.Uint64
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: addresses[requests.Add(1)%uint64(len(addresses))]})
		},
		Transport: &http.Transport{MaxIdleConnsPerHost: 100, IdleConnTimeout: time.Minute},
		ErrorLog:  log.New(io.Discard, "", 0), // a server that is down is no news
	}
	b := &balancer{url: "http://" + l.Addr().String(), server: &http.Server{Handler: proxy, ReadHeaderTimeout: time.Minute}}
	go func() {
		if err := b.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			panic(err)
		}
	}()
	return b, nil
}

func (b *balancer) close() error { return b.server.Close() }
