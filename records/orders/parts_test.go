package orders_test

import (
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/catalog"
	"purser/order"
	"purser/records"
	"purser/records/mails"
	"purser/records/recordstest"
	"purser/records/sqldb"
)

// TestPlainStatements checks how many statements the changes of a plain order
// run. They are most of what an order costs in the record.
func TestPlainStatements(t *testing.T) {
	recordstest.EachDatabase(t, func(t *testing.T, url func(t testing.TB) string) {
		db, counting := recordstest.Count(recordstest.OpenDB(t, url(t), records.Options{}))
		s := records.New(db, mails.Rules{})
		if err := s.PutProducts(t.Context(), []catalog.Product{{SKU: "mug", Name: "Mug", Price: 1450, Currency: "EUR", OnHand: 100}}); err != nil {
			t.Fatal(err)
		}
		counting.Statements = nil
		o := recordstest.PlaceOrder(t, s, "c-1", recordstest.Noon)
		save := func(to order.Status, move order.StockAction, attempt string, p order.Payment, parcels ...order.Shipment) {
			c := recordstest.Next(o, to, move)
			p.Number, p.Provider, p.Reference = 1, "stripe", "pi_1"
			c.Order.Payments, c.Order.Shipments, c.Attempt = []order.Payment{p}, parcels, attempt
			c.Snapshot = order.Snapshot{Version: 1, Data: fmt.Appendf(nil, "%q", to)}
			if err := s.SaveOrder(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			o = c.Order
		}
		held := order.Payment{Status: order.PaymentAuthorized, Authorized: o.Total.Amount}
		taken := order.Payment{Status: order.PaymentCaptured, Authorized: o.Total.Amount, Captured: o.Total.Amount}
		parcel := func(status order.ParcelStatus) order.Shipment {
			return order.Shipment{Number: 1, Reference: "ref-1", LabelID: "lbl_1", Lines: []order.LineQuantity{{SKU: "mug", Quantity: 1}}, Status: status}
		}
		save(order.AwaitingPayment, order.StockStays, "", order.Payment{Status: order.PaymentPending})
		save(order.Authorized, order.StockStays, "", held)
		save(order.Authorized, order.StockKeep, "capture", held, parcel(order.ParcelBooked))
		save(order.Paid, order.StockStays, "", taken, parcel(order.ParcelBooked))
		save(order.Shipped, order.StockShip, "", taken, parcel(order.ParcelInTransit))
		save(order.Delivered, order.StockStays, "", taken, parcel(order.ParcelDelivered))
		// Opening: offers, order, events, payment, reservation, product. A change: the
		// recorded order, order, event, and one for a payment or shipment that changed;
		// stock is two more, three if goods leave. A payment that is new to the record
		// is one more: events about it may have come before. The ledger's entries of an
		// authorization and of a capture are one each.
		want := []int{6, 5, 5, 7, 5, 7, 4}
		if counting.Reader().BatchSize() == 1 {
			want[0]++ // the two events of the opening
		}
		if diff := cmp.Diff(want, counting.Statements); diff != "" {
			t.Errorf("statements (-want +got):\n%s", diff)
		}
	})
}

// TestChangedRows checks that only the rows of payments, shipments and refunds
// that changed are written, each with its columns.
func TestChangedRows(t *testing.T) {
	recordstest.EachDatabase(t, func(t *testing.T, url func(t testing.TB) string) {
		db := recordstest.OpenDB(t, url(t), records.Options{})
		s := recordstest.Shop(t, func(*testing.T) *records.Store { return records.New(db, mails.Rules{}) })
		o := recordstest.PlaceOrder(t, s, "c-1", recordstest.Noon)
		mug := []order.LineQuantity{{SKU: "mug", Quantity: 1}}
		first := recordstest.Next(o, order.AwaitingPayment, order.StockStays)
		first.Order.UpdatedAt, first.Attempt = time.UnixMicro(1000), "intent"
		first.Order.Payments = []order.Payment{
			{Number: 1, Provider: "stripe", Reference: "pi_1", Status: order.PaymentAuthorized, Authorized: 1450, CaptureBefore: time.UnixMicro(77)},
			{Number: 2, Provider: "stripe", Reference: "pi_2", Status: order.PaymentCaptured, Captured: 1450, Refunded: 20, Disputed: 10, Surplus: true},
		}
		first.Order.Shipments = []order.Shipment{
			{Number: 1, Reference: "ref-1", LabelID: "lbl_1", Tracking: "T1", Carrier: "c", Status: order.ParcelVoided, Replaced: true, Lines: mug}, {Number: 2, Reference: "ref-2"},
		}
		first.Order.Refunds = []order.Refund{
			{ID: "a", PaymentRef: "pi_2", Reference: "re_a", Amount: order.Money{Amount: 20, Currency: "EUR"}, Status: order.RefundSucceeded, Reason: "why"},
			{ID: "b", PaymentRef: "pi_2", Amount: order.Money{Amount: 30, Currency: "EUR"}, Status: order.RefundPending, Lines: []order.RefundLine{{SKU: "mug", Quantity: 1, Amount: 30}}},
		}
		next := recordstest.Next(first.Order, order.Authorized, order.StockStays)
		next.Order.UpdatedAt, next.Attempt = time.UnixMicro(2000), "capture"
		next.Order.Payments = slices.Clone(first.Order.Payments)
		next.Order.Payments[1].Decline = order.NewDecline("card_declined", "") // is not in the row
		next.Order.Shipments = []order.Shipment{first.Order.Shipments[0], {Number: 2, Reference: "ref-2", Status: order.ParcelBooked}}
		next.Order.Refunds = []order.Refund{first.Order.Refunds[0], {ID: "b", PaymentRef: "pi_2", Reference: "re_b", Amount: order.Money{Amount: 30, Currency: "EUR"}, Status: order.RefundSucceeded, PaidOut: true, Shipping: 3, Lines: []order.RefundLine{{SKU: "mug", Quantity: 1, Amount: 27}}}}
		last := recordstest.Next(next.Order, order.Authorized, order.StockStays)
		last.Order.UpdatedAt = time.UnixMicro(3000)
		last.Order.Payments = slices.Clone(next.Order.Payments)
		last.Order.Payments[0].Captured = 1450
		for _, c := range []order.Change{first, next, last} {
			if err := s.SaveOrder(t.Context(), c); err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range []struct {
			query string
			want  []string
		}{
			{
				query: `SELECT number, provider, reference, status, amount, currency, authorized, captured, refunded, disputed, surplus, capture_before,
					attempt, attempt_at, updated_at FROM payments WHERE order_id = ? ORDER BY number`,
				want: []string{"1 stripe pi_1 authorized 1450 EUR 1450 1450 0 0 0 77 capture 2000 3000", "2 stripe pi_2 captured 1450 EUR 0 1450 20 10 1 0  0 1000"},
			},
			{
				query: "SELECT number, reference, lines, replaced, label_id, tracking, carrier, status, updated_at FROM shipments WHERE order_id = ? ORDER BY number",
				want:  []string{`1 ref-1 [{"sku":"mug","quantity":1}] 1 lbl_1 T1 c voided 1000`, "2 ref-2 [] 0 <nil>   booked 2000"},
			},
			{
				query: "SELECT id, payment_ref, reference, amount, currency, lines, shipping, reason, status, paid_out, updated_at FROM refunds WHERE order_id = ? ORDER BY id",
				want:  []string{"a pi_2 re_a 20 EUR [] 0 why succeeded 0 1000", `b pi_2 re_b 30 EUR [{"sku":"mug","quantity":1,"amount":27}] 3  succeeded 1 2000`},
			},
		} {
			if diff := cmp.Diff(c.want, rows(t, db, c.query, string(o.ID))); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.query, diff)
			}
		}
	})
}

