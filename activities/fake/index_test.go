package fake_test

import (
	"sync"
	"testing"

	"purser/activities/fake"
	"purser/activities/porttest"
	"purser/order"
)

func TestIndex(t *testing.T) {
	porttest.Index(t, func(t *testing.T) porttest.IndexBench {
		var mu sync.Mutex
		var next error
		at := func(after bool) func(string) error {
			return func(op string) error {
				mu.Lock()
				defer mu.Unlock()
				if next == nil || op != "PutDocuments" || after != (next == order.ErrUnknownOutcome) {
					return nil
				}
				err := &order.ProviderError{Provider: "search", Op: op, Kind: next}
				next = nil
				return err
			}
		}
		x := &fake.Index{Before: at(false), After: at(true)}
		return porttest.IndexBench{
			Index: x, Keys: x, Settings: x, Rebuild: x, Search: x,
			FailNext: func(_ *testing.T, kind error) {
				mu.Lock()
				defer mu.Unlock()
				next = kind
			},
		}
	})
}
