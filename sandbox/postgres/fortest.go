package postgres

import (
	"context"
	"crypto/rand"
	"os"
	"strings"
	"sync"
)

// URLVariable names the environment variable with the URL of a running server
// for tests to share; without it, each test process starts its own.
const URLVariable = "PURSER_TEST_POSTGRES_URL"

// TB is what ForTest needs of a testing.TB.
type TB interface {
	Helper()
	Cleanup(func())
	Fatalf(format string, args ...any)
	Logf(format string, args ...any)
}

// shared is the one server of this test process. Nothing stops it but the end
// of the process; it is held here because a server nobody holds on to stops.
var shared = sync.OnceValues(func() (*Server, error) {
	if url := os.Getenv(URLVariable); url != "" {
		return &Server{URL: url}, nil
	}
	return Start(context.Background(), "", WithoutFsync())
})

// ForTest answers the URL of an empty database that is the test's own and is
// dropped after it. Where Postgres is missing, the test fails: it proves
// nothing unless it runs.
func ForTest(t TB) string {
	t.Helper()
	server, err := shared()
	if err != nil {
		t.Fatalf("%v", err)
	}
	name := "test_" + strings.ToLower(rand.Text())
	url, err := server.Database(name)
	if err != nil {
		t.Fatalf("%v", err)
	}
	t.Cleanup(func() {
		if err := administer(context.Background(), server.URL, "DROP DATABASE "+quote(name)+" WITH (FORCE)"); err != nil {
			t.Logf("%v", err)
		}
	})
	return url
}
