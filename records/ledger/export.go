package ledger

import (
	"context"
	"database/sql"
	"math"
	"time"

	"purser/ledger"
	"purser/order"
	"purser/records/sqldb"
)

// exportPage is how many entries are read at once, so that a slow reader holds no
// connection to the database.
const exportPage = 1_000

// EachEntry calls f for every entry that is booked from a time until before another,
// in the order of their dates. The zero time is no limit.
func (s *Store) EachEntry(ctx context.Context, from, to time.Time, f func(ledger.Entry) error) error {
	last, lastID := sqldb.Micros(from), int64(0)
	for {
		query, args := "SELECT id, "+columns+" FROM ledger_entries WHERE (booked_at, id) > (?, ?)", []any{last, lastID}
		if !to.IsZero() {
			query, args = query+" AND booked_at < ?", append(args, sqldb.Micros(to))
		}
		page := make([]ledger.Entry, 0, exportPage)
		err := sqldb.Each(ctx, s.DB.Reader(), query+" ORDER BY booked_at, id LIMIT ?", append(args, exportPage), func(r *sql.Rows) error {
			e, err := scanEntry(r)
			page = append(page, e)
			return err
		})
		if err != nil {
			return sqldb.WrapError("entries", err)
		}
		for _, e := range page {
			if err := f(e); err != nil {
				return err
			}
		}
		if len(page) < exportPage {
			return nil
		}
		last, lastID = sqldb.Micros(page[len(page)-1].BookedAt), page[len(page)-1].ID
	}
}

// Sum is what the entries of a party add up to on one account, debits less credits.
type Sum struct {
	Party   string
	Account ledger.Account
	Amount  order.Money
}

// Sums returns the balances of all accounts, of the entries that are booked from a
// time until before another. The zero time is no limit.
func (s *Store) Sums(ctx context.Context, from, to time.Time) (all []Sum, err error) {
	until := sqldb.Micros(to)
	if to.IsZero() {
		until = math.MaxInt64
	}
	const side = " AS account, currency, SUM(amount) AS amount FROM ledger_entries WHERE booked_at >= ? AND booked_at < ? GROUP BY party, currency, "
	args := []any{sqldb.Micros(from), until, sqldb.Micros(from), until}
	err = sqldb.Each(ctx, s.DB.Reader(), `
		SELECT party, account, currency, CAST(SUM(amount) AS BIGINT) FROM (
			SELECT party, debit`+side+`debit UNION ALL
			SELECT party, account, currency, -amount FROM (SELECT party, credit`+side+`credit) AS credits) AS sides
		GROUP BY party, account, currency ORDER BY party, currency, account`, args, func(r *sql.Rows) error {
		var b Sum
		err := r.Scan(&b.Party, &b.Account, &b.Amount.Currency, &b.Amount.Amount)
		all = append(all, b)
		return err
	})
	return all, sqldb.WrapError("sums", err)
}
