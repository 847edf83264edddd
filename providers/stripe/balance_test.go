package stripe_test

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/ledger"
	"purser/order"
)

// life is what happens to a payment of 1000.
type life struct {
	name    string
	card    string // pm_card_visa if empty; "none": nobody pays
	capture int64  // 0: not captured
	cancel  bool
	refund  int64
	money   order.Money
	want    ledger.Totals
}

var lives = []life{
	{name: "not paid", card: "none"},
	{name: "held"},
	{name: "voided", cancel: true},
	{name: "captured", capture: 1000, want: ledger.Totals{Captured: 1000}},
	{name: "captured in part", capture: 400, want: ledger.Totals{Captured: 400}},
	{name: "captured and refunded in part", capture: 1000, refund: 300, want: ledger.Totals{Captured: 1000, Refunded: 300}},
	{name: "captured in part and refunded in part", capture: 400, refund: 100, want: ledger.Totals{Captured: 400, Refunded: 100}},
	{name: "captured in part and refunded", capture: 400, refund: 400, want: ledger.Totals{Captured: 400, Refunded: 400}},
	{name: "the refund failed", card: "pm_card_refundFail", capture: 1000, refund: 300, want: ledger.Totals{Captured: 1000}},
	{name: "disputed", card: "pm_card_createDispute", capture: 1000, want: ledger.Totals{Captured: 1000, Disputed: 1000}},
	{name: "in yen", money: order.Money{Amount: 1360, Currency: "JPY"}, capture: 1360, refund: 360, want: ledger.Totals{Captured: 1360, Refunded: 360}},
	{name: "in krónur", money: order.Money{Amount: 1000, Currency: "ISK"}, capture: 1000, want: ledger.Totals{Captured: 1000}},
}

// live makes a payment and has its life happen; it returns the payment's reference.
func (s stand) live(t *testing.T, l life) string {
	t.Helper()
	if l.money == (order.Money{}) {
		l.money = order.Money{Amount: 1000, Currency: "EUR"}
	}
	id := order.NewID()
	in, err := s.client.CreateIntent(t.Context(), order.IntentRequest{OrderID: id, Number: 1, Amount: l.money, Key: order.Key(id, "intent", 1)})
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", l.name, err)
		}
	}
	must(err)
	if l.card == "" {
		l.card = "pm_card_visa"
	}
	if l.card != "none" {
		_, err = s.sandbox.Confirm(in.ID, l.card)
		must(err)
	}
	part := func(n int64) order.Money { return order.Money{Amount: n, Currency: l.money.Currency} }
	if l.capture > 0 {
		_, err = s.client.CaptureIntent(t.Context(), in.ID, part(l.capture), order.Key(id, "capture", 1))
		must(err)
	}
	if l.cancel {
		_, err = s.client.CancelIntent(t.Context(), in.ID, order.Key(id, "cancel", 1))
		must(err)
	}
	if l.refund > 0 {
		_, err = s.client.RefundIntent(t.Context(), in.ID, part(l.refund), order.Key(id, "refund", 1))
		must(err)
	}
	return in.ID
}

