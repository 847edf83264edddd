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

// whenIndexed prints to w when the index holds the whole catalogue. The channel is
// closed then, or when that takes too long.
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
				fmt.Fprintln(w, "catalogue not indexed yet: searching all the same")
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

// searchOnce searches as a shopper does and prints the first hit.
func searchOnce(ctx context.Context, client *shop.Client, w io.Writer, words string) {
	found, err := client.Search(ctx, url.Values{"q": {words}})
	switch {
	case err != nil:
		fmt.Fprintf(w, "search for %q: %v\n", words, err)
	case len(found.Hits) == 0:
		fmt.Fprintf(w, "search for %q found nothing\n", words)
	default:
		h := found.Hits[0]
		fmt.Fprintf(w, "search for %q found %s first: %s, %s, %d available\n", words, h.SKU, h.Name, order.Money{Amount: h.Price, Currency: h.Currency}, h.Available)
	}
}
