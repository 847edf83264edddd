package stripe

import (
	"strconv"

	"purser/order"
)

// Stripe keeps the first response of an idempotency key and repeats it for at
// least a day, even if that response was a 500 or "not in this state". Such a
// key is spent: a request under it would return the same for ever, although the
// operation may never have been carried out. A new key must not be used either
// while the first attempt may still be running.
//
// So, after a response that leaves the outcome open, the adapter reads the
// object itself. If the work is done, the object is the result. If it is not,
// and the response was a repeated one (Stripe finished with that key long ago
// and will not return to it), the work continues under the next key, derived
// from the first: "…:r1", "…:r2" and so on. Every call walks the same sequence,
// so a caller that repeats its call reaches the key that worked, and a fresh
// error never advances the key.

// spareKeys is how many keys follow the first.
const spareKeys = 8

// truth is the state of an operation according to Stripe's object.
type truth int

const (
	open   truth = iota // not done, but still possible
	done                // done
	closed              // no longer possible
)

// reconcileWrite carries out a write under its key, or under a key that follows
// it.
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
