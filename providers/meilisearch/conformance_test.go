package meilisearch_test

import (
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	sdk "github.com/meilisearch/meilisearch-go"

	"purser/activities/porttest"
	"purser/activities/products"
	"purser/order"
	"purser/providers/meilisearch"
	"purser/sandbox/faults"
	"purser/sandbox/search"
)

var (
	_ products.Index         = (*meilisearch.Client)(nil)
	_ products.IndexKeys     = (*meilisearch.Client)(nil)
	_ products.IndexSettings = (*meilisearch.Client)(nil)
	_ products.Rebuild       = (*meilisearch.Client)(nil)
	_ products.Search        = (*meilisearch.Client)(nil)
)

const master = "a master key for tests only"

// server is a Meilisearch server: its handler and its keys.
type server struct {
	handler       http.Handler
	admin, search string
}

// played returns the sandbox.
func played(t *testing.T) server { return faultyServer(t, nil) }

// faultyServer is the sandbox with faults.
func faultyServer(t *testing.T, faultControl *faults.Control) server {
	s, err := search.New(search.Config{MasterKey: master, Faults: faultControl})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return server{s.Handler(), search.AdminKey(master), search.SearchKey(master)}
}

// genuine is the server at MEILISEARCH_URL, behind a proxy that can inject
// faults; MEILISEARCH_KEY is its admin key.
func genuine(t *testing.T) server {
	at, err := url.Parse(os.Getenv("MEILISEARCH_URL"))
	if err != nil {
		t.Fatal(err)
	}
	key := os.Getenv("MEILISEARCH_KEY")
	return server{httputil.NewSingleHostReverseProxy(at), key, key}
}

// TestConformance runs the suite of what the workflows rely on against the
// sandbox and, if configured, against a real Meilisearch.
func TestConformance(t *testing.T) {
	servers := map[string]func(*testing.T) server{"stand-in": played}
	if os.Getenv("MEILISEARCH_URL") != "" {
		servers["real"] = genuine
	}
	for name, open := range servers {
		t.Run(name, func(t *testing.T) {
			porttest.Index(t, func(t *testing.T) porttest.IndexBench { return bench(t, open(t)) })
		})
	}
}

// bench returns a client with an index of its own.
func bench(t *testing.T, s server) porttest.IndexBench {
	faulty := &faulty{next: s.handler}
	at := httptest.NewServer(faulty)
	t.Cleanup(at.Close)
	environment := "t" + strings.ToLower(rand.Text())[:12]
	c := newClient(t, at.URL, environment, s)
	t.Cleanup(func() { clean(t, at.URL, "purser-"+environment, s.admin) })
	return porttest.IndexBench{
		Index: c, Keys: c, Settings: c, Rebuild: c, Search: c,
		FailNext: func(t *testing.T, kind error) {
			faulty.set(map[error]faults.Fault{
				order.ErrUnknownOutcome: {Do: faults.Reset, When: faults.After},
				order.ErrThrottled:      {Do: faults.Status, Status: 429, RetryAfter: 2 * time.Second},
				order.ErrDenied:         {Do: faults.Status, Status: 403},
				order.ErrRejected:       {Do: faults.Status, Status: 400},
			}[kind])
		},
	}
}

// faulty makes only the next addition of documents fail.
type faulty struct {
	next http.Handler

	mu    sync.Mutex
	fault *faults.Fault
}

func (f *faulty) set(fault faults.Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fault = &fault
}

func (f *faulty) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	next := f.next
	if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/documents") {
		f.mu.Lock()
		if f.fault != nil {
			c := faults.New(1)
			if err := c.Add(*f.fault); err != nil {
				panic(err)
			}
			next, f.fault = c.Wrap("search", next), nil
		}
		f.mu.Unlock()
	}
	next.ServeHTTP(w, r)
}

func newClient(t testing.TB, at, environment string, s server) *meilisearch.Client {
	c, err := meilisearch.New(meilisearch.Config{
		URL: at, AdminKey: s.admin, SearchKey: s.search, Environment: environment, TaskTimeout: 10 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// clean removes a test's indexes from a server that outlives the test.
func clean(t *testing.T, at, prefix, key string) {
	m := sdk.New(at, sdk.WithAPIKey(key))
	list, err := m.ListIndexes(&sdk.IndexesQuery{Limit: 1000})
	if err != nil {
		t.Errorf("clean: %v", err)
		return
	}
	for _, i := range list.Results {
		if strings.HasPrefix(i.UID, prefix) {
			if _, err := m.DeleteIndex(i.UID); err != nil {
				t.Errorf("clean: %v", err)
			}
		}
	}
}
