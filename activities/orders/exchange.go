package orders

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"purser/activities"
	"purser/order"
)

// placeWithin is how long the activity waits until the shopper can pay an order that it
// places. An order that was opened by then is placed, whatever it still waits for.
const placeWithin = 20 * time.Second

// EndedByPerson says that a person has given an exchange up.
const EndedByPerson = "a person has ended it"

// Exchanged is what came of placing the order that goods are exchanged for.
type Exchanged struct {
	// Credit is how much of the value of the goods pays for the order, in minor units.
	Credit int64 `json:"credit"`
	// Refused says why the order does not come about. Credit that it has all the same comes
	// back from it.
	Refused string `json:"refused,omitempty"`
}

// exchangeRefusals are the errors with which an order is refused for good.
var exchangeRefusals = []error{
	order.ErrUnknownSKU, order.ErrOutOfStock, order.ErrMixedCurrency, order.ErrAmount, order.ErrBelowMinimum, order.ErrDiscount, order.ErrNoShipping,
	order.ErrPriceRefused, order.ErrPricing, order.ErrPriceChanged, order.ErrInvalid, order.ErrTooLate, order.ErrClosed,
}

// PlaceExchange places the order that goods are exchanged for, once, and returns how much
// of their value it takes.
func (a *Activities) PlaceExchange(ctx context.Context, r order.ExchangeRequest) (Exchanged, error) {
	placed, err := a.Orders.Order(ctx, r.ID)
	switch {
	case !errors.Is(err, order.ErrNotFound):
	case r.Ended:
		placed, err = a.begunBefore(ctx, r.ID)
		if errors.Is(err, order.ErrNotFound) {
			return Exchanged{Refused: EndedByPerson}, nil
		}
	default:
		placed, err = a.placeExchange(ctx, r)
	}
	x := Exchanged{Credit: placed.Credited()}
	if isRefusal(err) {
		x.Refused = err.Error()
	}
	if x.Refused != "" || placed.ID != "" {
		return x, nil
	}
	return x, activities.Failure(err)
}

// placeExchange prices and places the order. It returns the order if it was opened, also
// if that failed later.
func (a *Activities) placeExchange(ctx context.Context, r order.ExchangeRequest) (order.Order, error) {
	decided, err := a.Prices.Decide(ctx, r.Request)
	if isRefusal(err) { // an earlier attempt may have begun it, at the prices of then
		if placed, rerr := a.begunBefore(ctx, r.ID); !errors.Is(rerr, order.ErrNotFound) {
			return placed, rerr
		}
	}
	if err != nil {
		return order.Order{}, err
	}
	waited, cancel := context.WithTimeout(ctx, placeWithin)
	defer cancel()
	placed, err := a.Exchanges.PlaceExchange(waited, r, decided)
	if err == nil {
		return placed, nil
	}
	if placed, rerr := a.Orders.Order(ctx, r.ID); rerr == nil {
		return placed, err
	}
	return order.Order{}, err
}

// begunBefore returns the order if an earlier attempt has placed it. It fails with
// order.ErrNotFound if none has begun, and with errOpening if one has.
func (a *Activities) begunBefore(ctx context.Context, id order.ID) (order.Order, error) {
	if runs, err := a.Exchanges.ExchangeRuns(ctx, id); err != nil || runs {
		return order.Order{}, cmp.Or(err, errOpening)
	}
	return a.Orders.Order(ctx, id)
}

// errOpening means that an order has begun, and that it is not opened yet.
var errOpening = fmt.Errorf("%w: the order has begun, and is not opened yet", order.ErrBusy)

func isRefusal(err error) bool {
	for _, refusal := range exchangeRefusals {
		if errors.Is(err, refusal) {
			return true
		}
	}
	return false
}

// ReturnCredit gives credit back to the order that it came from, which refunds it.
func (a *Activities) ReturnCredit(ctx context.Context, r ReturnCreditRequest) error {
	return activities.Failure(a.Exchanges.ReturnCredit(ctx, r.To, r.CreditReturn))
}

// ReturnCreditRequest is the input of ReturnCredit.
type ReturnCreditRequest struct {
	To order.ID `json:"to"` // the order that the credit came from
	order.CreditReturn
}
