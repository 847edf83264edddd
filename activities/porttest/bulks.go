package porttest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"purser/activities/bulks"
	"purser/order"
)

// BulkBench is the record of bulks under test.
type BulkBench struct {
	Bulks bulks.Bulks
	// Open writes a bulk with so many orders: ord_1, ord_2 and so on.
	Open func(t *testing.T, id string, orders int)
	// Outcomes lists the outcomes of a bulk's orders.
	Outcomes func(t *testing.T, id string) []order.BulkOrder
}

// Bulks checks a record of bulks. setup returns an empty one.
func Bulks(t *testing.T, setup func(t *testing.T) BulkBench) {
	for name, check := range map[string]func(*testing.T, BulkBench){
		"an order is begun once":                bulkBeginsOnce,
		"a recorded outcome stays":              bulkKeepsOutcome,
		"a silent order stays begun":            bulkStaysBegun,
		"a stopped bulk begins no more":         bulkStops,
		"a bulk bulkEnds when nothing is left":  bulkEnds,
		"a bulk that nobody opened":             bulkUnknown,
		"several begin orders at the same time": bulkBeginsAtOnce,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t, setup(t))
		})
	}
}

func (b BulkBench) begin(t *testing.T, id string, limit int) []order.BulkOrder {
	t.Helper()
	next, err := b.Bulks.BeginBulkOrders(t.Context(), id, limit)
	if err != nil {
		t.Fatal(err)
	}
	return next
}

func (b BulkBench) record(t *testing.T, id string, all ...order.BulkOrder) {
	t.Helper()
	if err := b.Bulks.RecordBulkOrders(t.Context(), id, all); err != nil {
		t.Fatal(err)
	}
}

// want checks the outcomes of a bulk's orders, and that it counts them.
func (b BulkBench) want(t *testing.T, id string, want ...order.BulkOutcome) {
	t.Helper()
	var got []order.BulkOutcome
	var counts order.BulkCounts
	for i, o := range b.Outcomes(t, id) {
		if o.N != int64(i+1) || o.OrderID != order.ID(fmt.Sprint("ord_", i+1)) {
			t.Errorf("order %d: %+v", i+1, o)
		}
		got = append(got, o.Outcome)
		counts.Add(o.Outcome, 1)
	}
	if !slices.Equal(got, want) {
		t.Errorf("outcomes %q, want %q", got, want)
	}
	if now, err := b.Bulks.Bulk(t.Context(), id); err != nil || now.Counts != counts {
		t.Errorf("counts %+v, %v, want %+v", now.Counts, err, counts)
	}
}

func bulkBeginsOnce(t *testing.T, b BulkBench) {
	b.Open(t, "bulk_1", 3)
	b.Open(t, "bulk_2", 1)
	if first := b.begin(t, "bulk_1", 2); len(first) != 2 || first[0].N != 1 || first[1].N != 2 || first[0].Outcome != order.OutcomeBegun {
		t.Errorf("begun %+v", first)
	}
	if rest := b.begin(t, "bulk_1", 2); len(rest) != 1 || rest[0].OrderID != "ord_3" {
		t.Errorf("begun %+v", rest)
	}
	if none := b.begin(t, "bulk_1", 2); len(none) > 0 {
		t.Errorf("begun %+v", none)
	}
	begun, err := b.Bulks.BegunBulkOrders(t.Context(), "bulk_1", 1, 1)
	if err != nil || len(begun) != 1 || begun[0].N != 2 {
		t.Errorf("begun and without an outcome: %+v, %v", begun, err)
	}
	b.want(t, "bulk_1", order.OutcomeBegun, order.OutcomeBegun, order.OutcomeBegun)
	b.want(t, "bulk_2", order.OutcomeDue)
}

func bulkKeepsOutcome(t *testing.T, b BulkBench) {
	b.Open(t, "bulk_1", 2)
	o := b.begin(t, "bulk_1", 1)[0]
	o.Outcome, o.Why = order.OutcomeRefused, "the order is delivered"
	b.record(t, "bulk_1", o)
	late, other := o, o
	late.Outcome, late.Why = order.OutcomeDone, ""
	other.N, other.Outcome = 2, order.OutcomeDone
	b.record(t, "bulk_1", late, other) // a try that was thought dead; an order that was not begun
	b.want(t, "bulk_1", order.OutcomeRefused, order.OutcomeDue)
	if got := b.Outcomes(t, "bulk_1")[0]; got.Why != "the order is delivered" {
		t.Errorf("got %+v", got)
	}
}

