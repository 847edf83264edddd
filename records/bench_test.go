package records_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"purser/catalog"
	"purser/order"
	"purser/records"
	"purser/records/inbox"
	"purser/records/recordstest"
)

// inFlight is how many writes the benchmarks keep going at once.
const inFlight = 32

// onBothDurably runs a benchmark on SQLite and on Postgres as they run in
// production, fsync and all.
func onBothDurably(b *testing.B, bench func(b *testing.B, s *records.Store)) {
	b.Run("sqlite", func(b *testing.B) {
		bench(b, recordstest.Open(b, recordstest.SQLite(b)))
	})
	b.Run("postgres", func(b *testing.B) {
		bench(b, recordstest.Open(b, recordstest.DurablePostgres(b)))
	})
}

// hammer runs do b.N times, inFlight at once, and reports the rate and this
// process's CPU.
func hammer(b *testing.B, do func(ctx context.Context, worker int, n int64) error) {
	b.Helper()
	var next atomic.Int64
	done := make(chan error, inFlight)
	cpu := cpuTime()
	b.ResetTimer()
	for w := range inFlight {
		go func() {
			for {
				n := next.Add(1)
				if n > int64(b.N) {
					done <- nil
					return
				}
				if err := do(context.Background(), w, n); err != nil {
					done <- err
					return
				}
			}
		}()
	}
	for range inFlight {
		if err := <-done; err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "ops/s")
	b.ReportMetric(float64((cpuTime()-cpu).Microseconds())/float64(b.N), "µs-cpu/op")
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func stocked(b *testing.B, s *records.Store) {
	b.Helper()
	var ps []catalog.Product
	for i := range 10 {
		ps = append(ps, catalog.Product{SKU: fmt.Sprintf("sku-%d", i), Name: "Thing", Price: 1000, Currency: "EUR", OnHand: 1_000_000_000})
	}
	if err := s.PutProducts(b.Context(), ps); err != nil {
		b.Fatal(err)
	}
}

// openingOf is an order of two lines.
func openingOf(n int64) order.Opening {
	now := time.Now().UTC()
	return order.Opening{
		ID: order.NewID(), RunID: "3f6b1c5e-0000-4000-8000-1234567890ab", RequestHash: "0123456789abcdef0123456789abcdef",
		Actor: "key:shop", Correlation: "3f6b1c5e-0000-4000-8000-1234567890ab",
		Request: order.Request{
			Customer: fmt.Sprintf("customer-%d", n%1000), Email: "ada.lovelace@example.com", Currency: "EUR",
			ShipTo: order.Address{Name: "Ada Lovelace", Line1: "12 St James's Square", City: "London", PostalCode: "SW1Y 4JH", Country: "GB"},
			Lines:  []order.RequestLine{{SKU: fmt.Sprintf("sku-%d", n%10), Quantity: 2}, {SKU: fmt.Sprintf("sku-%d", (n+3)%10), Quantity: 1}},
		},
		Now: now, HoldUntil: now.Add(30 * time.Minute),
	}
}

func BenchmarkOpenOrder(b *testing.B) {
	onBothDurably(b, func(b *testing.B, s *records.Store) {
		stocked(b, s)
		hammer(b, func(ctx context.Context, _ int, n int64) error {
			_, err := s.OpenOrder(ctx, openingOf(n))
			return err
		})
	})
}

// BenchmarkSaveOrder saves changes of two events and a snapshot of 2 kB each to 32
// orders, every third with a new state of the payment.
func BenchmarkSaveOrder(b *testing.B) {
	onBothDurably(b, func(b *testing.B, s *records.Store) {
		stocked(b, s)
		snapshot := []byte(strconv.Quote(strings.Repeat("state ", 330)))
		var orders [inFlight]order.Order
		for w := range orders {
			o, err := s.OpenOrder(b.Context(), openingOf(int64(w)))
			if err != nil {
				b.Fatal(err)
			}
			orders[w] = o
		}
		hammer(b, func(ctx context.Context, w int, n int64) error {
			o := &orders[w]
			if n%3 == 0 {
				o.Payments = []order.Payment{{Number: 1, Provider: "stripe", Reference: fmt.Sprintf("pi_%d", w), Authorized: n}}
			}
			o.UpdatedAt = time.Now()
			c := order.Change{Order: *o, Snapshot: order.Snapshot{Version: 1, Data: snapshot}}
			for range 2 {
				o.Version++
				c.Events = append(c.Events, order.Event{
					OrderID: o.ID, Seq: o.Version, At: o.UpdatedAt, Kind: order.PaymentConfirmed, From: o.Status, To: o.Status,
					Actor: "stripe", Ref: "pi_3Abcdefghijklmnop", Correlation: "3f6b1c5e-0000-4000-8000-1234567890ab",
				})
			}
			c.Order.Version = o.Version
			return s.SaveOrder(ctx, c)
		})
	})
}

func BenchmarkReceive(b *testing.B) {
	onBothDurably(b, func(b *testing.B, s *records.Store) {
		body, headers, fresh := make([]byte, 2500), make([]byte, 400), make([]byte, 300)
		hammer(b, func(ctx context.Context, _ int, n int64) error {
			_, err := s.Receive(ctx, &inbox.Item{
				Provider: "stripe", Account: "acct_1", EventID: fmt.Sprintf("evt_%d", n), Type: "payment_intent.succeeded",
				OrderID: order.NewID(), Ref: "pi_3Abcdefghijklmnop", Body: body, Headers: headers, Event: fresh,
				Source: "127.0.0.1", Correlation: "3f6b1c5e-0000-4000-8000-1234567890ab",
			})
			return err
		})
	})
}
