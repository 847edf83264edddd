package stripe

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	sdk "github.com/stripe/stripe-go/v76"

	"purser/order"
)

// An intent is found by the order in its metadata. Stripe's list of intents is exact but
// cannot be asked for one order, and a busy shop has made thousands since. Stripe's search
// can, but it knows of an intent only after a while: as a rule within a minute, in an
// outage after an hour (https://docs.stripe.com/search#data-freshness). So what is recent
// is listed, what is older is searched for, and the oldest intent in the list proves that
// the search knows of everything that is older still.
const (
	// listedFor is how far back intents are listed.
	listedFor = 3 * time.Minute
	// searchableAfter is the age from which on a search should find an intent.
	searchableAfter = 90 * time.Second
	// clockSkew is how far Stripe's clock may be from ours.
	clockSkew = time.Minute
	// pageTries is how often a page of a list is asked for. A list of many pages, of which
	// each may fail, would hardly ever come to its end otherwise.
	pageTries = 4
)

// FindIntents returns the intents of one of an order's payments, whichever key created
// them, oldest first. It fails rather than leave one out.
func (c *Client) FindIntents(ctx context.Context, r order.IntentRequest) ([]order.Intent, error) {
	all, f := c.findIntents(ctx, r)
	return all, f.err()
}

// findIntent looks for the intent of an order's payment that a create without a response
// may have left behind.
func (c *Client) findIntent(ctx context.Context, r order.IntentRequest) (order.Intent, truth, *failure) {
	all, f := c.findIntents(ctx, r)
	if f != nil || len(all) == 0 {
		return order.Intent{}, open, f
	}
	return all[0], done, nil
}

func (c *Client) findIntents(ctx context.Context, r order.IntentRequest) ([]order.Intent, *failure) {
	placed, recent := r.PlacedAt.Add(-clockSkew), c.now().Add(-listedFor)
	if !placed.Before(recent) {
		listed, _, f := c.listIntents(ctx, r, placed)
		if f != nil {
			return nil, f
		}
		return c.readIntents(ctx, nil, listed)
	}
	listed, witness, f := c.listIntents(ctx, r, recent)
	if f != nil {
		return nil, f
	}
	searched, f := c.searchIntents(ctx, r, witness)
	if f != nil && slices.Contains([]error{order.ErrRejected, order.ErrDenied, order.ErrNoSuch}, f.Kind) {
		// The account or its key may not search, as in India. A list of all takes longer.
		c.conf.Log.Warn("Stripe refuses to search for payment intents: those since the order was placed are listed", "order", r.OrderID, "error", f.err())
		listed, _, f = c.listIntents(ctx, r, placed)
	}
	if f != nil {
		return nil, f
	}
	return c.readIntents(ctx, searched, listed)
}

// listIntents lists the intents since a time and returns those of the order's payment,
// oldest first. witness is the oldest of all that a search should find by now, or nil.
func (c *Client) listIntents(ctx context.Context, r order.IntentRequest, since time.Time) (own []*sdk.PaymentIntent, witness *sdk.PaymentIntent, f *failure) {
	p := &sdk.PaymentIntentListParams{ListParams: c.listParams(ctx)}
	if since.Unix() > 0 {
		p.CreatedRange = &sdk.RangeQueryParams{GreaterThanOrEqual: since.Unix()}
	}
	searchable := c.now().Add(-searchableAfter).Unix()
	for tries := 1; ; tries++ {
		it := c.intents.List(p)
		for it.Next() {
			pi := it.PaymentIntent()
			if isFor(pi, r) {
				own = append(own, pi)
			}
			if pi.Created <= searchable && pi.Metadata[metaOrder] != "" {
				witness = pi
			}
			p.StartingAfter, tries = &pi.ID, 1
		}
		if it.Err() == nil {
			slices.Reverse(own)
			return own, witness, nil
		}
		if f = classify("list intents", read, it.Err()); tries == pageTries || !f.passes(ctx, time.Duration(tries)*100*time.Millisecond) {
			return nil, nil, f
		}
	}
}

// passes waits for a while and reports whether a failed read is worth another try then.
func (f *failure) passes(ctx context.Context, wait time.Duration) bool {
	if f.Kind != order.ErrUnavailable && f.Kind != order.ErrThrottled || f.RetryAfter > time.Second {
		return false
	}
	select {
	case <-ctx.Done():
		return false
	case <-time.After(max(wait, f.RetryAfter)):
		return true
	}
}

// searchIntents returns the intents of the order's payment that a search finds, oldest
// first. It fails if the search does not find the witness: then it may not know of an
// older intent either.
func (c *Client) searchIntents(ctx context.Context, r order.IntentRequest, witness *sdk.PaymentIntent) (own []*sdk.PaymentIntent, f *failure) {
	const op = "search intents"
	p := &sdk.PaymentIntentSearchParams{SearchParams: sdk.SearchParams{
		Context: ctx, Limit: sdk.Int64(listPage), Query: hasOrder(string(r.OrderID)),
	}}
	if witness != nil {
		p.Query += " OR " + hasOrder(witness.Metadata[metaOrder])
	}
	if c.conf.Account != "" {
		p.StripeAccount = sdk.String(c.conf.Account)
	}
	seen := witness == nil
	it := c.intents.Search(p)
	for it.Next() {
		pi := it.PaymentIntent()
		if isFor(pi, r) {
			own = append(own, pi)
		}
		seen = seen || pi.ID == witness.ID
	}
	if err := it.Err(); err != nil {
		return nil, classify(op, read, err)
	}
	if !seen {
		return nil, &failure{ProviderError: &order.ProviderError{
			Provider: provider, Op: op, Kind: order.ErrUnavailable, Code: "search_behind", RetryAfter: searchableAfter,
			Err: errors.New("the search does not know yet what was created minutes ago"),
		}}
	}
	slices.SortStableFunc(own, func(a, b *sdk.PaymentIntent) int { return cmp.Compare(a.Created, b.Created) })
	return own, nil
}

// hasOrder returns the clause of a search for the intents of an order.
func hasOrder(id string) string {
	return "metadata['" + metaOrder + "']:'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(id) + "'"
}

// isFor reports whether an intent was created for the order's payment.
func isFor(pi *sdk.PaymentIntent, r order.IntentRequest) bool {
	return pi.Metadata[metaOrder] == string(r.OrderID) && pi.Metadata[metaNumber] == strconv.Itoa(r.Number)
}

// readIntents converts intents, oldest first. Those that are not listed are fetched: a
// search returns an intent as it was a while ago.
func (c *Client) readIntents(ctx context.Context, searched, listed []*sdk.PaymentIntent) (all []order.Intent, f *failure) {
	for _, pi := range searched {
		if slices.ContainsFunc(listed, func(l *sdk.PaymentIntent) bool { return l.ID == pi.ID }) {
			continue
		}
		in, f := c.get(ctx, pi.ID)
		if f != nil {
			return nil, f
		}
		all = append(all, in)
	}
	for _, pi := range listed {
		in, f := productResult("list intents", read)(pi, nil)
		if f != nil {
			return nil, f
		}
		all = append(all, in)
	}
	return all, nil
}
