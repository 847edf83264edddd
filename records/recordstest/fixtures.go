package recordstest

import (
	"testing"
	"time"

	"purser/catalog"
	"purser/order"
	"purser/records"
)

// Noon is a time in the precision that the record keeps.
var Noon = time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC)

// BadCursors are cursors that no list of the record has written.
var BadCursors = []string{"x", "cDE", "????", "cDEuMS5vcmRfMQ==", "cDEuMDAxLm9yZF8x", "aTEuMDAx", "aTIuMQ", "cDIuMS5vcmRfMQ"}

// Shop opens a record that sells mugs.
func Shop(t *testing.T, open func(*testing.T) *records.Store) *records.Store {
	t.Helper()
	s := open(t)
	if err := s.PutProducts(t.Context(), []catalog.Product{{SKU: "mug", Name: "Mug", Price: 1450, Currency: "EUR", OnHand: 100}}); err != nil {
		t.Fatal(err)
	}
	return s
}

// PlaceOrder opens a customer's order for a mug.
func PlaceOrder(t *testing.T, s *records.Store, customer string, at time.Time) order.Order {
	t.Helper()
	o, err := s.OpenOrder(t.Context(), order.Opening{
		ID: order.NewID(), RunID: "run-1", RequestHash: "hash-1", Actor: "key:shop", Now: at, HoldUntil: at.Add(time.Hour),
		Request: order.Request{Customer: customer, Email: "ada@example.com", Currency: "EUR", Lines: []order.RequestLine{{SKU: "mug", Quantity: 1}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// Next returns the change that moves an order to a status.
func Next(o order.Order, to order.Status, stock order.StockAction) order.Change {
	from := o.Status
	o.Status, o.Version = to, o.Version+1
	return order.Change{Order: o, Stock: order.StockMove{Action: stock}, Events: []order.Event{{
		OrderID: o.ID, Seq: o.Version, At: o.UpdatedAt, Kind: order.PaymentReady, From: from, To: to, Actor: "purser",
	}}}
}
