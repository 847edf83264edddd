// Package imports records files that change the catalogue: the received file,
// the rows that were read from it, and the progress of applying them.
package imports

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"purser/catalog"
	"purser/records/sqldb"
)

// Store reads and writes imports.
type Store struct {
	DB *sqldb.DB
}

// ownIndexing is how long an import has to bring its changed products to the
// index itself. After that a sweep takes them.
const ownIndexing = int64(6 * 3600 * 1_000_000)

// OpenImport starts to receive a file. An import whose file was not received
// completely starts over, and the caller that was sending it is refused from
// then on. An import whose file is complete is returned unchanged, and fresh is
// false.
func (s *Store) OpenImport(ctx context.Context, i catalog.Import, header string) (was catalog.Import, fresh bool, err error) {
	now := sqldb.Micros(s.DB.Now())
	err = s.DB.Write(ctx, func(ctx context.Context, q sqldb.Querier) error {
		was, err = readImport(ctx, q, i.ID, q.ForUpdate())
		fresh = errors.Is(err, catalog.ErrNoImport) || err == nil && was.State == catalog.ImportReceiving
		if !fresh {
			return err
		}
		// Two attempts differ in their start time.
		now = max(now, sqldb.Micros(was.CreatedAt)+1)
		if _, err := q.Exec(ctx, "DELETE FROM imports WHERE id = ?", i.ID); err != nil {
			return err
		}
		_, err = q.Exec(ctx, `
			INSERT INTO imports (id, kind, name, dry_run, actor, correlation, state, why, header, bytes, at_byte, at_line, at_sku,
				staged, bad, applied, added, unchanged, indexed, mark, created_at, updated_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, '', ?, 0, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, ?, ?)`,
			i.ID, string(i.Kind), i.Name, sqldb.Bit(i.DryRun), i.Actor, i.Correlation, string(catalog.ImportReceiving), header, now, now)
		was = i
		was.State, was.CreatedAt, was.UpdatedAt = catalog.ImportReceiving, sqldb.FromMicros(now), sqldb.FromMicros(now)
		return err
	})
	for _, p := range []importPart{importChunks, importRows, importErrors} { // a crash of an earlier attempt left these behind
		if err == nil && fresh {
			err = s.forget(ctx, p, i.ID, ofNewAttempt, i.ID, now)
		}
	}
	return was, fresh, sqldb.WrapError("open import", err)
}

// PutChunk stores the next part of the file for attempt i.
func (s *Store) PutChunk(ctx context.Context, i catalog.Import, at int64, body []byte) error {
	err := s.DB.Write(ctx, func(ctx context.Context, q sqldb.Querier) error {
		n, err := q.Exec(ctx, "UPDATE imports SET bytes = ?, updated_at = ? WHERE id = ? AND bytes = ? AND state = ? AND created_at = ?",
			at+int64(len(body)), sqldb.Micros(s.DB.Now()), i.ID, at, string(catalog.ImportReceiving), sqldb.Micros(i.CreatedAt))
		if err == nil && n == 0 {
			err = catalog.ErrMovedOn
		}
		if err != nil {
			return err
		}
		_, err = q.Exec(ctx, "INSERT INTO import_chunks (import_id, at_byte, body) VALUES (?, ?, ?)", i.ID, at, body)
		return err
	})
	return sqldb.WrapError("put chunk", err)
}

// Received records that all bytes of the file have arrived. i says at which
// byte and line the rows begin, and i.Digest is the digest of the bytes.
func (s *Store) Received(ctx context.Context, i catalog.Import, bytes, startByte, startLine int64) error {
	return s.moveImport(ctx, "UPDATE imports SET state = ?, digest = ?, at_byte = ?, at_line = ?, updated_at = ? WHERE id = ? AND state = ? AND bytes = ? AND created_at = ?",
		string(catalog.ImportReading), i.Digest, startByte, startLine, sqldb.Micros(s.DB.Now()), i.ID, string(catalog.ImportReceiving), bytes, sqldb.Micros(i.CreatedAt))
}

// DiscardImport deletes a file that was not received completely.
func (s *Store) DiscardImport(ctx context.Context, i catalog.Import) error {
	var n int64
	err := s.DB.WriteAlone(ctx, func(ctx context.Context, q sqldb.Querier) (err error) {
		n, err = q.Exec(ctx, "DELETE FROM imports WHERE id = ? AND state = ? AND created_at = ?", i.ID, string(catalog.ImportReceiving), sqldb.Micros(i.CreatedAt))
		return err
	})
	if err == nil && n > 0 {
		err = s.forget(ctx, importChunks, i.ID, ofNoImport, i.ID)
	}
	return sqldb.WrapError("discard import", err)
}

// EndImport ends an import and deletes its file; its figures and errors stay.
// ForgetImports deletes what a crash leaves of the file.
func (s *Store) EndImport(ctx context.Context, id string, state catalog.ImportState, why string) error {
	err := s.DB.WriteAlone(ctx, func(ctx context.Context, q sqldb.Querier) error {
		_, err := q.Exec(ctx, "UPDATE imports SET state = ?, why = ?, indexed = CASE WHEN dry_run = 1 THEN 0 ELSE applied END, updated_at = ? WHERE id = ? AND state NOT IN ('done', 'refused')",
			string(state), why, sqldb.Micros(s.DB.Now()), id)
		return err
	})
	for _, p := range []importPart{importChunks, importRows} {
		if err == nil {
			err = s.forget(ctx, p, id, ofNoneUnderWay, id)
		}
	}
	return sqldb.WrapError("end import", err)
}

