package ledger

import (
	"context"
	"database/sql"
	"time"

	"purser/ledger"
	"purser/order"
	"purser/records/sqldb"
)

// imported is the mark of the settlements: the time of the last one of a complete
// import.
const imported = "imported"

// SettlementsImported returns the time of the last settlement of a complete import;
// it is zero if there was none.
func (s *Store) SettlementsImported(ctx context.Context) (time.Time, error) {
	at, err := mark(ctx, s.DB.Reader(), imported)
	return sqldb.FromMicros(at), sqldb.WrapError("settlements imported", err)
}

// SetSettlementsImported says that all settlements until then are booked.
func (s *Store) SetSettlementsImported(ctx context.Context, until time.Time) error {
	err := s.DB.Write(ctx, func(ctx context.Context, q sqldb.Querier) error {
		return setMark(ctx, q, imported, sqldb.Micros(until))
	})
	return sqldb.WrapError("settlements imported", err)
}

// AddSettlements books settlements, each with the order of its payment, and returns
// how many entries that added. A settlement that is booked already adds none. It
// fails with ledger.ErrUnbalanced if one contradicts itself; then nothing is written.
func (s *Store) AddSettlements(ctx context.Context, all []ledger.Settlement) (added int64, err error) {
	var entries []ledger.Entry
	refs := make([]string, 0, len(all))
	for _, one := range all {
		its, err := one.Entries()
		if err != nil {
			return 0, sqldb.WrapError("add settlements", err)
		}
		entries = append(entries, its...)
		refs = append(refs, one.Ref)
	}
	err = s.DB.Write(ctx, func(ctx context.Context, q sqldb.Querier) error {
		owners, err := ownersOf(ctx, q, refs)
		if err != nil {
			return err
		}
		for i := range entries {
			o := owners[payment{entries[i].Party, entries[i].Ref}]
			entries[i].OrderID, entries[i].Payment = o.id, o.number
		}
		added, err = Insert(ctx, q, entries)
		return err
	})
	return added, sqldb.WrapError("add settlements", err)
}

// payment identifies a payment at its provider, and owner its place in an order.
type (
	payment struct{ party, ref string }
	owner   struct {
		id     order.ID
		number int
	}
)

func ownersOf(ctx context.Context, q sqldb.Querier, refs []string) (map[payment]owner, error) {
	owners := map[payment]owner{}
	list, args := sqldb.In(refs)
	err := sqldb.Each(ctx, q, "SELECT provider, reference, order_id, number FROM payments WHERE reference IN "+list, args, func(r *sql.Rows) error {
		var p payment
		var o owner
		err := r.Scan(&p.party, &p.ref, &o.id, &o.number)
		owners[p] = o
		return err
	})
	return owners, err
}
