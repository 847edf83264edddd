package porttest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/activities/orders"
	"purser/catalog"
	"purser/order"
)

// RecordBench is the record under test: the port, and methods to inspect it.
type RecordBench interface {
	orders.Record
	orders.Orders
	PutProducts(ctx context.Context, products []catalog.Product) error
	Offers(ctx context.Context, skus []string) (map[string]order.Offer, error)
	Product(ctx context.Context, sku string) (catalog.Stocked, error)
	Events(ctx context.Context, id order.ID, after int64, limit int) ([]order.Event, error)
}

// Record checks a Record. open makes an empty one.
func Record(t *testing.T, open func(t *testing.T) RecordBench) {
	for name, check := range map[string]func(*testing.T, recordTest){
		"ORD-6 prices come from the catalogue":              opensPriced,
		"PAY-21 prices follow the rules":                    opensByRules,
		"PAY-21 another price leaves nothing":               refusesPrice,
		"PAY-21 a free order has no payment":                opensFree,
		"ORD-2 opening tells the first two events":          opensWithEvents,
		"IDEM-2 the same run finds what it opened":          sameRun,
		"IDEM-2 another run is a duplicate":                 otherRun,
		"PAY-15 F19 what cannot be sold leaves nothing":     refusesWhole,
		"ORD-7 F66 many at once never oversell":             neverOversold,
		"ORD-1 an illegal move is refused":                  refusesIllegal,
		"ORD-2 events come with the change":                 eventsWithChange,
		"ORD-3 a repeated change is left alone":             repeatedChange,
		"REC-2 what is waited for changes alone":            waitAlone,
		"ORD-3 a gap is a conflict":                         gap,
		"F87 what a lost attempt wrote is replaced":         lostAttempt,
		"ORD-3 F38 of two changes at once one counts":       oneOfTwo,
		"ORD-7 an expired reservation gives way":            expiredGivesWay,
		"ORD-7 F19 a kept reservation does not":             keptStays,
		"ORD-7 F19 keeping what is gone writes nothing":     keepsNothing,
		"ORD-7 a lapsed reservation is taken again":         takenAgain,
		"ORD-7 stock moves happen once":                     movesOnce,
		"ORD-1 an order that was never opened can be told":  refusedOrder,
		"ORD-7 every line of an order is set aside or none": allLines,
		"ORD-7 goods leave in parts":                        shipsParts,
		"ORD-7 parts of a lost attempt are corrected":       correctsParts,
		"ORD-7 goods that came back are for sale":           restocks,
		"ORD-7 goods that never left are for sale":          restocksUnsent,
		"ORD-7 F87 a lost attempt restocked":                restocksLost,
		"ORD-7 the goods of a change are set aside":         reservesChanged,
		"ORD-7 F87 a lost attempt set goods aside":          unreservesLost,
		"ORD-7 goods are set aside for longer":              holdsLonger,
		"SHP-8 what was delivered without a parcel is gone": releasesTheRest,
		"SHP-8 an order has its goods as they were":         keepsGoods,
		"ORD-3 F87 the snapshot is written with the order":  snapshotWithOrder,
		"several payments, shipments and refunds":           severalParts,
		"ORD-5 an id of another order is refused":           refusesTaken,
		"ORD-5 F87 an id moves within its order":            movesOwnID,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := recordTest{open(t), time.Now().UTC().Truncate(time.Microsecond)}
			if err := r.PutProducts(t.Context(), goods); err != nil {
				t.Fatal(err)
			}
			check(t, r)
		})
	}
}

// goods are the suite's products.
var goods = []catalog.Product{
	{SKU: "mug", Name: "Mug", Price: 1450, Currency: "EUR", OnHand: 10},
	{SKU: "tea", Name: "Tea", Price: 890, Currency: "EUR", OnHand: 10},
	{SKU: "lamp", Name: "Lamp", Price: 19_900, Currency: "EUR", OnHand: 1},
	{SKU: "bowl", Name: "Bowl", Price: 6800, Currency: "JPY", OnHand: 5},
	{SKU: "pin", Name: "Pin", Price: 49, Currency: "EUR", OnHand: 5},
	{SKU: "oud", Name: "Oud", Price: 12_755, Currency: "KWD", OnHand: 5},
}

// recordTest is a bench and the time at which its orders are placed.
type recordTest struct {
	RecordBench
	now time.Time
}

