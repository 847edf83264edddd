package objects_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"purser/sandbox/objects"
)

// TestKeepPaths checks that relative paths keep their meaning after a gateway has
// changed the working directory, and that other values stay unchanged.
func TestKeepPaths(t *testing.T) {
	before := t.TempDir()
	t.Chdir(before)
	in := func(path string) string { return filepath.Join(before, path) }
	if err := os.Mkdir("tmp", 0o700); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"TMPDIR": in("tmp"), "SSL_CERT_FILE": "/etc/ca.pem", "SSL_CERT_DIR": in("ca") + ":/etc/ssl:" + in("more"),
		"AWS_CONFIG_FILE": in("aws/config"), "PGSSLROOTCERT": "system", "PGPASSFILE": "",
	}
	for name, value := range map[string]string{
		"TMPDIR": "tmp", "SSL_CERT_FILE": "/etc/ca.pem", "SSL_CERT_DIR": "ca:/etc/ssl:./more",
		"AWS_CONFIG_FILE": "aws/config", "PGSSLROOTCERT": "system", "PGPASSFILE": "",
	} {
		t.Setenv(name, value)
	}
	file, remote, plain := "sqlite:///x/record.db", "postgres://me:p%40ss@db/shop?sslmode=verify-full&sslrootcert=ca.pem&sslkey=%2Fetc%2Fkey", "postgres://db/shop"
	if err := objects.KeepPaths(&file, &remote, &plain); err != nil {
		t.Fatal(err)
	}
	s, err := objects.Start(context.Background(), objects.Config{Dir: in("data"), Bucket: "shop", AccessKey: "access", SecretKey: "secret-key"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/shop/secret", nil))
	if w.Code != http.StatusForbidden { // the directory of its socket was relative
		t.Errorf("HTTP %d %s", w.Code, w.Body)
	}
	for name, kept := range want {
		if got := os.Getenv(name); got != kept {
			t.Errorf("%s is %q, want %q", name, got, kept)
		}
	}
	u, err := url.Parse(remote)
	if err != nil || u.Query().Get("sslrootcert") != in("ca.pem") || u.Query().Get("sslkey") != "/etc/key" || u.Query().Get("sslmode") != "verify-full" || u.User.String() != "me:p%40ss" {
		t.Errorf("%s, %v", remote, err)
	}
	if file != "sqlite:///x/record.db" || plain != "postgres://db/shop" {
		t.Errorf("%s, %s", file, plain)
	}
}
