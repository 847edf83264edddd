package s3_test

import (
	"errors"
	"net/http/httputil"
	"net/url"
	"testing"

	"purser/activities/porttest"
	"purser/catalog"
	"purser/order"
	"purser/providers/s3"
)

// TestBehindProxy (RES-1) checks that only the store itself decides whether a
// file exists. A proxy's 404 deletes nothing.
func TestBehindProxy(t *testing.T) {
	at, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	proxy := porttest.NewProxy(t, httputil.NewSingleHostReverseProxy(at))
	s := store(t, func(c *s3.Config) { c.Endpoint = proxy.URL })
	for _, key := range []string{"proxy/there", "proxy/moved", "proxy/deleted"} {
		if err := s.PutObject(t.Context(), catalog.Object{Key: key, Type: "image/png"}, []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	proxy.Check(t, map[string]func() error{
		"put": func() error {
			return s.PutObject(t.Context(), catalog.Object{Key: "proxy/put", Type: "image/png"}, []byte("y"))
		},
		"head": func() error {
			_, err := s.HeadObject(t.Context(), "proxy/there")
			return err
		},
		"get": func() error {
			_, err := s.GetObject(t.Context(), "proxy/there", 10)
			return err
		},
		"list": func() error {
			_, err := s.ListObjects(t.Context(), "proxy/", "", 10)
			return err
		},
		"move": func() error {
			return s.MoveObject(t.Context(), "proxy/moved", "proxy/target")
		},
		"delete": func() error { return s.DeleteObject(t.Context(), "proxy/deleted") },
	}, order.ErrUnknownOutcome, order.ErrUnavailable, order.ErrDenied)
	if b, err := s.GetObject(t.Context(), "proxy/put", 10); err != nil || string(b) != "y" {
		t.Errorf("what was put is %q, %v", b, err)
	}
	if _, err := s.HeadObject(t.Context(), "proxy/deleted"); !errors.Is(err, order.ErrNoSuch) {
		t.Errorf("what was deleted: %v, want ErrNoSuch", err)
	}
}