// opening returns an opening for quantities of goods, reserved for an hour.
func (r recordTest) opening(currency string, lines ...order.RequestLine) order.Opening {
	return order.Opening{
		ID: order.NewID(), RunID: "run-1", RequestHash: "hash", Actor: "key:shop", Correlation: "corr-1",
		Request: order.Request{
			Customer: "c-1", Email: "ada@example.com", Currency: currency, Lines: lines,
			ShipTo: order.Address{Name: "Ada", Line1: "1 Road", City: "London", Country: "GB"},
		},
		Now: r.now, HoldUntil: r.now.Add(time.Hour),
	}
}

func (r recordTest) mustOpen(t *testing.T, o order.Opening) order.Order {
	t.Helper()
	placed, err := r.OpenOrder(t.Context(), o)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return placed
}

// lapsedLamp opens an order for the only lamp, whose reservation has expired.
func (r recordTest) lapsedLamp(t *testing.T) order.Order {
	t.Helper()
	o := r.opening("EUR", line("lamp", 1))
	o.Now = r.now.Add(-2 * time.Hour)
	o.HoldUntil = r.now.Add(-time.Hour)
	return r.mustOpen(t, o)
}

func (r recordTest) wantAvailable(t *testing.T, sku string, want int64) {
	t.Helper()
	offers, err := r.Offers(t.Context(), []string{sku})
	if err != nil || offers[sku].Available != want {
		t.Errorf("%s available: got %d %v, want %d", sku, offers[sku].Available, err, want)
	}
}

func (r recordTest) wantStored(t *testing.T, want order.Order) {
	t.Helper()
	got, err := r.Order(t.Context(), want.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("stored order (-want +got):\n%s", diff)
	}
}

func (r recordTest) wantNothing(t *testing.T, id order.ID) {
	t.Helper()
	if _, err := r.Order(t.Context(), id); !errors.Is(err, order.ErrNotFound) {
		t.Errorf("order %s: got %v, want ErrNotFound", id, err)
	}
	if events, err := r.Events(t.Context(), id, 0, 0); err != nil || len(events) > 0 {
		t.Errorf("events: got %v %v, want none", events, err)
	}
}

func line(sku string, n int64) order.RequestLine { return order.RequestLine{SKU: sku, Quantity: n} }

// follow returns the change that moves the order to a status.
func follow(o order.Order, to order.Status, k order.Kind, stock order.StockAction) order.Change {
	from := o.Status
	o.Status, o.Version = to, o.Version+1
	o.UpdatedAt = o.UpdatedAt.Add(time.Second)
	return order.Change{Order: o, Stock: order.StockMove{Action: stock}, Events: []order.Event{{
		OrderID: o.ID, Seq: o.Version, At: o.UpdatedAt, Kind: k, From: from, To: to,
		Actor: "purser", Why: "because", Ref: "pi_1", Correlation: "corr-2",
	}}}
}

func opensPriced(t *testing.T, r recordTest) {
	for _, c := range []struct {
		currency string
		lines    []order.RequestLine
		want     int64
	}{
		{"EUR", []order.RequestLine{line("mug", 2), line("tea", 1)}, 3790},
		{"JPY", []order.RequestLine{line("bowl", 3)}, 20_400},
		{"KWD", []order.RequestLine{line("oud", 2)}, 25_510},
	} {
		o := r.opening(c.currency, c.lines...)
		placed := r.mustOpen(t, o)
		if want := (order.Money{Amount: c.want, Currency: c.currency}); placed.Total != want {
			t.Errorf("total: got %v, want %v", placed.Total, want)
		}
		if placed.Status != order.Placed || placed.Version != 2 || !cmp.Equal(placed.Payments, []order.Payment{{Number: 1}}) ||
			!placed.PlacedAt.Equal(r.now) || placed.ShipTo != o.Request.ShipTo || placed.Customer != "c-1" {
			t.Errorf("opened as %+v", placed)
		}
		r.wantStored(t, placed)
	}
	r.wantAvailable(t, "mug", 8)
}

