package search

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"purser/bench/measure"
	"purser/catalog"
	"purser/providers/meilisearch"
	"purser/sandbox"
	"purser/sandbox/search"
)

// StandIn is the sandbox's search engine, served over HTTP by this process, and a
// client of it.
type StandIn struct {
	*meilisearch.Client
	box  *sandbox.Sandbox
	http *http.Server
}

const masterKey = "the bench's own key"

// OpenStandIn starts a stand-in on the index in a directory.
func OpenStandIn(dir string) (*StandIn, error) {
	box, err := sandbox.New(sandbox.Config{DataDir: dir, Search: &search.Config{MasterKey: masterKey}})
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(err, box.Close())
	}
	s := &StandIn{box: box, http: &http.Server{Handler: box.Handler(), ReadHeaderTimeout: 10 * time.Second}}
	go func() { _ = s.http.Serve(l) }() // ends with Close
	s.Client, err = meilisearch.New(meilisearch.Config{
		URL: "http://" + l.Addr().String() + "/search", AdminKey: search.AdminKey(masterKey), SearchKey: search.SearchKey(masterKey),
		SearchTimeout: 30 * time.Second, // slow searches are to be measured, not cut off
	})
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Close ends the stand-in. The index stays in its directory.
func (s *StandIn) Close() error { return errors.Join(s.http.Close(), s.box.Close()) }

// reopen starts the stand-in again, and measures how long it takes until it finds
// the same products as before.
func reopen(ctx context.Context, dir string, r *Result) error {
	began := time.Now()
	s, err := OpenStandIn(dir)
	if err != nil {
		return err
	}
	r.StartSeconds = time.Since(began).Seconds()
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	for {
		found, err := s.Search(ctx, catalog.Query{})
		if err == nil && found.Total >= min(r.Products, catalog.MaxHits) {
			break
		}
		if !measure.Wait(ctx, 10*time.Millisecond) {
			return errors.Join(ctx.Err(), err, s.Close())
		}
	}
	r.ReopenSeconds = time.Since(began).Seconds()
	return s.Close()
}
