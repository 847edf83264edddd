package objects_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"purser/sandbox/objects"
)

// TestStart checks that files and bucket outlive the gateway and that the working
// directory is restored. The adapter's tests prove the gateway's checks.
func TestStart(t *testing.T) {
	before, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	conf := objects.Config{Dir: filepath.Join(t.TempDir(), "a", "b"), Bucket: "shop", AccessKey: "access", SecretKey: "secret-key"}
	for range 2 {
		s, err := objects.Start(context.Background(), conf)
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/shop/secret", nil))
		if w.Code != http.StatusForbidden {
			t.Errorf("unsigned: HTTP %d %s", w.Code, w.Body)
		}
		if _, err := objects.Start(context.Background(), conf); err == nil {
			t.Error("a second gateway in the same process started")
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if now, err := os.Getwd(); err != nil || now != before {
		t.Errorf("the working directory is %s, %v, it was %s", now, err, before)
	}
	if _, err := os.Stat(filepath.Join(conf.Dir, "shop")); err != nil {
		t.Error(err)
	}
	conf.Dir = "relative"
	if _, err := objects.Start(context.Background(), conf); err == nil {
		t.Error("a relative directory was accepted")
	}
}
