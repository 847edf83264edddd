// Package postgrestest runs Postgres from the system's packages for tests and
// benchmarks: the server that a shop would use. The server stops when the
// program that started it ends.
package postgrestest

import (
	"context"
	"crypto/rand"
	"os"
	"strings"
	"sync"
	"testing"
)

// URLVariable names the environment variable with the URL of a running server
// for tests to share; without it, each test process starts its own.
const URLVariable = "PURSER_TEST_POSTGRES_URL"

// shared is the one server of this test process. It stops when the process
// ends. This variable keeps it reachable until then, because a server that the
// garbage collector finds unreachable stops as well.
var shared = sync.OnceValues(func() (*Server, error) {
	if url := os.Getenv(URLVariable); url != "" {
		return &Server{URL: url}, nil
	}
	return Start(context.Background(), "", WithoutFsync())
})

// Database returns the URL of an empty database that only this test uses and
// that is dropped after it. The test fails where Postgres is not installed,
// because a test that does not run proves nothing.
func Database(t testing.TB) string {
	t.Helper()
	server, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	name := "test_" + strings.ToLower(rand.Text())
	url, err := server.Database(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := administer(context.Background(), server.URL, "DROP DATABASE "+quote(name)+" WITH (FORCE)"); err != nil {
			t.Log(err)
		}
	})
	return url
}
