// Package imports has the activities that import a file into the catalogue.
package imports

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"golang.org/x/sync/errgroup"

	"purser/activities"
	"purser/activities/products"
	"purser/catalog"
	"purser/importfile"
	"purser/order"
)

// Activities are the steps of an import.
type Activities struct {
	Imports    Imports
	ImportRows ImportRows
	// Products brings the imported products to the search index.
	Products *products.Activities
}

// Imports is the record of imports: the file and the progress.
type Imports interface {
	Import(ctx context.Context, id string) (catalog.Import, error)
	// ImportHeader returns an importfile.Header in JSON.
	ImportHeader(ctx context.Context, id string) (string, error)
	// ImportBytes returns a part of the file from a byte on; it is empty at the
	// end of the file.
	ImportBytes(ctx context.Context, id string, from int64) ([]byte, error)
	// EndImport ends an import and deletes its file. Repeating it changes
	// nothing.
	EndImport(ctx context.Context, id string, state catalog.ImportState, why string) error
}

// ImportRows moves an import's rows through its stages. Each call is one
// transaction that also records the progress; a call that does not fit the
// recorded progress fails with catalog.ErrMovedOn and changes nothing.
type ImportRows interface {
	StageRows(ctx context.Context, s catalog.Slice) error
	StartApplying(ctx context.Context, id string) error
	// ApplyRows writes the next products; more is true if there may be others.
	ApplyRows(ctx context.Context, id string, limit int) (more bool, err error)
	// SwitchRows applies all prices or stock at once.
	SwitchRows(ctx context.Context, id string) error
	// ImportedProducts returns products that the import changed and the index
	// does not have yet, in the order of their SKUs, from behind one on.
	ImportedProducts(ctx context.Context, mark int64, after string, limit int) ([]catalog.Stocked, error)
	// LeaveToSweep takes the import's mark off a product, so that the next sweep
	// indexes it.
	LeaveToSweep(ctx context.Context, mark int64, sku string) error
}

// ImportRef identifies an import.
type ImportRef struct {
	ID string `json:"id"`
}

// The sizes of an import's steps.
const (
	rowsKept  = 2_000   // rows in one transaction: with more, orders would wait for it too long
	bytesKept = 4 << 20 // of the file in one transaction: rows with long descriptions are many bytes
	batches   = 2       // concurrent calls of the index: one batch is read while the index works on the other
)

// AdvanceImport continues an import from its recorded progress, for a while or
// to the end, and returns its state. The progress is written in the same
// transaction as the rows, so it does not matter how often this was tried
// before, or where an attempt broke off.
func (a *Activities) AdvanceImport(ctx context.Context, r ImportRef) (catalog.Import, error) {
	defer activities.Beat(ctx)()
	until := time.Now().Add(products.SliceTime)
	for {
		i, err := a.Imports.Import(ctx, r.ID)
		if err != nil {
			return i, activities.Failure(err)
		}
		if i.State.Final() || time.Now().After(until) {
			return i, nil
		}
		err = a.advance(ctx, i, until)
		if err != nil && !errors.Is(err, catalog.ErrMovedOn) {
			return i, activities.Failure(err)
		}
	}
}

func (a *Activities) advance(ctx context.Context, i catalog.Import, until time.Time) error {
	switch i.State {
	case catalog.ImportReading:
		return a.readRows(ctx, i, until)
	case catalog.ImportApplying:
		return a.applyRows(ctx, i, until)
	case catalog.ImportIndexing:
		return a.indexRows(ctx, i, until)
	}
	return fmt.Errorf("%w: the import is %s", catalog.ErrInvalid, i.State)
}

// readRows checks and stages rows. An import of stock or prices with an error in
// any row ends here: staging exists so that no price list is applied by half.
func (a *Activities) readRows(ctx context.Context, i catalog.Import, until time.Time) error {
	header, err := a.Imports.ImportHeader(ctx, i.ID)
	if err != nil {
		return err
	}
	var h importfile.Header
	if err := json.Unmarshal([]byte(header), &h); err != nil {
		return err
	}
	rows := h.Read(&importFile{ctx, a.Imports, i.ID, i.Read, nil}, importfile.Position{Byte: i.Read, Line: i.Lines})
	for more := true; more && time.Now().Before(until); {
		from := rows.At().Byte
		var s catalog.Slice
		if s, more, err = slice(rows, i.ID, from); err != nil {
			return err
		}
		if s.ToByte == from && !more {
			break
		}
		if err := a.ImportRows.StageRows(ctx, s); err != nil {
			return err
		}
	}
	if i, err = a.Imports.Import(ctx, i.ID); err != nil || i.Read < i.Bytes {
		return err
	}
	if i.Kind != catalog.ImportProducts && i.Bad > 0 {
		return a.Imports.EndImport(ctx, i.ID, catalog.ImportRefused, fmt.Sprintf("%d rows have errors; nothing was changed", i.Bad))
	}
	return a.ImportRows.StartApplying(ctx, i.ID)
}

