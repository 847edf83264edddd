package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"purser/catalog"
	"purser/order"
	"purser/shop"
)

// TestOrder places orders of every kind with one running stack, on each engine.
func TestOrder(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, env []string) {
		s := newStack(t, env, "--ask-after=5s", "--sandbox-pace=300ms")
		t.Run("checkout to delivery (API-3, EML-1)", s.checkoutToDelivery)
		t.Run("currencies", s.currencies)
		t.Run("idempotency key (API-4, IDEM-1, IDEM-2)", s.sameKey)
		t.Run("double clicks (F1)", s.doubleClicks)
		t.Run("decline and another card (PAY-11)", s.declineThenPay)
		t.Run("3-D Secure", s.threeDSecure)
		t.Run("cancel while unpaid", s.cancelUnpaid)
		t.Run("cancel too late", s.cancelTooLate)
		t.Run("sold out (PAY-15, F19)", s.soldOut)
		t.Run("list", s.list)
	})
}

func (s *stack) checkoutToDelivery(t *testing.T) {
	r := wish("mug-blue", 2, "EUR")
	body, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	a := send(t, http.MethodPost, s.at.API+"/v1/orders", s.at.Key, bytes.NewReader(body), "X-Correlation-Id", "e2e-1")
	if a.status != http.StatusCreated {
		t.Fatalf("HTTP %d: %s", a.status, a.body)
	}
	var p shop.Placed
	a.decode(t, &p)
	if want := "/v1/orders/" + string(p.ID); a.header.Get("Location") != want {
		t.Errorf("Location %q, want %q", a.header.Get("Location"), want)
	}
	if p.Status != order.AwaitingPayment || p.Total != (order.Money{Amount: 2900, Currency: "EUR"}) || p.ClientSecret == "" {
		t.Errorf("placed: %+v", p)
	}
	s.pay(t, p, "pm_card_visa")
	var timeline []shop.Event
	if err := s.shop.Watch(within(t), p.ID, func(e shop.Event) error { timeline = append(timeline, e); return nil }); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(goodTimeline, plain(kinds(timeline))); diff != "" {
		t.Errorf("the timeline (-want +got):\n%s", diff)
	}
	for _, e := range timeline {
		if e.Correlation != "e2e-1" {
			t.Errorf("event %d has the correlation id %q", e.Seq, e.Correlation)
		}
	}
	var page struct{ Events []shop.Event }
	send(t, http.MethodGet, s.at.API+"/v1/orders/"+string(p.ID)+"/events", s.at.Key, nil).decode(t, &page)
	if diff := cmp.Diff(timeline, page.Events); diff != "" {
		t.Errorf("the timeline as a page differs (-stream +page):\n%s", diff)
	}
	o := s.order(t, p.ID)
	if o.Status != order.Delivered || o.Payment().Captured != 2900 || o.Version != int64(len(timeline)) || o.Waiting != nil {
		t.Errorf("in the end: %+v", o)
	}
	if diff := cmp.Diff([]string{"confirmation", "delivered", "shipped"}, slices.Sorted(slices.Values(s.notifications(p.ID)))); diff != "" {
		t.Errorf("mails (-want +got):\n%s", diff)
	}
	if n := s.intents()[string(p.ID)]; n.Intents != 1 || n.Authorized != 1 || n.Captured != 1 || n.Taken != 2900 || n.Refunds != 0 {
		t.Errorf("Stripe saw %+v", n)
	}
}

// currencies checks amounts in currencies with no, two and three decimals, in the
// API, at the provider and in the mail.
func (s *stack) currencies(t *testing.T) {
	for _, c := range []struct {
		sku, currency string
		quantity      int64
		total, stripe int64
		words         string
	}{
		{sku: "tea-assam", currency: "EUR", quantity: 3, total: 2670, stripe: 2670, words: "€26.70"},
		{sku: "bowl-hagi", currency: "JPY", quantity: 2, total: 13600, stripe: 13600, words: "¥13600"},
		{sku: "oud-oil", currency: "KWD", quantity: 3, total: 38250, stripe: 38250, words: "KWD\u00a038.250"},
	} {
		t.Run(c.currency, func(t *testing.T) {
			o, err := s.buy(within(t), wish(c.sku, c.quantity, c.currency), "")
			if err != nil {
				t.Fatal(err)
			}
			if o.Total != (order.Money{Amount: c.total, Currency: c.currency}) || o.Payment().Captured != c.total {
				t.Errorf("the API says %+v, captured %d", o.Total, o.Payment().Captured)
			}
			if n := s.intents()[string(o.ID)]; n.Taken != c.stripe {
				t.Errorf("Stripe took %d, want %d", n.Taken, c.stripe)
			}
			if text := s.text(s.mailsOf(o.ID)[0]); !strings.Contains(strings.ReplaceAll(text, ",", ""), c.words) {
				t.Errorf("the confirmation does not say %q:\n%s", c.words, text)
			}
		})
	}
}

