// Package plant breaks one promise of a running shop on purpose, to prove that the
// auditor notices it.
package plant

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver of Postgres
	_ "modernc.org/sqlite"             // the driver of SQLite

	"purser/drill/audit"
	"purser/order"
	"purser/shop"
	"purser/stack"
)

// Shop is what a plant breaks.
type Shop struct {
	At        stack.Running
	StripeKey string
	Carrier   string // the carrier's key
	Record    string // postgres://…, or the path of a SQLite file
	Orders    []order.ID
}

// ErrUnknown means that no plant has the name.
var ErrUnknown = errors.New("nothing can be planted for it")

// These plants are for a counter that has a plant of its own name already.
const (
	entry audit.Counter = "ledger_entry"   // one more entry in the ledger
	stock audit.Counter = "stock_reserved" // goods that were sent are reserved again
)

// Names lists the plants.
func Names() []audit.Counter { return append(audit.Counters(), entry, stock) }

// Raises returns the counter that a plant makes rise.
func Raises(name audit.Counter) audit.Counter {
	switch name {
	case entry:
		return audit.LedgerDifferences
	case stock:
		return audit.StockDifferences
	}
	return name
}

// Break breaks the promise that a plant is about.
func (s Shop) Break(ctx context.Context, c audit.Counter) error {
	plant := map[audit.Counter]func(context.Context) error{
		audit.EndedWrong:         s.loseOrder,
		audit.DoubleCharges:      func(ctx context.Context) error { return s.payAgain(ctx, "manual") },
		audit.DoubleCaptures:     func(ctx context.Context) error { return s.payAgain(ctx, "automatic") },
		audit.DoubleRefunds:      s.refundTwice,
		audit.DoubleLabels:       s.bookAgain,
		audit.DoubleParcels:      s.sendAgain,
		audit.DoubleMails:        s.mailAgain,
		audit.ResentAfterUnknown: s.mailUnknownAgain,
		audit.UnsentMails:        s.loseMail,
		audit.LostEvents:         s.loseEvent,
		audit.Stuck:              s.leaveOrder,
		audit.LedgerDifferences:  s.changeRecord,
		audit.GoodsWithoutMoney:  s.sendUnpaid,
		audit.MoneyWithoutGoods:  s.buyMore,
		audit.StockDifferences:   s.findPiece,
		audit.CasesOpen:          s.reopenCase,
		entry:                    s.addEntry,
		stock:                    s.reserveAgain,
	}[c]
	if plant == nil {
		return fmt.Errorf("%w: %q", ErrUnknown, c)
	}
	if err := plant(ctx); err != nil {
		return fmt.Errorf("plant %s: %w", c, err)
	}
	return nil
}

// delivered returns an order that was paid with a card and delivered, and of which the
// shop still has all the money.
func (s Shop) delivered(ctx context.Context) (shop.Order, error) {
	api := &shop.Client{URL: s.At.API, Key: s.At.Key}
	for _, id := range slices.Sorted(slices.Values(s.Orders)) {
		o, err := api.Order(ctx, id)
		if err != nil {
			return o, err
		}
		if o.Status == order.Delivered && o.Payment().Provider == "stripe" && len(o.Disputes)+len(o.Refunds) == 0 {
			return o, nil
		}
	}
	return shop.Order{}, errors.New("no order was delivered: use more orders")
}

// leaveOrder places an order that nobody pays.
func (s Shop) leaveOrder(ctx context.Context) error {
	_, err := s.place(ctx, "planted")
	return err
}

// place places an order that is to be paid in advance.
func (s Shop) place(ctx context.Context, key string) (shop.Placed, error) {
	api := &shop.Client{URL: s.At.API, Key: s.At.Key}
	return api.PlaceSurely(ctx, order.Request{
		Customer: key, Email: "shopper@shop.example", Currency: "EUR", Payment: order.PayManually,
		ShipTo: order.Address{Name: "Sam Shopper", Line1: "1 Quay Street", City: "Harbourtown", PostalCode: "10115", Country: "DE"},
		Lines:  []order.RequestLine{{SKU: "mug-blue", Quantity: 1}},
	}, key)
}

// loseOrder deletes an order from the record.
func (s Shop) loseOrder(ctx context.Context) error {
	o, err := s.delivered(ctx)
	if err != nil {
		return err
	}
	for _, table := range []string{"payments", "shipments", "refunds", "reservations", "order_events"} {
		if err := s.exec(ctx, "DELETE FROM "+table+" WHERE order_id = '"+string(o.ID)+"'"); err != nil {
			return err
		}
	}
	return s.exec(ctx, "DELETE FROM orders WHERE id = '"+string(o.ID)+"'")
}

// loseEvent deletes an event that was acknowledged.
func (s Shop) loseEvent(ctx context.Context) error {
	return s.exec(ctx, "DELETE FROM inbox WHERE id = (SELECT MIN(id) FROM inbox WHERE provider = 'stripe' AND state = 'delivered')")
}

// loseMail deletes from the ledger that a shopper was mailed that the goods have arrived.
func (s Shop) loseMail(ctx context.Context) error {
	o, err := s.delivered(ctx)
	if err != nil {
		return err
	}
	return s.exec(ctx, "DELETE FROM mails WHERE template = 'delivered' AND about = '"+string(o.ID)+"'")
}

// reserveAgain has an order keep goods on the shelf that were sent.
func (s Shop) reserveAgain(ctx context.Context) error {
	o, err := s.delivered(ctx)
	if err != nil {
		return err
	}
	return s.exec(ctx, "UPDATE reservations SET state = 'kept', shipped = 0 WHERE order_id = '"+string(o.ID)+"'")
}

// changeRecord changes what the record says was captured.
func (s Shop) changeRecord(ctx context.Context) error {
	o, err := s.delivered(ctx)
	if err != nil {
		return err
	}
	return s.exec(ctx, "UPDATE payments SET captured = captured + 1 WHERE order_id = '"+string(o.ID)+"' AND captured > 0")
}

// addEntry books one minor unit that nobody has paid.
func (s Shop) addEntry(ctx context.Context) error {
	o, err := s.delivered(ctx)
	if err != nil {
		return err
	}
	return s.exec(ctx, `INSERT INTO ledger_entries (kind, order_id, payment, ref, party, debit, credit, amount, currency, source, line, version, at, booked_at)
		SELECT kind, order_id, payment, ref, party, debit, credit, 1, currency, '', 0, version, at, booked_at
		FROM ledger_entries WHERE kind = 'order' AND debit = 'clearing' AND order_id = '`+string(o.ID)+"' ORDER BY id LIMIT 1")
}

// exec changes the record behind the program's back. It fails if nothing changes.
func (s Shop) exec(ctx context.Context, statement string, args ...any) error {
	db, err := s.open()
	if err != nil {
		return err
	}
	defer db.Close()
	done, err := db.ExecContext(ctx, statement, args...)
	if err != nil {
		return err
	}
	n, err := done.RowsAffected()
	if err == nil && n == 0 && !strings.Contains(statement, "refunds") {
		err = fmt.Errorf("nothing to change: %s", statement)
	}
	return err
}

// read reads one value of the record.
func (s Shop) read(ctx context.Context, into any, query string) error {
	db, err := s.open()
	if err != nil {
		return err
	}
	defer db.Close()
	return db.QueryRowContext(ctx, query).Scan(into)
}

// open opens the record.
func (s Shop) open() (*sql.DB, error) {
	if strings.HasPrefix(s.Record, "postgres") {
		return sql.Open("pgx", s.Record)
	}
	return sql.Open("sqlite", "file:"+s.Record+"?_pragma=busy_timeout(10000)")
}