func bulkStaysBegun(t *testing.T, b BulkBench) {
	b.Open(t, "bulk_1", 1)
	o := b.begin(t, "bulk_1", 1)[0]
	o.Tries = 3
	b.record(t, "bulk_1", o)
	begun, err := b.Bulks.BegunBulkOrders(t.Context(), "bulk_1", 0, 9)
	if err != nil || len(begun) != 1 || begun[0].Tries != 3 || !begun[0].At.IsZero() {
		t.Errorf("%+v, %v", begun, err)
	}
}

func bulkStops(t *testing.T, b BulkBench) {
	b.Open(t, "bulk_1", 2)
	o := b.begin(t, "bulk_1", 1)[0]
	for range 2 {
		if now, err := b.Bulks.StopBulk(t.Context(), "bulk_1", "key:ops: enough"); err != nil || now.State != order.BulkStopping || now.Why != "key:ops: enough" {
			t.Errorf("%+v, %v", now, err)
		}
	}
	if more := b.begin(t, "bulk_1", 9); len(more) > 0 {
		t.Errorf("begun %+v", more)
	}
	if now, err := b.Bulks.EndBulk(t.Context(), "bulk_1"); err != nil || now.State != order.BulkStopping {
		t.Errorf("ended while an order has no outcome: %s, %v", now.State, err)
	}
	o.Outcome = order.OutcomeDone
	b.record(t, "bulk_1", o)
	if now, err := b.Bulks.EndBulk(t.Context(), "bulk_1"); err != nil || now.State != order.BulkStopped || now.Why != "key:ops: enough" {
		t.Errorf("%s, %v", now.State, err)
	}
	b.want(t, "bulk_1", order.OutcomeDone, order.OutcomeDue)
	if now, err := b.Bulks.StopBulk(t.Context(), "bulk_1", "again"); err != nil || now.State != order.BulkStopped || now.Why != "key:ops: enough" {
		t.Errorf("%+v, %v", now, err)
	}
}

func bulkEnds(t *testing.T, b BulkBench) {
	b.Open(t, "bulk_1", 2)
	for i := range 2 {
		o := b.begin(t, "bulk_1", 1)[0]
		if now, err := b.Bulks.EndBulk(t.Context(), "bulk_1"); err != nil || now.State != order.BulkRunning {
			t.Errorf("order %d: %s, %v", i+1, now.State, err)
		}
		o.Outcome = order.OutcomeDone
		b.record(t, "bulk_1", o)
	}
	for range 2 {
		if now, err := b.Bulks.EndBulk(t.Context(), "bulk_1"); err != nil || now.State != order.BulkDone || now.Counts.Done != 2 {
			t.Errorf("%+v, %v", now, err)
		}
	}
	if now, err := b.Bulks.StopBulk(t.Context(), "bulk_1", "too late"); err != nil || now.State != order.BulkDone || now.Why != "" {
		t.Errorf("%+v, %v", now, err)
	}
}

func bulkUnknown(t *testing.T, b BulkBench) {
	b.Open(t, "bulk_1", 1)
	_, err := b.Bulks.Bulk(t.Context(), "bulk_2")
	_, beginErr := b.Bulks.BeginBulkOrders(t.Context(), "bulk_2", 1)
	_, stopErr := b.Bulks.StopBulk(t.Context(), "bulk_2", "why")
	_, endErr := b.Bulks.EndBulk(t.Context(), "bulk_2")
	for _, err := range []error{err, beginErr, stopErr, endErr, b.Bulks.RecordBulkOrders(t.Context(), "bulk_2", nil)} {
		if !errors.Is(err, order.ErrNoBulk) {
			t.Errorf("got %v", err)
		}
	}
}

func bulkBeginsAtOnce(t *testing.T, b BulkBench) {
	const orders = 40
	b.Open(t, "bulk_1", orders)
	var mu sync.Mutex
	seen := map[int64]int{}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for {
				next, err := b.Bulks.BeginBulkOrders(t.Context(), "bulk_1", 3)
				if err != nil {
					t.Error(err)
				}
				if len(next) == 0 {
					return
				}
				mu.Lock()
				for _, o := range next {
					seen[o.N]++
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	for n := range int64(orders) {
		if seen[n+1] != 1 {
			t.Errorf("order %d was begun %d times", n+1, seen[n+1])
		}
	}
}
