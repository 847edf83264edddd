package stripe

import (
	"context"
	"strconv"
	"time"

	sdk "github.com/stripe/stripe-go/v76"

	"purser/order"
)

// Stripe keeps the first answer of an idempotency key and repeats it for at
// least a day, also when that answer was a 500 or "not in this state".
// Such a key is spent: asking again under it would answer the same
// for ever, although the operation was perhaps never done. A new key must not
// be used either while the first attempt may still be under way.
//
// So: after an answer that leaves the outcome open, look at the object itself.
// If the work is done, that is the answer. If it is not, and the answer was a
// repeated one (Stripe finished with that key long ago and will not come back
// to it), the work goes on under the next key, made from the first: "…:r1",
// "…:r2" and so on. The same sequence is walked at every call, so a caller
// that repeats its call meets the key that worked, and a fresh error never
// moves the key on.

// spareKeys is how many keys follow the first.
const spareKeys = 8

// truth is what a look at Stripe's object says about an operation.
type truth int

const (
	open   truth = iota // not done, and can be
	done                // done
	closed              // cannot be done (any more)
)

// reconcileWrite carries out a write under its key, or the key that follows it.
func reconcileWrite[T any](key string, try func(key string) (T, *failure), look func(after *failure) (T, truth, *failure)) (T, error) {
	var f *failure
	for n := range 1 + spareKeys {
		k := key
		if n > 0 {
			k += ":r" + strconv.Itoa(n)
		}
		var v T
		if v, f = try(k); f == nil {
			return v, nil
		}
		if !f.leavesOpen() {
			break
		}
		found, t, lookFailed := look(f)
		if lookFailed != nil {
			break // still not known
		}
		if t == done {
			return found, nil
		}
		if t == closed {
			f.Kind = order.ErrState
			break
		}
		if !f.replayed {
			break
		}
	}
	var zero T
	return zero, f.err()
}

// findIntent looks for the intent of an order's generation that an
// unanswered create may have left behind. An intent it overlooks is harmless:
// nobody was told its secret, so nobody can pay it.
func (c *Client) findIntent(ctx context.Context, r order.IntentRequest) (order.Intent, truth, *failure) {
	const op = "find intent"
	p := &sdk.PaymentIntentListParams{
		ListParams:   sdk.ListParams{Context: ctx, Limit: sdk.Int64(100)},
		CreatedRange: &sdk.RangeQueryParams{GreaterThanOrEqual: c.now().Add(-lookBack).Unix()},
	}
	if c.conf.Account != "" {
		p.StripeAccount = sdk.String(c.conf.Account)
	}
	var found *sdk.PaymentIntent // the oldest, whichever page it is on
	it := c.intents.List(p)
	for n := 0; n < lookAt && it.Next(); n++ {
		pi := it.PaymentIntent()
		if pi.Metadata[metaOrder] == string(r.OrderID) && pi.Metadata[metaGeneration] == strconv.Itoa(r.Generation) {
			found = pi
		}
	}
	if err := it.Err(); err != nil {
		return order.Intent{}, open, classify(op, read, err)
	}
	if found == nil {
		return order.Intent{}, open, nil
	}
	in, f := productResult(op, read)(found, nil)
	return in, done, f
}

// How far findIntent looks.
const (
	lookBack = time.Hour
	lookAt   = 500
)
