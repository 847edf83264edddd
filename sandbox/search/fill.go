package search

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"purser/sandbox/finder"
)

// fillIndexes makes what the documents are found by, index after index, and
// reports whether it could.
func (s *Server) fillIndexes(ctx context.Context) bool {
	defer close(s.filled)
	for _, h := range s.metas() {
		if err := s.open(ctx, h.meta); err != nil {
			if s.broken = err; ctx.Err() == nil {
				s.cfg.Log.Error("sandbox search cannot read its documents", "index", h.meta.UID, "error", err)
			}
			return false
		}
	}
	return true
}

// Filled is closed when the documents that were kept can be found again.
func (s *Server) Filled() <-chan struct{} { return s.filled }

// fillTimeout is how long a request waits for the documents at a start: those
// of a small shop are there at once.
const fillTimeout = time.Second

// whenFilled is a route that looks at documents. While they are being read in
// it is unavailable, and whoever asks does without a search for a while.
func (s *Server) whenFilled(do route) route {
	return func(w http.ResponseWriter, r *http.Request) error {
		ctx, stop := context.WithTimeout(r.Context(), fillTimeout)
		defer stop()
		select {
		case <-s.filled:
		case <-ctx.Done():
			return newError(http.StatusServiceUnavailable, "internal", "internal", "The documents are being read in.")
		}
		if s.broken != nil {
			return internal()
		}
		return do(w, r)
	}
}

// fillPart is how many documents are taken apart at once.
const fillPart = 500

// fill makes what a store's documents are found by. While they are read, those
// read before are taken apart, as many parts beside each other as there are
// processors; they are noted in the order in which they were read.
func fill(ctx context.Context, st *store, set settings) (*finder.Index, error) {
	x := finder.New(set.finder())
	parts := make(chan chan []finder.Document, runtime.GOMAXPROCS(0))
	whole := ctx
	all, ctx := errgroup.WithContext(ctx)
	all.Go(func() error {
		defer close(parts)
		var read []source
		send := func() error {
			part, sources := make(chan []finder.Document, 1), read
			read = make([]source, 0, fillPart)
			select {
			case parts <- part:
			case <-ctx.Done():
				return ctx.Err()
			}
			all.Go(func() error { return takeApart(sources, part) })
			return nil
		}
		err := safely(func() error {
			return st.each(ctx, func(id string, text []byte) error {
				if read = append(read, source{id, text}); len(read) < fillPart {
					return nil
				}
				return send()
			})
		})
		if err != nil {
			return err
		}
		return send()
	})
	for part := range parts {
		select {
		case docs := <-part:
			x.Put(docs)
		case <-ctx.Done(): // parts is closed soon
		}
	}
	if err := all.Wait(); err != nil {
		return nil, err
	}
	return x, whole.Err() // ended, it passes over parts
}

// source is a document as it is kept.
type source struct {
	id   string
	text []byte
}

func takeApart(sources []source, to chan<- []finder.Document) error {
	docs := make([]finder.Document, len(sources))
	for i, d := range sources {
		fields, err := parseFields(d.text)
		if err != nil {
			return fmt.Errorf("document %s: %w", d.id, err)
		}
		docs[i] = finder.Document{ID: d.id, Fields: fields}
	}
	to <- docs
	return nil
}
