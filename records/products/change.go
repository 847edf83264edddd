package products

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"purser/catalog"
	"purser/records/sqldb"
)

// indexGrace is how long a product's own workflow has to bring a change to the
// index before a sweep does it.
const indexGrace = time.Minute

// ChangeProduct applies changes to one product, in their order and in one
// transaction, and returns the outcome of each. A change with an ID that was
// applied before returns its earlier outcome; a refused change does not stop
// the others. The record keeps all of them, with the actor.
func (s *Store) ChangeProduct(ctx context.Context, sku string, changes []catalog.Change) ([]catalog.Changed, error) {
	var ended []catalog.Changed
	err := s.DB.Write(ctx, func(ctx context.Context, q sqldb.Querier) error {
		now := sqldb.Micros(s.DB.Now())
		at := moment{now: now, due: now + indexGrace.Microseconds()}
		ended = ended[:0] // the transaction may be run again
		row, err := lockProduct(ctx, q, sku)
		if err != nil {
			return err
		}
		for _, c := range changes {
			e, err := row.applyChange(ctx, q, c, at)
			if err != nil {
				return err
			}
			ended = append(ended, e)
		}
		return nil
	})
	if err != nil {
		return nil, sqldb.WrapError("change product", err)
	}
	return ended, nil
}

// applyChange applies one change, unless it was applied before.
func (p *productRow) applyChange(ctx context.Context, q sqldb.Querier, c catalog.Change, at moment) (catalog.Changed, error) {
	what, hash, err := c.Fingerprint()
	if err != nil {
		return catalog.Changed{}, err
	}
	before, known, err := findApplied(ctx, q, p.SKU, c.ID, hash)
	if err != nil || known {
		return catalog.Changed{ID: c.ID, Product: p.Stocked, Err: before}, err
	}
	next, refused := p.changed(ctx, q, c, at.now)
	if refused != nil && refusal(refused) == "" {
		return catalog.Changed{}, refused // the record itself failed
	}
	if refused == nil {
		p.counting = c.OnHand != nil
		if err := p.write(ctx, q, next, c.Delete, at); err != nil {
			return catalog.Changed{}, err
		}
	}
	why := ""
	if refused != nil {
		why = refused.Error()
	}
	_, err = q.Exec(ctx, `
		INSERT INTO product_changes (sku, change_id, hash, at, actor, correlation, version, what, refused, why)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		p.SKU, c.ID, hash, at.now, c.Actor, c.Correlation, p.Version, what, refusal(refused), why)
	return catalog.Changed{ID: c.ID, Product: p.Stocked, Err: refused}, err
}

// findApplied looks for a change that was applied before, and returns its
// outcome.
func findApplied(ctx context.Context, q sqldb.Querier, sku, id, hash string) (ended error, known bool, err error) {
	var was, refused, why string
	known, err = sqldb.First(ctx, q, "SELECT hash, refused, why FROM product_changes WHERE sku = ? AND change_id = ?", []any{sku, id}, &was, &refused, &why)
	switch {
	case err != nil || !known:
		return nil, false, err
	case was != hash:
		return fmt.Errorf("%w: %s", catalog.ErrOtherChange, sku), true, nil
	case refused != "":
		return &recordedRefusal{refusals[refused], why}, true, nil
	}
	return nil, true, nil
}

// recordedRefusal is a refusal with its original wording.
type recordedRefusal struct {
	kind error
	text string
}

func (r *recordedRefusal) Error() string { return r.text }
func (r *recordedRefusal) Unwrap() error { return r.kind }

// refusals maps the codes in the record to the reasons for refusing a change.
var refusals = map[string]error{
	"invalid": catalog.ErrInvalid, "not_found": catalog.ErrNotFound, "version": catalog.ErrVersion, "reserved": catalog.ErrReserved,
}

// refusal returns the record's code for an error, or "" if it is not a refusal.
func refusal(err error) string {
	for word, kind := range refusals {
		if errors.Is(err, kind) {
			return word
		}
	}
	return ""
}

// RecordedChange is a change of a product as the record keeps it.
type RecordedChange struct {
	ID      string          `json:"id"`
	At      time.Time       `json:"at"`
	Actor   string          `json:"actor"`
	Version int64           `json:"version"`
	What    json.RawMessage `json:"what"`
	Refused string          `json:"refused,omitempty"`
	Why     string          `json:"why,omitempty"`
}

// ProductChanges lists the latest changes of a product, newest first.
func (s *Store) ProductChanges(ctx context.Context, sku string, limit int) ([]RecordedChange, error) {
	var found []RecordedChange
	err := sqldb.Each(ctx, s.DB.Reader(), `
		SELECT change_id, at, actor, version, what, refused, why FROM product_changes WHERE sku = ? ORDER BY at DESC, version DESC LIMIT ?`,
		[]any{sku, sqldb.PageSize(limit)}, func(r *sql.Rows) error {
			var c RecordedChange
			var at int64
			var what string
			err := r.Scan(&c.ID, &at, &c.Actor, &c.Version, &what, &c.Refused, &c.Why)
			c.At, c.What = sqldb.FromMicros(at), json.RawMessage(what)
			found = append(found, c)
			return err
		})
	return found, sqldb.WrapError("product changes", err)
}

// ForgetChanges deletes changes of products that were made before a time, and
// returns how many there were.
func (s *Store) ForgetChanges(ctx context.Context, before int64) (int64, error) {
	const batch = 2_000
	n, err := s.DB.DeleteInBatches(ctx, batch, fmt.Sprintf(
		"DELETE FROM product_changes WHERE (sku, change_id) IN (SELECT sku, change_id FROM product_changes WHERE at < ? ORDER BY at LIMIT %d)", batch), before)
	return n, sqldb.WrapError("forget changes", err)
}
