package audit

import (
	"encoding/json"
	"testing"
)

// TestCompareCredit: an order has as much credit as the return has given whose goods were
// exchanged for it, and has not taken back.
func TestCompareCredit(t *testing.T) {
	for _, tt := range []struct {
		name     string
		returns  string // of the order whose goods came back
		refunded int64  // of the credit
		broken   int
	}{
		{name: "as given", returns: `[{"id":"r1","exchange":{"orderId":"b","credit":{"amount":900}}}]`},
		{name: "a part has come back", returns: `[{"id":"r1","exchange":{"orderId":"b","credit":{"amount":900},"returned":[{"amount":300}]}}]`, refunded: 300},
		{name: "a part was given back and not taken", returns: `[{"id":"r1","exchange":{"orderId":"b","credit":{"amount":900}}}]`, refunded: 300, broken: 1},
		{name: "less was given", returns: `[{"id":"r1","exchange":{"orderId":"b","credit":{"amount":800}}}]`, broken: 1},
		{name: "it was given to another order", returns: `[{"id":"r1","exchange":{"orderId":"c","credit":{"amount":900}}}]`, broken: 1},
		{name: "another return has given it", returns: `[{"id":"r2","exchange":{"orderId":"b","credit":{"amount":900}}}]`, broken: 1},
		{name: "the goods were refunded", returns: `[{"id":"r1"}]`, broken: 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := &audit{report: Report{Broken: map[Counter][]string{}}}
			from, to := orderRow{id: "a"}, orderRow{id: "b"}
			for o, doc := range map[*orderRow]string{&from: `{"returns":` + tt.returns + `}`, &to: `{"exchangeOf":{"orderId":"a","returnId":"r1"}}`} {
				if err := json.Unmarshal([]byte(doc), &o.doc); err != nil {
					t.Fatal(err)
				}
			}
			a.orders = []orderRow{from, to}
			a.payments = map[string][]paymentRow{"b": {{provider: "credit", reference: "a/r1", captured: 900, refunded: tt.refunded}, {provider: "stripe", reference: "pi", captured: 100}}}
			a.compareCredit(to)
			if got := a.report.Count(LedgerDifferences); got != tt.broken {
				t.Errorf("%d differences, want %d: %v", got, tt.broken, a.report.Broken)
			}
		})
	}
}
