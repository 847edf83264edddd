package products_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"pgregory.net/rapid"

	"purser/activities/porttest"
	steps "purser/activities/products"
	"purser/catalog"
	"purser/order"
	"purser/workflows/workflowtest"
)

// TestProductWorkflowInAnyOrder (SRCH-3, SRCH-5, F52 to F56) generates changes in any
// order, an index that is slow, down or fails its tasks, and workflows that are
// terminated: in the end the index agrees with the record.
func TestProductWorkflowInAnyOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		c := newFixture(rt)
		c.signal(0, porttest.PutOf("put-0", "mug"))
		for i := range rapid.IntRange(1, 12).Draw(rt, "events") {
			when := time.Duration(rapid.IntRange(0, 600).Draw(rt, "seconds")) * time.Second
			id := fmt.Sprint("change-", i)
			switch rapid.SampledFrom([]string{"price", "delete", "put", "hide", "stock", "moves", "down", "fails", "killed"}).Draw(rt, "what") {
			case "price":
				c.signal(when, price(id, rapid.Int64Range(1, 1000).Draw(rt, "price")))
			case "delete":
				c.signal(when, catalog.Change{ID: id, Delete: true})
			case "put":
				c.signal(when, porttest.PutOf(id, "mug"))
			case "hide":
				off := rapid.Bool().Draw(rt, "off")
				c.signal(when, catalog.Change{ID: id, Inactive: &off})
			case "stock":
				c.at(when, func() { c.record.Reserve("mug", 1) })
			case "moves":
				c.during = append(c.during, func() { c.record.Reserve("mug", 1) })
			case "down":
				c.faults = append(c.faults, &indexFault{until: when, kind: order.ErrUnavailable})
			case "fails":
				c.faults = append(c.faults, &indexFault{until: when, kind: order.ErrUnknownOutcome, after: true})
			case "killed":
				c.killed = max(when, time.Second)
			}
		}
		c.run()
		c.sweep(rt)
		c.wantAgreement()
	})
}

// sweep lets the follower index, much later, what no workflow has indexed.
func (c *fixture) sweep(rt *rapid.T) {
	c.now = c.now.Add(time.Hour)
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	swept := make(chan struct{})
	c.record.After = func(op string) error {
		if op == "DueProducts" && len(c.due()) == 0 {
			select {
			case swept <- struct{}{}:
			default:
			}
		}
		return nil
	}
	go (&steps.Follower{Steps: c.steps, Every: time.Millisecond, Log: slog.New(slog.DiscardHandler)}).Run(ctx)
	select {
	case <-swept:
	case <-time.After(10 * time.Second):
		rt.Fatalf("the follower does not come to an end")
	}
}

// due returns the products that must still be indexed.
func (c *fixture) due() []string {
	all, err := c.record.Revisions(context.Background(), []string{"mug"})
	if err != nil || !all["mug"].Due {
		return nil
	}
	return []string{"mug"}
}

// TestFollowerPassesOverWhatIsRefused: a document that the index refuses for good does not
// delay the others (RES-12, F54).
func TestFollowerPassesOverWhatIsRefused(t *testing.T) {
	c := newFixture(t)
	c.record.Now = func() time.Time { return workflowtest.Start }
	for _, sku := range []string{"bowl", "mug", "tea"} {
		if _, err := c.record.ChangeProduct(t.Context(), sku, []catalog.Change{porttest.PutOf("1", sku)}); err != nil {
			t.Fatal(err)
		}
		c.record.Reserve(sku, 1)
	}
	c.steps.Index = picky{&c.index}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	calls := 0
	c.record.After = func(op string) error {
		if op == "DueProducts" {
			if calls++; calls == 2 { // the first sweep is over
				stop()
			}
		}
		return nil
	}
	go func() {
		defer close(done)
		(&steps.Follower{Steps: c.steps, Every: time.Millisecond, Log: slog.New(slog.DiscardHandler)}).Run(ctx)
	}()
	<-done
	docs := c.index.Documents()
	if len(docs) != 2 || docs["bowl"].Available != 9 || docs["tea"].Available != 9 {
		t.Errorf("the index holds %+v", docs)
	}
}