func (s *Store) moveImport(ctx context.Context, statement string, args ...any) error {
	err := s.DB.Write(ctx, func(ctx context.Context, q sqldb.Querier) error {
		n, err := q.Exec(ctx, statement, args...)
		if err == nil && n == 0 {
			err = catalog.ErrMovedOn
		}
		return err
	})
	return sqldb.WrapError("move import", err)
}

// ImportBytes returns a part of the file that begins at a byte, and nothing
// after the last byte.
func (s *Store) ImportBytes(ctx context.Context, id string, from int64) ([]byte, error) {
	var at int64
	var body []byte
	found, err := sqldb.First(ctx, s.DB.Reader(), "SELECT at_byte, body FROM import_chunks WHERE import_id = ? AND at_byte <= ? ORDER BY at_byte DESC LIMIT 1",
		[]any{id, from}, &at, &body)
	if err != nil || !found || from-at >= int64(len(body)) {
		return nil, sqldb.WrapError("import bytes", err)
	}
	return body[from-at:], nil
}

// ImportHeader returns how to read the file of an import.
func (s *Store) ImportHeader(ctx context.Context, id string) (string, error) {
	var header string
	found, err := sqldb.First(ctx, s.DB.Reader(), "SELECT header FROM imports WHERE id = ?", []any{id}, &header)
	if err == nil && !found {
		err = fmt.Errorf("%w: %.70q", catalog.ErrNoImport, id)
	}
	return header, sqldb.WrapError("import header", err)
}

const selectImport = `
	SELECT id, kind, name, dry_run, actor, correlation, state, why, bytes, at_byte, at_line, staged, bad, applied, added, unchanged, indexed,
		mark, digest, created_at, updated_at FROM imports `

// Import returns the current state of an import, or catalog.ErrNoImport.
func (s *Store) Import(ctx context.Context, id string) (catalog.Import, error) {
	i, err := readImport(ctx, s.DB.Reader(), id, "")
	return i, sqldb.WrapError("import", err)
}

func readImport(ctx context.Context, q sqldb.Querier, id, lock string) (catalog.Import, error) {
	var found []catalog.Import
	err := sqldb.Each(ctx, q, selectImport+"WHERE id = ?"+lock, []any{id}, func(r *sql.Rows) error {
		i, err := scanImport(r)
		found = append(found, i)
		return err
	})
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("%w: %.70q", catalog.ErrNoImport, id)
	}
	if err != nil {
		return catalog.Import{}, err
	}
	i := found[0]
	if i.State == catalog.ImportIndexing {
		left, err := sqldb.One[int64](ctx, q, "SELECT COUNT(*) FROM products WHERE due_at > 0 AND due_at = ?", i.Mark)
		i.Indexed = max(i.Applied-left, 0)
		return i, err
	}
	return i, nil
}

// Imports lists the latest imports, newest first.
func (s *Store) Imports(ctx context.Context, limit int) ([]catalog.Import, error) {
	var found []catalog.Import
	err := sqldb.Each(ctx, s.DB.Reader(), selectImport+"ORDER BY created_at DESC, id LIMIT ?", []any{sqldb.PageSize(limit)}, func(r *sql.Rows) error {
		i, err := scanImport(r)
		found = append(found, i)
		return err
	})
	return found, sqldb.WrapError("imports", err)
}

func scanImport(r *sql.Rows) (catalog.Import, error) {
	var i catalog.Import
	var dry, created, updated int64
	err := r.Scan(&i.ID, &i.Kind, &i.Name, &dry, &i.Actor, &i.Correlation, &i.State, &i.Why, &i.Bytes, &i.Read, &i.Lines, &i.Rows, &i.Bad,
		&i.Applied, &i.Added, &i.Unchanged, &i.Indexed, &i.Mark, &i.Digest, &created, &updated)
	i.DryRun, i.CreatedAt, i.UpdatedAt = dry != 0, sqldb.FromMicros(created), sqldb.FromMicros(updated)
	return i, err
}

// ImportErrors lists up to limit errors of an import, ordered by line, that
// come after the given line.
func (s *Store) ImportErrors(ctx context.Context, id string, after int64, limit int) ([]catalog.RowFault, error) {
	var found []catalog.RowFault
	err := sqldb.Each(ctx, s.DB.Reader(), "SELECT line, sku, field, message FROM import_errors WHERE import_id = ? AND line > ? ORDER BY line, field LIMIT ?",
		[]any{id, after, sqldb.PageSize(limit)}, func(r *sql.Rows) error {
			var f catalog.RowFault
			err := r.Scan(&f.Line, &f.SKU, &f.Field, &f.Message)
			found = append(found, f)
			return err
		})
	return found, sqldb.WrapError("import errors", err)
}
