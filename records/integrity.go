package records

import (
	"context"
	"database/sql"
	"fmt"

	"purser/mail"
	"purser/order"
	"purser/records/sqldb"
	"purser/records/stock"
)

// IntegrityReport counts everything, to prove that nothing was lost or done
// twice. Making it reads whole tables, so it is for drills and tests.
type IntegrityReport struct {
	Orders map[order.Status]int64
	Events int64
	Gaps   int64 // orders whose events are not numbered 1, 2, 3 … up to their version
	Mails  map[mail.State]int64
	Stock  []StockReport
}

// StockReport is the stock of one product, counted twice: from the product and
// from its reservations.
type StockReport struct {
	SKU                       string
	Initial                   int64 // pieces that were ever in the warehouse
	OnHand, Reserved, Shipped int64 // according to the product
	Open, Gone                int64 // what the reservations hold, and what has left of them
}

// Broken names each promise about stock and events that is broken.
func (r IntegrityReport) Broken() []string {
	var broken []string
	if r.Gaps > 0 {
		broken = append(broken, fmt.Sprintf("%d orders with a gap in their events", r.Gaps))
	}
	for _, p := range r.Stock {
		if p.OnHand+p.Shipped != p.Initial || p.Reserved != p.Open || p.Shipped != p.Gone {
			broken = append(broken, fmt.Sprintf("stock of %s is not conserved: %+v", p.SKU, p))
		}
		if p.Reserved > p.OnHand {
			broken = append(broken, fmt.Sprintf("%s is oversold: %+v", p.SKU, p))
		}
	}
	return broken
}

// IntegrityReport makes the report. If orders are written at the same time, its
// parts may be from different moments.
func (s *Store) IntegrityReport(ctx context.Context) (IntegrityReport, error) {
	report := IntegrityReport{Orders: make(map[order.Status]int64), Mails: make(map[mail.State]int64)}
	q := s.db.Reader()
	err := sqldb.Each(ctx, q, "SELECT status, COUNT(*) FROM orders GROUP BY status", nil, func(r *sql.Rows) error {
		return countInto(r, report.Orders)
	})
	if err != nil {
		return report, sqldb.WrapError("integrity report", err)
	}
	err = sqldb.Each(ctx, q, "SELECT state, COUNT(*) FROM mails GROUP BY state", nil, func(r *sql.Rows) error {
		return countInto(r, report.Mails)
	})
	if err != nil {
		return report, sqldb.WrapError("integrity report", err)
	}
	if report.Events, err = sqldb.One[int64](ctx, q, "SELECT COUNT(*) FROM order_events"); err != nil {
		return report, sqldb.WrapError("integrity report", err)
	}
	report.Gaps, err = sqldb.One[int64](ctx, q, `
		SELECT COUNT(*) FROM orders o
		LEFT JOIN (SELECT order_id, COUNT(*) AS n, MAX(seq) AS last FROM order_events GROUP BY order_id) e ON e.order_id = o.id
		WHERE COALESCE(e.n, 0) <> o.version OR COALESCE(e.last, 0) <> o.version`)
	if err != nil {
		return report, sqldb.WrapError("integrity report", err)
	}
	err = sqldb.Each(ctx, q, `
		SELECT p.sku, p.received, p.on_hand, p.reserved, p.shipped,
			CAST(COALESCE(r.open, 0) AS BIGINT), CAST(COALESCE(r.gone, 0) AS BIGINT)
		FROM products p LEFT JOIN (SELECT sku, SUM(`+stock.OpenPieces+`) AS open, SUM(`+stock.GonePieces+`) AS gone FROM reservations GROUP BY sku) r ON r.sku = p.sku
		ORDER BY p.sku`, nil, func(r *sql.Rows) error {
		var p StockReport
		err := r.Scan(&p.SKU, &p.Initial, &p.OnHand, &p.Reserved, &p.Shipped, &p.Open, &p.Gone)
		report.Stock = append(report.Stock, p)
		return err
	})
	return report, sqldb.WrapError("integrity report", err)
}

func countInto[K ~string](r *sql.Rows, counts map[K]int64) error {
	var k K
	var n int64
	if err := r.Scan(&k, &n); err != nil {
		return err
	}
	counts[k] = n
	return nil
}
