// Package meilisearch keeps the shoppers' search index in Meilisearch (1.15 or
// newer), over its official SDK: settings, documents, rebuilds, searches. A
// write is done when its task has succeeded, not when it was accepted.
package meilisearch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/meilisearch/meilisearch-go"

	"purser/catalog"
	"purser/order"
	"purser/providers/guard"
)

// Config selects a Meilisearch server. URL, AdminKey and SearchKey are
// required.
type Config struct {
	// URL is the server's URL.
	URL string
	// AdminKey may write documents and settings, swap indexes and read tasks.
	AdminKey string
	// SearchKey may search and nothing else.
	SearchKey string
	// Environment names the index, so that several can share a server:
	// lower-case letters, digits and "-". Default "default".
	Environment string
	// Settings returns the shop's own settings. It is called each time the settings
	// are applied, so that a new index always gets the latest ones. Default: none.
	Settings func(ctx context.Context) (catalog.SearchSettings, error)
	// Batch is the number of documents in one request; default 1,000.
	Batch int
	// Timeout limits one request of a write; default 30 s.
	Timeout time.Duration
	// TaskTimeout is how long a write waits for its task; default 60 s. After that
	// its outcome is unknown.
	TaskTimeout time.Duration
	// SearchTimeout limits a search; default 2 s, because a shopper does not wait.
	SearchTimeout time.Duration
	// Log gets the state changes of the circuit breakers; default slog.Default().
	Log *slog.Logger
}

// provider is Meilisearch's name in errors and logs.
const provider = "meilisearch"

// Client is a search index. Every error of its methods is a
// *order.ProviderError, except that Search also returns catalog.ErrQuery.
type Client struct {
	conf   Config
	live   string // the index that is searched
	admin  meilisearch.ServiceManager
	reader meilisearch.ServiceManager // with the search key
	search meilisearch.IndexManager
	guard  *guard.Guard // for the searches
	locks  documentLocks

	mu      sync.Mutex
	changes map[string]int64 // by index: the task of a change of settings that has not ended
}

var environment = regexp.MustCompile(`^[a-z0-9-]{1,32}$`)

// New returns a client. It makes no calls.
func New(c Config) (*Client, error) {
	c.Environment = cmp.Or(c.Environment, "default")
	c.Batch = cmp.Or(c.Batch, 1000)
	c.Timeout = cmp.Or(c.Timeout, 30*time.Second)
	c.TaskTimeout = cmp.Or(c.TaskTimeout, time.Minute)
	c.SearchTimeout = cmp.Or(c.SearchTimeout, 2*time.Second)
	c.Log = cmp.Or(c.Log, slog.Default())
	if c.Settings == nil {
		c.Settings = func(context.Context) (catalog.SearchSettings, error) { return catalog.SearchSettings{}, nil }
	}
	switch {
	case c.URL == "" || c.AdminKey == "" || c.SearchKey == "":
		return nil, errors.New("meilisearch: URL, admin key and search key are needed")
	case !environment.MatchString(c.Environment):
		return nil, fmt.Errorf("meilisearch: environment: want 1 to 32 of a-z, 0-9 and -, got %.40q", c.Environment)
	}
	x := &Client{conf: c, live: "purser-" + c.Environment + "-products", locks: documentLocks{taken: make(map[string]chan struct{})}, changes: make(map[string]int64)}
	host := strings.TrimRight(c.URL, "/")
	writes := guard.Transport(nil, guard.Config{Name: provider, Log: c.Log})
	x.guard = guard.Transport(nil, guard.Config{
		Name: provider + " search", Concurrent: 64, Wait: 200 * time.Millisecond, Consecutive: 5, OpenFor: 5 * time.Second, Log: c.Log,
	})
	x.admin = meilisearch.New(host, meilisearch.WithAPIKey(c.AdminKey), meilisearch.DisableRetries(), meilisearch.WithCustomClient(client(writes, c.Timeout)))
	x.reader = meilisearch.New(host, meilisearch.WithAPIKey(c.SearchKey), meilisearch.DisableRetries(), meilisearch.WithCustomClient(client(x.guard, c.SearchTimeout)))
	x.search = x.reader.Index(x.live)
	return x, nil
}

func client(t http.RoundTripper, timeout time.Duration) *http.Client {
	return &http.Client{
		Transport: noted{t}, Timeout: timeout,
		// A redirect would send the key elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// String keeps the keys out of printed clients.
func (c *Client) String() string {
	return fmt.Sprintf("meilisearch at %s, index %s", c.conf.URL, c.live)
}

// SearchState returns the state of the searches' circuit breaker; "closed" is
// the healthy one.
func (c *Client) SearchState() string { return c.guard.State() }

// documentLocks makes writers of the same documents wait for each other,
// because no other write may come between reading a version and writing a newer
// one. It does not cover other processes; the comparison with the catalogue
// repairs what they break.
type documentLocks struct {
	mu    sync.Mutex
	taken map[string]chan struct{} // by document id; closed when the id is free
}

// take waits until all ids are free, takes them, and returns a function that
// frees them.
func (t *documentLocks) take(ctx context.Context, ids []string) (unlock func(), err error) {
	mine := make(chan struct{})
	for {
		busy := t.tryTake(ids, mine)
		if busy == nil {
			break
		}
		select {
		case <-busy:
		case <-ctx.Done():
			return nil, failure("wait for the documents", order.ErrUnavailable, "", ctx.Err())
		}
	}
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		for _, id := range ids {
			delete(t.taken, id)
		}
		close(mine)
	}, nil
}

func (t *documentLocks) tryTake(ids []string, mine chan struct{}) (busy chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, id := range ids {
		if other, ok := t.taken[id]; ok {
			return other
		}
	}
	for _, id := range ids {
		t.taken[id] = mine
	}
	return nil
}

// failure returns a failure of this provider.
var failure = order.Provider(provider).Failure
