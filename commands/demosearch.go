package commands

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"time"

	"purser/order"
	"purser/shop"
	"purser/stack"
)

// whenIndexed says on w when the index has the catalogue; the channel closes
// then, or when that takes too long.
func whenIndexed(ctx context.Context, s *stack.Stack, w io.Writer) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		for tick := time.NewTicker(100 * time.Millisecond); ; {
			select {
			case <-tick.C:
			case <-ctx.Done():
				tick.Stop()
				fmt.Fprintln(w, "catalogue not indexed yet: the search follows")
				return
			}
			if n, err := s.Records.DueCount(ctx); err != nil || n > 0 {
				continue
			}
			tick.Stop()
			products, err := s.Records.ForSaleCount(ctx)
			if err == nil {
				fmt.Fprintf(w, "catalogue indexed: %d products\n", products)
			}
			return
		}
	}()
	return done
}

// findAgain searches as a shopper does and says what comes first.
func findAgain(ctx context.Context, client *shop.Client, w io.Writer, words string) {
	found, err := client.Search(ctx, url.Values{"q": {words}})
	switch {
	case err != nil:
		fmt.Fprintf(w, "search for %q: %v\n", words, err)
	case len(found.Hits) == 0:
		fmt.Fprintf(w, "search for %q finds nothing\n", words)
	default:
		h := found.Hits[0]
		fmt.Fprintf(w, "search for %q finds %s first: %s, %s, %d available\n", words, h.SKU, h.Name, order.Money{Amount: h.Price, Currency: h.Currency}, h.Available)
	}
}