// rows returns the rows of a query, each as its values with spaces between them.
func rows(t *testing.T, db *sqldb.DB, query string, args ...any) (all []string) {
	t.Helper()
	err := sqldb.Each(t.Context(), db.Reader(), query, args, func(r *sql.Rows) error {
		columns, err := r.Columns()
		if err != nil {
			return err
		}
		values, dest := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			dest[i] = &values[i]
		}
		err = r.Scan(dest...)
		all = append(all, strings.TrimSuffix(fmt.Sprintln(values...), "\n"))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestPosition checks that the position after an order's timeline has the fence of
// the last write, also of one without events.
func TestPosition(t *testing.T) {
	recordstest.OnBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		s := recordstest.Shop(t, open)
		o := recordstest.PlaceOrder(t, s, "c-1", recordstest.Noon)
		c := recordstest.Next(o, order.AwaitingPayment, order.StockStays)
		c.Fence = 10
		for _, step := range []struct {
			save order.Change
			want order.Position
		}{
			{save: c, want: order.Position{Seq: 3, Fence: 10}},
			{save: order.Change{Order: c.Order, Fence: 12}, want: order.Position{Seq: 3, Fence: 12}},
			{save: order.Change{Order: c.Order, Fence: 11}, want: order.Position{Seq: 3, Fence: 12}},
		} {
			if err := s.SaveOrder(t.Context(), step.save); err != nil {
				t.Fatal(err)
			}
			if got, err := s.Position(t.Context(), o.ID); err != nil || got != step.want {
				t.Errorf("got %+v %v, want %+v", got, err, step.want)
			}
		}
		if _, err := s.Position(t.Context(), order.NewID()); !errors.Is(err, order.ErrNotFound) {
			t.Errorf("unknown order: got %v, want ErrNotFound", err)
		}
	})
}
