package orders_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"purser/activities/fake"
	steps "purser/activities/orders"
	"purser/catalog"
	"purser/order"
)

// dear are prices that refuse an order.
type dear struct{ steps.Prices }

func (dear) Decide(context.Context, order.Request) (*order.Pricing, error) {
	return nil, &order.Refusal{Kind: order.ErrUnknownSKU, Text: "not sold any more"}
}

// begun are orders that goods were exchanged for, of which one has perhaps begun.
type begun struct {
	steps.Exchanges
	runs   bool
	err    error
	opened func()
}

func (b begun) ExchangeRuns(context.Context, order.ID) (bool, error) {
	if b.opened != nil {
		b.opened()
	}
	return b.runs, b.err
}

// TestPlaceExchangeBegun (REF-9, REC-10): an exchange is not refused while an order may come of
// it that an earlier attempt has begun: its goods would be sent, and their price refunded.
func TestPlaceExchangeBegun(t *testing.T) {
	down := errors.New("the engine is down")
	for _, tt := range []struct {
		name   string
		begun  begun
		opens  bool // between the first look and the second
		credit int64
		refuse bool
		err    error
	}{
		{name: "nothing has begun", refuse: true},
		{name: "it has begun", begun: begun{runs: true}, err: order.ErrBusy},
		{name: "it is not known whether it has begun", begun: begun{err: down}, err: down},
		{name: "it was opened in the meantime", opens: true, credit: 700},
	} {
		for _, ended := range []bool{false, true} { // a person has ended it
			t.Run(fmt.Sprintf("%s, ended %t", tt.name, ended), func(t *testing.T) {
				record, r := exchangeOfTea(t)
				r.Ended = ended
				orders, opens := tt.begun, tt.opens
				orders.opened = func() {
					if !opens {
						return
					}
					opens = false
					if _, err := record.OpenOrder(t.Context(), order.Opening{ID: r.ID, RequestHash: r.Of.Hash(), Request: r.Request, ExchangeOf: &r.Of}); err != nil {
						t.Fatal(err)
					}
				}
				a := &steps.Activities{Orders: record, Prices: dear{}, Exchanges: orders}
				got, err := a.PlaceExchange(t.Context(), r)
				if (got.Refused != "") != tt.refuse || got.Credit != tt.credit || (err != nil) != (tt.err != nil) {
					t.Errorf("got %+v, %v", got, err)
				}
			})
		}
	}
}

// exchangeOfTea returns a record of a shop that sells tea, and a request to exchange goods
// for it.
func exchangeOfTea(t *testing.T) (*fake.Record, order.ExchangeRequest) {
	t.Helper()
	record := &fake.Record{}
	if err := record.PutProducts(t.Context(), []catalog.Product{{SKU: "tea", Name: "Tea", Price: 900, Currency: "EUR", OnHand: 5}}); err != nil {
		t.Fatal(err)
	}
	return record, order.ExchangeRequest{
		ID: order.NewID(), Of: order.ExchangeOf{OrderID: order.NewID(), ReturnID: "rt1", Credit: 700},
		Request: order.Request{Currency: "EUR", Lines: []order.RequestLine{{SKU: "tea", Quantity: 1}}},
	}
}

// TestPlaceExchangeEnded (REF-9): nothing is placed of an exchange that a person has ended,
// although it could be.
func TestPlaceExchangeEnded(t *testing.T) {
	record, r := exchangeOfTea(t)
	r.Ended = true
	a := &steps.Activities{Orders: record, Prices: &fake.Prices{Record: record}, Exchanges: begun{}}
	if got, err := a.PlaceExchange(t.Context(), r); err != nil || got.Refused != steps.EndedByPerson || got.Credit != 0 {
		t.Errorf("got %+v, %v", got, err)
	}
}