func opensWithEvents(t *testing.T, r recordTest) {
	placed := r.mustOpen(t, r.opening("EUR", line("mug", 1)))
	got, err := r.Events(t.Context(), placed.ID, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	e := order.Event{OrderID: placed.ID, Seq: 1, At: r.now, Kind: order.OrderPlaced, To: order.Placed, Actor: "key:shop", Correlation: "corr-1"}
	e2 := e
	e2.Seq, e2.Kind, e2.From = 2, order.StockReserved, order.Placed
	if diff := cmp.Diff([]order.Event{e, e2}, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func sameRun(t *testing.T, r recordTest) {
	o := r.opening("EUR", line("lamp", 1)) // the last one: a second pricing would find none
	placed := r.mustOpen(t, o)
	if diff := cmp.Diff(placed, r.mustOpen(t, o)); diff != "" {
		t.Errorf("opened again (-want +got):\n%s", diff)
	}
	c := follow(placed, order.AwaitingPayment, order.PaymentReady, order.StockStays)
	c.Order.Payments = []order.Payment{{Number: 1, Provider: "stripe", Reference: "pi_1", Status: order.PaymentPending}}
	c.Order.Refunds = []order.Refund{{ID: "re_1", PaymentRef: "pi_1"}}
	c.Order.Hold = &order.Hold{Kind: order.HoldPayment}
	c.Order.Waiting = &order.Waiting{On: "payment"}
	if err := r.SaveOrder(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(placed, r.mustOpen(t, o)); diff != "" {
		t.Errorf("opened again later (-want +got):\n%s", diff)
	}
	r.wantAvailable(t, "lamp", 0)
}

func otherRun(t *testing.T, r recordTest) {
	for _, sku := range []string{"mug", "lamp"} {
		o := r.opening("EUR", line(sku, 1))
		placed := r.mustOpen(t, o)
		o.RunID = "run-2"
		if _, err := r.OpenOrder(t.Context(), o); !errors.Is(err, order.ErrDuplicate) {
			t.Errorf("another run: got %v, want ErrDuplicate", err)
		}
		r.wantStored(t, placed)
	}
	r.wantAvailable(t, "mug", 9)
}

func refusesWhole(t *testing.T, r recordTest) {
	for _, c := range []struct {
		currency string
		lines    []order.RequestLine
		want     error
	}{
		{"EUR", []order.RequestLine{line("mug", 1), line("ghost", 1)}, order.ErrUnknownSKU},
		{"EUR", []order.RequestLine{line("mug", 1), line("bowl", 1)}, order.ErrMixedCurrency},
		{"EUR", []order.RequestLine{line("mug", 1), line("lamp", 2)}, order.ErrOutOfStock},
		{"KWD", []order.RequestLine{line("oud", 1)}, order.ErrAmount}, // not a multiple of ten
		{"EUR", []order.RequestLine{line("pin", 1)}, order.ErrBelowMinimum},
	} {
		o := r.opening(c.currency, c.lines...)
		if _, err := r.OpenOrder(t.Context(), o); !errors.Is(err, c.want) {
			t.Errorf("%v: got %v, want %v", c.lines, err, c.want)
		}
		r.wantNothing(t, o.ID)
	}
	r.wantAvailable(t, "mug", 10)
	r.wantAvailable(t, "oud", 5)
	r.wantAvailable(t, "pin", 5)
}

func neverOversold(t *testing.T, r recordTest) {
	var mu sync.Mutex
	sold := 0
	var all sync.WaitGroup
	for i := range 24 {
		all.Go(func() {
			o := r.opening("EUR", line("mug", 1), line("tea", 1))
			if i%2 == 0 { // half of them in the other order
				o = r.opening("EUR", line("tea", 1), line("mug", 1))
			}
			_, err := r.OpenOrder(t.Context(), o)
			if err != nil && !errors.Is(err, order.ErrOutOfStock) {
				t.Errorf("open: %v", err)
			}
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				sold++
			}
		})
	}
	all.Wait()
	if sold != 10 {
		t.Errorf("sold %d of 10", sold)
	}
	r.wantAvailable(t, "mug", 0)
	r.wantAvailable(t, "tea", 0)
}

func refusedOrder(t *testing.T, r recordTest) {
	o := order.Order{
		ID: order.NewID(), Status: order.Refused, Version: 1, Customer: "c-1", Reason: "sold out",
		Total: order.Money{Currency: "EUR"}, PlacedAt: r.now, UpdatedAt: r.now,
	}
	c := order.Change{Order: o, Events: []order.Event{{OrderID: o.ID, Seq: 1, At: r.now, Kind: order.OrderRefused, To: order.Refused, Actor: "purser"}}}
	for range 2 {
		if err := r.SaveOrder(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	r.wantStored(t, o)
}

func allLines(t *testing.T, r recordTest) {
	placed := r.mustOpen(t, r.opening("EUR", line("tea", 3), line("mug", 2), line("lamp", 1)))
	r.wantAvailable(t, "mug", 8)
	r.wantAvailable(t, "tea", 7)
	r.wantAvailable(t, "lamp", 0)
	if err := r.SaveOrder(t.Context(), follow(placed, order.Cancelling, order.CancelRequested, order.StockRelease)); err != nil {
		t.Fatal(err)
	}
	r.wantAvailable(t, "mug", 10)
	r.wantAvailable(t, "tea", 10)
	r.wantAvailable(t, "lamp", 1)
}