// slice reads the next rows; more is false at the end of the file.
func slice(rows *importfile.Reader, id string, from int64) (s catalog.Slice, more bool, err error) {
	s = catalog.Slice{Import: id, From: from}
	for n := 0; n < rowsKept && rows.At().Byte-from < bytesKept; n++ {
		row, line, faults, err := rows.Next()
		if errors.Is(err, io.EOF) {
			s.ToByte, s.ToLine = rows.At().Byte, rows.At().Line
			return s, false, nil
		}
		if err != nil {
			return s, false, err
		}
		if row.Currency != nil && len(faults) == 0 {
			if _, err := order.Exponent(*row.Currency); err != nil {
				faults = append(faults, catalog.Fault{Field: "currency", Message: fmt.Sprintf("unknown currency %.10q", *row.Currency)})
			}
		}
		if len(faults) == 0 {
			s.Rows = append(s.Rows, catalog.LinedRow{Line: line, Row: row})
			continue
		}
		s.Bad++
		for _, f := range faults {
			s.Faults = append(s.Faults, catalog.RowFault{Line: line, SKU: row.SKU, Fault: f})
		}
	}
	s.ToByte, s.ToLine = rows.At().Byte, rows.At().Line
	return s, true, nil
}

func (a *Activities) applyRows(ctx context.Context, i catalog.Import, until time.Time) error {
	if i.Kind != catalog.ImportProducts {
		return a.ImportRows.SwitchRows(ctx, i.ID)
	}
	for more := true; more && time.Now().Before(until); {
		var err error
		if more, err = a.ImportRows.ApplyRows(ctx, i.ID, rowsKept); err != nil {
			return err
		}
	}
	return nil
}

// indexRows brings the changed products to the index. A product that the index
// has confirmed loses the import's mark, so that the next attempt finds the
// others.
func (a *Activities) indexRows(ctx context.Context, i catalog.Import, until time.Time) error {
	found := 0
	all, ctx := errgroup.WithContext(ctx)
	all.SetLimit(batches)
	for after := ""; !i.DryRun && ctx.Err() == nil && time.Now().Before(until); {
		page, err := a.ImportRows.ImportedProducts(ctx, i.Mark, after, products.RowsAtOnce)
		if err != nil {
			return errors.Join(err, all.Wait())
		}
		if len(page) == 0 {
			break
		}
		found, after = found+len(page), page[len(page)-1].SKU
		all.Go(func() error {
			skus, now := make([]string, len(page)), make(map[string]catalog.Stocked, len(page))
			for n, p := range page {
				skus[n], now[p.SKU] = p.SKU, p
			}
			_, refused, err := products.IndexAccepted(ctx, a.Products, skus, now)
			for sku := range refused { // the next sweep tries it again
				err = errors.Join(err, a.ImportRows.LeaveToSweep(ctx, i.Mark, sku))
			}
			return err
		})
	}
	if err := all.Wait(); err != nil || found > 0 {
		return err
	}
	return a.Imports.EndImport(context.WithoutCancel(ctx), i.ID, catalog.ImportDone, "")
}

// importFile is an import's file, read from a byte on.
type importFile struct {
	ctx   context.Context
	from  Imports
	id    string
	at    int64
	chunk []byte
}

func (f *importFile) Read(p []byte) (int, error) {
	if len(f.chunk) == 0 {
		var err error
		if f.chunk, err = f.from.ImportBytes(f.ctx, f.id, f.at); err != nil {
			return 0, err
		}
		if len(f.chunk) == 0 {
			return 0, io.EOF
		}
	}
	n := copy(p, f.chunk)
	f.chunk, f.at = f.chunk[n:], f.at+int64(n)
	return n, nil
}