// TestTotals (REC-3): what Stripe has of a payment is the same from a list of many
// payments and from the payment's own refunds and disputes.
func TestTotals(t *testing.T) {
	s := open(t)
	want := map[string]ledger.Totals{}
	var asked []ledger.Asked
	for _, l := range lives {
		ref := s.live(t, l)
		l.want.Ref, l.want.Currency = ref, "EUR"
		if l.money.Currency != "" {
			l.want.Currency = l.money.Currency
		}
		want[ref] = l.want
		asked = append(asked, ledger.Asked{Ref: ref, PlacedAt: time.Now()})
		if got, err := s.client.Total(t.Context(), ref); err != nil || got != l.want {
			t.Errorf("%s alone: %+v, %v, want %+v", l.name, got, err, l.want)
		}
	}
	for name, some := range map[string][]ledger.Asked{
		"all":                       asked,
		"few":                       asked[3:6],
		"others do not exist":       append(slices.Clone(asked), ledger.Asked{Ref: "pi_nowhere", PlacedAt: time.Now()}, ledger.Asked{Ref: "../events"}),
		"of orders of another time": twoDaysOn(asked),
	} {
		got, err := s.client.Totals(t.Context(), some)
		wanted := map[string]ledger.Totals{}
		for _, a := range some {
			if w, ok := want[a.Ref]; ok {
				wanted[a.Ref] = w
			}
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, ref := range slices.Collect(maps.Keys(wanted)) {
			if _, listed := got[ref]; !listed && want[ref].Disputed > 0 { // left out of lists
				delete(wanted, ref)
			}
		}
		if diff := cmp.Diff(wanted, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if _, err := s.client.Total(t.Context(), "pi_nowhere"); !errors.Is(err, order.ErrNoSuch) {
		t.Errorf("a payment that does not exist: %v", err)
	}
}

func twoDaysOn(asked []ledger.Asked) (moved []ledger.Asked) {
	for _, a := range asked {
		moved = append(moved, ledger.Asked{Ref: a.Ref, PlacedAt: a.PlacedAt.Add(48 * time.Hour)})
	}
	return moved
}

// TestSettlements (REC-4): Stripe's balance transactions are read with their payment,
// fee, exchange and payout, all of them and each of them once.
func TestSettlements(t *testing.T) {
	s := open(t)
	refs := map[string]string{}
	for _, l := range lives {
		refs[s.live(t, l)] = l.name
	}
	s.lapse() // two days later the balance is available
	if err := s.sandbox.Sweep(); err != nil {
		t.Fatal(err)
	}
	list := func(since time.Time) (all []string) {
		t.Helper()
		seen := map[string]bool{}
		err := s.client.Settlements(t.Context(), since, time.Time{}, func(page []ledger.Settlement) error {
			for _, one := range page {
				if _, err := one.Entries(); err != nil || seen[one.ID] || one.Party != "stripe" || one.At.IsZero() {
					t.Errorf("%+v: %v", one, err)
				}
				if alone, err := s.client.Settlement(t.Context(), one.ID); err != nil || alone != one {
					t.Errorf("alone: %+v, %v, want %+v", alone, err, one)
				}
				seen[one.ID] = true
				all = append(all, fmt.Sprintf("%s %s paid %s amount %s fee %d", refs[one.Ref], one.Kind, one.Paid, one.Amount, one.Fee))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(all)
		return all
	}
	want := []string{
		" payout paid 0 (minor)  amount -23.60 EUR fee 0",
		"captured and refunded in part charge paid 10.00 EUR amount 10.00 EUR fee 39",
		"captured and refunded in part refund paid -3.00 EUR amount -3.00 EUR fee 0",
		"captured charge paid 10.00 EUR amount 10.00 EUR fee 39",
		"captured in part and refunded charge paid 4.00 EUR amount 4.00 EUR fee 31",
		"captured in part and refunded in part charge paid 4.00 EUR amount 4.00 EUR fee 31",
		"captured in part and refunded in part refund paid -1.00 EUR amount -1.00 EUR fee 0",
		"captured in part and refunded refund paid -4.00 EUR amount -4.00 EUR fee 0",
		"captured in part charge paid 4.00 EUR amount 4.00 EUR fee 31",
		"disputed charge paid 10.00 EUR amount 10.00 EUR fee 39",
		"disputed dispute paid -10.00 EUR amount -10.00 EUR fee 2000",
		"in krónur charge paid 1000 ISK amount 6.70 EUR fee 34",
		"in yen charge paid 1360 JPY amount 8.30 EUR fee 37",
		"in yen refund paid -360 JPY amount -2.20 EUR fee 0",
		"the refund failed charge paid 10.00 EUR amount 10.00 EUR fee 39",
		"the refund failed refund paid -3.00 EUR amount -3.00 EUR fee 0",
		"the refund failed refund paid 3.00 EUR amount 3.00 EUR fee 0",
	}
	got := list(time.Time{})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got := list(time.Now().Add(24 * time.Hour)); len(got) != 1 {
		t.Errorf("since tomorrow: %q, want the payout", got)
	}
	if err := s.sandbox.Sweep(); err != nil { // again on the same day
		t.Fatal(err)
	}
	if again := list(time.Time{}); len(again) != len(got) {
		t.Errorf("a second payout on one day: %q", again)
	}
	stop := errors.New("stop")
	if err := s.client.Settlements(t.Context(), time.Time{}, time.Time{}, func([]ledger.Settlement) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("the caller's error: %v", err)
	}
}

// TestUnreadableAmounts: half a króna reaches a person and stops nothing else.
func TestUnreadableAmounts(t *testing.T) {
	transaction := func(id string, amount int) string {
		return fmt.Sprintf(`{"id":%q,"object":"balance_transaction","amount":%d,"net":%d,"fee":0,"currency":"isk","created":1790000000,"reporting_category":"charge"}`, id, amount, amount)
	}
	const empty = `{"object":"list","data":[],"has_more":false,"url":"/v1/x"}`
	bodies := map[string]string{
		"/v1/balance_transactions": strings.Replace(empty, "[]", "["+transaction("txn_1", 500)+","+transaction("txn_2", 550)+","+transaction("txn_3", 700)+"]", 1),
		"/v1/payment_intents/pi_1": `{"id":"pi_1","object":"payment_intent","status":"succeeded","amount":100000,"amount_received":100000,"currency":"isk"}`,
		"/v1/refunds":              strings.Replace(empty, "[]", `[{"id":"re_1","object":"refund","status":"succeeded","amount":50,"currency":"isk"}]`, 1),
		"/v1/disputes":             empty,
	}
	c := answering(t, func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte(bodies[r.URL.Path])) })
	var read []string
	if err := c.Settlements(t.Context(), time.Time{}, time.Time{}, func(page []ledger.Settlement) error {
		for _, s := range page {
			_, err := s.Entries()
			read = append(read, fmt.Sprint(s.ID, " ", errors.Is(err, ledger.ErrUnreadable)))
		}
		return nil
	}); err != nil || !slices.Equal(read, []string{"txn_1 false", "txn_2 true", "txn_3 false"}) {
		t.Errorf("read %q, %v", read, err)
	}
	if got, err := c.Total(t.Context(), "pi_1"); err != nil || got.Problem == "" || got.Captured != 1000 {
		t.Errorf("%+v, %v", got, err)
	}
}
