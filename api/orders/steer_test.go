package orders_test

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"purser/api"
	"purser/api/apitest"
	"purser/api/orders"
	"purser/order"
	"purser/records"
)

// TestCancel (API-3): the reason is recorded with the caller's name, and 202 says
// that the order is being cancelled.
func TestCancel(t *testing.T) {
	t.Parallel()
	s := apitest.New(t)
	o := s.Place(t, "cus_1")
	target := "/v1/orders/" + string(o.ID)
	a := s.Ask("POST", target+"/cancel", apitest.ShopKey, `{"reason":"changed my mind"}`, "X-Correlation-Id", "click-2", "Purser-Customer", "cus_1")
	var got orders.Order
	a.Into(t, &got)
	if tag := s.Ask("GET", target, apitest.ShopKey, "").Header.Get("ETag"); a.Status != http.StatusAccepted || got.Status != order.Cancelling || a.Header.Get("ETag") != tag {
		t.Fatalf("got %d %s, ETag %s, want %s", a.Status, a.Body, a.Header.Get("ETag"), tag)
	}
	events, err := s.Store.Events(t.Context(), o.ID, o.Version, 10)
	if err != nil || len(events) != 1 || events[0].Actor != "key:web" || events[0].Why != "changed my mind" || events[0].Correlation != "click-2" {
		t.Errorf("events %+v, %v", events, err)
	}
}

// recordSays is a record in which every order has become this.
type recordSays struct {
	orders.Records
	status order.Status
	hold   *order.Hold
	parcel order.ParcelStatus // of its only parcel; "": it has none
}

func (r *recordSays) Order(ctx context.Context, id order.ID) (order.Order, error) {
	o, err := r.Records.Order(ctx, id)
	if r.status != "" {
		o.Status, o.Hold = r.status, r.hold
	}
	if r.parcel != "" {
		o.Shipments = []order.Shipment{{Number: 1, Status: r.parcel}}
	}
	return o, err
}

// TestCancel_late (API-2, API-3): a cancellation whose result does not arrive in
// time gets 202 only if the order is being cancelled; otherwise the response says
// what the order is, or that the request was perhaps not accepted.
func TestCancel_late(t *testing.T) {
	t.Parallel()
	record := &recordSays{}
	s := apitest.New(t, func(c *api.Config, _ *records.Store) {
		record.Records = c.Orders.Records
		c.Orders.Records, c.SteerWithin = record, time.Millisecond
	})
	o := s.Place(t, "cus_1")
	s.Orders.Stall = true
	held := func(k order.HoldKind) *order.Hold { return &order.Hold{Kind: k, Choices: k.Choices()} }
	seen := map[order.Status]bool{}
	for _, tc := range []struct {
		is     order.Status
		hold   *order.Hold
		status int
		code   string
		says   string
	}{
		{is: order.Cancelling, status: 202},
		{is: order.OnHold, hold: held(order.HoldVoid), status: 202},
		{is: order.OnHold, hold: held(order.HoldRefund), status: 202},
		{is: order.Cancelled, status: 200},
		{is: order.Expired, status: 200},
		{is: order.Shipped, status: 409, code: "too_late", says: "the order is shipped"},
		{is: order.Delivered, status: 409, code: "too_late", says: "the order is delivered"},
		{is: order.Returned, status: 409, code: "too_late", says: "the order is returned"},
		{is: order.Refused, status: 409, code: "too_late", says: "the order is refused"},
		{is: order.Placed, status: 503, code: "busy", says: "send it again"},
		{is: order.AwaitingPayment, status: 503, code: "busy", says: "send it again"},
		{is: order.Authorized, status: 503, code: "busy", says: "send it again"},
		{is: order.Paid, status: 503, code: "busy", says: "send it again"},
		{is: order.OnHold, status: 503, code: "busy", says: "send it again"},
		{is: order.OnHold, hold: held(order.HoldPayment), status: 503, code: "busy", says: "send it again"},
		{is: order.OnHold, hold: held(order.HoldFunds), status: 503, code: "busy", says: "send it again"},
		{is: order.OnHold, hold: held(order.HoldLabel), status: 503, code: "busy", says: "send it again"},
		{is: order.OnHold, hold: held(order.HoldReturned), status: 503, code: "busy", says: "send it again"},
	} {
		seen[tc.is] = true
		record.status, record.hold = tc.is, tc.hold
		a := s.Ask("POST", "/v1/orders/"+string(o.ID)+"/cancel", apitest.ShopKey, `{"reason":"changed my mind"}`)
		if a.Status != tc.status || (a.Header.Get("Retry-After") != "") != (tc.status == 202 || tc.status == 503) {
			t.Errorf("%s %+v: got %d %s", tc.is, tc.hold, a.Status, a.Body)
			continue
		}
		if tc.code == "" {
			var got orders.Order
			if a.Into(t, &got); got.Status != tc.is {
				t.Errorf("%s: the response has an order that is %s", tc.is, got.Status)
			}
		} else if p := a.Problem(t); p.Code != tc.code || !strings.Contains(p.Detail, tc.says) {
			t.Errorf("%s: got %s", tc.is, a.Body)
		}
	}
	for _, st := range order.Statuses() {
		if !seen[st] {
			t.Errorf("%s was not tried", st)
		}
	}
}

