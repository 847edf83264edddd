package ledger

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"purser/ledger"
	"purser/order"
	"purser/records/sqldb"
)

// settlements is the name of the import.
const settlements = "settlements"

// ImportProgress returns how far the settlements are imported.
func (s *Store) ImportProgress(ctx context.Context) (p ledger.ImportProgress, err error) {
	var until, newest, oldest int64
	_, err = sqldb.First(ctx, s.DB.Reader(), "SELECT until, newest, oldest FROM ledger_imports WHERE name = ?", []any{settlements}, &until, &newest, &oldest)
	p = ledger.ImportProgress{Until: sqldb.FromMicros(until), Newest: sqldb.FromMicros(newest), Oldest: sqldb.FromMicros(oldest)}
	return p, sqldb.WrapError("import progress", err)
}

// SetImportProgress says how far the settlements are imported. Until never goes back.
func (s *Store) SetImportProgress(ctx context.Context, p ledger.ImportProgress) error {
	err := s.DB.Write(ctx, func(ctx context.Context, q sqldb.Querier) error {
		_, err := q.Exec(ctx, `
			INSERT INTO ledger_imports (name, until, newest, oldest) VALUES (?, ?, ?, ?)
			ON CONFLICT (name) DO UPDATE SET
				until = CASE WHEN excluded.until > ledger_imports.until THEN excluded.until ELSE ledger_imports.until END,
				newest = excluded.newest, oldest = excluded.oldest`,
			settlements, sqldb.Micros(p.Until), sqldb.Micros(p.Newest), sqldb.Micros(p.Oldest))
		return err
	})
	return sqldb.WrapError("import progress", err)
}

// AddSettlements books settlements, each with the order of its payment. One that is
// booked already adds nothing. One that cannot be booked, or that differs from how it
// was imported, is noted as in doubt since now.
func (s *Store) AddSettlements(ctx context.Context, all []ledger.Settlement, now time.Time) (done ledger.Booked, err error) {
	refs, ids := make([]string, 0, len(all)), make([]ledger.Doubt, 0, len(all))
	for _, one := range all {
		refs, ids = append(refs, one.Ref), append(ids, doubtOf(one))
	}
	err = s.DB.Write(ctx, func(ctx context.Context, q sqldb.Querier) error {
		done = ledger.Booked{}
		owners, err := ownersOf(ctx, q, refs)
		if err != nil {
			return err
		}
		recorded, err := recordedSettlements(ctx, q, ids)
		if err != nil {
			return err
		}
		var doubts []ledger.Doubt
		for _, one := range all {
			entries, unbooked := one.Entries()
			if b, ok := recorded[doubtOf(one)]; ok {
				if unbooked != nil || !one.Same(b.Recorded) {
					doubts = append(doubts, doubtOf(one))
				}
				continue
			}
			if unbooked != nil {
				doubts = append(doubts, doubtOf(one))
				done.Unbooked++
				continue
			}
			n, err := book(ctx, q, one, owners[payment{one.Party, one.Ref}], entries)
			if err != nil {
				return err
			}
			done.Entries += n
		}
		return addDoubts(ctx, q, doubts, now)
	})
	return done, sqldb.WrapError("add settlements", err)
}

func doubtOf(s ledger.Settlement) ledger.Doubt { return ledger.Doubt{Party: s.Party, Source: s.ID} }

// book adds a settlement with its entries. It adds nothing if another import came
// between.
func book(ctx context.Context, q sqldb.Querier, s ledger.Settlement, o owner, entries []ledger.Entry) (int64, error) {
	moved := int64(0)
	for i := range entries {
		entries[i].OrderID, entries[i].Payment = o.id, o.number
		moved += entries[i].Amount.Amount
	}
	added, err := q.Exec(ctx, "INSERT INTO ledger_settlements ("+settlementColumns+`)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (party, id) DO NOTHING`,
		s.Party, s.ID, string(s.Kind), s.Ref, string(o.id), o.number, s.Paid.Amount, s.Paid.Currency, s.Amount.Amount, s.Amount.Currency,
		s.Fee, s.Net, len(entries), moved, sqldb.Micros(s.At))
	if err != nil || added == 0 {
		return 0, err
	}
	return Insert(ctx, q, entries)
}

