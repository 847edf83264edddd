package shoppers

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"purser/order"
	"purser/shop"
)

// visit is one shopper with one order.
type visit struct {
	site    *Site
	random  *rand.Rand
	key     string // of the order
	payable time.Duration
	euros   bool // it pays by a method that takes euros alone

	placed   shop.Placed
	began    time.Time
	placedAt time.Time             // when the shopper knew that the order is placed
	ends     map[order.Status]bool // how the order may end
	refunds  int                   // how many refunds were asked for
	tries    int                   // the operator's decisions so far
	parcels  int                   // the operator's parcels so far
	cases    []shop.CaseRef        // what the operator must decide
	mu       sync.Mutex
	refusal  error    // why the last refund was refused
	others   []*visit // to the orders that goods were exchanged for

	last  shop.Order    // as it was seen last
	seen  int64         // its version
	pause time.Duration // until it is looked at again
}

// may notes how the order may end.
func (v *visit) may(ends ...order.Status) {
	for _, s := range ends {
		v.ends[s] = true
	}
}

// must notes how the order must end, whatever it might have done before.
func (v *visit) must(ends ...order.Status) {
	clear(v.ends)
	v.may(ends...)
}

// inEuros is how many of the goods, the first ones, are sold in euros.
const inEuros = 2

// goods lists what is bought together, with the currency of its prices.
var goods = []struct {
	currency string
	skus     []string
}{
	{"EUR", []string{"mug-blue", "tea-assam", "kettle-steel", "mug-red"}},
	{"EUR", []string{"mug-blue", "tea-assam"}},
	{"USD", []string{"poster-harbour"}},
	{"JPY", []string{"bowl-hagi"}},
	{"KWD", []string{"oud-oil"}},
}

// place places an order, by several clicks at the same time if the shopper is
// impatient. All must be the same order.
func (v *visit) place(ctx context.Context, how order.PaymentMethod, clicks int) error {
	of := goods[v.random.IntN(len(goods))]
	if v.euros {
		of = goods[v.random.IntN(inEuros)]
	}
	r := order.Request{
		Customer: v.key, Email: "shopper@shop.example", Currency: of.currency, Payment: how,
		ShipTo: order.Address{Name: "Sam Shopper", Line1: "1 Quay Street", City: "Harbourtown", PostalCode: "10115", Country: "DE"},
	}
	for _, sku := range of.skus[:1+v.random.IntN(len(of.skus))] {
		r.Lines = append(r.Lines, order.RequestLine{SKU: sku, Quantity: int64(1 + v.random.IntN(3))})
	}
	v.began = time.Now()
	all, errs := make([]shop.Placed, clicks), make([]error, clicks)
	var wg sync.WaitGroup
	for i := range clicks {
		wg.Go(func() {
			errs[i] = retry(ctx, func() (err error) {
				all[i], err = v.site.api().Place(ctx, r, v.key)
				o := all[i]
				if err == nil && !o.Status.Final() && (o.Status == order.Placed || o.ClientSecret == "" && how != order.PayManually) {
					return errors.New("not payable yet")
				}
				return err
			})
		})
	}
	wg.Wait()
	v.placedAt = time.Now()
	v.placed = all[0]
	if err := errors.Join(errs...); err != nil {
		var p *shop.Problem
		if errors.As(err, &p) && p.Code == "too_late" && v.payable-time.Since(v.began) < lateMargin {
			return errNeverPayable
		}
		return fmt.Errorf("place: %w", err)
	}
	for _, p := range all {
		if p.ID != v.placed.ID {
			return fmt.Errorf("one key placed the orders %s and %s", v.placed.ID, p.ID)
		}
		if p.ClientSecret != "" {
			v.placed = p
		}
	}
	if v.placed.Status.Final() && v.placed.ClientSecret == "" && how != order.PayManually {
		return errNeverPayable
	}
	return nil
}

// errNeverPayable means that the time to pay was over before the provider had made the
// payment.
var errNeverPayable = errors.New("the order could never be paid")

// The outcomes of a payment, beside Stripe's statuses.
const (
	declined = "declined"
	elsewise = "in another state" // it was paid or cancelled before
)

