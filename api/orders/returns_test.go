package orders_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"purser/activities/fake"
	labels "purser/activities/orders"
	"purser/api"
	"purser/api/apitest"
	"purser/api/orders"
	"purser/order"
	"purser/records"
)

// arrived makes an order paid, and its goods delivered at a time.
func arrived(t *testing.T, s *apitest.Shop, id order.ID, at time.Time) {
	t.Helper()
	captured(t, s, id)
	_, err := s.Orders.Change(t.Context(), id, order.ParcelArrived, "carrier", "", "", func(o *order.Order) {
		p := order.Shipment{Number: 1, Reference: string(id) + "-1", LabelID: "lbl_" + string(id), Status: order.ParcelDelivered, MovedAt: at}
		for _, l := range o.Lines {
			p.Lines = append(p.Lines, order.LineQuantity{SKU: l.SKU, Quantity: l.Quantity})
		}
		o.Shipments = []order.Shipment{p}
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestReturns (REF-9, API-3): each step of a return has a route, a role and a result, and
// what is wrong with a request is said in words.
func TestReturns(t *testing.T) {
	t.Parallel()
	s := apitest.New(t)
	o, late, fresh := s.Place(t, "cus_1"), s.Place(t, "cus_1"), s.Place(t, "cus_1")
	arrived(t, s, o.ID, time.Now())
	arrived(t, s, late.ID, time.Now().AddDate(0, 0, -31))
	ask := func(quantity, id string) string {
		return `{"id":"` + id + `","reason":"too small","lines":[{"sku":"mug-blue","quantity":` + quantity + `,"reason":"too small"}]}`
	}
	const shopKey, operatorKey = apitest.ShopKey, apitest.OperatorKey
	for _, c := range []struct {
		name, key    string
		id           order.ID
		target, body string
		status       int
		code, says   string
	}{
		{name: "not delivered", key: shopKey, id: fresh.ID, body: ask("1", "rt0"), status: 409, code: "not_shipped", says: "was not delivered"},
		{name: "too late", key: shopKey, id: late.ID, body: ask("1", "rt0"), status: 409, code: "return_too_late", says: "could be sent back until"},
		{name: "more than was bought", key: shopKey, id: o.ID, body: ask("9", "rt0"), status: 409, code: "not_returnable", says: "were bought"},
		{name: "no goods", key: shopKey, id: o.ID, body: `{"id":"rt0","reason":"x","lines":[]}`, status: 422, code: "invalid"},
		{name: "another order's goods", key: shopKey, id: o.ID, body: strings.Replace(ask("1", "rt0"), "mug-blue", "elsewhere", 1), status: 422, code: "invalid", says: `the order has no \"elsewhere\"`},
		{name: "an id with a colon", key: shopKey, id: o.ID, body: ask("1", "rt:0"), status: 422, code: "invalid"},
		{name: "goods instead that no order can have", key: shopKey, id: o.ID, body: strings.Replace(ask("1", "rt0"), `"lines"`, `"exchange":[{"sku":"","quantity":1}],"lines"`, 1), status: 422, code: "invalid", says: "exchange[0].sku"},
		{name: "goods instead, twice", key: shopKey, id: o.ID, body: strings.Replace(ask("1", "rt0"), `"lines"`, `"exchange":[{"sku":"vase","quantity":1},{"sku":"vase","quantity":1}],"lines"`, 1), status: 422, code: "invalid", says: "appears twice"},
		{name: "asked for", key: shopKey, id: o.ID, body: ask("1", "rt1"), status: 200, says: `"status":"requested"`},
		{name: "asked for again", key: shopKey, id: o.ID, body: ask("1", "rt1"), status: 200, says: `"status":"requested"`},
		{name: "otherwise under the same id", key: shopKey, id: o.ID, body: ask("2", "rt1"), status: 422, code: "idempotency_key_reused"},
		{name: "a shop may not decide", key: shopKey, id: o.ID, target: "/rt1/approve", body: `{"reason":"ok"}`, status: 403, code: "forbidden"},
		{name: "received before it is approved", key: operatorKey, id: o.ID, target: "/rt1/receive", body: `{"reason":"ok","lines":[{"sku":"mug-blue","quantity":1}]}`, status: 409, code: "wrong_state", says: "is requested, which takes approve or reject or cancel, not receive"},
		{name: "no such return", key: operatorKey, id: o.ID, target: "/rt9/approve", body: `{"reason":"ok"}`, status: 404, code: "not_found"},
		{name: "a link that is not one", key: operatorKey, id: o.ID, target: "/rt1/approve", body: `{"reason":"ok","link":"javascript:x"}`, status: 422, code: "invalid", says: "link"},
		{name: "approved", key: operatorKey, id: o.ID, target: "/rt1/approve", body: `{"reason":"ok","link":"https://shop.example/l"}`, status: 200, says: `"link":"https://shop.example/l"`},
		{name: "rejected after that", key: operatorKey, id: o.ID, target: "/rt1/reject", body: `{"reason":"no"}`, status: 409, code: "wrong_state", says: "takes receive or cancel"},
		{name: "more than the return is of", key: operatorKey, id: o.ID, target: "/rt1/receive", body: `{"reason":"ok","lines":[{"sku":"mug-blue","quantity":2}]}`, status: 409, code: "not_returnable", says: "the return is of 1"},
		{name: "more damaged than came", key: operatorKey, id: o.ID, target: "/rt1/receive", body: `{"reason":"ok","lines":[{"sku":"mug-blue","quantity":1,"damaged":2}]}`, status: 422, code: "invalid", says: "damaged"},
		{name: "two fees", key: operatorKey, id: o.ID, target: "/rt1/receive", body: `{"reason":"ok","fee":1,"feePercent":1,"lines":[{"sku":"mug-blue","quantity":1}]}`, status: 422, code: "invalid", says: "not both"},
		{name: "a fee of more than they are worth", key: operatorKey, id: o.ID, target: "/rt1/receive", body: `{"reason":"ok","fee":99999,"lines":[{"sku":"mug-blue","quantity":1}]}`, status: 422, code: "invalid", says: "the goods are worth"},
		{name: "received", key: operatorKey, id: o.ID, target: "/rt1/receive", body: `{"reason":"ok","feePercent":10,"lines":[{"sku":"mug-blue","quantity":1,"restock":true}]}`, status: 202, says: `"received":1`},
		{name: "cancelled after that", key: shopKey, id: o.ID, target: "/rt1/cancel", body: `{"reason":"no"}`, status: 409, code: "wrong_state", says: "takes nothing more"},
	} {
		a := s.Ask("POST", "/v1/orders/"+string(c.id)+"/returns"+c.target, c.key, c.body)
		if a.Status != c.status || !strings.Contains(string(a.Body), c.code) || !strings.Contains(string(a.Body), c.says) {
			t.Errorf("%s: got %d %s, want %d %s %q", c.name, a.Status, a.Body, c.status, c.code, c.says)
		}
	}
	var list struct{ Returns []orders.Return }
	s.Ask("GET", "/v1/orders/"+string(o.ID)+"/returns", shopKey, "").Into(t, &list)
	if len(list.Returns) != 1 || list.Returns[0].ID != "rt1" || list.Returns[0].Status != order.ReturnReceived {
		t.Errorf("the list has %+v", list.Returns)
	}
	for status, want := range map[string]int{"received": 1, "requested": 0} {
		var page struct{ Orders []orders.Order }
		s.Ask("GET", "/v1/orders?returns="+status, operatorKey, "").Into(t, &page)
		if len(page.Orders) != want {
			t.Errorf("%d orders have a return that is %s, want %d", len(page.Orders), status, want)
		}
	}
}

// TestReturnLabel (REF-9, EML-10) downloads the label of a return, and checks the problem of each
// one that cannot be downloaded.
func TestReturnLabel(t *testing.T) {
	t.Parallel()
	carrier := &carrierOf{file: []byte("%PDF-1.4\n%%EOF\n")}
	s := apitest.New(t, func(c *api.Config, _ *records.Store) {
		c.Orders.Labels = &labels.Labels{Carrier: carrier, Store: &fake.Objects{}}
	})
	o := s.Place(t, "cus_1")
	arrived(t, s, o.ID, time.Now())
	_, err := s.Orders.Change(t.Context(), o.ID, order.ReturnWasApproved, "key:ops", "", "", func(o *order.Order) {
		for n, l := range []order.ReturnLabel{{}, {Status: order.ReturnLabelAsked}, {Status: order.ReturnLabelMade, LabelID: "lbl_1", Carrier: "Post", Tracking: "RR 1"}, {Status: order.ReturnLabelVoid, LabelID: "lbl_2"}} {
			o.Returns = append(o.Returns, order.Return{ID: fmt.Sprint("rt", n), Number: n + 1, Status: order.ReturnApproved, Label: l})
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	path := "/v1/orders/" + string(o.ID) + "/returns/"
	for _, c := range []struct {
		target, key string
		status      int
		says        string
	}{
		{"rt0/label", apitest.OperatorKey, 409, "no label was asked for"},
		{"rt1/label", apitest.OperatorKey, 409, "has not made the label"},
		{"rt2/label", apitest.OperatorKey, 200, "%PDF-"},
		{"rt2/label", apitest.ShopKey, 403, "forbidden"},
		{"rt2/label?format=png", apitest.OperatorKey, 422, "invalid"},
		{"rt3/label", apitest.OperatorKey, 409, "is void"},
		{"rt9/label", apitest.OperatorKey, 404, "no return"},
	} {
		a := s.Ask("GET", path+c.target, c.key, "")
		if a.Status != c.status || !strings.Contains(string(a.Body), c.says) {
			t.Errorf("%s: got %d %s, want %d %q", c.target, a.Status, a.Body, c.status, c.says)
		}
		if c.status == 200 && a.Header.Get("Content-Disposition") != `attachment; filename="return-rt2.pdf"` {
			t.Errorf("%v", a.Header)
		}
	}
	if a := s.Ask("POST", path+"rt0/approve", apitest.OperatorKey, `{"reason":"ok","label":true,"link":"https://shop.example/l"}`); a.Status != 422 || !strings.Contains(string(a.Body), "without a link") {
		t.Errorf("a label and a link: %d %s", a.Status, a.Body)
	}
	if a := s.Ask("GET", path[:len(path)-1], apitest.ShopKey, ""); !strings.Contains(string(a.Body), `"label":{"status":"made","carrier":"Post","tracking":"RR 1"}`) {
		t.Errorf("the list is %s", a.Body)
	}
}

// TestReturn_late (IDEM-8): a request whose result does not arrive in time is accepted
// only if the order has taken it: the order may still refuse it.
func TestReturn_late(t *testing.T) {
	t.Parallel()
	s := apitest.New(t, func(c *api.Config, _ *records.Store) { c.SteerWithin = 500 * time.Millisecond })
	o := s.Place(t, "cus_1")
	arrived(t, s, o.ID, time.Now())
	target := "/v1/orders/" + string(o.ID) + "/returns"
	body := `{"id":"rt1","reason":"x","lines":[{"sku":"mug-blue","quantity":1}]}`
	if a := s.Ask("POST", target, apitest.ShopKey, body); a.Status != http.StatusOK {
		t.Fatalf("the first: %d %s", a.Status, a.Body)
	}
	s.Orders.Stall = true
	for _, c := range []struct {
		name, target, body string
		status             int
	}{
		{name: "taken before", body: body, status: http.StatusOK},
		{name: "not taken", body: strings.Replace(body, "rt1", "rt2", 1), status: http.StatusServiceUnavailable},
		{name: "a decision that is not taken", target: "/rt1/approve", body: `{"reason":"x"}`, status: http.StatusServiceUnavailable},
		{name: "goods that are not taken", target: "/rt1/receive", body: `{"reason":"x","lines":[{"sku":"mug-blue","quantity":1}]}`, status: http.StatusServiceUnavailable},
	} {
		if a := s.Ask("POST", target+c.target, apitest.OperatorKey, c.body); a.Status != c.status {
			t.Errorf("%s: got %d %s, want %d", c.name, a.Status, a.Body, c.status)
		}
	}
}

// TestExchangeAsked (REF-9, API-3): a return shows what the shopper wants instead, and a
// person cannot say at its receipt that it was paid out.
func TestExchangeAsked(t *testing.T) {
	t.Parallel()
	s := apitest.New(t)
	o := s.Place(t, "cus_1")
	arrived(t, s, o.ID, time.Now())
	at := "/v1/orders/" + string(o.ID) + "/returns"
	for _, c := range []struct {
		key, target, body string
		status            int
		says              string
	}{
		{apitest.ShopKey, "", `{"id":"rt1","reason":"too small","lines":[{"sku":"mug-blue","quantity":1}],"exchange":[{"sku":" vase ","quantity":2}]}`, 200, `"exchange":{"lines":[{"sku":"vase","quantity":2}]}`},
		{apitest.ShopKey, "", `{"id":"rt1","reason":"too small","lines":[{"sku":"mug-blue","quantity":1}]}`, 422, "idempotency_key_reused"},
		{apitest.OperatorKey, "/rt1/approve", `{"reason":"ok"}`, 200, ""},
		{apitest.OperatorKey, "/rt1/receive", `{"reason":"ok","paidOut":"cash","lines":[{"sku":"mug-blue","quantity":1}]}`, 422, "paidOut: what is refunded is known when the order is placed"},
	} {
		if a := s.Ask("POST", at+c.target, c.key, c.body); a.Status != c.status || !strings.Contains(string(a.Body), c.says) {
			t.Errorf("%s %s: got %d %s, want %d %q", c.target, c.body, a.Status, a.Body, c.status, c.says)
		}
	}
}

// TestClientSecret (PAY-6): the shop reads the secret of an order that it did not place, for
// the shopper whose order it is, and of no order that nobody has to pay.
func TestClientSecret(t *testing.T) {
	t.Parallel()
	s := apitest.New(t)
	o := s.Place(t, "cus_1")
	at := "/v1/orders/" + string(o.ID) + "/client-secret"
	for _, c := range []struct {
		name, key string
		headers   []string
		status    int
		says      string
	}{
		{name: "a shop", key: apitest.ShopKey, status: 200, says: `"clientSecret":"pi_1_secret_2"`},
		{name: "for its customer", key: apitest.ShopKey, headers: []string{"Purser-Customer", "cus_1"}, status: 200, says: "pi_1_secret_2"},
		{name: "for another customer", key: apitest.ShopKey, headers: []string{"Purser-Customer", "cus_2"}, status: 404, says: "not_found"},
		{name: "a viewer", key: apitest.ViewerKey, status: 403, says: "forbidden"},
	} {
		if a := s.Ask("GET", at, c.key, "", c.headers...); a.Status != c.status || !strings.Contains(string(a.Body), c.says) {
			t.Errorf("%s: got %d %s, want %d %q", c.name, a.Status, a.Body, c.status, c.says)
		}
	}
	if _, err := s.Orders.Change(t.Context(), o.ID, order.OrderCancelled, "purser", "", "", func(o *order.Order) { o.Status = order.Cancelled }); err != nil {
		t.Log(err) // its status may not change like that at once
	} else if a := s.Ask("GET", at, apitest.ShopKey, ""); a.Status != 409 || !strings.Contains(string(a.Body), "nothing to pay online") {
		t.Errorf("cancelled: got %d %s", a.Status, a.Body)
	}
}