const settlementColumns = "party, id, kind, ref, order_id, payment, paid, paid_currency, amount, currency, fee, net, lines, moved, at"

// recordedSettlements returns those of the settlements that are recorded.
func recordedSettlements(ctx context.Context, q sqldb.Querier, wanted []ledger.Doubt) (map[ledger.Doubt]*ledger.SettlementBooks, error) {
	list, args := sqldb.In(sourcesOf(wanted))
	found := map[ledger.Doubt]*ledger.SettlementBooks{}
	err := sqldb.Each(ctx, q, "SELECT "+settlementColumns+" FROM ledger_settlements WHERE id IN "+list, args, func(r *sql.Rows) error {
		var b ledger.SettlementBooks
		var lines, moved, at int64
		s := &b.Recorded
		if err := r.Scan(&s.Party, &s.ID, &s.Kind, &s.Ref, &b.OrderID, &b.Payment, &s.Paid.Amount, &s.Paid.Currency, &s.Amount.Amount, &s.Amount.Currency,
			&s.Fee, &s.Net, &lines, &moved, &at); err != nil {
			return err
		}
		s.At, b.Doubt = sqldb.FromMicros(at), doubtOf(*s)
		if slices.Contains(wanted, b.Doubt) {
			found[b.Doubt] = &b
		}
		return nil
	})
	return found, err
}

func sourcesOf(wanted []ledger.Doubt) []string {
	sources := make([]string, len(wanted))
	for i, d := range wanted {
		sources[i] = d.Source
	}
	return sources
}

// SettlementBooks returns settlements as they are recorded, with what the ledger has
// of them, in the given order.
func (s *Store) SettlementBooks(ctx context.Context, wanted []ledger.Doubt) ([]ledger.SettlementBooks, error) {
	found, err := recordedSettlements(ctx, s.DB.Reader(), wanted)
	if err != nil {
		return nil, sqldb.WrapError("settlement books", err)
	}
	for _, d := range wanted {
		if found[d] == nil {
			found[d] = &ledger.SettlementBooks{Doubt: d}
		}
	}
	list, args := sqldb.In(sourcesOf(wanted))
	err = sqldb.Each(ctx, s.DB.Reader(), "SELECT party, source, order_id, payment, debit, credit, amount, currency FROM ledger_entries WHERE source <> '' AND source IN "+list, args, func(r *sql.Rows) error {
		var d ledger.Doubt
		var o order.ID
		var number int
		var debit, credit ledger.Account
		var m order.Money
		if err := r.Scan(&d.Party, &d.Source, &o, &number, &debit, &credit, &m.Amount, &m.Currency); err != nil {
			return err
		}
		if b := found[d]; b != nil {
			if b.Recorded.ID == "" {
				b.OrderID, b.Payment = o, number
			}
			back := order.Money{Amount: -m.Amount, Currency: m.Currency}
			b.Balances = append(b.Balances, ledger.SettlementBalance{Account: debit, Amount: m}, ledger.SettlementBalance{Account: credit, Amount: back})
		}
		return nil
	})
	all := make([]ledger.SettlementBooks, len(wanted))
	for i, d := range wanted {
		all[i] = *found[d]
	}
	return all, sqldb.WrapError("settlement books", err)
}

// DoubtMissing notes as in doubt the settlements of a time that are recorded, and that
// the provider does not list. from is not included.
func (s *Store) DoubtMissing(ctx context.Context, from, to time.Time, listed []ledger.Doubt, now time.Time) error {
	known := make(map[ledger.Doubt]bool, len(listed))
	for _, d := range listed {
		known[d] = true
	}
	var missing []ledger.Doubt
	err := sqldb.Each(ctx, s.DB.Reader(), "SELECT party, id FROM ledger_settlements WHERE at > ? AND at <= ?", []any{sqldb.Micros(from), sqldb.Micros(to)}, func(r *sql.Rows) error {
		var d ledger.Doubt
		err := r.Scan(&d.Party, &d.Source)
		if !known[d] {
			missing = append(missing, d)
		}
		return err
	})
	if err == nil && len(missing) > 0 {
		err = s.AddDoubts(ctx, missing, now)
	}
	return sqldb.WrapError("missing settlements", err)
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
