// Package imports has the activities that carry a file into the catalogue.
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
	// Products gives the index what was imported.
	Products *products.Activities
}

// Imports is the record of imports: the file, and how far it is.
type Imports interface {
	Import(ctx context.Context, id string) (catalog.Import, error)
	// ImportHeader returns a feed.Header in JSON.
	ImportHeader(ctx context.Context, id string) (string, error)
	// ImportBytes returns a part of the file from a byte on; none after the
	// last.
	ImportBytes(ctx context.Context, id string, from int64) ([]byte, error)
	// EndImport ends it and forgets its file. Ending it again changes nothing.
	EndImport(ctx context.Context, id string, state catalog.ImportState, why string) error
}

// ImportRows moves an import's rows on. Each call is one transaction that
// notes how far it has come; one that is not for the import's place answers
// catalog.ErrMovedOn and changes nothing.
type ImportRows interface {
	StageRows(ctx context.Context, s catalog.Slice) error
	StartApplying(ctx context.Context, id string) error
	// ApplyRows writes the next products; more: there may be others.
	ApplyRows(ctx context.Context, id string, limit int) (more bool, err error)
	// SwitchRows puts all prices or stock into force at once.
	SwitchRows(ctx context.Context, id string) error
	// ImportedProducts answers products that the import changed and the index
	// has not been given, in the order of their SKUs, from after one on.
	ImportedProducts(ctx context.Context, mark int64, after string, limit int) ([]catalog.Stocked, error)
	// LeaveToSweep makes a product due like any other.
	LeaveToSweep(ctx context.Context, mark int64, sku string) error
}

// ImportRef names an import.
type ImportRef struct {
	ID string `json:"id"`
}

// The sizes of an import's steps.
const (
	rowsKept = 2_000 // in one transaction: more would keep orders waiting for it
	batches  = 2     // on their way to the index at once: one is read while it works on the other
)

// AdvanceImport goes on with an import from where it is, for a while or to the
// end of its stage, and returns how it stands. Where it is stands in the
// record, written together with what was done; so it does not matter how often
// this was tried before, or where it broke off.
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

// readRows checks and stages rows. Stock and prices with an error in them end
// here: half of a price list is what staging is to prevent.
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
	switch staged := i.Kind != catalog.ImportProducts; {
	case staged && i.Bad > 0:
		return a.Imports.EndImport(ctx, i.ID, catalog.ImportRefused, fmt.Sprintf("%d rows have errors; nothing was changed", i.Bad))
	case staged && i.DryRun:
		return a.Imports.EndImport(ctx, i.ID, catalog.ImportDone, "")
	}
	return a.ImportRows.StartApplying(ctx, i.ID)
}

// slice reads the next rows.
func slice(rows *importfile.Reader, id string, from int64) (s catalog.Slice, more bool, err error) {
	s = catalog.Slice{Import: id, From: from}
	for range rowsKept {
		row, line, faultControl, err := rows.Next()
		if errors.Is(err, io.EOF) {
			s.ToByte, s.ToLine = rows.At().Byte, rows.At().Line
			return s, false, nil
		}
		if err != nil {
			return s, false, err
		}
		if row.Currency != nil && len(faultControl) == 0 {
			if _, err := order.Exponent(*row.Currency); err != nil {
				faultControl = append(faultControl, catalog.Fault{Field: "currency", Message: fmt.Sprintf("unknown currency %.10q", *row.Currency)})
			}
		}
		if len(faultControl) == 0 {
			s.Rows = append(s.Rows, catalog.LinedRow{Line: line, Row: row})
			continue
		}
		s.Bad++
		for _, f := range faultControl {
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

// indexRows gives the index what the import changed. What it has confirmed
// loses the import's mark, so that the next attempt finds the rest.
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
			for sku := range refused { // it comes up again with what else is due
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