func (s *stack) sameKey(t *testing.T) {
	r, key := wish("mug-blue", 1, "EUR"), t.Name()[:20]+"-key"
	first := s.place(t, r, key)
	again := s.place(t, r, key)
	if again.ID != first.ID || again.ClientSecret != first.ClientSecret {
		t.Errorf("the same key returned %s, then %s", first.ID, again.ID)
	}
	other := func(when string) {
		_, err := s.shop.Place(within(t), wish("mug-blue", 2, "EUR"), key)
		if p := problem(t, err); p.Status != http.StatusUnprocessableEntity || p.Code != "idempotency_key_reused" {
			t.Errorf("%s, another body: %v", when, p)
		}
	}
	other("unpaid")
	s.pay(t, first, "pm_card_visa")
	s.follow(t, first.ID)
	if done := s.place(t, r, key); done.ID != first.ID || done.Status != order.Delivered {
		t.Errorf("after completion the same key returned %s, %s", done.ID, done.Status)
	}
	other("complete")
	if n := s.intents()[string(first.ID)].Intents; n != 1 {
		t.Errorf("%d intents", n)
	}
}

// doubleClicks sends one order a hundred times at once.
func (s *stack) doubleClicks(t *testing.T) {
	const clicks = 100
	body, err := json.Marshal(wish("tea-assam", 1, "EUR"))
	if err != nil {
		t.Fatal(err)
	}
	responses := make([]response, clicks)
	var all sync.WaitGroup
	for i := range clicks {
		all.Go(func() {
			responses[i] = send(t, http.MethodPost, s.at.API+"/v1/orders", s.at.Key, bytes.NewReader(body), "Idempotency-Key", "clicks-on-tea")
		})
	}
	all.Wait()
	ids, statuses := map[order.ID]int{}, map[int]int{}
	for _, a := range responses {
		statuses[a.status]++
		switch a.status {
		case http.StatusOK, http.StatusCreated:
			var p shop.Placed
			a.decode(t, &p)
			ids[p.ID]++
		case http.StatusConflict:
		default:
			t.Errorf("HTTP %d %s", a.status, a.body)
		}
	}
	if len(ids) != 1 {
		t.Errorf("%d orders: %v (HTTP statuses %v)", len(ids), ids, statuses)
	}
	for id := range ids {
		if n := s.intents()[string(id)].Intents; n != 1 {
			t.Errorf("%d intents", n)
		}
	}
}

func (s *stack) declineThenPay(t *testing.T) {
	p := s.place(t, wish("mug-blue", 1, "EUR"), "")
	if _, err := s.shopper.Pay(within(t), p.ClientSecret, "pm_card_chargeDeclinedInsufficientFunds"); err == nil {
		t.Fatal("the card was not declined")
	}
	s.until(t, p.ID, order.PaymentDeclined)
	if d := s.order(t, p.ID).Payment().Decline; d == nil || d.DeclineCode != "insufficient_funds" {
		t.Errorf("decline: %+v", d)
	}
	s.pay(t, p, "pm_card_mastercard")
	s.follow(t, p.ID)
	o := s.order(t, p.ID)
	if o.Status != order.Delivered || o.Payment().Decline != nil {
		t.Errorf("in the end: %s, decline %+v", o.Status, o.Payment().Decline)
	}
	if n := s.intents()[string(p.ID)]; n.Intents != 1 || n.Declined != 1 || n.Captured != 1 {
		t.Errorf("Stripe saw %+v", n)
	}
}

func (s *stack) threeDSecure(t *testing.T) {
	p := s.place(t, wish("mug-blue", 1, "EUR"), "")
	if status, err := s.shopper.Pay(within(t), p.ClientSecret, "pm_card_authenticationRequired"); err != nil || status != "requires_action" {
		t.Fatalf("pay: %q, %v", status, err)
	}
	s.until(t, p.ID, order.PaymentAction)
	intent := s.order(t, p.ID).Payment().Reference
	a := send(t, http.MethodPost, s.at.Sandbox+"/stripe/sandbox/3ds/"+intent, "", strings.NewReader("outcome=succeed"), "Content-Type", "application/x-www-form-urlencoded")
	if a.status != http.StatusSeeOther || !strings.HasPrefix(a.header.Get("Location"), "https://shop.example/thanks?") {
		t.Fatalf("the bank returned HTTP %d, %s", a.status, a.header.Get("Location"))
	}
	s.follow(t, p.ID)
	if o := s.order(t, p.ID); o.Status != order.Delivered {
		t.Errorf("in the end: %s", o.Status)
	}
}

