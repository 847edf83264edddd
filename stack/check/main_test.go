package check

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"purser/sandbox/objects"
)

const (
	bucket    = "purser-images"
	accessKey = "AKIASANDBOX"
	secretKey = "sandbox-secret-key"
)

// store is the one S3 store of all tests, because a process can have only one. refuses
// is the method of the requests that it refuses, as a policy of AWS would.
var (
	store   string
	refuses atomic.Value
)

func TestMain(m *testing.M) {
	code, err := withStore(m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func withStore(run func() int) (_ int, err error) {
	dir, err := os.MkdirTemp("", "check-test-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	server, err := objects.Start(context.Background(), objects.Config{
		Dir: filepath.Join(dir, "objects"), Bucket: bucket, AccessKey: accessKey, SecretKey: secretKey,
	})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	refuses.Store("")
	door := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if refused, _ := refuses.Load().(string); refused != "" && strings.HasPrefix(r.Method+" "+r.URL.Path, refused) {
			w.Header().Set("Content-Type", "application/xml")
			w.Header().Set("X-Amz-Request-Id", "R1")
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `<Error><Code>AccessDenied</Code><Message>no</Message></Error>`)
			return
		}
		server.Handler().ServeHTTP(w, r)
	}))
	defer door.Close()
	store = door.URL
	return run(), nil
}
