package sqldb

import (
	"context"
	"database/sql"
	"sync"
)

// statements is a Querier that prepares each statement once, because parsing
// costs SQLite more than running most of our statements.
type statements struct {
	prepare func(context.Context, string) (*sql.Stmt, error)
	mu      sync.RWMutex
	byText  map[string]*sql.Stmt
}

func (s *statements) get(ctx context.Context, query string) (*sql.Stmt, error) {
	s.mu.RLock()
	st := s.byText[query]
	s.mu.RUnlock()
	if st != nil {
		return st, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if st := s.byText[query]; st != nil {
		return st, nil
	}
	st, err := s.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	if s.byText == nil {
		s.byText = make(map[string]*sql.Stmt)
	}
	s.byText[query] = st
	return st, nil
}

func (s *statements) result(ctx context.Context, query string, args []any) (sql.Result, error) {
	st, err := s.get(ctx, query)
	if err != nil {
		return nil, err
	}
	return st.ExecContext(ctx, args...)
}

func (s *statements) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	r, err := s.result(ctx, query, args)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

func (s *statements) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	st, err := s.get(ctx, query)
	if err != nil {
		return nil, err
	}
	return st.QueryContext(ctx, args...)
}

func (s *statements) Insert(ctx context.Context, query string, args ...any) (int64, bool, error) {
	r, err := s.result(ctx, query, args)
	if err != nil {
		return 0, false, err
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return 0, false, err
	}
	id, err := r.LastInsertId()
	return id, true, err
}

// BatchSize is one, because SQLite keeps a copy of each page that a multi-row
// insert touches in case it fails halfway; that costs more than another
// statement.
func (s *statements) BatchSize() int { return 1 }

// ForUpdate is empty: there is one writer and nothing to lock.
func (s *statements) ForUpdate() string { return "" }

// clock is empty: the database is in this process.
func (s *statements) clock() string { return "" }

func (s *statements) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, st := range s.byText {
		_ = st.Close()
	}
	s.byText = nil
}
