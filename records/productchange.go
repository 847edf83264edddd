package records

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"purser/catalog"
)

// indexGrace is how long a product's own workflow has to bring a change to the
// index before a sweep does.
const indexGrace = time.Minute

// ChangeProduct carries out changes of one product in their order, in one
// transaction, and answers how each ended. A change carried out before (by its
// ID) is answered as it was then; a refused one stops nothing. All of them
// stay in the record, with who asked for them.
func (s *Store) ChangeProduct(ctx context.Context, sku string, changes []catalog.Change) ([]catalog.Changed, error) {
	var ended []catalog.Changed
	err := s.retried(ctx, func(ctx context.Context, q querier) error {
		now := clock{micros(s.now()), indexGrace.Microseconds()}
		ended = ended[:0] // it may be run again
		row, err := lockProduct(ctx, q, sku)
		if err != nil {
			return err
		}
		for _, c := range changes {
			e, err := row.carryOut(ctx, q, c, now)
			if err != nil {
				return err
			}
			ended = append(ended, e)
		}
		return nil
	})
	if err != nil {
		return nil, failed("change product", err)
	}
	return ended, nil
}

// carryOut makes one change, unless it was made before.
func (p *productRow) carryOut(ctx context.Context, q querier, c catalog.Change, now clock) (catalog.Changed, error) {
	what, hash, err := c.Fingerprint()
	if err != nil {
		return catalog.Changed{}, err
	}
	before, known, err := carriedOut(ctx, q, p.SKU, c.ID, hash)
	if err != nil || known {
		return catalog.Changed{ID: c.ID, Product: p.Stocked, Err: before}, err
	}
	next, refused := p.changed(ctx, q, c, now)
	if refused != nil && refusal(refused) == "" {
		return catalog.Changed{}, refused // the record's own trouble
	}
	if refused == nil {
		p.counting = c.OnHand != nil
		if err := p.write(ctx, q, next, c.Delete, now); err != nil {
			return catalog.Changed{}, err
		}
	}
	why := ""
	if refused != nil {
		why = refused.Error()
	}
	_, err = q.exec(ctx, `
		INSERT INTO product_changes (sku, change_id, hash, at, actor, correlation, version, what, refused, why)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		p.SKU, c.ID, hash, now.now, c.Actor, c.Correlation, p.Version, what, refusal(refused), why)
	return catalog.Changed{ID: c.ID, Product: p.Stocked, Err: refused}, err
}

// carriedOut looks for a change made before, and answers how it ended.
func carriedOut(ctx context.Context, q querier, sku, id, hash string) (ended error, known bool, err error) {
	var was, refused, why string
	known, err = first(ctx, q, "SELECT hash, refused, why FROM product_changes WHERE sku = ? AND change_id = ?", []any{sku, id}, &was, &refused, &why)
	switch {
	case err != nil || !known:
		return nil, false, err
	case was != hash:
		return fmt.Errorf("%w: %s", catalog.ErrOtherChange, sku), true, nil
	case refused != "":
		return &told{refusals[refused], why}, true, nil
	}
	return nil, true, nil
}

// told is a refusal in the words it had the first time.
type told struct {
	kind error
	text string
}

func (t *told) Error() string { return t.text }
func (t *told) Unwrap() error { return t.kind }

// refusals are the reasons for which a change is refused, as the record
// writes them.
var refusals = map[string]error{
	"invalid": catalog.ErrInvalid, "not_found": catalog.ErrNotFound, "version": catalog.ErrVersion, "reserved": catalog.ErrReserved,
}

// refusal is the record's word for an error; "" if it is none of those.
func refusal(err error) string {
	for word, kind := range refusals {
		if errors.Is(err, kind) {
			return word
		}
	}
	return ""
}

// ProductChange is a change as the record keeps it.
type ProductChange struct {
	ID      string          `json:"id"`
	At      time.Time       `json:"at"`
	Actor   string          `json:"actor"`
	Version int64           `json:"version"`
	What    json.RawMessage `json:"what"`
	Refused string          `json:"refused,omitempty"`
	Why     string          `json:"why,omitempty"`
}

// ProductChanges lists the last changes of a product, newest first (SEC-9).
func (s *Store) ProductChanges(ctx context.Context, sku string, limit int) ([]ProductChange, error) {
	var found []ProductChange
	err := each(ctx, s.db.reader(), `
		SELECT change_id, at, actor, version, what, refused, why FROM product_changes WHERE sku = ? ORDER BY at DESC, version DESC LIMIT ?`,
		[]any{sku, pageSize(limit)}, func(r *sql.Rows) error {
			var c ProductChange
			var at int64
			var what string
			err := r.Scan(&c.ID, &at, &c.Actor, &c.Version, &what, &c.Refused, &c.Why)
			c.At, c.What = fromMicros(at), json.RawMessage(what)
			found = append(found, c)
			return err
		})
	return found, failed("product changes", err)
}