// A refused cancellation says what the order is. A cancelled order can be cancelled
// again.
func TestCancel_refused(t *testing.T) {
	t.Parallel()
	record := &recordSays{}
	s := apitest.New(t, func(c *api.Config, _ *records.Store) {
		record.Records = c.Orders.Records
		c.Orders.Records = record
	})
	o := s.Place(t, "cus_1")
	for _, tc := range []struct {
		is     order.Status
		parcel order.ParcelStatus
		status int
		says   string
	}{
		{is: order.Shipped, parcel: order.ParcelInTransit, status: 409, says: "too late to cancel: the order is shipped"},
		{is: order.Paid, parcel: order.ParcelInTransit, status: 409, says: "too late to cancel: the order is paid, and the carrier has a parcel of it"},
		{is: order.OnHold, parcel: order.ParcelReturned, status: 409, says: "too late to cancel: the order is on_hold, and the carrier has a parcel of it"},
		{is: order.Paid, parcel: order.ParcelBooked, status: 409, says: "too late to cancel: the order is paid"},
		{is: order.Delivered, parcel: order.ParcelDelivered, status: 409, says: "too late to cancel: the order is delivered"},
		{is: order.Cancelled, status: 200},
		{is: order.Expired, status: 200},
	} {
		record.status, record.parcel = tc.is, tc.parcel
		for _, refusal := range []error{order.ErrTooLate, order.ErrClosed} {
			s.Orders.Fail = refusal
			a := s.Ask("POST", "/v1/orders/"+string(o.ID)+"/cancel", apitest.ShopKey, `{"reason":"changed my mind"}`)
			if a.Status != tc.status {
				t.Errorf("%s: got %d %s", tc.is, a.Status, a.Body)
			} else if tc.status == 409 {
				if p := a.Problem(t); p.Code != "too_late" || p.Detail != tc.says {
					t.Errorf("%s: got %s", tc.is, a.Body)
				}
			}
		}
	}
}

// TestResolve (API-3): an operator's decision is taken if the order's hold allows it, and
// refused with the choices that it allows otherwise.
func TestResolve(t *testing.T) {
	t.Parallel()
	s := apitest.New(t)
	for _, kind := range order.HoldKinds() {
		for _, choice := range order.Choices() {
			o := s.Place(t, "cus_1")
			if _, err := s.Orders.Hold(t.Context(), o.ID, kind, "look at it"); err != nil {
				t.Fatal(err)
			}
			body, err := json.Marshal(map[string]string{"choice": string(choice), "reason": "seen to it"})
			if err != nil {
				t.Fatal(err)
			}
			a := s.Ask("POST", "/v1/orders/"+string(o.ID)+"/resolve", apitest.OperatorKey, string(body), "X-Correlation-Id", "click-3")
			if !slices.Contains(kind.Choices(), choice) {
				p := a.Problem(t)
				if a.Status != 409 || p.Code != "wrong_state" || !strings.Contains(p.Detail, "the order is on_hold") || !strings.Contains(p.Detail, string(kind)) {
					t.Errorf("%s %s: got %d %s", kind, choice, a.Status, a.Body)
				}
				for _, c := range kind.Choices() {
					if !strings.Contains(p.Detail, string(c)) {
						t.Errorf("%s %s: %q does not name %s", kind, choice, p.Detail, c)
					}
				}
				continue
			}
			var got orders.Order
			if a.Into(t, &got); a.Status != http.StatusOK || got.Status == order.OnHold || got.Hold != nil {
				t.Errorf("%s %s: got %d %s", kind, choice, a.Status, a.Body)
			}
			events, err := s.Store.Events(t.Context(), o.ID, got.Version-1, 1)
			if err != nil || len(events) != 1 || events[0].Kind != order.OrderResolved || events[0].Actor != "key:ops" || events[0].Why != "seen to it" || events[0].Correlation != "click-3" {
				t.Errorf("%s %s: events %+v, %v", kind, choice, events, err)
			}
		}
	}
}

// An order that is not on hold says so, and what it takes if it needs attention.
func TestResolve_not_on_hold(t *testing.T) {
	t.Parallel()
	s := apitest.New(t)
	o := s.Place(t, "cus_1")
	resolve := func() string {
		t.Helper()
		a := s.Ask("POST", "/v1/orders/"+string(o.ID)+"/resolve", apitest.OperatorKey, `{"choice":"refund","reason":"seen to it"}`)
		p := a.Problem(t)
		if a.Status != 409 || p.Code != "wrong_state" {
			t.Errorf("got %d %s", a.Status, a.Body)
		}
		return p.Detail
	}
	if got := resolve(); got != "the order is placed: it is not on hold, so there is nothing to decide" {
		t.Error(got)
	}
	_, err := s.Orders.Change(t.Context(), o.ID, order.OrderNeedsAttention, "purser", "", "", func(o *order.Order) {
		o.Attention = []order.Attention{{About: "pi_1", Why: "it cannot be refunded"}}
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := resolve(); got != "the order is placed, and what needs attention takes release or keep" {
		t.Error(got)
	}
}

// A decision whose result does not arrive in time is returned with the order as the
// record has it.
func TestResolve_late(t *testing.T) {
	t.Parallel()
	s := apitest.New(t, func(c *api.Config, _ *records.Store) { c.SteerWithin = time.Millisecond })
	o := s.Place(t, "cus_1")
	if _, err := s.Orders.Hold(t.Context(), o.ID, order.HoldLabel, "the label is void"); err != nil {
		t.Fatal(err)
	}
	s.Orders.Stall = true
	a := s.Ask("POST", "/v1/orders/"+string(o.ID)+"/resolve", apitest.OperatorKey, `{"choice":"rebook","reason":"seen to it"}`)
	var got orders.Order
	if a.Into(t, &got); a.Status != http.StatusAccepted || a.Header.Get("Retry-After") == "" || got.Hold == nil || got.Hold.Kind != order.HoldLabel {
		t.Errorf("got %d %s", a.Status, a.Body)
	}
}
