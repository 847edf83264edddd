package imports

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"

	"purser/catalog"
	"purser/records/sqldb"
)

// keptErrors is how many errors of an import are stored; further ones are only
// counted.
const keptErrors = 1_000

// StageRows stores a slice of the file as rows, with its errors, and records
// the reading progress, in one transaction. It fails with catalog.ErrMovedOn if
// the slice does not begin where the last one ended, because another attempt
// has read it.
func (s *Store) StageRows(ctx context.Context, sl catalog.Slice) error {
	err := s.DB.Write(ctx, func(ctx context.Context, q sqldb.Querier) error {
		return stage(ctx, q, sl, sqldb.Micros(s.DB.Now()))
	})
	return sqldb.WrapError("stage rows", err)
}

func stage(ctx context.Context, q sqldb.Querier, sl catalog.Slice, now int64) error {
	n, err := q.Exec(ctx, "UPDATE imports SET at_byte = ?, at_line = ?, updated_at = ? WHERE id = ? AND at_byte = ? AND state = ?",
		sl.ToByte, sl.ToLine, now, sl.Import, sl.From, string(catalog.ImportReading))
	if err == nil && n == 0 {
		err = catalog.ErrMovedOn
	}
	if err != nil {
		return err
	}
	var kind catalog.ImportKind
	var kept int64
	if _, err := sqldb.First(ctx, q, "SELECT kind, bad FROM imports WHERE id = ?", []any{sl.Import}, &kind, &kept); err != nil {
		return err
	}
	rows := sl.Rows
	var was map[string]stockThen
	if kind != catalog.ImportProducts {
		if was, err = stockNow(ctx, q, rows); err != nil {
			return err
		}
		rows = known(&sl, was)
	}
	twice, err := stageRows(ctx, q, sl.Import, rows, was)
	if err != nil {
		return err
	}
	sl.Faults, sl.Bad = append(sl.Faults, twice...), sl.Bad+int64(len(twice))
	if err := putFaults(ctx, q, sl.Import, sl.Faults, kept); err != nil {
		return err
	}
	_, err = q.Exec(ctx, "UPDATE imports SET staged = staged + ?, bad = bad + ? WHERE id = ?", int64(len(rows)-len(twice)), sl.Bad, sl.Import)
	return err
}

// stockThen holds the stock counters of a product at the time a row about it
// was read.
type stockThen struct{ shipped, received, countedAt int64 }

// stockNow returns, by SKU, how many pieces of each product have left for good,
// how many have come in, and when they were counted. A product that is not in
// the catalogue is missing.
func stockNow(ctx context.Context, q sqldb.Querier, rows []catalog.LinedRow) (map[string]stockThen, error) {
	skus := make([]string, len(rows))
	for i, r := range rows {
		skus[i] = r.SKU
	}
	now := make(map[string]stockThen, len(rows))
	list, args := sqldb.In(skus)
	err := sqldb.Each(ctx, q, "SELECT sku, shipped, received, counted_at FROM products WHERE deleted = 0 AND sku IN "+list, args, func(r *sql.Rows) error {
		var sku string
		var n stockThen
		err := r.Scan(&sku, &n.shipped, &n.received, &n.countedAt)
		now[sku] = n
		return err
	})
	return now, err
}

// known drops the rows about products that are not in the catalogue, and adds
// an error for each.
func known(sl *catalog.Slice, was map[string]stockThen) []catalog.LinedRow {
	var rows []catalog.LinedRow
	for _, r := range sl.Rows {
		if _, ok := was[r.SKU]; ok {
			rows = append(rows, r)
			continue
		}
		sl.Faults = append(sl.Faults, catalog.RowFault{Line: r.Line, SKU: r.SKU, Fault: catalog.Fault{Field: "sku", Message: "there is no such product"}})
		sl.Bad++
	}
	return rows
}

// stageRows inserts rows and returns errors for those whose SKU occurs twice in
// the file, or looks like another one there; the first row counts.
func stageRows(ctx context.Context, q sqldb.Querier, id string, rows []catalog.LinedRow, was map[string]stockThen) (twice []catalog.RowFault, err error) {
	for len(rows) > 0 {
		n := min(len(rows), q.BatchSize())
		some, args := rows[:n], make([]any, 0, 11*n)
		rows = rows[n:]
		for _, r := range some {
			args = append(args, id, r.SKU, catalog.Look(r.SKU), r.Line, or(r.Price, 0), or(r.Currency, ""), or(r.OnHand, 0), was[r.SKU].shipped, was[r.SKU].received, was[r.SKU].countedAt)
			if was != nil {
				args = append(args, "")
				continue
			}
			doc, err := json.Marshal(r.Row)
			if err != nil {
				return nil, err
			}
			args = append(args, string(doc))
		}
		inserted, err := q.Exec(ctx, "INSERT INTO import_rows (import_id, sku, look, line, price, currency, on_hand, shipped, received, counted_at, doc) VALUES "+
			sqldb.Values(n, 11)+" ON CONFLICT DO NOTHING", args...)
		if err != nil {
			return nil, err
		}
		if inserted == int64(n) {
			continue
		}
		found, err := standTwice(ctx, q, id, some)
		if err != nil {
			return nil, err
		}
		twice = append(twice, found...)
	}
	return twice, nil
}

// standTwice finds the rows of a group whose SKU, or one that people take for it,
// was already staged from another line.
func standTwice(ctx context.Context, q sqldb.Querier, id string, rows []catalog.LinedRow) ([]catalog.RowFault, error) {
	looks := make([]string, len(rows))
	for i, r := range rows {
		looks[i] = catalog.Look(r.SKU)
	}
	staged := make(map[string]catalog.LinedRow, len(rows))
	list, args := sqldb.In(looks)
	err := sqldb.Each(ctx, q, "SELECT look, sku, line FROM import_rows WHERE import_id = ? AND look IN "+list, append([]any{id}, args...), func(r *sql.Rows) error {
		var look string
		var first catalog.LinedRow
		err := r.Scan(&look, &first.SKU, &first.Line)
		staged[look] = first
		return err
	})
	var twice []catalog.RowFault
	for i, r := range rows {
		first := staged[looks[i]]
		fault := catalog.LookalikeFault(fmt.Sprintf("%q on line %d", first.SKU, first.Line))
		switch {
		case first.Line == r.Line:
			continue
		case first.SKU == r.SKU:
			fault.Message = fmt.Sprintf("occurs twice: first on line %d", first.Line)
		}
		twice = append(twice, catalog.RowFault{Line: r.Line, SKU: r.SKU, Fault: fault})
	}
	return twice, err
}

// putFaults stores errors of an import that already has some, up to the limit.
func putFaults(ctx context.Context, q sqldb.Querier, id string, faults []catalog.RowFault, kept int64) error {
	left := int(max(keptErrors-kept, 0))
	for _, f := range faults[:min(len(faults), left)] {
		if _, err := q.Exec(ctx, "INSERT INTO import_errors (import_id, line, field, sku, message) VALUES (?, ?, ?, ?, ?) ON CONFLICT (import_id, line, field) DO NOTHING",
			id, f.Line, f.Field, printable(f.SKU), f.Message); err != nil {
			return err
		}
	}
	return nil
}

// printable returns a SKU of a file in a form that every database can store.
func printable(sku string) string {
	sku = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(sku, "?"))
	if r := []rune(sku); len(r) > catalog.MaxSKU {
		sku = string(r[:catalog.MaxSKU])
	}
	return sku
}

// or returns a value, or the default for a missing one.
func or[T any](value *T, otherwise T) T {
	if value == nil {
		return otherwise
	}
	return *value
}
