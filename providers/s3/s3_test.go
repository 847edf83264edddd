package s3_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"purser/catalog"
	"purser/order"
	"purser/providers/guard"
	"purser/providers/s3"
	"purser/sandbox/faults"
)

// TestSignPost proves IMG-1, IMG-2, IMG-3, F60, F61 and F65: the store itself
// accepts only the file that was announced, and only in time.
func TestSignPost(t *testing.T) {
	s, ctx := store(t), context.Background()
	file := []byte("twelve bytes")
	announced := catalog.Object{Key: "uploads/2026/11/24/one", Type: "image/jpeg", Bytes: int64(len(file))}
	u, err := s.SignPost(ctx, announced, soon)
	if err != nil {
		t.Fatal(err)
	}
	if u.Method != http.MethodPost || time.Until(u.Expires) > soon || u.Fields["x-amz-server-side-encryption"] != "AES256" {
		t.Errorf("signed: %+v", u)
	}
	for name, tt := range map[string]struct {
		file    []byte
		changes map[string]string
	}{
		"a byte more":              {append(file, '!'), nil},
		"a byte less":              {file[1:], nil},
		"nothing":                  {nil, nil},
		"another type":             {file, map[string]string{"Content-Type": "text/html"}},
		"another key":              {file, map[string]string{"key": "images/of-another"}},
		"another signature":        {file, map[string]string{"X-Amz-Signature": strings.Repeat("0", 64)}},
		"a policy of the client's": {file, map[string]string{"policy": "eyJjb25kaXRpb25zIjpbXX0="}},
	} {
		if code := sendForm(t, u, tt.file, tt.changes); code < 400 {
			t.Errorf("%s: HTTP %d", name, code)
		}
		if _, err := s.HeadObject(ctx, announced.Key); !errors.Is(err, order.ErrNoSuch) {
			t.Errorf("%s: the file was stored: %v", name, err)
		}
	}
	if code := sendForm(t, u, file, nil); code != http.StatusNoContent {
		t.Fatalf("as announced: HTTP %d", code)
	}
	if o, err := s.HeadObject(ctx, announced.Key); err != nil || o.Bytes != announced.Bytes || o.Type != announced.Type {
		t.Errorf("it arrived as %+v, %v", o, err)
	}
	late, err := s.SignPost(ctx, announced, -time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if code := sendForm(t, late, file, nil); code != http.StatusForbidden {
		t.Errorf("after the deadline: HTTP %d", code)
	}
}

// TestSignPut checks the same for a PUT, by signed length and type.
func TestSignPut(t *testing.T) {
	onStores(t, func(t *testing.T, s *s3.Store) {
		ctx := context.Background()
		file := []byte("twelve bytes")
		announced := catalog.Object{Key: "uploads/2026/11/24/two", Type: "image/png", Bytes: int64(len(file))}
		u, err := s.SignPut(ctx, announced, soon)
		if err != nil {
			t.Fatal(err)
		}
		if u.Method != http.MethodPut || u.Headers["Content-Type"] != "image/png" {
			t.Errorf("signed: %+v", u) // IMG-12: every header that must be sent is named
		}
		for name, tt := range map[string]struct {
			file    []byte
			changes map[string]string
		}{
			"a byte more":        {append(file, '!'), nil},
			"a byte less":        {file[1:], nil},
			"another type":       {file, map[string]string{"Content-Type": "text/html"}},
			"without encryption": {file, map[string]string{"X-Amz-Server-Side-Encryption": ""}},
		} {
			if code := sendPut(t, u, tt.file, tt.changes); code < 400 {
				t.Errorf("%s: HTTP %d", name, code)
			}
		}
		if code := sendPut(t, u, file, nil); code != http.StatusOK {
			t.Fatalf("as announced: HTTP %d", code)
		}
		if o, err := s.HeadObject(ctx, announced.Key); err != nil || o.Bytes != announced.Bytes || o.Type != announced.Type {
			t.Errorf("it arrived as %+v, %v", o, err)
		}
	})
}

// TestPutObject proves IMG-6: the file behind a key never changes, and may be
// cached for a year.
func TestPutObject(t *testing.T) {
	onStores(t, func(t *testing.T, s *s3.Store) {
		ctx := context.Background()
		put(t, s, "images/p/large-abc.jpg", "first")
		put(t, s, "images/p/large-abc.jpg", "first") // repeated: harmless
		put(t, s, "images/p/large-abc.jpg", "other") // this never happens: the key is the content's hash
		if b, err := s.GetObject(ctx, "images/p/large-abc.jpg", 100); err != nil || string(b) != "first" {
			t.Errorf("%q, %v", b, err)
		}
		if b, err := s.GetObject(ctx, "images/p/large-abc.jpg", 3); err != nil || len(b) != 4 {
			t.Errorf("at most 3 bytes: %q, %v, want one more and no further", b, err)
		}
		link, err := s.ShowObject(ctx, "images/p/large-abc.jpg")
		if err != nil {
			t.Fatal(err)
		}
		code, header, body := get(t, link.URL)
		if code != 200 || string(body) != "first" || header.Get("Cache-Control") != "public, max-age=31536000, immutable" || header.Get("Content-Type") != "image/jpeg" {
			t.Errorf("HTTP %d %v %q", code, header, body)
		}
	})
}

func TestMoveAndDelete(t *testing.T) {
	onStores(t, func(t *testing.T, s *s3.Store) {
		ctx := context.Background()
		put(t, s, "uploads/x y+ü", "it")
		for range 2 { // the second time it has been moved before
			if err := s.MoveObject(ctx, "uploads/x y+ü", "quarantine/x"); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.HeadObject(ctx, "uploads/x y+ü"); !errors.Is(err, order.ErrNoSuch) {
			t.Errorf("at the old key: %v", err)
		}
		if o, err := s.HeadObject(ctx, "quarantine/x"); err != nil || o.Bytes != 2 || o.Type != "image/jpeg" {
			t.Errorf("at the new key: %+v, %v", o, err)
		}
		if err := s.MoveObject(ctx, "uploads/never", "quarantine/never"); !errors.Is(err, order.ErrNoSuch) {
			t.Errorf("a file that never existed: %v", err)
		}
		for range 2 {
			if err := s.DeleteObject(ctx, "quarantine/x"); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestListObjects(t *testing.T) {
	onStores(t, func(t *testing.T, s *s3.Store) {
		ctx := context.Background()
		for _, key := range []string{"list/a", "list/b", "list/c", "lists/d"} {
			put(t, s, key, "x")
		}
		var keys []string
		for after := ""; ; after = keys[len(keys)-1] {
			page, err := s.ListObjects(ctx, "list/", after, 2)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			for _, o := range page {
				keys = append(keys, o.Key)
				if o.Bytes != 1 || time.Since(o.Modified) > time.Minute {
					t.Errorf("%+v", o)
				}
			}
		}
		if got := strings.Join(keys, " "); got != "list/a list/b list/c" {
			t.Errorf("got %s", got)
		}
	})
}

// TestShowPrivate proves IMG-11 and F65: a link to a private file works until
// it expires, for that file, and only as a download.
func TestShowPrivate(t *testing.T) {
	onStores(t, func(t *testing.T, s *s3.Store) {
		ctx := context.Background()
		put(t, s, "originals/secret", "<script>")
		link, err := s.ShowPrivate(ctx, "originals/secret", time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		code, header, body := get(t, link.URL)
		if code != 200 || string(body) != "<script>" || header.Get("Content-Disposition") != "attachment" || header.Get("Content-Type") != "application/octet-stream" {
			t.Errorf("HTTP %d %v %q", code, header, body)
		}
		bare, _, _ := strings.Cut(link.URL, "?")
		for name, url := range map[string]string{
			"unsigned":     bare,
			"another file": strings.Replace(link.URL, "originals/secret", "originals/other", 1),
			"for longer":   strings.Replace(link.URL, "X-Amz-Expires=3600", "X-Amz-Expires=86400", 1),
			"shown":        strings.Replace(link.URL, "attachment", "inline", 1),
		} {
			if code, _, _ := get(t, url); code != http.StatusForbidden {
				t.Errorf("%s: HTTP %d", name, code)
			}
		}
		brief, err := s.ShowPrivate(ctx, "originals/secret", time.Second)
		if err != nil {
			t.Fatal(err)
		}
		for until := time.Now().Add(10 * time.Second); ; {
			if code, _, _ := get(t, brief.URL); code == http.StatusForbidden {
				break
			}
			if time.Now().After(until) {
				t.Fatal("a link for a second still works after ten")
			}
		}
	})
}

// TestErrors checks that each failure maps to one of the kinds that the steps
// know.
func TestErrors(t *testing.T) {
	s, ctx := store(t), context.Background()
	wrongKey := store(t, func(c *s3.Config) { c.SecretKey = "wrong" })
	noBucket := store(t, func(c *s3.Config) { c.Bucket = "no-such-bucket" })
	nobody := store(t, func(c *s3.Config) { c.Endpoint = "http://127.0.0.1:1" })
	_, missing := s.GetObject(ctx, "no/such", 1)
	_, denied := wrongKey.GetObject(ctx, "no/such", 1)
	_, bucketless := noBucket.HeadObject(ctx, "no/such")
	_, away := nobody.HeadObject(ctx, "no/such")
	for name, tt := range map[string]struct{ err, want error }{
		"missing":                 {missing, order.ErrNoSuch},
		"wrong secret":            {denied, order.ErrDenied},
		"no bucket":               {bucketless, order.ErrNoSuch}, // HEAD has no body to say which
		"unreachable server":      {away, order.ErrUnavailable},
		"put, unreachable server": {nobody.PutObject(ctx, catalog.Object{Key: "k"}, nil), order.ErrUnavailable},
		"put, no bucket":          {noBucket.PutObject(ctx, catalog.Object{Key: "k", Type: "image/png"}, []byte("x")), order.ErrDenied},
	} {
		var p *order.ProviderError
		if !errors.As(tt.err, &p) || !errors.Is(tt.err, tt.want) || p.Provider != "s3" {
			t.Errorf("%s: %v, want %v", name, tt.err, tt.want)
		}
	}
}

// TestFaults checks that one call to a faulty store is one request, because the
// workflow retries.
func TestFaults(t *testing.T) {
	ctx := context.Background()
	s := store(t, func(c *s3.Config) { c.Timeout, c.Guard = time.Second, guard.Config{Consecutive: 1000, Calls: 1000} })
	for _, tt := range []struct {
		name  string
		fault faults.Fault
		want  error
	}{
		{name: "slow down", fault: faults.Fault{Do: faults.Status, Status: 503}, want: order.ErrThrottled},
		{name: "error", fault: faults.Fault{Do: faults.Status, Status: 500}, want: order.ErrUnknownOutcome},
		{name: "forbidden", fault: faults.Fault{Do: faults.Status, Status: 403}, want: order.ErrDenied},
		{name: "reset", fault: faults.Fault{Do: faults.Reset}, want: order.ErrUnknownOutcome},
		{name: "time-out", fault: faults.Fault{Do: faults.Timeout, Delay: 2 * time.Second}, want: order.ErrUnknownOutcome},
		{name: "done, but the response was lost", fault: faults.Fault{Do: faults.Reset, When: faults.After}, want: order.ErrUnknownOutcome},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.fault.Provider, tt.fault.Times = "s3", 1
			if err := faultControl.Add(tt.fault); err != nil {
				t.Fatal(err)
			}
			defer faultControl.Clear()
			o := catalog.Object{Key: "faults/" + tt.name, Type: "image/png"}
			if err := s.PutObject(ctx, o, []byte("x")); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if err := s.PutObject(ctx, o, []byte("x")); err != nil { // a retry by the adapter would have used up the fault
				t.Errorf("again: %v", err)
			}
		})
	}
}

func TestPutLarge(t *testing.T) {
	onStores(t, func(t *testing.T, s *s3.Store) {
		ctx := context.Background()
		data := bytes.Repeat([]byte("0123456789abcdef"), 10<<16)
		if err := s.PutObject(ctx, catalog.Object{Key: "large", Type: "image/png"}, data); err != nil {
			t.Fatal(err)
		}
		if b, err := s.GetObject(ctx, "large", 20<<20); err != nil || !bytes.Equal(b, data) {
			t.Errorf("%d bytes, %v", len(b), err)
		}
	})
}
