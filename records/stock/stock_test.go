package stock_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"purser/catalog"
	"purser/order"
	"purser/records"
	"purser/records/recordstest"
	"purser/soak"
)

// life is the sequence of changes to one order's stock.
type life struct {
	Lapsed bool // its reservation is over as soon as it is made
	Lines  []order.RequestLine
	Moves  []order.StockMove
}

// TestStockIsConserved proves ORD-7 and F66: with many concurrent orders,
// nothing is sold twice and every piece is accounted for.
func TestStockIsConserved(t *testing.T) {
	if err := soak.Checks(100); err != nil {
		t.Fatal(err)
	}
	recordstest.OnBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		s := open(t)
		var round atomic.Int64
		rapid.Check(t, func(rt *rapid.T) {
			prefix := fmt.Sprintf("r%d-", round.Add(1))
			onHand := make(map[string]int64)
			var products []catalog.Product
			for i := range 3 {
				p := catalog.Product{SKU: fmt.Sprint(prefix, i), Name: "Thing", Price: 100, Currency: "EUR", OnHand: rapid.Int64Range(0, 8).Draw(rt, "on hand")}
				products, onHand[p.SKU] = append(products, p), p.OnHand
			}
			if err := s.PutProducts(t.Context(), products); err != nil {
				rt.Fatal(err)
			}
			lives := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) life { return drawLife(rt, prefix) }), 1, 12).Draw(rt, "lives")
			owned, gone := liveAll(rt, s, lives)
			for sku, n := range owned {
				if n > onHand[sku] {
					rt.Errorf("%s: %d sold of %d", sku, n, onHand[sku])
				}
			}
			report, err := s.IntegrityReport(t.Context())
			if err != nil {
				rt.Fatal(err)
			}
			for _, p := range report.Stock {
				if strings.HasPrefix(p.SKU, prefix) && (p.Shipped != gone[p.SKU] || p.OnHand != onHand[p.SKU]-gone[p.SKU]) {
					rt.Errorf("%s: %d of %d have left: %+v", p.SKU, gone[p.SKU], onHand[p.SKU], p)
				}
			}
			for _, broken := range report.Broken() {
				rt.Error(broken)
			}
		})
	})
}

func drawLife(rt *rapid.T, prefix string) life {
	l := life{Lapsed: rapid.Bool().Draw(rt, "lapsed")}
	for _, i := range rapid.SliceOfNDistinct(rapid.IntRange(0, 2), 1, 3, rapid.ID[int]).Draw(rt, "products") {
		l.Lines = append(l.Lines, order.RequestLine{SKU: fmt.Sprint(prefix, i), Quantity: rapid.Int64Range(1, 4).Draw(rt, "quantity")})
	}
	l.Moves = rapid.SliceOfN(rapid.Custom(l.drawMove), 0, 4).Draw(rt, "moves")
	for i := 1; i < len(l.Moves); i++ { // what is for sale again stays so: others may buy it
		l.Moves[i].Restocked = append(l.Moves[i].Restocked, l.Moves[i-1].Restocked...)
	}
	return l
}

// drawMove draws a move of all goods, or a shipment of a part of them, and which goods
// are for sale again after it.
func (l life) drawMove(rt *rapid.T) order.StockMove {
	move := order.StockMove{Action: rapid.SampledFrom([]order.StockAction{order.StockKeep, order.StockShip, order.StockRelease}).Draw(rt, "action")}
	for _, line := range l.Lines {
		if n := rapid.Int64Range(0, line.Quantity).Draw(rt, "restocked"); n > 0 {
			move.Restocked = append(move.Restocked, order.LineQuantity{SKU: line.SKU, Quantity: n})
		}
	}
	if move.Action != order.StockShip || rapid.Bool().Draw(rt, "all") {
		return move
	}
	for _, line := range rapid.SliceOfNDistinct(rapid.SampledFrom(l.Lines), 1, len(l.Lines), rapid.ID[order.RequestLine]).Draw(rt, "goods") {
		move.Lines = append(move.Lines, order.LineQuantity{SKU: line.SKU, Quantity: rapid.Int64Range(1, line.Quantity).Draw(rt, "gone")})
	}
	return move
}

// liveAll runs all lives concurrently and returns how many pieces of each
// product ended kept or shipped, and how many of those left the warehouse.
func liveAll(rt *rapid.T, s *records.Store, lives []life) (owned, gone map[string]int64) {
	var mu sync.Mutex
	owned, gone = make(map[string]int64), make(map[string]int64)
	var all sync.WaitGroup
	for _, l := range lives {
		all.Go(func() {
			last, err := l.live(s)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				rt.Errorf("%+v: %v", l, err)
			}
			for _, line := range l.Lines {
				if last.owns {
					owned[line.SKU] += line.Quantity - last.restocked[line.SKU]
				}
				gone[line.SKU] += max(last.gone[line.SKU]-last.restocked[line.SKU], 0)
			}
		})
	}
	all.Wait()
	return owned, gone
}

// end is how a life ended.
type end struct {
	owns bool // the order kept its goods or shipped them
	gone map[string]int64
	// restocked are the goods that are for sale again.
	restocked map[string]int64
}

// live opens the order and makes its moves, each twice.
func (l life) live(s *records.Store) (last end, err error) {
	now := time.Now()
	opening := order.Opening{
		ID: order.NewID(), RunID: "run-1", Actor: "key:shop", Now: now, HoldUntil: now.Add(time.Hour),
		Request: order.Request{Customer: "c-1", Currency: "EUR", Lines: l.Lines},
	}
	if l.Lapsed {
		opening.HoldUntil = now.Add(-time.Second)
	}
	o, err := s.OpenOrder(context.Background(), opening)
	if err != nil {
		return end{}, ignore(err, order.ErrOutOfStock)
	}
	for _, move := range l.Moves {
		c := recordstest.Next(o, o.Status, order.StockStays)
		c.Stock, c.Order.UpdatedAt = move, now
		for range 2 {
			if err = s.SaveOrder(context.Background(), c); err != nil {
				break
			}
		}
		if err != nil {
			if err = ignore(err, order.ErrOutOfStock); err != nil {
				return last, err
			}
			continue
		}
		o = c.Order
		last = l.after(last, move)
	}
	return last, nil
}

// after returns the end of a life that ends with this move.
func (l life) after(last end, move order.StockMove) end {
	restocked := make(map[string]int64)
	for _, line := range l.Lines {
		for _, back := range move.Restocked {
			if back.SKU == line.SKU {
				restocked[line.SKU] = min(restocked[line.SKU]+back.Quantity, line.Quantity)
			}
		}
	}
	switch {
	case move.Action == order.StockRelease: // even of what a lost attempt shipped
		return end{}
	case move.Action == order.StockKeep:
		return end{owns: true, gone: last.gone, restocked: restocked}
	}
	gone := make(map[string]int64)
	for _, line := range move.Lines {
		gone[line.SKU] = line.Quantity
	}
	for _, line := range l.Lines {
		if len(move.Lines) == 0 {
			gone[line.SKU] = line.Quantity
		}
	}
	return end{owns: true, gone: gone, restocked: restocked}
}

func ignore(err, expected error) error {
	if errors.Is(err, expected) {
		return nil
	}
	return err
}