// pay confirms the payment with a card, or another payment method, until the bank has
// decided, or is about to.
func (v *visit) pay(ctx context.Context, method string) (outcome string, err error) {
	err = retry(ctx, func() error {
		confirmed, err := v.site.bank().Confirm(ctx, v.placed.ClientSecret, "https://shop.example/thanks", methodForm(method))
		outcome = confirmed.Status
		switch {
		case errors.Is(err, shop.ErrDeclined):
			outcome = declined
		case err != nil && strings.Contains(err.Error(), "payment_intent_unexpected_state"):
			outcome = elsewise
		default:
			return err
		}
		return nil
	})
	v.perhapsLate()
	return outcome, err
}

// perhapsLate notes that the order may expire if what the shopper has just done perhaps
// came too late.
func (v *visit) perhapsLate() {
	if left := v.payable - time.Since(v.began); left < lateMargin {
		v.may(order.Expired)
	}
}

// lateMargin is how long before the deadline a payment must come to be in time for
// certain, also if the shop is down.
const lateMargin = 15 * time.Second

// intent returns the id of the payment intent.
func (v *visit) intent() string {
	id, _, _ := strings.Cut(v.placed.ClientSecret, "_secret_")
	return id
}

// order fetches the order.
func (v *visit) order(ctx context.Context) (o shop.Order, err error) {
	err = retry(ctx, func() error {
		o, err = v.site.api().Order(ctx, v.placed.ID)
		return err
	})
	return o, err
}

// An order is looked at often while it changes, and seldom while it waits: many shoppers
// look at the same time.
const (
	poll     = 200 * time.Millisecond
	pollMost = 2 * time.Second
)

// look returns the order, once it has changed or a while after the last look.
func (v *visit) look(ctx context.Context) (shop.Order, error) {
	if v.seen != 0 {
		if err := wait(ctx, v.pause); err != nil {
			return v.last, err
		}
	}
	o, err := v.order(ctx)
	if err != nil {
		return o, err
	}
	v.pause = min(v.pause*3/2, pollMost)
	if o.Version != v.seen {
		v.pause = poll
	}
	v.seen, v.last = o.Version, o
	return o, nil
}

// until looks at the order until it is as wanted, or has ended. The operator decides
// what must be decided.
func (v *visit) until(ctx context.Context, wanted func(shop.Order) bool) (shop.Order, error) {
	for {
		o, err := v.look(ctx)
		if err != nil {
			return o, v.stillWaits(err)
		}
		if wanted(o) || o.Status.Final() {
			return o, nil
		}
		if err := v.operate(ctx, o); err != nil {
			return o, err
		}
	}
}

// end looks at the order until it has ended, nobody must decide about it, and all that
// the shopper waits for has come.
func (v *visit) end(ctx context.Context, done ...func(shop.Order) bool) error {
	for {
		o, err := v.look(ctx)
		if err != nil {
			return v.stillWaits(err)
		}
		waits := slices.ContainsFunc(done, func(d func(shop.Order) bool) bool { return !d(o) })
		if o.Status.Final() && o.Hold == nil && len(o.Attention) == 0 && len(o.Cases) == 0 && !waits {
			return nil
		}
		if err := v.operate(ctx, o); err != nil {
			return err
		}
	}
}

// stillWaits says what the order waits for that a shopper does not wait for any longer.
func (v *visit) stillWaits(err error) error {
	o := v.last
	return fmt.Errorf("%s is still %s, waiting for %+v, hold %+v, attention %+v: %w", o.ID, o.Status, o.Waiting, o.Hold, o.Attention, err)
}

// wait lets time pass for a shopper who thinks, and between two looks.
func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// think lets the shopper think for up to d.
func (v *visit) think(ctx context.Context, d time.Duration) error {
	return wait(ctx, time.Duration(v.random.Int64N(int64(d))))
}

// paid reports whether the order's money was captured, and is not being given back as a
// whole.
func paid(o shop.Order) bool {
	switch o.Status {
	case order.Cancelling, order.Cancelled, order.Expired, order.Returned:
		return false
	}
	return o.Payment().Captured > 0
}