func (s *stack) cancelUnpaid(t *testing.T) {
	s.stocked(t, catalog.Product{SKU: "cup-cancel", Name: "Cup", Price: 700, Currency: "EUR", OnHand: 1})
	p := s.place(t, wish("cup-cancel", 1, "EUR"), "")
	if _, err := s.shop.Place(within(t), wish("cup-cancel", 1, "EUR"), ""); problem(t, err).Code != "out_of_stock" {
		t.Fatalf("the only piece was sold twice: %v", err)
	}
	s.cancelOrder(t, p.ID)
	if again, err := s.shop.Cancel(within(t), p.ID, "changed my mind"); err != nil || again.Status != order.Cancelled {
		t.Errorf("cancel again: %s, %v", again.Status, err)
	}
	s.follow(t, p.ID)
	if diff := cmp.Diff([]string{"cancelled"}, s.notifications(p.ID)); diff != "" {
		t.Errorf("mails (-want +got):\n%s", diff)
	}
	if n := s.intents()[string(p.ID)]; n.Canceled != 1 || n.Authorized != 0 {
		t.Errorf("Stripe saw %+v", n)
	}
	if o, err := s.buy(within(t), wish("cup-cancel", 1, "EUR"), ""); err != nil || o.Status != order.Delivered {
		t.Errorf("the stock was not released: %s, %v", o.Status, err)
	}
}

func (s *stack) cancelTooLate(t *testing.T) {
	p := s.place(t, wish("mug-blue", 1, "EUR"), "")
	s.pay(t, p, "pm_card_visa")
	for _, k := range []order.Kind{order.ParcelWasShipped, order.ParcelArrived} {
		s.until(t, p.ID, k)
		_, err := s.shop.Cancel(within(t), p.ID, "changed my mind")
		if p := problem(t, err); p.Status != http.StatusConflict || p.Code != "too_late" {
			t.Errorf("after %s: %v", k, p)
		}
	}
	s.follow(t, p.ID)
	if o := s.order(t, p.ID); o.Status != order.Delivered {
		t.Errorf("in the end: %s", o.Status)
	}
}

// soldOut lets ten shoppers order the last lamp at the same time.
func (s *stack) soldOut(t *testing.T) {
	const shoppers = 10
	before := s.intents()
	placed, errs := make([]shop.Placed, shoppers), make([]error, shoppers)
	var all sync.WaitGroup
	for i := range shoppers {
		all.Go(func() {
			errs[i] = retry(within(t), func() (err error) { // a busy machine is asked again
				placed[i], err = s.shop.Place(within(t), wish("last-lamp", 1, "EUR"), fmt.Sprint("last-lamp-", i))
				return err
			})
		})
	}
	all.Wait()
	var winners []shop.Placed
	for i, err := range errs {
		if err == nil {
			winners = append(winners, placed[i])
			continue
		}
		if p := problem(t, err); p.Status != http.StatusConflict || p.Code != "out_of_stock" {
			t.Errorf("shopper %d: %v", i, p)
		}
	}
	if len(winners) != 1 {
		t.Fatalf("%d shoppers got the last lamp", len(winners))
	}
	after := s.intents()
	maps.DeleteFunc(after, func(id string, _ count) bool { _, old := before[id]; return old })
	if len(after) != 1 {
		t.Errorf("intents were made for %d orders", len(after))
	}
	// A later shopper does not even start a workflow.
	workflows := s.workflows()
	if _, err := s.shop.Place(within(t), wish("last-lamp", 1, "EUR"), ""); problem(t, err).Code != "out_of_stock" {
		t.Errorf("the eleventh: %v", err)
	}
	if n := s.workflows(); n != workflows {
		t.Errorf("%d workflows, before %d", n, workflows)
	}
	s.pay(t, winners[0], "pm_card_visa")
	s.follow(t, winners[0].ID)
	if o := s.order(t, winners[0].ID); o.Status != order.Delivered {
		t.Errorf("the lamp is %s", o.Status)
	}
}

func (s *stack) list(t *testing.T) {
	var placed []order.ID
	for i := range 5 {
		r := wish("mug-blue", 1, "EUR")
		r.Customer = "cust_list"
		p := s.place(t, r, fmt.Sprint("list-", i))
		placed = append(placed, p.ID)
	}
	slices.Reverse(placed) // newest first
	s.cancelOrder(t, placed[0])
	for _, c := range []struct {
		name string
		q    url.Values
		want []order.ID
	}{
		{name: "customer", q: url.Values{}, want: placed},
		{name: "status", q: url.Values{"status": {"awaiting_payment"}}, want: placed[1:]},
		{name: "two statuses", q: url.Values{"status": {"awaiting_payment", "cancelled"}}, want: placed},
		{name: "no such status", q: url.Values{"status": {"delivered"}}},
	} {
		var got []order.ID
		c.q.Set("customerId", "cust_list")
		c.q.Set("limit", "2")
		for pages := 0; ; pages++ {
			page, err := s.shop.Orders(within(t), c.q)
			if err != nil || pages > len(placed) {
				t.Fatalf("%s: page %d: %v", c.name, pages, err)
			}
			for _, o := range page.Orders {
				got = append(got, o.ID)
			}
			if page.Next == "" {
				break
			}
			c.q.Set("cursor", page.Next)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

// stocked puts products into the catalogue.
func (s *stack) stocked(t *testing.T, products ...catalog.Product) {
	t.Helper()
	if err := s.shop.Products(within(t), products); err != nil {
		t.Fatal(err)
	}
}
