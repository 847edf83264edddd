package orders_test

import (
	"context"
	"errors"
	"testing"

	"purser/activities/fake"
	"purser/activities/orders"
	"purser/catalog"
	"purser/order"
)

// dear are prices that refuse an order.
type dear struct{ orders.Prices }

func (dear) Decide(context.Context, order.Request) (*order.Pricing, error) {
	return nil, &order.Refusal{Kind: order.ErrUnknownSKU, Text: "not sold any more"}
}

// begun are orders that goods were exchanged for, of which one has perhaps begun.
type begun struct {
	orders.Exchanges
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
		t.Run(tt.name, func(t *testing.T) {
			record := &fake.Record{}
			if err := record.PutProducts(t.Context(), []catalog.Product{{SKU: "tea", Name: "Tea", Price: 900, Currency: "EUR", OnHand: 5}}); err != nil {
				t.Fatal(err)
			}
			r := order.ExchangeRequest{
				ID: order.NewID(), Of: order.ExchangeOf{OrderID: order.NewID(), ReturnID: "rt1", Credit: 700},
				Request: order.Request{Currency: "EUR", Lines: []order.RequestLine{{SKU: "tea", Quantity: 1}}},
			}
			if tt.opens {
				tt.begun.opened = func() {
					if _, err := record.OpenOrder(t.Context(), order.Opening{ID: r.ID, RequestHash: r.Of.Hash(), Request: r.Request, ExchangeOf: &r.Of}); err != nil {
						t.Fatal(err)
					}
				}
			}
			a := &orders.Activities{Orders: record, Prices: dear{}, Exchanges: tt.begun}
			for _, r.Ended = range []bool{true, false} { // a person has ended it: nothing is placed any more
				got, err := a.PlaceExchange(t.Context(), r)
				if (got.Refused != "") != tt.refuse || got.Credit != tt.credit || (err != nil) != (tt.err != nil) {
					t.Errorf("ended %t: got %+v, %v", r.Ended, got, err)
				}
				tt.begun.opened = nil
			}
		})
	}
}
